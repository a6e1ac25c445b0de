// Package netmodes says what each ECS network mode asks of the container engine, and where a
// container's ports then answer. It is pure: it reads a definition and returns a plan, or an
// *Unsupported error when this kind of instance cannot be true to the mode.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking.html
package netmodes

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Plan is what the engine must set up for one container.
type Plan struct {
	Network string // the engine's network mode: bridge or none
	Ports   []Port // what it binds on the address of the instance
}

// Port is one container port that answers on the instance.
type Port struct {
	ContainerPort int
	HostPort      int    // 0: a free port of the instance's ephemeral range
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
	case "", types.NetworkModeBridge, types.NetworkModeNone:
		return nil
	case types.NetworkModeHost:
		return &Unsupported{"Network mode host", "all instances share the network of the one machine, so that " +
			"their ports would not be apart. Use bridge with fixed host ports."}
	case types.NetworkModeAwsvpc:
		return &Unsupported{"Network mode awsvpc", "tasks cannot get a network interface of their own. Use bridge."}
	default:
		return &Unsupported{fmt.Sprintf("Network mode %q", mode), "it is not one of bridge and none."}
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
	for _, m := range mappings {
		if m.ContainerPortRange != nil {
			return Plan{}, &Unsupported{"containerPortRange", "map each port by itself."}
		}
		if m.ContainerPort == nil {
			return Plan{}, &Unsupported{"A port mapping without containerPort", "bridge mode needs one."}
		}
		p.Ports = append(p.Ports, port(m))
	}
	return p, nil
}

func port(m types.PortMapping) Port {
	p := Port{ContainerPort: int(*m.ContainerPort), Protocol: string(m.Protocol)}
	if m.HostPort != nil {
		p.HostPort = int(*m.HostPort)
	}
	if p.Protocol == "" {
		p.Protocol = string(types.TransportProtocolTcp)
	}
	return p
}
