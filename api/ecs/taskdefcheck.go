package ecs

import (
	"slices"
	"strings"

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
	volumes, err := checkVolumes(in.Volumes)
	if err != nil {
		return err
	}
	for _, c := range in.ContainerDefinitions {
		if err := checkContainer(in, c, volumes); err != nil {
			return err
		}
	}
	return checkTogether(in)
}

func checkVolumes(vs []types.Volume) (names []string, err error) {
	for _, v := range vs {
		name := aws.ToString(v.Name)
		switch {
		case !validName(name):
			return nil, refused("Volume name contains invalid characters: '%s'", name)
		case slices.Contains(names, name):
			return nil, refused("Duplicate volume name '%s'.", name)
		case v.Host != nil && aws.ToString(v.Host.SourcePath) != "" && !strings.HasPrefix(*v.Host.SourcePath, "/"):
			return nil, refused("Invalid 'sourcePath' setting for volume '%s'. It must be an absolute path.", name)
		}
		names = append(names, name)
	}
	return names, nil
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
		checkMemory, checkPorts, checkNetwork, checkHealth, checkLimits, checkLinux,
	} {
		if err := check(in, c); err != nil {
			return err
		}
	}
	for _, m := range c.MountPoints {
		if !slices.Contains(volumes, aws.ToString(m.SourceVolume)) {
			return refused("Unknown volume '%s'.", aws.ToString(m.SourceVolume))
		}
		if !strings.HasPrefix(aws.ToString(m.ContainerPath), "/") {
			return refused("Invalid 'containerPath' setting for container '%s'.", name)
		}
	}
	return nil
}

// validImage reports whether s may name an image: what ECS lists, and the @ of digests.
func validImage(s string) bool {
	return len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool {
		return r > 126 || !wordByte(byte(r)) && !strings.ContainsRune("-:./#@+", r)
	})
}

func checkMemory(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	hard, soft := aws.ToInt32(c.Memory), aws.ToInt32(c.MemoryReservation)
	switch {
	case c.Cpu < 0:
		return refused("Invalid 'cpu' setting for container '%s'.", *c.Name)
	case c.Memory == nil && c.MemoryReservation == nil && aws.ToString(in.Memory) == "":
		return refused("Invalid setting for container '%s'. At least one of 'memory' or 'memoryReservation' must be specified.", *c.Name)
	case c.Memory != nil && hard < 4:
		return refused("Invalid 'memory' setting for container '%s'.", *c.Name)
	case c.MemoryReservation != nil && soft < 4:
		return refused("Invalid 'memoryReservation' setting for container '%s'.", *c.Name)
	case c.Memory != nil && soft > hard:
		return refused("Invalid setting for container '%s'. The 'memory' value must be greater than or equal to 'memoryReservation'.", *c.Name)
	}
	return nil
}

func checkPorts(_ *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	for _, m := range c.PortMappings {
		port, host := aws.ToInt32(m.ContainerPort), aws.ToInt32(m.HostPort)
		switch {
		case port < 1 || port > 65535:
			return refused("Invalid 'containerPort' setting for container '%s'.", *c.Name)
		case host < 0 || host > 65535:
			return refused("Invalid 'hostPort' setting for container '%s'.", *c.Name)
		case m.Protocol != "" && m.Protocol != types.TransportProtocolTcp && m.Protocol != types.TransportProtocolUdp:
			return refused("Invalid 'protocol' setting for container '%s'.", *c.Name)
		case aws.ToString(m.Name) == "" && m.AppProtocol != "":
			return refused("Port mapping with an 'appProtocol' must have a 'name'.")
		}
	}
	return nil
}

// checkNetwork refuses what a container without a network has no use for.
func checkNetwork(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	if in.NetworkMode != types.NetworkModeNone {
		return nil
	}
	for _, x := range []struct {
		what  string
		given int
	}{{"Port mappings", len(c.PortMappings)}, {"Links", len(c.Links)}, {"DNS servers", len(c.DnsServers)},
		{"DNS search domains", len(c.DnsSearchDomains)}, {"Extra hosts", len(c.ExtraHosts)}} {
		if x.given > 0 {
			return refused("%s are not supported when networkMode=none.", x.what)
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
	}{{"interval", h.Interval, 5, 300}, {"timeout", h.Timeout, 2, 120}, {"retries", h.Retries, 1, 10}, {"startPeriod", h.StartPeriod, 0, 300}} {
		if x.v != nil && (*x.v < x.low || *x.v > x.high) {
			return refused("Invalid health check '%s' setting for container '%s'. It must be between %d and %d.", x.name, *c.Name, x.low, x.high)
		}
	}
	return nil
}
