// Package vpc keeps the networks on the engine in step with the rows: the machines of instances, the
// rules of every network interface, and the load balancers' interfaces. It follows the store's feed;
// what it does not find done it does again.
package vpc

import (
	"context"
	"net"
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
)

// Network is what of an engine makes VPCs real. All calls are idempotent and may come at the same
// time. An *engine.Error is the engine's refusal; after any other error the engine could not be asked.
type Network interface {
	// RaiseHost makes the machine of an instance stand, with its VPC's network, and returns once its
	// rules are in force. One that stands gets the rules of h and nothing else changes; one whose
	// process ended is started again.
	RaiseHost(ctx context.Context, h engine.Host) error
	// DropHost removes the machine of an instance and what was made for it.
	DropHost(ctx context.Context, sc model.Scope, instance string) error
	// SetNIC puts new rules of an interface in force, wherever in the VPC it is: in a task, on a host,
	// in the gateway. It is no error that the interface is not on the engine (yet): who brings it there
	// brings its rules.
	SetNIC(ctx context.Context, v engine.VPC, n engine.NIC) error
	// SetGateway gives the gateway of a VPC these interfaces, those of its load balancers, and returns
	// once they answer. Without any the gateway goes.
	SetGateway(ctx context.Context, v engine.VPC, nics []engine.NIC) error
	// DropVPC removes the network of a VPC that nothing is in.
	DropVPC(ctx context.Context, sc model.Scope, vpc string) error
	// Dial connects, within a VPC, from an address of its gateway to another address: the packets pass
	// the rules of both ends. network is tcp or udp; with udp, each Read and Write is one datagram. The
	// zero from is the gateway's own address, which stands for what comes from outside of the VPC.
	Dial(ctx context.Context, v engine.VPC, network string, from netip.Addr, to netip.AddrPort) (net.Conn, error)
	// Listen listens for TCP at an address of the gateway. What was dialled and accepted breaks with the
	// gateway, and Accept fails: whoever wants to go on listening asks again.
	Listen(ctx context.Context, v engine.VPC, at netip.AddrPort) (net.Listener, error)
}
