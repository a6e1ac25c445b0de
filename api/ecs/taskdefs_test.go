package ecs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestRegisteredDefinitionHasDefaultsFilledIn(t *testing.T) {
	w := newWorld(t)
	in := webDef("web")
	in.ContainerDefinitions[0].MemoryReservation = aws.Int32(128)
	in.ContainerDefinitions[0].HealthCheck = &types.HealthCheck{Command: []string{"CMD-SHELL", "true"}}
	in.Cpu, in.Memory = aws.String("0.5 vCPU"), aws.String("1GB")
	in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}}
	d := must(w.client.RegisterTaskDefinition(t.Context(), in))(t).TaskDefinition
	w.equal(*d.TaskDefinitionArn, arnPrefix+"task-definition/web:1")
	w.equal(line(d.Status, d.Revision, d.Compatibilities, *d.RegisteredBy, *d.Cpu, *d.Memory, d.NetworkMode == ""),
		"ACTIVE 1 [EXTERNAL EC2] arn:aws:iam::000000000000:root 512 1024 true")
	c := d.ContainerDefinitions[0]
	w.equal(line(*c.Essential, *c.PortMappings[0].HostPort, c.PortMappings[0].Protocol, *c.HealthCheck.Interval, *c.HealthCheck.Timeout, *c.HealthCheck.Retries),
		"true 0 tcp 30 5 3")
	w.equal(line(c.Environment != nil, c.MountPoints != nil, c.VolumesFrom != nil, d.Volumes != nil), "true true true true")
	w.equal(names(d.RequiresAttributes, func(a types.Attribute) string { return *a.Name }),
		[]string{capability + "docker-remote-api.1.21", capability + "docker-remote-api.1.24", "ecs.capability.container-health-check"})
	if !recent(d.RegisteredAt) {
		t.Error("registeredAt is not now")
	}

	got := must(w.client.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: d.TaskDefinitionArn,
		Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}}))(t)
	w.equal(*got.Tags[0].Key, "team")
	w.equal(*got.TaskDefinition.ContainerDefinitions[0].Image, "nginx:1")
}

type registration = ecs.RegisterTaskDefinitionInput

var database = types.ContainerDefinition{Name: aws.String("db"), Image: aws.String("db"), Memory: aws.Int32(64)}

