// Package netmodes says what each ECS network mode asks of the container engine, and where a
// container's ports then answer. It is pure: it reads a definition and returns a plan, or an
// *Unsupported error for what no instance can do.
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
	Network string // the engine's network mode: bridge, host, none or OwnNetwork
	Ports   []Port // where it answers: on the address of the instance or, in OwnNetwork, of the task
}

// Port is one container port that answers. In OwnNetwork nothing binds a host port for it.
type Port struct {
	ContainerPort int
	Last          int    // last port of a range that begins with ContainerPort; 0 for a single port
	HostPort      int    // in bridge mode 0 for a free port of the instance's ephemeral range, of a range as many in a row; in host mode the container's
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
	case "", types.NetworkModeBridge, types.NetworkModeHost, types.NetworkModeNone, types.NetworkModeAwsvpc:
		return nil
	default:
		return &Unsupported{fmt.Sprintf("Network mode %q", mode), "it is not one of awsvpc, bridge, host and none."}
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
	p := Plan{Network: string(cmp.Or(mode, types.NetworkModeBridge))}
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

// port reads one mapping. Where the container has no ports of its own apart from those of its task or
// its instance, the host port can be left out or be the same.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
func port(network string, m types.PortMapping) (Port, error) {
	p := Port{Protocol: string(cmp.Or(m.Protocol, types.TransportProtocolTcp))}
	if m.ContainerPortRange != nil {
		first, last, ok := Span(*m.ContainerPortRange)
		switch {
		case !ok:
			return Port{}, &Unsupported{"containerPortRange " + *m.ContainerPortRange, "it must be FIRST-LAST, between 1 and 65535."}
		case network == string(types.NetworkModeHost):
			return Port{}, &Unsupported{"containerPortRange " + *m.ContainerPortRange, "networkMode=host has no port ranges."}
		}
		p.ContainerPort, p.Last = first, last
		return p, nil
	}
	if m.ContainerPort == nil {
		return Port{}, &Unsupported{"A port mapping without containerPort", "bridge, host and awsvpc mode need one."}
	}
	p.ContainerPort = int(*m.ContainerPort)
	host := 0
	if m.HostPort != nil {
		host = int(*m.HostPort)
	}
	switch {
	case network == string(types.NetworkModeBridge):
		p.HostPort = host
	case network == OwnNetwork && m.HostPort != nil && host != p.ContainerPort:
		return Port{}, mismatch(host, p.ContainerPort, types.NetworkModeAwsvpc)
	case network == OwnNetwork:
	case host != 0 && host != p.ContainerPort: // 0 is what registration makes of none
		return Port{}, mismatch(host, p.ContainerPort, types.NetworkModeHost)
	default:
		p.HostPort = p.ContainerPort
	}
	return p, nil
}

func mismatch(host, container int, mode types.NetworkMode) error {
	return &Unsupported{fmt.Sprintf("hostPort %d of containerPort %d", host, container),
		"when networkMode=" + string(mode) + ", the host ports and container ports in port mappings must match."}
}
