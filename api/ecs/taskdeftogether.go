package ecs

import (
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/netmodes"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// checkTogether applies the rules between the containers of a task definition.
func checkTogether(in *ecs.RegisterTaskDefinitionInput) error {
	byName := map[string]types.ContainerDefinition{}
	essential := false
	for _, c := range in.ContainerDefinitions {
		if _, twice := byName[*c.Name]; twice {
			return refused("Container names must be unique within a Task Definition.")
		}
		byName[*c.Name] = c
		essential = essential || isEssential(c)
	}
	if !essential {
		return refused("Task definition doesn't have any essential container.")
	}
	if err := checkHostPorts(in); err != nil {
		return err
	}
	if err := checkSums(in); err != nil {
		return err
	}
	for _, c := range in.ContainerDefinitions {
		if err := checkDependencies(c, byName); err != nil {
			return err
		}
	}
	return checkCycles(in.ContainerDefinitions)
}

func isEssential(c types.ContainerDefinition) bool { return c.Essential == nil || *c.Essential }

// checkHostPorts refuses a task that could never be placed: it asks for one host port twice. In
// awsvpc mode every container port is one of the interface that the containers share.
func checkHostPorts(in *ecs.RegisterTaskDefinitionInput) error {
	seen, names := map[string]bool{}, map[string]bool{}
	for _, c := range in.ContainerDefinitions {
		for _, m := range c.PortMappings {
			name := aws.ToString(m.Name)
			if name != "" && names[name] {
				return refused("Port mapping names must be unique. Duplicate port mapping name '%s'.", name)
			}
			names[name] = true
			for _, key := range hostPorts(in.NetworkMode, m) {
				if seen[key] {
					return refused("Host port %s is used more than once in the task definition.", key)
				}
				seen[key] = true
			}
		}
	}
	return nil
}

// hostPorts are the host ports that a port mapping names, and those that it means in awsvpc and host mode.
func hostPorts(mode types.NetworkMode, m types.PortMapping) (keys []string) {
	first := int(aws.ToInt32(m.HostPort))
	last := first
	if mode == types.NetworkModeAwsvpc || mode == types.NetworkModeHost {
		first = int(aws.ToInt32(m.ContainerPort))
		last = first
		if m.ContainerPortRange != nil {
			first, last, _ = netmodes.Span(*m.ContainerPortRange)
		}
	}
	for port := first; port != 0 && port <= last; port++ {
		keys = append(keys, portKey(port, m.Protocol))
	}
	return keys
}

// or returns a, or b when a is empty.
func or[S ~string](a, b S) S {
	if a == "" {
		return b
	}
	return a
}

// checkSums holds the containers against the size of the task.
func checkSums(in *ecs.RegisterTaskDefinitionInput) error {
	cpu, ok := taskCPU(aws.ToString(in.Cpu))
	if !ok {
		return refused("Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")
	}
	memory, ok := taskMemory(aws.ToString(in.Memory))
	if !ok {
		return refused("Invalid 'memory' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")
	}
	var cpus, reserved int
	for _, c := range in.ContainerDefinitions {
		cpus += int(c.Cpu)
		least := aws.ToInt32(c.MemoryReservation)
		if least == 0 {
			least = aws.ToInt32(c.Memory)
		}
		reserved += int(least)
		if memory > 0 && int(aws.ToInt32(c.Memory)) > memory {
			return refused("The 'memory' setting for container '%s' is greater than for the task.", *c.Name)
		}
	}
	if cpu > 0 && cpus > cpu {
		return refused("The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.")
	}
	if memory > 0 && reserved > memory {
		return refused("The sum of all container 'memoryReservation' values cannot be greater than the value of the task 'memory'.")
	}
	return nil
}

// taskCPU reads the cpu of a task: "256" CPU units or "0.25 vCPU". Empty is 0; on EC2 it is 128
// units to 192 vCPU.
func taskCPU(s string) (units int, ok bool) {
	if s == "" {
		return 0, true
	}
	units, ok = quantity(s, "vcpu", 1024)
	return units, ok && units >= 128 && units <= 192*1024
}

// taskMemory reads the memory of a task: "512" MiB or "0.5 GB". Empty is 0.
func taskMemory(s string) (mib int, ok bool) {
	if s == "" {
		return 0, true
	}
	mib, ok = quantity(s, "gb", 1024)
	return mib, ok && mib >= 4 && mib <= 32<<20
}

// quantity reads a whole number, or a decimal one followed by unit, which is worth so many.
func quantity(s, unit string, worth float64) (int, bool) {
	number, decimal := strings.CutSuffix(strings.ToLower(strings.TrimSpace(s)), unit)
	if !decimal {
		n, err := strconv.Atoi(number)
		return n, err == nil
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(f > 0 && f < 1<<20) {
		return 0, false
	}
	return int(f * worth), true
}

// checkDependencies applies the rules of dependsOn and links of one container.
func checkDependencies(c types.ContainerDefinition, byName map[string]types.ContainerDefinition) error {
	for _, d := range c.DependsOn {
		on, ok := byName[aws.ToString(d.ContainerName)]
		switch {
		case !ok:
			return refused("Cannot depend on container + '%s' because it does not exist", aws.ToString(d.ContainerName)) // ECS's own plus sign
		case !slices.Contains(types.ContainerCondition("").Values(), d.Condition):
			return refused("Invalid container dependency condition '%s'.", d.Condition)
		case (d.Condition == types.ContainerConditionSuccess || d.Condition == types.ContainerConditionComplete) && isEssential(on):
			return refused("A dependency container with SUCCESS or COMPLETE condition cannot be an essential container")
		case d.Condition == types.ContainerConditionHealthy && on.HealthCheck == nil:
			return refused("A dependency container with HEALTHY condition must have health check configured")
		}
	}
	for _, l := range c.Links {
		if _, ok := byName[linked(l)]; !ok {
			return refused("Container '%s' links to container '%s', which does not exist in the task definition.", *c.Name, linked(l))
		}
	}
	for _, v := range c.VolumesFrom {
		if _, ok := byName[aws.ToString(v.SourceContainer)]; !ok {
			return refused("Invalid 'volumesFrom' setting. Unknown container: '%s'", aws.ToString(v.SourceContainer))
		}
	}
	return nil
}

// linked returns the container that a link "name" or "name:alias" means.
func linked(link string) string {
	name, _, _ := strings.Cut(link, ":")
	return name
}

// checkCycles refuses containers that wait for each other.
func checkCycles(cs []types.ContainerDefinition) error {
	after := map[string][]string{}
	for _, c := range cs {
		for _, d := range c.DependsOn {
			after[*c.Name] = append(after[*c.Name], *d.ContainerName)
		}
		for _, l := range c.Links {
			after[*c.Name] = append(after[*c.Name], linked(l))
		}
		for _, v := range c.VolumesFrom {
			after[*c.Name] = append(after[*c.Name], *v.SourceContainer)
		}
	}
	const entered, left = 1, 2
	state := map[string]int{}
	var visit func(string) bool
	visit = func(name string) bool {
		if state[name] != 0 {
			return state[name] == left
		}
		state[name] = entered
		for _, next := range after[name] {
			if !visit(next) {
				return false
			}
		}
		state[name] = left
		return true
	}
	for _, c := range cs {
		if !visit(*c.Name) {
			return refused("Container dependencies must not form a cycle; container '%s' is part of one.", *c.Name)
		}
	}
	return nil
}
