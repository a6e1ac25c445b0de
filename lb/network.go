package lb

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// Network gives sockets in a VPC, as internal/vpc has it: a load balancer dials its targets from its
// own addresses there, and listens at them.
type Network interface {
	Dial(ctx context.Context, v engine.VPC, network string, from netip.Addr, to netip.AddrPort) (net.Conn, error)
	Listen(ctx context.Context, v engine.VPC, at netip.AddrPort) (net.Listener, error)
}

// none is the Network of a daemon that has none: nothing is reached.
type none struct{}

var errNone = errors.New("there are no VPCs on this engine")

func (none) Dial(context.Context, engine.VPC, string, netip.Addr, netip.AddrPort) (net.Conn, error) {
	return nil, errNone
}

func (none) Listen(context.Context, engine.VPC, netip.AddrPort) (net.Listener, error) {
	return nil, errNone
}

// way is how a target is reached: in which VPC, and from which of the load balancer's addresses there.
type way struct {
	vpc  engine.VPC
	from netip.Addr
}