// taskDefRules breaks the definition web in one way each.
var taskDefRules = []struct {
	name, message string
	edit          func(in *registration, c *types.ContainerDefinition)
}{
	{"family is needed", "Family can not be blank.", func(in *registration, _ *types.ContainerDefinition) { in.Family = aws.String("") }},
	{"family is a name", "Family contains invalid characters.", func(in *registration, _ *types.ContainerDefinition) { in.Family = aws.String("a:b") }},
	{"family is short", "Family can have at most 255 characters.", func(in *registration, _ *types.ContainerDefinition) { in.Family = aws.String(strings.Repeat("a", 256)) }},
	{"a container is needed", "Container list cannot be empty.", func(in *registration, _ *types.ContainerDefinition) {
		in.ContainerDefinitions = []types.ContainerDefinition{}
	}},
	{"ten containers at most", "Container list can have at most 10 items.", func(in *registration, c *types.ContainerDefinition) {
		for i := range 10 {
			c.Name = aws.String(fmt.Sprint("c", i))
			in.ContainerDefinitions = append(in.ContainerDefinitions, *c)
		}
	}},
	{"64 KiB at most", "Actual length: '66156'. Max allowed length is '65536' bytes.", func(_ *registration, c *types.ContainerDefinition) { c.Command = []string{strings.Repeat("x", 66000)} }},
	{"a name is needed", "Container.name should not be null or empty.", func(_ *registration, c *types.ContainerDefinition) { c.Name = nil }},
	{"a name is a name", "Container.name contains invalid characters.", func(_ *registration, c *types.ContainerDefinition) { c.Name = aws.String("a b") }},
	{"an image is needed", "Container.image should not be null or empty.", func(_ *registration, c *types.ContainerDefinition) { c.Image = nil }},
	{"an image is a name", "Container.image contains invalid characters.", func(_ *registration, c *types.ContainerDefinition) { c.Image = aws.String("a b") }},
	{"memory is needed", "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified.",
		func(_ *registration, c *types.ContainerDefinition) { c.Memory = nil }},
	{"memory holds the reservation", "Invalid setting for container 'app'. 'memory' must be greater than or equal to 'memoryReservation'.",
		func(_ *registration, c *types.ContainerDefinition) { c.MemoryReservation = aws.Int32(1024) }},
	{"a container port is a port", "Invalid 'containerPort' setting for container 'app'.", func(_ *registration, c *types.ContainerDefinition) { c.PortMappings[0].ContainerPort = nil }},
	{"a host port is a port", "Invalid 'hostPort' setting for container 'app'.", func(_ *registration, c *types.ContainerDefinition) { c.PortMappings[0].HostPort = aws.Int32(70000) }},
	{"a host port is used once", "Host port 80/tcp is used more than once in the task definition.", func(_ *registration, c *types.ContainerDefinition) {
		c.PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(1), HostPort: aws.Int32(80)}, {ContainerPort: aws.Int32(2), HostPort: aws.Int32(80)}}
	}},
	{"ports in host mode are what they are", "When networkMode=host, the host ports and container ports in port mappings must match.", func(in *registration, c *types.ContainerDefinition) {
		in.NetworkMode, c.PortMappings = types.NetworkModeHost, []types.PortMapping{{ContainerPort: aws.Int32(80), HostPort: aws.Int32(8080)}}
	}},
	{"and are those of all containers of the task", "Host port 80/tcp is used more than once in the task definition.", func(in *registration, c *types.ContainerDefinition) {
		in.NetworkMode, c.PortMappings = types.NetworkModeHost, []types.PortMapping{{ContainerPort: aws.Int32(80)}, {ContainerPort: aws.Int32(80)}}
	}},
	{"host mode has no ranges", "'containerPortRange' is not supported when networkMode=host.", func(in *registration, c *types.ContainerDefinition) {
		in.NetworkMode, c.PortMappings = types.NetworkModeHost, []types.PortMapping{{ContainerPortRange: aws.String("80-81")}}
	}},
	{"host mode has no links", "Links are not supported when networkMode=host.", func(in *registration, c *types.ContainerDefinition) {
		in.NetworkMode, c.PortMappings, c.Links = types.NetworkModeHost, nil, []string{"db"}
	}},
	{"host mode has the instance's hostname", "Hostname is not supported when networkMode=host.", func(in *registration, c *types.ContainerDefinition) {
		in.NetworkMode, c.PortMappings, c.Hostname = types.NetworkModeHost, nil, aws.String("a")
	}},
	{"mode none has no ports", "Port mappings are not supported when networkMode=none.", func(in *registration, _ *types.ContainerDefinition) { in.NetworkMode = types.NetworkModeNone }},
	{"names are unique", "Container names must be unique within a Task Definition.", func(in *registration, c *types.ContainerDefinition) {
		in.ContainerDefinitions = append(in.ContainerDefinitions, *c)
	}},
	{"one container is essential", "Task definition doesn't have any essential container.", func(_ *registration, c *types.ContainerDefinition) { c.Essential = aws.Bool(false) }},
	{"the task's cpu holds all", "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
		func(in *registration, _ *types.ContainerDefinition) { in.Cpu = aws.String("128") }},
	{"the task's cpu is a number", "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
		func(in *registration, _ *types.ContainerDefinition) { in.Cpu = aws.String("a lot") }},
	{"the task's memory holds all", "The 'memory' setting for container 'app' is greater than for the task.",
		func(in *registration, _ *types.ContainerDefinition) { in.Memory = aws.String("256") }},
	{"a volume exists", "Unknown volume 'data'.", func(_ *registration, c *types.ContainerDefinition) {
		c.MountPoints = []types.MountPoint{{SourceVolume: aws.String("data"), ContainerPath: aws.String("/data")}}
	}},
	{"a dependency exists", "Cannot depend on container + 'db' because it does not exist", func(_ *registration, c *types.ContainerDefinition) {
		c.DependsOn = []types.ContainerDependency{{ContainerName: aws.String("db"), Condition: types.ContainerConditionStart}}
	}},
	{"nobody waits for the end of what must not end", "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container", func(in *registration, c *types.ContainerDefinition) {
		c.DependsOn = []types.ContainerDependency{{ContainerName: aws.String("db"), Condition: types.ContainerConditionSuccess}}
		in.ContainerDefinitions = append(in.ContainerDefinitions, database)
	}},
	{"HEALTHY needs a health check", "A dependency container with HEALTHY condition must have health check configured", func(in *registration, c *types.ContainerDefinition) {
		c.DependsOn = []types.ContainerDependency{{ContainerName: aws.String("db"), Condition: types.ContainerConditionHealthy}}
		in.ContainerDefinitions = append(in.ContainerDefinitions, database)
	}},
	{"containers do not wait for each other", "Container dependencies must not form a cycle; container 'app' is part of one.", func(in *registration, c *types.ContainerDefinition) {
		c.DependsOn = []types.ContainerDependency{{ContainerName: aws.String("db"), Condition: types.ContainerConditionStart}}
		b := database
		b.Links = []string{"app:front"}
		in.ContainerDefinitions = append(in.ContainerDefinitions, b)
	}},
	{"a health check has a command", "Health check command can not be empty for container 'app'.", func(_ *registration, c *types.ContainerDefinition) {
		c.HealthCheck = &types.HealthCheck{Command: []string{"CMD"}}
	}},
	{"a range runs upwards", "Invalid 'containerPortRange' setting for container 'app'.", ranges("90-80")},
	{"a range is bounded", "Invalid 'containerPortRange' setting for container 'app'.", ranges("1-65536")},
	{"ranges do not overlap", "Container port ranges of container 'app' overlap at port 85.", ranges("80-85", "85-90")},
	{"a range holds its ports alone", "Container port 80 of container 'app' is part of a 'containerPortRange' as well.", func(_ *registration, c *types.ContainerDefinition) {
		c.PortMappings = append(c.PortMappings, types.PortMapping{ContainerPortRange: aws.String("79-81")})
	}},
	{"a range has no host port", "Port mapping of container 'app' with a 'containerPortRange' can have neither 'containerPort' nor 'hostPort'.", func(_ *registration, c *types.ContainerDefinition) {
		c.PortMappings = []types.PortMapping{{ContainerPortRange: aws.String("80-81"), HostPort: aws.Int32(80)}}
	}},
	{"a port has one name", "Port mapping names must be unique. Duplicate port mapping name 'web'.", func(_ *registration, c *types.ContainerDefinition) {
		c.PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(1), Name: aws.String("web")}, {ContainerPort: aws.Int32(2), Name: aws.String("web")}}
	}},
	{"a restart policy is on or off", "The restart policy of container 'app' must say whether it is 'enabled'.", func(_ *registration, c *types.ContainerDefinition) {
		c.RestartPolicy = &types.ContainerRestartPolicy{RestartAttemptPeriod: aws.Int32(60)}
	}},
	{"a restart policy has bounds", "The 'restartAttemptPeriod' setting for container 'app' must be between 60 and 1800.", func(_ *registration, c *types.ContainerDefinition) {
		c.RestartPolicy = &types.ContainerRestartPolicy{Enabled: aws.Bool(true), RestartAttemptPeriod: aws.Int32(59)}
	}},
	{"a restart policy ignores some codes", "The restart policy of container 'app' can have at most 50 ignored exit codes.", func(_ *registration, c *types.ContainerDefinition) {
		c.RestartPolicy = &types.ContainerRestartPolicy{Enabled: aws.Bool(true), IgnoredExitCodes: make([]int32, 51)}
	}},
	{"pidMode is one of two", "Invalid pidMode: none", func(in *registration, _ *types.ContainerDefinition) { in.PidMode = "none" }},
	{"ipcMode is one of three", "Invalid ipcMode: shared", func(in *registration, _ *types.ContainerDefinition) { in.IpcMode = "shared" }},
	{"the host's IPC namespace is not ours to set", "IPC namespace system controls are not supported when ipcMode=host.", func(in *registration, c *types.ContainerDefinition) {
		in.IpcMode, c.SystemControls = types.IpcModeHost, []types.SystemControl{{Namespace: aws.String("kernel.msgmax"), Value: aws.String("1")}}
	}},
	{"only parameters with a namespace can be set", "Invalid system control 'vm.swappiness' for container 'app'. Only parameters of the network and IPC namespaces can be set.", func(_ *registration, c *types.ContainerDefinition) {
		c.SystemControls = []types.SystemControl{{Namespace: aws.String("vm.swappiness"), Value: aws.String("1")}}
	}},
	{"a volume is of one kind", "Invalid setting for volume 'v'. Only one of 'host' and 'dockerVolumeConfiguration' can be specified.", func(in *registration, _ *types.ContainerDefinition) {
		in.Volumes = []types.Volume{{Name: aws.String("v"), Host: &types.HostVolumeProperties{}, DockerVolumeConfiguration: &types.DockerVolumeConfiguration{}}}
	}},
	{"a volume is named once", "Duplicate volume name 'v'.", func(in *registration, _ *types.ContainerDefinition) {
		in.Volumes = []types.Volume{{Name: aws.String("v")}, {Name: aws.String("v")}}
	}},
	{"a path is mounted once", "Duplicate mount point '/v' for container 'app'.", func(in *registration, c *types.ContainerDefinition) {
		in.Volumes = []types.Volume{{Name: aws.String("v")}}
		m := types.MountPoint{SourceVolume: aws.String("v"), ContainerPath: aws.String("/v")}
		c.MountPoints = []types.MountPoint{m, m}
	}},
	{"a capability is one of the kernel's", "Invalid capability 'FLY' for container 'app'.", func(_ *registration, c *types.ContainerDefinition) {
		c.LinuxParameters = &types.LinuxParameters{Capabilities: &types.KernelCapabilities{Add: []string{"FLY"}}}
	}},
	{"a tmpfs option is one of the kernel's", "Invalid tmpfs mount option 'fast' for container 'app'.", func(_ *registration, c *types.ContainerDefinition) {
		c.LinuxParameters = &types.LinuxParameters{Tmpfs: []types.Tmpfs{{ContainerPath: aws.String("/t"), Size: 1, MountOptions: []string{"mode=700", "fast"}}}}
	}},
	{"a log driver is known", "Invalid log driver 'paper' for container 'app'.", func(_ *registration, c *types.ContainerDefinition) {
		c.LogConfiguration = &types.LogConfiguration{LogDriver: "paper"}
	}},
	{"a security option is known", "Invalid docker security option 'seccomp=unconfined' for container 'app'.", func(_ *registration, c *types.ContainerDefinition) {
		c.DockerSecurityOptions = []string{"no-new-privileges", "seccomp=unconfined"}
	}},
	{"definitions have memberOf only", "Invalid placement constraint type: distinctInstance. A task definition can have memberOf only.", func(in *registration, _ *types.ContainerDefinition) {
		in.PlacementConstraints = []types.TaskDefinitionPlacementConstraint{{Type: "distinctInstance"}}
	}},
	{"the source of volumes exists", "Invalid 'volumesFrom' setting. Unknown container: 'db'", func(_ *registration, c *types.ContainerDefinition) {
		c.VolumesFrom = []types.VolumeFrom{{SourceContainer: aws.String("db")}}
	}},
	{"a linked container exists", "Container 'app' links to container 'db', which does not exist in the task definition.", func(_ *registration, c *types.ContainerDefinition) {
		c.Links = []string{"db:mysql"}
	}},
	{"a dependency has a condition", "Invalid container dependency condition 'READY'.", func(in *registration, c *types.ContainerDefinition) {
		c.DependsOn = []types.ContainerDependency{{ContainerName: aws.String("db"), Condition: "READY"}}
		in.ContainerDefinitions = append(in.ContainerDefinitions, database)
	}},
	{"a digest has 64 digits", "Container.image contains invalid characters.", func(_ *registration, c *types.ContainerDefinition) {
		c.Image = aws.String("nginx@sha256:" + strings.Repeat("0", 63))
	}},
	{"cpu is not negative", "Invalid 'cpu' setting for container 'app'.", func(_ *registration, c *types.ContainerDefinition) { c.Cpu = -1 }},
	{"memory is 4 MiB at least", "Invalid 'memory' setting for container 'app'.", func(_ *registration, c *types.ContainerDefinition) { c.Memory = aws.Int32(3) }},
	{"memoryReservation is 4 MiB at least", "Invalid 'memoryReservation' setting for container 'app'.", func(_ *registration, c *types.ContainerDefinition) { c.MemoryReservation = aws.Int32(0) }},
	{"the task's memory holds all reservations", "The sum of all container 'memoryReservation' values cannot be greater than the value of the task 'memory'.", func(in *registration, _ *types.ContainerDefinition) {
		in.Memory = aws.String("512")
		in.ContainerDefinitions = append(in.ContainerDefinitions, database)
	}},
	{"the task's memory is a number", "Invalid 'memory' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
		func(in *registration, _ *types.ContainerDefinition) { in.Memory = aws.String("1 TB") }},
	{"a protocol is tcp or udp", "Invalid 'protocol' setting for container 'app'.", func(_ *registration, c *types.ContainerDefinition) { c.PortMappings[0].Protocol = "sctp" }},
	{"a port's name is small letters", "Invalid port mapping 'name' setting for container 'app'.", func(_ *registration, c *types.ContainerDefinition) { c.PortMappings[0].Name = aws.String("Web") }},
	{"a port's name begins with none", "Invalid port mapping 'name' setting for container 'app'.", func(_ *registration, c *types.ContainerDefinition) { c.PortMappings[0].Name = aws.String("-web") }},
	{"an application protocol is known", "Invalid 'appProtocol' setting for container 'app'.", func(_ *registration, c *types.ContainerDefinition) {
		c.PortMappings[0].Name, c.PortMappings[0].AppProtocol = aws.String("web"), "smtp"
	}},
	{"an application protocol is a port's that has a name", "Port mapping with an 'appProtocol' must have a 'name'.", func(_ *registration, c *types.ContainerDefinition) {
		c.PortMappings[0].AppProtocol = types.ApplicationProtocolHttp
	}},
	{"a hundred ranges at most", "Container 'app' can have at most 100 container port ranges.", func(_ *registration, c *types.ContainerDefinition) {
		c.PortMappings = nil
		for i := range 101 {
			c.PortMappings = append(c.PortMappings, types.PortMapping{ContainerPortRange: aws.String(fmt.Sprintf("%d-%d", 1000+2*i, 1001+2*i))})
		}
	}},
	{"mode none has no links", "Links are not supported when networkMode=none.", func(in *registration, c *types.ContainerDefinition) {
		in.NetworkMode, c.PortMappings, c.Links = types.NetworkModeNone, nil, []string{"db"}
	}},
	{"a ulimit is one of the kernel's", "Unrecognized ulimit name memory", func(_ *registration, c *types.ContainerDefinition) {
		c.Ulimits = []types.Ulimit{{Name: "memory"}}
	}},
	{"a soft limit is below the hard one", "Soft limit exceeds hard limit for ulimit nofile", func(_ *registration, c *types.ContainerDefinition) {
		c.Ulimits = []types.Ulimit{{Name: types.UlimitNameNofile, SoftLimit: 2, HardLimit: 1}}
	}},
	{"a container gets two seconds to end", "Granular stop timeout on container 'app' must be at least 2 seconds.", func(_ *registration, c *types.ContainerDefinition) { c.StopTimeout = aws.Int32(1) }},
	{"a container gets two seconds to be ready", "Granular start timeout on container 'app' must be at least 2 seconds.", func(_ *registration, c *types.ContainerDefinition) { c.StartTimeout = aws.Int32(1) }},
	{"splunk needs to be told where", "Log driver splunk requires options: splunk-token, splunk-url", func(_ *registration, c *types.ContainerDefinition) {
		c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverSplunk, Options: map[string]string{"splunk-url": "x"}}
	}},
	{"a variable has a name", "Environment variable name can not be blank for container 'app'.", func(_ *registration, c *types.ContainerDefinition) {
		c.Environment = []types.KeyValuePair{{Value: aws.String("x")}}
	}},
	{"an extra host has an address", "Extra hosts of container 'app' must have a hostname and an ipAddress.", func(_ *registration, c *types.ContainerDefinition) {
		c.ExtraHosts = []types.HostEntry{{Hostname: aws.String("x")}}
	}},
	{"a parameter of the kernel is set once", "Duplicate system control 'net.core.somaxconn' for container 'app'.", func(_ *registration, c *types.ContainerDefinition) {
		s := types.SystemControl{Namespace: aws.String("net.core.somaxconn"), Value: aws.String("1")}
		c.SystemControls = []types.SystemControl{s, s}
	}},
	{"a parameter of the kernel has a value", "System controls of container 'app' must have a namespace and a value.", func(_ *registration, c *types.ContainerDefinition) {
		c.SystemControls = []types.SystemControl{{Namespace: aws.String("net.core.somaxconn")}}
	}},
	{"a task's volume is never there before", "Invalid 'autoprovision' setting for volume 'v'. It can be specified for the scope shared only.", func(in *registration, _ *types.ContainerDefinition) {
		in.Volumes = []types.Volume{{Name: aws.String("v"), DockerVolumeConfiguration: &types.DockerVolumeConfiguration{Autoprovision: aws.Bool(true)}}}
	}},
	{"a volume is for a task or shared", "Invalid 'scope' setting for volume 'v'. It must be task or shared.", func(in *registration, _ *types.ContainerDefinition) {
		in.Volumes = []types.Volume{{Name: aws.String("v"), DockerVolumeConfiguration: &types.DockerVolumeConfiguration{Scope: "host"}}}
	}},
	{"a host volume is an absolute path", "Invalid 'sourcePath' setting for volume 'v'. It must be an absolute path.", func(in *registration, _ *types.ContainerDefinition) {
		in.Volumes = []types.Volume{{Name: aws.String("v"), Host: &types.HostVolumeProperties{SourcePath: aws.String("v")}}}
	}},
	{"a volume has a name", "Volume name can not be blank.", func(in *registration, _ *types.ContainerDefinition) { in.Volumes = []types.Volume{{}} }},
	{"a mount point is an absolute path", "Invalid 'containerPath' setting for container 'app'.", func(in *registration, c *types.ContainerDefinition) {
		in.Volumes = []types.Volume{{Name: aws.String("v")}}
		c.MountPoints = []types.MountPoint{{SourceVolume: aws.String("v"), ContainerPath: aws.String("v")}}
	}},
	{"shared memory has a size", "Invalid 'sharedMemorySize' setting for container 'app'.", linuxOf(types.LinuxParameters{SharedMemorySize: aws.Int32(0)})},
	{"swappiness is a percentage", "Invalid 'swappiness' setting for container 'app'. It must be between 0 and 100.", linuxOf(types.LinuxParameters{Swappiness: aws.Int32(101)})},
	{"swap is not negative", "Invalid 'maxSwap' setting for container 'app'. It must not be negative and needs 'memory'.", linuxOf(types.LinuxParameters{MaxSwap: aws.Int32(-1)})},
	{"a tmpfs has a size", "Invalid 'tmpfs' setting for container 'app'. It needs an absolute containerPath and a size.",
		linuxOf(types.LinuxParameters{Tmpfs: []types.Tmpfs{{ContainerPath: aws.String("/t")}}})},
	{"a device has a path", "Invalid 'devices' setting for container 'app'. It needs a hostPath.", linuxOf(types.LinuxParameters{Devices: []types.Device{{}}})},
	{"a device is read, written or made", "Invalid device permission 'run' for container 'app'.",
		linuxOf(types.LinuxParameters{Devices: []types.Device{{HostPath: aws.String("/dev/null"), Permissions: []types.DeviceCgroupPermission{"run"}}}})},
	{"a health check is a command", "Health check command of container 'app' must begin with CMD or CMD-SHELL.", func(_ *registration, c *types.ContainerDefinition) {
		c.HealthCheck = &types.HealthCheck{Command: []string{"curl", "x"}}
	}},
	{"a health check ends within a minute", "Invalid health check 'timeout' setting for container 'app'. It must be between 2 and 60.", func(_ *registration, c *types.ContainerDefinition) {
		c.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "true"}, Timeout: aws.Int32(61)}
	}},
	{"a health check is tried ten times at most", "Invalid health check 'retries' setting for container 'app'. It must be between 1 and 10.", func(_ *registration, c *types.ContainerDefinition) {
		c.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "true"}, Retries: aws.Int32(11)}
	}},
	{"a health check has bounds", "Invalid health check 'interval' setting for container 'app'. It must be between 5 and 300.", func(_ *registration, c *types.ContainerDefinition) {
		c.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "true"}, Interval: aws.Int32(1)}
	}},
}

