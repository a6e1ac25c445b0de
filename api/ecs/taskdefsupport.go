package ecs

import (
	"reflect"
	"strings"

	"github.com/drydock-ecs/drydock/netmodes"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// taskDefSupport is the definitive list of what in a task definition acts: placement, the agent or
// the container engine does what the member says. Everything else is refused by name.
//
// PortMapping.Name and AppProtocol act only through Service Connect, on ECS too, where a service
// that uses it is refused; by themselves they are labels.
var taskDefSupport = map[reflect.Type]support{
	reflect.TypeFor[ecs.RegisterTaskDefinitionInput](): members(`Family ContainerDefinitions Cpu ExecutionRoleArn IpcMode Memory
		NetworkMode PidMode PlacementConstraints RequiresCompatibilities RuntimePlatform Tags TaskRoleArn Volumes`),
	reflect.TypeFor[types.ContainerDefinition](): members(`Name Image Cpu Memory MemoryReservation PortMappings Essential
		EntryPoint Command Environment Links WorkingDirectory User Hostname Privileged ReadonlyRootFilesystem
		DockerLabels DnsServers DnsSearchDomains ExtraHosts DockerSecurityOptions Ulimits SystemControls
		LinuxParameters StopTimeout StartTimeout HealthCheck DependsOn PseudoTerminal Interactive DisableNetworking MountPoints
		VolumesFrom LogConfiguration Secrets RepositoryCredentials RestartPolicy VersionConsistency`),
	reflect.TypeFor[types.PortMapping]():           members("ContainerPort ContainerPortRange HostPort Protocol Name AppProtocol"),
	reflect.TypeFor[types.LinuxParameters]():       members("InitProcessEnabled Capabilities Devices SharedMemorySize Tmpfs MaxSwap Swappiness"),
	reflect.TypeFor[types.LogConfiguration]():      members("LogDriver Options SecretOptions"),
	reflect.TypeFor[types.Secret]():                members("Name ValueFrom"),
	reflect.TypeFor[types.RepositoryCredentials](): members("CredentialsParameter"),
	reflect.TypeFor[types.HealthCheck]():           members("Command Interval Retries StartPeriod Timeout"),
	reflect.TypeFor[types.Volume]():                members("Name Host DockerVolumeConfiguration"),
	reflect.TypeFor[types.HostVolumeProperties]():  members("SourcePath"),
	reflect.TypeFor[types.MountPoint]():            members("ContainerPath ReadOnly SourceVolume"),
	reflect.TypeFor[types.VolumeFrom]():            members("SourceContainer ReadOnly"),
	reflect.TypeFor[types.RuntimePlatform]():       members("CpuArchitecture OperatingSystemFamily"),

	reflect.TypeFor[types.ContainerRestartPolicy]():            members("Enabled IgnoredExitCodes RestartAttemptPeriod"),
	reflect.TypeFor[types.DockerVolumeConfiguration]():         members("Autoprovision Driver DriverOpts Labels Scope"),
	reflect.TypeFor[types.KernelCapabilities]():                members("Add Drop"),
	reflect.TypeFor[types.Tmpfs]():                             members("ContainerPath MountOptions Size"),
	reflect.TypeFor[types.Device]():                            members("ContainerPath HostPath Permissions"),
	reflect.TypeFor[types.Ulimit]():                            members("HardLimit Name SoftLimit"),
	reflect.TypeFor[types.SystemControl]():                     members("Namespace Value"),
	reflect.TypeFor[types.HostEntry]():                         members("Hostname IpAddress"),
	reflect.TypeFor[types.KeyValuePair]():                      members("Name Value"),
	reflect.TypeFor[types.ContainerDependency]():               members("Condition ContainerName"),
	reflect.TypeFor[types.TaskDefinitionPlacementConstraint](): members("Expression Type"),
}

// overrideSupport is the same for the overrides of one task.
var overrideSupport = map[reflect.Type]support{
	reflect.TypeFor[types.TaskOverride]():      members("ContainerOverrides Cpu ExecutionRoleArn Memory TaskRoleArn"),
	reflect.TypeFor[types.ContainerOverride](): members("Name Command Environment Cpu Memory MemoryReservation"),
	reflect.TypeFor[types.KeyValuePair]():      members("Name Value"),
}

// supportedTaskDef refuses what cannot act by itself or by its value. arch is the engine's, as Go
// names it.
func supportedTaskDef(in *ecs.RegisterTaskDefinitionInput, arch string) error {
	for _, c := range in.RequiresCompatibilities {
		if c != types.CompatibilityEc2 && c != types.CompatibilityFargate {
			return refused("%s", notSupported("the compatibility "+string(c), "requiresCompatibilities may hold EC2 and FARGATE only."))
		}
	}
	if err := netmodes.Check(in.NetworkMode); err != nil {
		return refused("%s", err)
	}
	if err := supportedPlatform(in.RuntimePlatform, arch); err != nil {
		return err
	}
	if path, hint := unsupported(in, taskDefSupport, ""); path != "" {
		return refused("%s", notSupported("the parameter "+path, hint))
	}
	return supportedValues(in.ContainerDefinitions)
}

// supportedPlatform lets through what the engine is: images of another kind would not run.
func supportedPlatform(p *types.RuntimePlatform, arch string) error {
	if p == nil {
		return nil
	}
	if f := p.OperatingSystemFamily; f != "" && f != types.OSFamilyLinux {
		return refused("%s", notSupported("the operatingSystemFamily "+string(f), "use LINUX."))
	}
	engine := map[string]types.CPUArchitecture{"amd64": types.CPUArchitectureX8664, "arm64": types.CPUArchitectureArm64}[arch]
	if a := p.CpuArchitecture; a != "" && a != engine {
		return refused("%s", notSupported("the cpuArchitecture "+string(a), "the container engine runs on "+string(engine)+"."))
	}
	return nil
}

func supportedValues(cs []types.ContainerDefinition) error {
	for _, c := range cs {
		if c.VersionConsistency == types.VersionConsistencyEnabled {
			return refused("%s", notSupported("the versionConsistency enabled", "name images by digest."))
		}
		if l := c.LogConfiguration; l != nil && l.LogDriver == types.LogDriverAwsfirelens {
			return refused("%s", notSupported("the log driver "+string(l.LogDriver), "use awslogs, json-file, or another driver of the container engine."))
		}
		for _, o := range c.DockerSecurityOptions {
			if strings.HasPrefix(o, "credentialspec") {
				return refused("%s", notSupported("the docker security option "+o, "only Windows containers read it."))
			}
		}
	}
	return nil
}
