package ecs

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/netmodes"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	maxContainers = 10
	maxTaskDef    = 64 << 10 // bytes
)

// checkTaskDef applies the rules of RegisterTaskDefinition for everything that acts here.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
func checkTaskDef(in *ecs.RegisterTaskDefinitionInput, arch string) error {
	switch family := aws.ToString(in.Family); {
	case family == "":
		return refused("Family can not be blank.")
	case len(family) > 255:
		return refused("Family can have at most 255 characters.")
	case !validName(family):
		return refused("Family contains invalid characters.")
	case len(in.ContainerDefinitions) == 0:
		return refused("Container list cannot be empty.")
	case len(in.ContainerDefinitions) > maxContainers:
		return refused("Container list can have at most %d items.", maxContainers)
	}
	if n := jsonSizeOf(in); n > maxTaskDef {
		return refused("Actual length: '%d'. Max allowed length is '%d' bytes.", n, maxTaskDef)
	}
	if err := supportedTaskDef(in, arch); err != nil {
		return err
	}
	if err := checkRoles(in.TaskRoleArn, in.ExecutionRoleArn); err != nil {
		return err
	}
	if err := checkShares(in); err != nil {
		return err
	}
	if err := checkDefConstraints(in); err != nil {
		return err
	}
	volumes, err := checkVolumes(in.Volumes)
	if err != nil {
		return err
	}
	for _, c := range in.ContainerDefinitions {
		if err := checkContainer(in, c, volumes); err != nil {
			return err
		}
	}
	if err := checkTogether(in); err != nil {
		return err
	}
	return checkCompatibilities(in)
}

func checkContainer(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition, volumes []string) error {
	name := aws.ToString(c.Name)
	switch {
	case name == "":
		return refused("Container.name should not be null or empty.")
	case !validName(name):
		return refused("Container.name contains invalid characters.")
	case aws.ToString(c.Image) == "":
		return refused("Container.image should not be null or empty.")
	case !validImage(*c.Image):
		return refused("Container.image contains invalid characters.")
	}
	for _, check := range []func(*ecs.RegisterTaskDefinitionInput, types.ContainerDefinition) error{
		checkMemory, checkPorts, checkNetwork, checkHealth, checkLimits, checkControls, checkLinux, checkRestart, checkSecrets, checkLogin,
	} {
		if err := check(in, c); err != nil {
			return err
		}
	}
	return checkMounts(c, volumes)
}

// digest is the end of an image's name that says its content.
var digest = regexp.MustCompile(`^sha256:[0-9a-fA-F]{64}$`)

// validImage reports whether s may name an image: what ECS lists, and a digest, which does not count
// to the length.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
func validImage(s string) bool {
	name, sum, pinned := strings.Cut(s, "@")
	if pinned && !digest.MatchString(sum) {
		return false
	}
	return len(name) <= 255 && !strings.ContainsFunc(name, func(r rune) bool {
		return r > 126 || !wordByte(byte(r)) && !strings.ContainsRune("-:./#+", r)
	})
}

func checkMemory(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	hard, soft := aws.ToInt32(c.Memory), aws.ToInt32(c.MemoryReservation)
	switch {
	case c.Cpu < 0:
		return refused("Invalid 'cpu' setting for container '%s'.", *c.Name)
	case c.Memory == nil && c.MemoryReservation == nil && aws.ToString(in.Memory) == "":
		return refused("Invalid setting for container '%s'. At least one of 'memory' or 'memoryReservation' must be specified.", *c.Name)
	// What the engine takes is more, on EC2 too: less than 6 MiB is a CannotCreateContainerError there.
	case c.Memory != nil && hard < 4:
		return refused("Invalid 'memory' setting for container '%s'.", *c.Name)
	case c.MemoryReservation != nil && soft < 4:
		return refused("Invalid 'memoryReservation' setting for container '%s'.", *c.Name)
	case c.Memory != nil && soft > hard:
		return refused("Invalid setting for container '%s'. 'memory' must be greater than or equal to 'memoryReservation'.", *c.Name)
	}
	return nil
}

const maxRanges = 100 // container port ranges of one container

func checkPorts(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	ranges := 0
	taken := map[string]bool{} // container ports that ranges hold, and those that must not overlap with them
	for _, m := range c.PortMappings {
		if m.ContainerPortRange == nil {
			if err := checkPort(in, c, m); err != nil {
				return err
			}
			continue
		}
		ranges++
		if err := checkRange(in, c, m, taken); err != nil {
			return err
		}
	}
	for _, m := range c.PortMappings {
		if m.ContainerPortRange == nil && taken[portKey(int(*m.ContainerPort), m.Protocol)] {
			return refused("Container port %d of container '%s' is part of a 'containerPortRange' as well.", *m.ContainerPort, *c.Name)
		}
	}
	if ranges > maxRanges {
		return refused("Container '%s' can have at most %d container port ranges.", *c.Name, maxRanges)
	}
	return nil
}

