// Package netmodes says what each ECS network mode asks of the container engine, and where a
// container's ports then answer. It is pure: it reads a definition and returns a plan, or an
// *Unsupported error when this kind of instance cannot be true to the mode.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking.html
package netmodes

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// OwnNetwork is the network of a plan in which the containers of a task share one network
// namespace with an address of the task's own.
const OwnNetwork = "task"

// Plan is what the engine must set up for one container.
type Plan struct {
	Network string // the engine's network mode: bridge, none or OwnNetwork
	Ports   []Port // where it answers: on the address of the instance or, in OwnNetwork, of the task
}

// Port is one container port that answers. In OwnNetwork nothing binds a host port for it.
type Port struct {
	ContainerPort int
	Last          int    // last port of a range that begins with ContainerPort; 0 for a single port
	HostPort      int    // 0: a free port of the instance's ephemeral range; of a range, as many in a row
	Protocol      string // tcp or udp
}

// Unsupported says that a network mode, or a part of it, cannot be had, and why. Its text is fit
// for a client.
type Unsupported struct{ What, Why string }

func (e *Unsupported) Error() string { return e.What + " is not supported: " + e.Why }

// Check returns an *Unsupported error for a mode whose tasks could not run truthfully. The empty
// mode is bridge.
func Check(mode types.NetworkMode) error {
	switch mode {
	case "", types.NetworkModeBridge, types.NetworkModeNone, types.NetworkModeAwsvpc:
		return nil
	case types.NetworkModeHost:
		return &Unsupported{"Network mode host", "all instances share the network of the one machine, so that " +
			"their ports would not be apart. Use awsvpc, or bridge with fixed host ports."}
	default:
		return &Unsupported{fmt.Sprintf("Network mode %q", mode), "it is not one of awsvpc, bridge and none."}
	}
}

// For returns what a container with these port mappings asks of the engine in a network mode.
func For(mode types.NetworkMode, mappings []types.PortMapping) (Plan, error) {
	if err := Check(mode); err != nil {
		return Plan{}, err
	}
	if mode == types.NetworkModeNone {
		if len(mappings) > 0 {
			return Plan{}, &Unsupported{"A port mapping", "containers in network mode none have no network."}
		}
		return Plan{Network: string(types.NetworkModeNone)}, nil
	}
	p := Plan{Network: string(types.NetworkModeBridge)}
	if mode == types.NetworkModeAwsvpc {
		p.Network = OwnNetwork
	}
	for _, m := range mappings {
		one, err := port(p.Network, m)
		if err != nil {
			return Plan{}, err
		}
		p.Ports = append(p.Ports, one)
	}
	return p, nil
}

// Span reads a containerPortRange, "8080-8090": both ends lie between 1 and 65535, and the first is
// less than the last.
func Span(s string) (first, last int, ok bool) {
	low, high, _ := strings.Cut(s, "-")
	first, err1 := strconv.Atoi(low)
	last, err2 := strconv.Atoi(high)
	return first, last, err1 == nil && err2 == nil && 1 <= first && first < last && last <= 65535
}

// port reads one mapping. In a network of the task's own a port is what it is: the host port can be
// left out or be the same, and has no meaning.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
func port(network string, m types.PortMapping) (Port, error) {
	p := Port{Protocol: string(cmp.Or(m.Protocol, types.TransportProtocolTcp))}
	if m.ContainerPortRange != nil {
		first, last, ok := Span(*m.ContainerPortRange)
		if !ok {
			return Port{}, &Unsupported{"containerPortRange " + *m.ContainerPortRange, "it must be FIRST-LAST, between 1 and 65535."}
		}
		p.ContainerPort, p.Last = first, last
		return p, nil
	}
	if m.ContainerPort == nil {
		return Port{}, &Unsupported{"A port mapping without containerPort", "bridge and awsvpc mode need one."}
	}
	p.ContainerPort = int(*m.ContainerPort)
	switch {
	case m.HostPort == nil:
	case network != OwnNetwork:
		p.HostPort = int(*m.HostPort)
	case *m.HostPort != *m.ContainerPort:
		return Port{}, &Unsupported{fmt.Sprintf("hostPort %d of containerPort %d", *m.HostPort, *m.ContainerPort),
			"when networkMode=awsvpc, the host ports and container ports in port mappings must match."}
	}
	return p, nil
}