func linuxOf(l types.LinuxParameters) func(*registration, *types.ContainerDefinition) {
	return func(_ *registration, c *types.ContainerDefinition) { c.LinuxParameters = &l }
}

func ranges(spans ...string) func(*registration, *types.ContainerDefinition) {
	return func(_ *registration, c *types.ContainerDefinition) {
		c.PortMappings = nil
		for _, s := range spans {
			c.PortMappings = append(c.PortMappings, types.PortMapping{ContainerPortRange: aws.String(s)})
		}
	}
}

func TestRegisterTaskDefinitionRules(t *testing.T) {
	for _, c := range taskDefRules {
		t.Run(c.name, func(t *testing.T) {
			in := webDef("web")
			c.edit(in, &in.ContainerDefinitions[:1][0])
			err := checkTaskDef(in, "amd64")
			if err == nil || err.Error() != "ClientException: "+c.message {
				t.Errorf("got  %v\nwant ClientException: %s", err, c.message)
			}
		})
	}
}

func TestTaskDefinitionMembersThatDoNotActAreRefused(t *testing.T) {
	type in = ecs.RegisterTaskDefinitionInput
	for message, edit := range map[string]func(in *in, c *types.ContainerDefinition){
		"the parameter containerDefinitions[0].environmentFiles: pass the values by environment.": func(_ *in, c *types.ContainerDefinition) {
			c.EnvironmentFiles = []types.EnvironmentFile{{}, {Value: aws.String("s")}}
		},
		"the parameter volumes[0].efsVolumeConfiguration.": func(in *in, _ *types.ContainerDefinition) {
			in.Volumes = []types.Volume{{Name: aws.String("v"), EfsVolumeConfiguration: &types.EFSVolumeConfiguration{FileSystemId: aws.String("x")}}}
		},
		"the docker security option credentialspec:file: only Windows containers read it.": func(_ *in, c *types.ContainerDefinition) {
			c.DockerSecurityOptions = []string{"credentialspec:file"}
		},
		"the compatibility EXTERNAL: requiresCompatibilities may hold EC2 and FARGATE only.": func(in *in, _ *types.ContainerDefinition) {
			in.RequiresCompatibilities = []types.Compatibility{types.CompatibilityExternal}
		},
		"the log driver awsfirelens: use awslogs, json-file, or another driver of the container engine.": func(_ *in, c *types.ContainerDefinition) {
			c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwsfirelens}
		},
		"the cpuArchitecture ARM64: the container engine runs on X86_64.": func(in *in, _ *types.ContainerDefinition) {
			in.RuntimePlatform = &types.RuntimePlatform{CpuArchitecture: types.CPUArchitectureArm64}
		},
	} {
		in := webDef("web")
		edit(in, &in.ContainerDefinitions[0])
		err := checkTaskDef(in, "amd64")
		if err == nil || err.Error() != "ClientException: Drydock does not support "+message {
			t.Errorf("got  %v\nwant %s", err, message)
		}
	}
	for _, mode := range []types.NetworkMode{"nat", "x"} {
		in := webDef("web")
		in.NetworkMode = mode
		if err := checkTaskDef(in, "amd64"); err == nil || !strings.Contains(err.Error(), string(mode)) {
			t.Errorf("mode %s: %v", mode, err)
		}
	}
}

