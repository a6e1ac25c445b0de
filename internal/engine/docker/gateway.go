package docker

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
)

// gates are the ways into the gateways that are known to run.
type gates struct {
	mu   sync.Mutex
	all  map[string]*gate // by the name of the VPC's network
	lost map[string]*gate // those that ended unasked
}

// gate is a gateway as the daemon gets sockets from it.
type gate struct {
	*channel
	own netip.Addr // its own address: what comes from outside of the VPC comes from there
	dir string     // where its socket is; empty for nowhere

	mu      sync.Mutex
	far     bool   // the directory is not one that both see
	session *relay // while it is far
}

func (r *Runtime) gatewayName(v engine.VPC) string { return r.vpcName(v.Scope, v.ID) + "-gateway" }

// ownNIC is the gateway's own interface. Its address is that of AWS's resolver, which no other
// interface has; whatever goes out from it is let through.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
func ownNIC(v engine.VPC) engine.NIC {
	return engine.NIC{ID: "gateway", IP: nth(v.CIDR, 2),
		Firewall: engine.Firewall{Out: []engine.Pass{{Protocol: -1, Peers: []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0)}}}}}
}

// SetGateway gives the gateway of a VPC these interfaces and returns once they answer. Without any the
// gateway goes.
func (r *Runtime) SetGateway(ctx context.Context, v engine.VPC, nics []engine.NIC) error {
	if len(nics) == 0 {
		return r.dropGateway(ctx, v)
	}
	g, err := r.gate(ctx, v, true)
	if err != nil {
		return err
	}
	all := append([]engine.NIC{ownNIC(v)}, nics...)
	return g.change(ctx, func(cfg *netbox.Config) error { cfg.NICs = all; return nil })
}

// gate returns the gateway of a VPC. One that does not run is made, if there is a network for it or
// bring says so.
func (r *Runtime) gate(ctx context.Context, v engine.VPC, bring bool) (*gate, error) {
	name := r.vpcName(v.Scope, v.ID)
	if g := r.gates.of(name); g != nil {
		return g, nil
	}
	done, err := r.turns.take(ctx, netbox.RoleGateway+" "+name)
	if err != nil {
		return nil, err
	}
	defer done()
	if g := r.gates.of(name); g != nil {
		return g, nil
	}
	if _, err := r.cli.NetworkInspect(ctx, name, network.InspectOptions{}); err != nil && !bring {
		return nil, fmt.Errorf("nothing stands in VPC %s: %w", v.ID, err)
	}
	c, there, err := r.channelOf(ctx, r.gatewayName(v))
	if there && len(c.config().NICs) == 0 { // a daemon ended before it was made what it is to be
		err, there = r.dropBox(ctx, c.id), false
	}
	if err == nil && !there {
		c, err = r.slotted(ctx, func() (*channel, error) { return r.raiseGateway(ctx, v) })
	}
	if err != nil {
		return nil, named(engine.CannotStart, err)
	}
	g := &gate{channel: c, own: nth(v.CIDR, 2), dir: r.gateDir(name)}
	r.gates.add(name, g)
	return g, nil
}

// raiseGateway makes the gateway of a VPC, or starts it again as it stood. The caller has its turn.
func (r *Runtime) raiseGateway(ctx context.Context, v engine.VPC) (*channel, error) {
	seg, err := r.vpcNet(ctx, v)
	if err != nil {
		return nil, err
	}
	cfg := seg.Link
	if cfg.NICs = r.gates.before(seg.Network); cfg.NICs == nil {
		cfg.NICs = []engine.NIC{ownNIC(v)}
	}
	b := box{Name: r.gatewayName(v), Role: netbox.RoleGateway, Network: seg.Network, Config: cfg,
		Place: engine.Place{Scope: v.Scope, VPC: v.ID}, Shape: r.gateMount(seg.Network)}
	c, err := r.newBox(ctx, b)
	if err != nil && b.Shape != nil && !nameTaken(err) { // the engine may not see our directory
		b.Shape = nil
		c, err = r.newBox(ctx, b)
	}
	if err == nil || !nameTaken(err) {
		return c, err
	}
	in, there, err := r.own(ctx, b.Name)
	if err != nil || !there {
		return nil, errors.Join(err, errEnded(b.Name))
	}
	if last := r.channels.lastOf(in.ID); last != nil {
		return r.restart(ctx, last)
	}
	if err := r.dropBox(ctx, in.ID); err != nil { // an earlier daemon's
		return nil, err
	}
	return r.newBox(ctx, b)
}

