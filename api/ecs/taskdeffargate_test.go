package ecs

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// fargateDef is a definition that Fargate takes.
func fargateDef(family string) *ecs.RegisterTaskDefinitionInput {
	in := webDef(family)
	in.NetworkMode, in.Cpu, in.Memory = types.NetworkModeAwsvpc, aws.String("256"), aws.String("512")
	in.RequiresCompatibilities = []types.Compatibility{types.CompatibilityFargate}
	return in
}

func TestFargateDefinitionHasDefaultsFilledIn(t *testing.T) {
	w := newWorld(t)
	in := fargateDef("web")
	in.ContainerDefinitions[0].PortMappings = append(in.ContainerDefinitions[0].PortMappings, types.PortMapping{ContainerPort: aws.Int32(81), HostPort: aws.Int32(0)},
		types.PortMapping{ContainerPortRange: aws.String("90-91")})
	d := must(w.client.RegisterTaskDefinition(t.Context(), in))(t).TaskDefinition
	w.equal(line(d.Compatibilities, d.RequiresCompatibilities, d.NetworkMode, *d.Cpu, *d.Memory), "[EC2 FARGATE] [FARGATE] awsvpc 256 512")
	ports := d.ContainerDefinitions[0].PortMappings
	w.equal(line(*ports[0].HostPort, *ports[1].HostPort, ports[2].HostPort == nil), "80 81 true")
	w.equal(names(d.RequiresAttributes, func(a types.Attribute) string { return *a.Name }),
		[]string{capability + "docker-remote-api.1.18", "ecs.capability.container-port-range", "ecs.capability.task-eni"})
}