func TestMembersThatAskForNothingAreAccepted(t *testing.T) {
	in := webDef("web")
	in.ContainerDefinitions[0].LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverJsonFile, SecretOptions: []types.Secret{}}
	in.ContainerDefinitions[0].RestartPolicy = &types.ContainerRestartPolicy{Enabled: aws.Bool(false)}
	in.ContainerDefinitions[0].DisableNetworking = aws.Bool(false)
	in.EnableFaultInjection, in.TaskRoleArn, in.PlacementConstraints = aws.Bool(false), aws.String(""), []types.TaskDefinitionPlacementConstraint{}
	in.RuntimePlatform = &types.RuntimePlatform{CpuArchitecture: types.CPUArchitectureX8664, OperatingSystemFamily: types.OSFamilyLinux}
	in.RequiresCompatibilities = []types.Compatibility{types.CompatibilityEc2}
	if err := checkTaskDef(in, "amd64"); err != nil {
		t.Error(err)
	}
}

func TestTaskDefinitionsAreFoundByFamilyRevisionAndARN(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		must(w.client.RegisterTaskDefinition(t.Context(), webDef("web")))(t)
	}
	must(w.client.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("web:3")}))(t)
	for ref, want := range map[string]string{"web": "web:2 ACTIVE", "web:1": "web:1 ACTIVE", "web:3": "web:3 INACTIVE",
		arnPrefix + "task-definition/web:2": "web:2 ACTIVE", arnPrefix + "task-definition/web": "web:2 ACTIVE"} {
		d := must(w.client.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &ref}))(t).TaskDefinition
		w.equal(fmt.Sprintf("%s:%d %s", *d.Family, d.Revision, d.Status), want)
	}
	for ref, message := range map[string]string{"nope": "Unable to describe task definition.", "web:9": "Unable to describe task definition.",
		"web:x": "Invalid revision number. Number: x", "web:01": "Invalid revision number. Number: 01", "web:-1": "Invalid revision number. Number: -1"} {
		_, err := w.client.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &ref})
		w.fails(err, "ClientException", message)
	}
	next := must(w.client.RegisterTaskDefinition(t.Context(), webDef("web")))(t)
	w.equal(next.TaskDefinition.Revision, 4)
	_, err := w.client.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("web")})
	w.fails(err, "InvalidParameterException", "Missing revision. TaskDefinition must be family:revision or an ARN with a revision.")
}
