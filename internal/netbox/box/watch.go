package box

import (
	"context"
	"net/netip"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"
)

// The NFLOG groups of what is refused. The packet's prefix is the id of the NIC.
const (
	GroupIn  = 101
	GroupOut = 102
)

// MarkRefused is the mark of packets that an interface refused to send: they are dropped when they
// leave the link, so that sending does not fail. Their connection has it too, until something of it
// is let through: what conntrack counts of a connection with this mark did not pass.
const MarkRefused = 0x0ecd0d

// scene is what counting needs to know of the namespace, as it stands.
type scene struct {
	NICs   []engine.NIC
	Link   int          // index of the VPC's link; 0 while there is none
	Kept   netip.Addr   // the engine's address beside the NICs, sent from in the name of the first
	VPC    netip.Prefix // whose link that is
	Bridge netip.Prefix // behind an instance
}

// counter counts what the interfaces let through and refuse until ctx ends, and tells of it at every
// interval. It asks for the scene whenever it needs it: interfaces come and go meanwhile. It has
// begun, or failed to, when it returns; stop ends it, and returns once the rest is told.
type counter func(ctx context.Context, now func() scene, every time.Duration, tell func([]engine.Flow)) (stop func(), err error)

// watch begins to count, or begins anew with another interval, or ends it.
func (b *box) watch(ctx context.Context, every time.Duration) error {
	b.unwatch()
	b.unwatch = func() {}
	if every <= 0 {
		return nil
	}
	stop, err := count(ctx, b.kernel.scene, every, func(f []engine.Flow) {
		b.out.say(netbox.Report{Ev: netbox.EvFlows, Flows: f})
	})
	if err == nil {
		b.unwatch = stop
	}
	return err
}
