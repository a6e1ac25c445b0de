package ecs

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/logdriver"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func checkLimits(_ *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	for _, u := range c.Ulimits {
		if !slices.Contains(types.UlimitName("").Values(), u.Name) {
			return refused("Unrecognized ulimit name %s", u.Name)
		}
		if u.HardLimit != -1 && (u.SoftLimit > u.HardLimit || u.SoftLimit == -1) {
			return refused("Soft limit exceeds hard limit for ulimit %s", u.Name)
		}
	}
	for _, t := range []struct {
		name string
		v    *int32
	}{{"stop", c.StopTimeout}, {"start", c.StartTimeout}} {
		if t.v != nil && *t.v < 2 {
			return refused("Granular %s timeout on container '%s' must be at least 2 seconds.", t.name, *c.Name)
		}
	}
	for _, e := range c.ExtraHosts {
		if aws.ToString(e.Hostname) == "" || aws.ToString(e.IpAddress) == "" {
			return refused("Extra hosts of container '%s' must have a hostname and an ipAddress.", *c.Name)
		}
	}
	for _, e := range c.Environment {
		if aws.ToString(e.Name) == "" {
			return refused("Environment variable name can not be blank for container '%s'.", *c.Name)
		}
	}
	for _, o := range c.DockerSecurityOptions {
		if o != "no-new-privileges" && !strings.HasPrefix(o, "apparmor:") && !strings.HasPrefix(o, "label:") {
			return refused("Invalid docker security option '%s' for container '%s'.", o, *c.Name)
		}
	}
	return checkLog(c)
}

// splunkOptions are those that the splunk driver cannot be without.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
var splunkOptions = []string{"splunk-token", "splunk-url"}

func checkLog(c types.ContainerDefinition) error {
	l := c.LogConfiguration
	switch {
	case l == nil, l.LogDriver == "none":
		return nil
	case !slices.Contains(l.LogDriver.Values(), l.LogDriver):
		return refused("Invalid log driver '%s' for container '%s'.", l.LogDriver, *c.Name)
	case l.LogDriver == types.LogDriverAwslogs:
		if _, err := logdriver.Read(l.Options); err != nil {
			return refused("%s", err)
		}
		return nil
	case l.LogDriver != types.LogDriverSplunk:
		return nil
	}
	for _, o := range splunkOptions {
		if l.Options[o] == "" && !slices.ContainsFunc(l.SecretOptions, func(s types.Secret) bool { return aws.ToString(s.Name) == o }) {
			return refused("Log driver splunk requires options: %s", strings.Join(splunkOptions, ", "))
		}
	}
	return nil
}

// kernelCapabilities are those that can be added or dropped.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html
var kernelCapabilities = strings.Fields(`ALL AUDIT_CONTROL AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH
	FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE
	NET_BROADCAST NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT
	SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM`)

// tmpfsOptions are the mount options of a tmpfs.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tmpfs.html
var tmpfsOptions = strings.Fields(`defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand
	atime noatime diratime nodiratime bind rbind unbindable runbindable private rprivate shared rshared slave rslave
	relatime norelatime strictatime nostrictatime mode uid gid nr_inodes nr_blocks mpol`)

func checkLinux(_ *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	l := c.LinuxParameters
	if l == nil {
		return nil
	}
	if l.SharedMemorySize != nil && *l.SharedMemorySize <= 0 {
		return refused("Invalid 'sharedMemorySize' setting for container '%s'.", *c.Name)
	}
	if l.Swappiness != nil && (*l.Swappiness < 0 || *l.Swappiness > 100) {
		return refused("Invalid 'swappiness' setting for container '%s'. It must be between 0 and 100.", *c.Name)
	}
	if l.MaxSwap != nil && (*l.MaxSwap < 0 || c.Memory == nil) {
		return refused("Invalid 'maxSwap' setting for container '%s'. It must not be negative and needs 'memory'.", *c.Name)
	}
	if k := l.Capabilities; k != nil {
		for _, name := range slices.Concat(k.Add, k.Drop) {
			if !slices.Contains(kernelCapabilities, name) {
				return refused("Invalid capability '%s' for container '%s'.", name, *c.Name)
			}
		}
	}
	for _, t := range l.Tmpfs {
		for _, o := range t.MountOptions {
			if name, _, _ := strings.Cut(o, "="); !slices.Contains(tmpfsOptions, name) {
				return refused("Invalid tmpfs mount option '%s' for container '%s'.", o, *c.Name)
			}
		}
		if !strings.HasPrefix(aws.ToString(t.ContainerPath), "/") || t.Size <= 0 {
			return refused("Invalid 'tmpfs' setting for container '%s'. It needs an absolute containerPath and a size.", *c.Name)
		}
	}
	for _, d := range l.Devices {
		if aws.ToString(d.HostPath) == "" {
			return refused("Invalid 'devices' setting for container '%s'. It needs a hostPath.", *c.Name)
		}
		for _, p := range d.Permissions {
			if !slices.Contains(types.DeviceCgroupPermission("").Values(), p) {
				return refused("Invalid device permission '%s' for container '%s'.", p, *c.Name)
			}
		}
	}
	return nil
}
