// Package edge answers at the public addresses of network interfaces. They are addresses of this
// machine; what comes there to a port that a running task bound is relayed into the VPC, from outside
// of it as far as its security groups are concerned: the rules decide there.
//
// Which addresses and ports there are follows from the rows: an interface answers publicly while its
// subnet leads to an internet gateway.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
package edge

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Network connects to addresses in a VPC, as internal/vpc has it.
type Network interface {
	Dial(ctx context.Context, v engine.VPC, network string, from netip.Addr, to netip.AddrPort) (net.Conn, error)
}

// Config is what an Edge needs from outside.
type Config struct {
	Network Network
	Log     *slog.Logger // ports that cannot be had; slog's default when nil
}

// maxRelayed bounds the connections and UDP flows of all addresses together.
const maxRelayed = 4096

// Edge relays for all public addresses of a store.
type Edge struct {
	store   *store.Store
	net     Network
	log     *slog.Logger
	relayed atomic.Int64
	work    sync.WaitGroup // everything that Run started

	listen func(network, address string) (net.Listener, error)
	packet func(network, address string) (net.PacketConn, error)
}

// New returns an Edge over s; Run starts it.
func New(s *store.Store, c Config) *Edge {
	e := &Edge{store: s, net: c.Network, log: c.Log, listen: net.Listen, packet: net.ListenPacket}
	if e.log == nil {
		e.log = slog.Default()
	}
	return e
}

// rowID names a row of any scope.
type rowID struct {
	scope model.Scope
	key   string
}

// open are the doors of one interface that are served, each with what ends it.
type open map[door]context.CancelFunc

// Run relays until ctx ends. It is called once.
func (e *Edge) Run(ctx context.Context) error {
	feed := e.store.Subscribe(store.NetworkInterfaces.Name(), store.Tasks.Name(), store.RouteTables.Name(), store.InternetGateways.Name())
	defer e.store.Unsubscribe(feed)
	defer e.work.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	all := map[rowID]open{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-feed.C:
			wanted, err := e.look(feed.Take(), all)
			if err != nil {
				return err
			}
			for id, doors := range wanted {
				e.follow(ctx, id, doors, all)
			}
		}
	}
}

// look finds the doors of the interfaces that a change may concern.
func (e *Edge) look(cs store.Changes, all map[rowID]open) (map[rowID][]door, error) {
	wanted := map[rowID][]door{}
	err := e.store.View(model.Scope{}, func(tx *store.Tx) error {
		scopes := cs.Scopes()
		if cs.Full {
			scopes = tx.Scopes()
			for id := range all {
				wanted[id] = nil // unless there is still a row
			}
		}
		for _, sc := range scopes {
			in := tx.In(sc)
			for key := range concerned(in, cs) {
				wanted[rowID{sc, key}] = doorsOf(in, key)
			}
		}
		return nil
	})
	return wanted, err
}

// follow opens and closes the doors of one interface.
func (e *Edge) follow(ctx context.Context, id rowID, wanted []door, all map[rowID]open) {
	had, now := all[id], open{}
	for _, d := range wanted {
		if end, ok := had[d]; ok {
			now[d] = end
			delete(had, d)
			continue
		}
		life, end := context.WithCancel(ctx)
		now[d] = end
		e.work.Go(func() { e.serve(life, d) })
	}
	for _, end := range had {
		end()
	}
	if all[id] = now; len(now) == 0 {
		delete(all, id)
	}
}
