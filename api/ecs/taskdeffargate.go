package ecs

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// fargateSizes are the sizes a task has on Fargate: for so many CPU units, memory from one bound to
// another in steps, in MiB.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
var fargateSizes = map[int]struct{ low, high, step int }{
	512:   {1024, 4 << 10, 1024},
	1024:  {2048, 8 << 10, 1024},
	2048:  {4096, 16 << 10, 1024},
	4096:  {8192, 30 << 10, 1024},
	8192:  {16 << 10, 60 << 10, 4096},
	16384: {32 << 10, 120 << 10, 8192},
}

// fargateSingle are the sizes that follow no step.
var fargateSingle = map[int][]int{256: {512, 1024, 2048}, 32768: {60 << 10, 120 << 10, 244 << 10}}

// fargateSize reports whether Fargate has a size of so many CPU units and MiB.
func fargateSize(cpu, memory int) bool {
	s, ok := fargateSizes[cpu]
	return slices.Contains(fargateSingle[cpu], memory) ||
		ok && s.low <= memory && memory <= s.high && (memory-s.low)%s.step == 0
}

// compatibilities returns where tasks of a checked definition can run. External instances have no
// network interfaces to give; Fargate takes what its own rules allow.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
func compatibilities(in *ecs.RegisterTaskDefinitionInput) []types.Compatibility {
	switch {
	case in.NetworkMode != types.NetworkModeAwsvpc:
		return []types.Compatibility{types.CompatibilityExternal, types.CompatibilityEc2}
	case checkFargate(in) != nil:
		return []types.Compatibility{types.CompatibilityEc2}
	}
	return []types.Compatibility{types.CompatibilityEc2, types.CompatibilityFargate}
}

// checkCompatibilities holds a definition against what it says it requires.
func checkCompatibilities(in *ecs.RegisterTaskDefinitionInput) error {
	if slices.Contains(in.RequiresCompatibilities, types.CompatibilityFargate) {
		return checkFargate(in)
	}
	return nil
}

// checkFargate applies the rules of a definition whose tasks run on Fargate. Its cpu and memory have
// been read before.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
func checkFargate(in *ecs.RegisterTaskDefinitionInput) error {
	cpu, _ := taskCPU(aws.ToString(in.Cpu))
	memory, _ := taskMemory(aws.ToString(in.Memory))
	switch {
	case in.NetworkMode != types.NetworkModeAwsvpc:
		return refused("Fargate only supports network mode ‘awsvpc’.")
	case cpu == 0:
		return refused("Fargate requires that 'cpu' be defined at the task level.")
	case memory == 0:
		return refused("Fargate requires that 'memory' be defined at the task level.")
	case !fargateSize(cpu, memory):
		return refused("No Fargate configuration exists for given values: %d CPU, %d memory. See the Amazon ECS documentation for the valid values.", cpu, memory)
	case in.PidMode != "" && in.PidMode != types.PidModeTask:
		return refused("Tasks using the Fargate launch type do not support pidMode '%s'. The supported value for pidMode is 'task'.", in.PidMode)
	case in.IpcMode != "":
		return notOnFargate("ipcMode")
	case len(in.PlacementConstraints) > 0:
		return notOnFargate("constraints")
	}
	for _, v := range in.Volumes {
		switch {
		case v.Host != nil && aws.ToString(v.Host.SourcePath) != "":
			return notOnFargate("sourcePath")
		case v.DockerVolumeConfiguration != nil:
			return notOnFargate("dockerVolumeConfiguration")
		}
	}
	for _, c := range in.ContainerDefinitions {
		if err := checkFargateContainer(c); err != nil {
			return err
		}
		if l := c.LogConfiguration; l != nil && l.LogDriver == types.LogDriverAwslogs && aws.ToString(in.ExecutionRoleArn) == "" {
			return refused("Fargate requires task definition to have execution role ARN to support log driver awslogs.")
		}
	}
	return nil
}

func notOnFargate(what string) error {
	return refused("Fargate compatible task definitions do not support %s", what)
}

// fargateLogs are the log drivers of Fargate.
var fargateLogs = []types.LogDriver{types.LogDriverAwslogs, types.LogDriverSplunk, types.LogDriverAwsfirelens}

func checkFargateContainer(c types.ContainerDefinition) error {
	switch {
	case aws.ToBool(c.Privileged):
		return refused("Fargate requires that the 'privileged' setting be 'false' at the container level.")
	case aws.ToBool(c.DisableNetworking):
		return notOnFargate("disableNetworking")
	case len(c.DockerSecurityOptions) > 0:
		return notOnFargate("dockerSecurityOptions")
	case c.LogConfiguration != nil && !slices.Contains(fargateLogs, c.LogConfiguration.LogDriver):
		return refused("%s is not a valid log driver. Must be one of [awslogs, splunk, awsfirelens]", c.LogConfiguration.LogDriver)
	case c.LogConfiguration != nil && c.LogConfiguration.LogDriver == types.LogDriverAwslogs && c.LogConfiguration.Options["awslogs-stream-prefix"] == "":
		return refused("Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs.")
	}
	for _, t := range []struct {
		name string
		v    *int32
	}{{"stop", c.StopTimeout}, {"start", c.StartTimeout}} {
		if aws.ToInt32(t.v) > 120 {
			return refused("Tasks using the Fargate launch type must have a container %s timeout of less than 120 seconds.", t.name)
		}
	}
	return checkFargateLinux(c.LinuxParameters)
}

// checkFargateLinux lets tmpfs through, which Fargate mounts since January 2026.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html
func checkFargateLinux(l *types.LinuxParameters) error {
	switch {
	case l == nil:
	case len(l.Devices) > 0:
		return notOnFargate("devices")
	case l.SharedMemorySize != nil:
		return notOnFargate("sharedMemorySize")
	case l.MaxSwap != nil:
		return notOnFargate("maxSwap")
	case l.Swappiness != nil:
		return notOnFargate("swappiness")
	case l.Capabilities != nil:
		for _, name := range l.Capabilities.Add {
			if name != "SYS_PTRACE" {
				return refused("Fargate compatible task definitions can add the capability SYS_PTRACE only, not %s", name)
			}
		}
	}
	return nil
}
