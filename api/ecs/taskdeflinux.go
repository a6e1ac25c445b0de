package ecs

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func checkLimits(_ *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	for _, u := range c.Ulimits {
		if !slices.Contains(types.UlimitName("").Values(), u.Name) {
			return refused("Invalid ulimit name '%s' for container '%s'.", u.Name, *c.Name)
		}
		if u.HardLimit != -1 && (u.SoftLimit > u.HardLimit || u.SoftLimit == -1) {
			return refused("Invalid ulimit '%s' for container '%s'. The soft limit must not exceed the hard limit.", u.Name, *c.Name)
		}
	}
	for _, t := range []struct {
		name string
		v    *int32
	}{{"stopTimeout", c.StopTimeout}, {"startTimeout", c.StartTimeout}} {
		if t.v != nil && *t.v < 0 {
			return refused("Invalid '%s' setting for container '%s'.", t.name, *c.Name)
		}
	}
	for _, s := range c.SystemControls {
		if aws.ToString(s.Namespace) == "" || aws.ToString(s.Value) == "" {
			return refused("System controls of container '%s' must have a namespace and a value.", *c.Name)
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
	return nil
}

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
	for _, t := range l.Tmpfs {
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
