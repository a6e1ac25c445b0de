package vpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

var here = model.Scope{Account: "1", Region: "r"}

// fake is an engine's network that writes down what it is asked for.
type fake struct {
	mu    sync.Mutex
	calls []string
	fails func(call string) error
	takes time.Duration
	busy  int
	most  int
	perID map[string]int
	clash bool
}

// do notes a call about a thing.
func (f *fake) do(ctx context.Context, id, call string) error {
	f.mu.Lock()
	f.calls = append(f.calls, call)
	f.busy++
	f.most = max(f.most, f.busy)
	if f.perID == nil {
		f.perID = map[string]int{}
	}
	f.perID[id]++
	f.clash = f.clash || f.perID[id] > 1
	fails := f.fails
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.busy--
		f.perID[id]--
	}()
	if f.takes > 0 {
		select {
		case <-time.After(f.takes):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if fails != nil {
		return fails(call)
	}
	return nil
}

func ins(f engine.Firewall) string {
	var all []string
	for _, p := range f.In {
		all = append(all, fmt.Sprintf("%d:%d%v", p.Protocol, p.From, p.Peers))
	}
	for _, p := range f.Out {
		all = append(all, fmt.Sprintf(">%v", p.Peers))
	}
	return strings.Join(all, ",")
}

func (f *fake) RaiseHost(ctx context.Context, h engine.Host) error {
	return f.do(ctx, h.ID, fmt.Sprintf("raise %s %s %s %s", h.ID, h.Name, h.VPC.CIDR, h.NIC.IP))
}

func (f *fake) DropHost(ctx context.Context, _ model.Scope, id string) error {
	return f.do(ctx, id, "drop "+id)
}

func (f *fake) SetNIC(ctx context.Context, _ engine.VPC, n engine.NIC) error {
	return f.do(ctx, n.ID, fmt.Sprintf("rules %s %s", n.ID, ins(n.Firewall)))
}

func (f *fake) SetGateway(ctx context.Context, v engine.VPC, nics []engine.NIC) error {
	call := "gateway " + v.ID
	for _, n := range nics {
		call += fmt.Sprintf(" %s %s", n.IP, ins(n.Firewall))
	}
	return f.do(ctx, "gateway "+v.ID, call)
}

func (f *fake) DropVPC(ctx context.Context, _ model.Scope, id string) error {
	return f.do(ctx, id, "dropvpc "+id)
}

func (f *fake) Dial(context.Context, engine.VPC, string, netip.Addr, netip.AddrPort) (net.Conn, error) {
	return nil, errors.ErrUnsupported
}

func (f *fake) Listen(context.Context, engine.VPC, netip.AddrPort) (net.Listener, error) {
	return nil, errors.ErrUnsupported
}

// world is a controller over a store and a fake.
type world struct {
	*testing.T
	s *store.Store
	f *fake
	c *Controller
}

// scenario runs fn in fake time, with a VPC, one group without rules, and an engine that has told all.
func scenario(t *testing.T, fn func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(filepath.Join(t.TempDir(), "db"))
		if err != nil {
			t.Fatal(err)
		}
		w := &world{T: t, s: s, f: &fake{}}
		w.do(func(tx *store.Tx) {
			store.Regions.Put(tx, model.Region{})
			store.VPCs.Put(tx, model.VPC{ID: "vpc-1", CIDR: "10.0.0.0/16"})
			store.SecurityGroups.Put(tx, model.SecurityGroup{ID: "sg-a", VPC: "vpc-1"})
		})
		w.c = New(s, Config{Network: w.f, Log: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- w.c.Run(ctx) }()
		fn(w)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if w.f.clash {
			t.Error("two calls about one thing at a time")
		}
		_ = s.Close()
	})
}

func (w *world) do(fn func(tx *store.Tx)) {
	w.Helper()
	if err := w.s.Update(here, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) synced() { w.c.Hear(engine.Event{Kind: engine.Synced}) }

// instance writes an instance with its interface.
func (w *world) instance(id, ip, state string) {
	w.do(func(tx *store.Tx) {
		store.Instances.Put(tx, model.Instance{ID: id, VPC: "vpc-1", PrivateIP: ip, State: state})
		store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-" + id, VPC: "vpc-1", Subnet: "s", IP: ip, Instance: id, Groups: []string{"sg-a"}})
	})
}

func (w *world) set(id string, fn func(*model.Instance)) {
	w.do(func(tx *store.Tx) {
		in, _ := store.Instances.Get(tx, id)
		fn(&in)
		store.Instances.Put(tx, in)
	})
}

func (w *world) get(id string) (in model.Instance) {
	w.do(func(tx *store.Tx) { in, _ = store.Instances.Get(tx, id) })
	return in
}

func (w *world) rule(id, group, peer string, port int) {
	w.do(func(tx *store.Tx) {
		r := model.SecurityGroupRule{ID: id, Group: group, Protocol: "tcp", From: port, To: port}
		if strings.Contains(peer, "/") {
			r.CIDR = peer
		} else {
			r.Peer = peer
		}
		store.SecurityGroupRules.Put(tx, r)
	})
}

// calls returns what the engine was asked for since the last time, once it is quiet.
func (w *world) calls() []string {
	time.Sleep(time.Millisecond)
	synctest.Wait()
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	calls := w.f.calls
	w.f.calls = nil
	slices.Sort(calls)
	return calls
}

func (w *world) want(want ...string) {
	w.Helper()
	if got := w.calls(); !slices.Equal(got, want) {
		w.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