func TestCompatibilitiesAreDerived(t *testing.T) {
	for _, c := range []struct {
		rule, want string
		edit       func(in *registration, c *types.ContainerDefinition)
	}{
		{"what fits Fargate runs on both", "[EC2 FARGATE]", func(in *registration, _ *types.ContainerDefinition) { in.RequiresCompatibilities = nil }},
		{"what does not fit Fargate runs on EC2", "[EC2]", func(in *registration, c *types.ContainerDefinition) {
			in.RequiresCompatibilities, c.Privileged = nil, aws.Bool(true)
		}},
		{"what has no size runs on EC2", "[EC2]", func(in *registration, _ *types.ContainerDefinition) {
			in.RequiresCompatibilities, in.Cpu, in.Memory = nil, nil, nil
		}},
		{"other modes run on external instances", "[EXTERNAL EC2]", func(in *registration, _ *types.ContainerDefinition) {
			in.RequiresCompatibilities, in.NetworkMode = nil, types.NetworkModeBridge
		}},
		{"Fargate mounts tmpfs", "[EC2 FARGATE]", func(_ *registration, c *types.ContainerDefinition) {
			c.LinuxParameters = &types.LinuxParameters{Tmpfs: []types.Tmpfs{{ContainerPath: aws.String("/t"), Size: 1}}}
		}},
		{"Fargate adds SYS_PTRACE and drops anything", "[EC2 FARGATE]", func(_ *registration, c *types.ContainerDefinition) {
			c.LinuxParameters = &types.LinuxParameters{Capabilities: &types.KernelCapabilities{Add: []string{"SYS_PTRACE"}, Drop: []string{"ALL"}}}
		}},
		{"Fargate has volumes of the task's own, and its processes together", "[EC2 FARGATE]", func(in *registration, _ *types.ContainerDefinition) {
			in.Volumes, in.PidMode = []types.Volume{{Name: aws.String("v"), Host: &types.HostVolumeProperties{}}}, types.PidModeTask
		}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			in := fargateDef("web")
			c.edit(in, &in.ContainerDefinitions[0])
			if err := checkTaskDef(in, "amd64"); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(newDoc(in).Compatibilities); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestFargateSizes(t *testing.T) {
	for _, c := range []struct {
		cpu, memory string
		ok          bool
	}{
		{".25 vCPU", "0.5 GB", true}, {"256", "2048", true}, {"256", "4096", false}, {"256", "1536", false}, {"512", "512", false}, {"512", "4096", true},
		{"1 vCPU", "8GB", true}, {"1024", "1024", false}, {"2048", "16384", true}, {"2048", "4608", false}, {"4096", "30720", true}, {"4096", "31744", false},
		{"8192", "16384", true}, {"8192", "18432", false}, {"8192", "61440", true}, {"16384", "32768", true}, {"16384", "36864", false}, {"16 vCPU", "120 GB", true},
		{"32768", "61440", true}, {"32768", "122880", true}, {"32 vCPU", "244 GB", true}, {"32768", "65536", false}, {"128", "512", false}, {"3072", "8192", false},
	} {
		cpu, _ := taskCPU(c.cpu)
		memory, _ := taskMemory(c.memory)
		if got := fargateSize(cpu, memory); got != c.ok {
			t.Errorf("%s and %s: %v", c.cpu, c.memory, got)
		}
	}
}

// fargateRules breaks a definition of Fargate's in one way each.
var fargateRules = []struct {
	name, message string
	edit          func(in *registration, c *types.ContainerDefinition)
}{
	{"Fargate has awsvpc only", "Fargate only supports network mode ‘awsvpc’.", func(in *registration, _ *types.ContainerDefinition) { in.NetworkMode = "" }},
	{"Fargate needs cpu", "Fargate requires that 'cpu' be defined at the task level.", func(in *registration, _ *types.ContainerDefinition) { in.Cpu = nil }},
	{"Fargate needs memory", "Fargate requires that 'memory' be defined at the task level.", func(in *registration, _ *types.ContainerDefinition) { in.Memory = nil }},
	{"Fargate has certain sizes", "No Fargate configuration exists for given values: 256 CPU, 3072 memory. See the Amazon ECS documentation for the valid values.",
		func(in *registration, _ *types.ContainerDefinition) { in.Memory = aws.String("3 GB") }},
	{"Fargate hides the host's processes", "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
		func(in *registration, _ *types.ContainerDefinition) { in.PidMode = types.PidModeHost }},
	{"Fargate has no ipcMode", "Fargate compatible task definitions do not support ipcMode", func(in *registration, _ *types.ContainerDefinition) { in.IpcMode = types.IpcModeTask }},
	{"Fargate has no instances to choose", "Fargate compatible task definitions do not support constraints", func(in *registration, _ *types.ContainerDefinition) {
		in.PlacementConstraints = []types.TaskDefinitionPlacementConstraint{{Type: "memberOf", Expression: aws.String("attribute:a == b")}}
	}},
	{"Fargate has no host paths", "Fargate compatible task definitions do not support sourcePath", func(in *registration, _ *types.ContainerDefinition) {
		in.Volumes = []types.Volume{{Name: aws.String("v"), Host: &types.HostVolumeProperties{SourcePath: aws.String("/v")}}}
	}},
	{"Fargate has no Docker volumes", "Fargate compatible task definitions do not support dockerVolumeConfiguration", func(in *registration, _ *types.ContainerDefinition) {
		in.Volumes = []types.Volume{{Name: aws.String("v"), DockerVolumeConfiguration: &types.DockerVolumeConfiguration{}}}
	}},
	{"Fargate has no privileged containers", "Fargate requires that the 'privileged' setting be 'false' at the container level.", func(_ *registration, c *types.ContainerDefinition) { c.Privileged = aws.Bool(true) }},
	{"Fargate has no security options", "Fargate compatible task definitions do not support dockerSecurityOptions", func(_ *registration, c *types.ContainerDefinition) {
		c.DockerSecurityOptions = []string{"no-new-privileges"}
	}},
	{"Fargate has some log drivers", "json-file is not a valid log driver. Must be one of [awslogs, splunk, awsfirelens]", func(_ *registration, c *types.ContainerDefinition) {
		c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverJsonFile}
	}},
	{"Fargate has no streams that are named by container", "Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs.",
		func(_ *registration, c *types.ContainerDefinition) {
			c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "g", "awslogs-region": "us-east-1"}}
		}},
	{"Fargate writes logs by a role", "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
		func(_ *registration, c *types.ContainerDefinition) {
			c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "g",
				"awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"}}
		}},
	{"Fargate waits two minutes for an end", "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.",
		func(_ *registration, c *types.ContainerDefinition) { c.StopTimeout = aws.Int32(121) }},
	{"Fargate waits two minutes for a dependency", "Tasks using the Fargate launch type must have a container start timeout of less than 120 seconds.",
		func(_ *registration, c *types.ContainerDefinition) { c.StartTimeout = aws.Int32(121) }},
	{"Fargate has no devices", "Fargate compatible task definitions do not support devices", linuxOf(types.LinuxParameters{Devices: []types.Device{{HostPath: aws.String("/dev/null")}}})},
	{"Fargate has no shared memory size", "Fargate compatible task definitions do not support sharedMemorySize", linuxOf(types.LinuxParameters{SharedMemorySize: aws.Int32(64)})},
	{"Fargate has no swap", "Fargate compatible task definitions do not support maxSwap", linuxOf(types.LinuxParameters{MaxSwap: aws.Int32(0)})},
	{"Fargate has no swappiness", "Fargate compatible task definitions do not support swappiness", linuxOf(types.LinuxParameters{Swappiness: aws.Int32(1)})},
	{"Fargate adds one capability", "Fargate compatible task definitions can add the capability SYS_PTRACE only, not NET_ADMIN",
		linuxOf(types.LinuxParameters{Capabilities: &types.KernelCapabilities{Add: []string{"SYS_PTRACE", "NET_ADMIN"}}})},

	{"an interface's ports are not mapped", "When networkMode=awsvpc, the host ports and container ports in port mappings must match.", func(_ *registration, c *types.ContainerDefinition) { c.PortMappings[0].HostPort = aws.Int32(8080) }},
	{"containers share the interface's ports", "Host port 80/tcp is used more than once in the task definition.", func(in *registration, c *types.ContainerDefinition) {
		db := database
		db.PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(80)}}
		in.ContainerDefinitions = append(in.ContainerDefinitions, db)
	}},
	{"a range of the interface's ports is shared too", "Host port 80/tcp is used more than once in the task definition.", func(in *registration, c *types.ContainerDefinition) {
		db := database
		db.PortMappings = []types.PortMapping{{ContainerPortRange: aws.String("79-81")}}
		in.ContainerDefinitions = append(in.ContainerDefinitions, db)
	}},
	{"awsvpc has no links", "Links are not supported when networkMode=awsvpc.", func(_ *registration, c *types.ContainerDefinition) { c.Links = []string{"db"} }},
	{"awsvpc has the VPC's DNS servers", "DNS servers are not supported when networkMode=awsvpc.", func(_ *registration, c *types.ContainerDefinition) { c.DnsServers = []string{"1.1.1.1"} }},
	{"awsvpc has the VPC's search domains", "DNS search domains are not supported when networkMode=awsvpc.", func(_ *registration, c *types.ContainerDefinition) { c.DnsSearchDomains = []string{"a"} }},
	{"awsvpc has no extra hosts", "Extra hosts are not supported when networkMode=awsvpc.", func(_ *registration, c *types.ContainerDefinition) {
		c.ExtraHosts = []types.HostEntry{{Hostname: aws.String("a"), IpAddress: aws.String("1.1.1.1")}}
	}},
	{"awsvpc has the task's hostname", "Hostname is not supported when networkMode=awsvpc.", func(_ *registration, c *types.ContainerDefinition) { c.Hostname = aws.String("a") }},
	{"awsvpc has a network", "'disableNetworking' is not supported when networkMode=awsvpc.", func(_ *registration, c *types.ContainerDefinition) { c.DisableNetworking = aws.Bool(true) }},
}

func TestFargateRules(t *testing.T) {
	for _, c := range fargateRules {
		t.Run(c.name, func(t *testing.T) {
			in := fargateDef("web")
			c.edit(in, &in.ContainerDefinitions[:1][0])
			err := checkTaskDef(in, "amd64")
			if err == nil || err.Error() != "ClientException: "+c.message {
				t.Errorf("got  %v\nwant ClientException: %s", err, c.message)
			}
		})
	}
}
