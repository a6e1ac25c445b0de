package sim

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
)

var errNoNetwork = errors.New("the simulated engine has no network")

// RaiseHost does nothing: the machines of instances are there.
func (r *Runtime) RaiseHost(context.Context, engine.Host) error { return nil }

// DropHost does nothing.
func (r *Runtime) DropHost(context.Context, model.Scope, string) error { return nil }

// SetNIC does nothing.
func (r *Runtime) SetNIC(context.Context, engine.VPC, engine.NIC) error { return nil }

// SetGateway does nothing.
func (r *Runtime) SetGateway(context.Context, engine.VPC, []engine.NIC) error { return nil }

// DropVPC does nothing.
func (r *Runtime) DropVPC(context.Context, model.Scope, string) error { return nil }

// Dial fails: nothing listens.
func (r *Runtime) Dial(context.Context, engine.VPC, string, netip.Addr, netip.AddrPort) (net.Conn, error) {
	return nil, errNoNetwork
}

// Listen fails: nobody connects.
func (r *Runtime) Listen(context.Context, engine.VPC, netip.AddrPort) (net.Listener, error) {
	return nil, errNoNetwork
}

// EndHost tells that the machine of an instance ended. What runs on it is the agent's to end.
func (r *Runtime) EndHost(sc model.Scope, instance string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tell(engine.Event{Kind: engine.HostDown, At: time.Now().UTC(), Scope: sc, Instance: instance})
}