func portKey(port int, p types.TransportProtocol) string {
	return strconv.Itoa(port) + "/" + string(or(p, types.TransportProtocolTcp))
}

func checkPort(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition, m types.PortMapping) error {
	port, host := aws.ToInt32(m.ContainerPort), aws.ToInt32(m.HostPort)
	switch {
	case port < 1 || port > 65535:
		return refused("Invalid 'containerPort' setting for container '%s'.", *c.Name)
	case host < 0 || host > 65535:
		return refused("Invalid 'hostPort' setting for container '%s'.", *c.Name)
	case (in.NetworkMode == types.NetworkModeAwsvpc || in.NetworkMode == types.NetworkModeHost) && host != 0 && host != port:
		return refused("When networkMode=%s, the host ports and container ports in port mappings must match.", in.NetworkMode)
	}
	return checkPortNames(c, m)
}

func checkPortNames(c types.ContainerDefinition, m types.PortMapping) error {
	switch name := aws.ToString(m.Name); {
	case m.Protocol != "" && m.Protocol != types.TransportProtocolTcp && m.Protocol != types.TransportProtocolUdp:
		return refused("Invalid 'protocol' setting for container '%s'.", *c.Name)
	case m.AppProtocol != "" && !slices.Contains(m.AppProtocol.Values(), m.AppProtocol):
		return refused("Invalid 'appProtocol' setting for container '%s'.", *c.Name)
	case name == "" && m.AppProtocol != "":
		return refused("Port mapping with an 'appProtocol' must have a 'name'.")
	case len(name) > 64 || strings.HasPrefix(name, "-") || strings.ToLower(name) != name || name != "" && !validName(name):
		return refused("Invalid port mapping 'name' setting for container '%s'.", *c.Name)
	}
	return nil
}

// checkRange checks a range of container ports, whose host ports the agent finds.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
func checkRange(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition, m types.PortMapping, taken map[string]bool) error {
	first, last, ok := netmodes.Span(*m.ContainerPortRange)
	switch {
	case !ok:
		return refused("Invalid 'containerPortRange' setting for container '%s'.", *c.Name)
	case m.ContainerPort != nil || m.HostPort != nil:
		return refused("Port mapping of container '%s' with a 'containerPortRange' can have neither 'containerPort' nor 'hostPort'.", *c.Name)
	case in.NetworkMode == types.NetworkModeHost:
		return refused("'containerPortRange' is not supported when networkMode=host.")
	}
	for port := first; port <= last; port++ {
		key := portKey(port, m.Protocol)
		if taken[key] {
			return refused("Container port ranges of container '%s' overlap at port %d.", *c.Name, port)
		}
		taken[key] = true
	}
	return checkPortNames(c, m)
}

// checkNetwork refuses what a container without a network has no use for, and what one that shares
// the network of its task, or of its instance, cannot have by itself.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters_ec2.html
func checkNetwork(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	const none, awsvpc, host = types.NetworkModeNone, types.NetworkModeAwsvpc, types.NetworkModeHost
	for _, x := range []struct {
		what  string
		given bool
		modes []types.NetworkMode
	}{
		{"Port mappings are", len(c.PortMappings) > 0, []types.NetworkMode{none}},
		{"Links are", len(c.Links) > 0, []types.NetworkMode{none, awsvpc, host}},
		{"DNS servers are", len(c.DnsServers) > 0, []types.NetworkMode{none, awsvpc, host}},
		{"DNS search domains are", len(c.DnsSearchDomains) > 0, []types.NetworkMode{none, awsvpc, host}},
		{"Extra hosts are", len(c.ExtraHosts) > 0, []types.NetworkMode{none, awsvpc, host}},
		{"Hostname is", aws.ToString(c.Hostname) != "", []types.NetworkMode{awsvpc, host}},
		{"'disableNetworking' is", aws.ToBool(c.DisableNetworking), []types.NetworkMode{awsvpc, host}},
	} {
		if x.given && slices.Contains(x.modes, in.NetworkMode) {
			return refused("%s not supported when networkMode=%s.", x.what, in.NetworkMode)
		}
	}
	return nil
}

func checkHealth(_ *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	h := c.HealthCheck
	if h == nil {
		return nil
	}
	if len(h.Command) < 2 {
		return refused("Health check command can not be empty for container '%s'.", *c.Name)
	}
	if h.Command[0] != "CMD" && h.Command[0] != "CMD-SHELL" {
		return refused("Health check command of container '%s' must begin with CMD or CMD-SHELL.", *c.Name)
	}
	for _, x := range []struct {
		name      string
		v         *int32
		low, high int32
	}{{"interval", h.Interval, 5, 300}, {"timeout", h.Timeout, 2, 60}, {"retries", h.Retries, 1, 10}, {"startPeriod", h.StartPeriod, 0, 300}} {
		if x.v != nil && (*x.v < x.low || *x.v > x.high) {
			return refused("Invalid health check '%s' setting for container '%s'. It must be between %d and %d.", x.name, *c.Name, x.low, x.high)
		}
	}
	return nil
}