// gateDir is where the socket of a VPC's gateway is; the directory is made.
func (r *Runtime) gateDir(name string) string {
	if r.dir == "" {
		return ""
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // the path of a socket may have no more than 107 bytes
	dir := filepath.Join(r.dir, "gate-"+strconv.FormatUint(h.Sum64(), 36))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		r.log.Warn("gateways are reached through the engine", "err", err)
		return ""
	}
	// The gateway's process is root without its privileges, and perhaps another user here. Nobody else
	// gets at it: the data directory is its owner's alone.
	if err := os.Chmod(dir, 0o777); err != nil {
		return ""
	}
	return dir
}

// removeGates forgets all gateways, and removes their directories.
func (r *Runtime) removeGates() error {
	r.gates.clear()
	if r.dir == "" {
		return nil
	}
	all, err := filepath.Glob(filepath.Join(r.dir, "gate-*"))
	for _, dir := range all {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// gateMount shares the directory with the gateway; nil when there is none.
func (r *Runtime) gateMount(name string) func(*container.Config, *container.HostConfig) {
	dir := r.gateDir(name)
	if dir == "" || !strings.HasPrefix(r.cli.DaemonHost(), "unix://") {
		return nil
	}
	return func(_ *container.Config, h *container.HostConfig) {
		h.Mounts = []mount.Mount{{Type: mount.TypeBind, Source: dir, Target: path.Dir(netbox.GateSocket)}}
	}
}

// dropGateway removes the gateway of a VPC.
func (r *Runtime) dropGateway(ctx context.Context, v engine.VPC) error {
	name := r.vpcName(v.Scope, v.ID)
	done, err := r.turns.take(ctx, netbox.RoleGateway+" "+name)
	if err != nil {
		return err
	}
	defer done()
	r.gates.drop(name)
	if err := r.dropBox(ctx, r.gatewayName(v)); err != nil {
		return named(engine.CannotRemove, err)
	}
	if r.dir != "" {
		_ = os.RemoveAll(r.gateDir(name))
	}
	return nil
}

// of returns the gate of a network while its gateway runs.
func (s *gates) of(name string) *gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.all[name]
	if g == nil {
		return nil
	}
	if g.life.Err() != nil {
		delete(s.all, name)
		s.lost[name] = g
		return nil
	}
	return g
}

func (s *gates) add(name string, g *gate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all, s.lost = map[string]*gate{}, map[string]*gate{}
	}
	s.all[name] = g
	delete(s.lost, name)
}

func (s *gates) drop(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, name)
	delete(s.lost, name)
}

func (s *gates) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.all)
	clear(s.lost)
}

// before are the interfaces of a gateway that ended unasked; nil when none is known.
func (s *gates) before(name string) []engine.NIC {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.lost[name]; g != nil {
		return g.config().NICs
	}
	return nil
}

// Dial connects from an address of the gateway to another address of the VPC.
func (r *Runtime) Dial(ctx context.Context, v engine.VPC, network string, from netip.Addr, to netip.AddrPort) (conn net.Conn, err error) {
	err = r.within(ctx, v, func(g *gate) error {
		c := netbox.Call{Op: netbox.CallDial, Network: network, From: from, To: to, Timeout: left(ctx)}
		if !from.IsValid() {
			c.From = g.own
		}
		conn, err = g.dial(ctx, c)
		return err
	})
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(to), Err: err}
	}
	return conn, nil
}

// Listen listens for TCP at an address of the gateway.
func (r *Runtime) Listen(ctx context.Context, v engine.VPC, at netip.AddrPort) (l net.Listener, err error) {
	err = r.within(ctx, v, func(g *gate) error {
		l, err = g.listen(ctx, netbox.Call{Op: netbox.CallListen, At: at})
		return err
	})
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: net.TCPAddrFromAddrPort(at), Err: err}
	}
	return l, nil
}

// within asks the gateway of a VPC. One that ends meanwhile is made to stand again, and asked once more.
func (r *Runtime) within(ctx context.Context, v engine.VPC, ask func(*gate) error) error {
	for again := false; ; again = true {
		g, err := r.gate(ctx, v, false)
		if err != nil {
			return err
		}
		err = ask(g)
		var no refusal
		if errors.As(err, &no) {
			return no.error
		}
		if err == nil || again || !g.ending(ctx) {
			return err
		}
	}
}

// ending reports whether the gateway's container ended unasked, and waits until that is known everywhere.
func (g *gate) ending(ctx context.Context) bool {
	in, there, err := g.r.own(ctx, g.id)
	if err != nil || there && in.State.Running || g.leaving.Load() {
		return false
	}
	select {
	case <-g.life.Done():
		return true
	case <-ctx.Done():
		return false
	}
}
