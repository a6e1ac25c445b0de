package lb

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// fakeNet is a Network whose every VPC is the loopback interface of this machine.
type fakeNet struct {
	silent sync.Map                                           // netip.AddrPort → chan<- struct{}
	dialed func(engine.VPC, netip.Addr, netip.AddrPort) error // asked before each dial; may be nil

	opened chan opened // what it gave
}

func (f *fakeNet) Dial(ctx context.Context, v engine.VPC, network string, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	if tell, ok := f.silent.Load(to); ok {
		tell.(chan<- struct{}) <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if f.dialed != nil {
		if err := f.dialed(v, from, to); err != nil {
			return nil, err
		}
	}
	return (&net.Dialer{}).DialContext(ctx, network, to.String())
}

// opened is a listener within a VPC.
type opened struct {
	insideKey
	net.Listener
}

func (f *fakeNet) Listen(_ context.Context, v engine.VPC, at netip.AddrPort) (net.Listener, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		f.opened <- opened{insideKey{v, at}, ln}
	}
	return ln, err
}
