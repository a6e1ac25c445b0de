package docker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/container"
)

// host is the machine of an instance that stands: its container, which tasks in host mode join.
type host struct{ *channel }

// hostName is the name of an instance's container.
func (r *Runtime) hostName(instance string) string { return "drydock-" + r.owner + "-" + instance }

// hostOf returns the machine of an instance. One that does not stand is an *engine.Error.
func (r *Runtime) hostOf(ctx context.Context, instance string) (host, error) {
	c, there, err := r.channelOf(ctx, r.hostName(instance))
	if err == nil && !there {
		err = &engine.Error{Name: engine.CannotStart, Message: "the machine of instance " + instance + " does not run"}
	}
	return host{c}, err
}

// RaiseHost makes the machine of an instance stand, with its VPC's network, and returns once its
// rules are in force.
func (r *Runtime) RaiseHost(ctx context.Context, h engine.Host) error {
	done, err := r.turns.take(ctx, h.ID)
	if err != nil {
		return err
	}
	defer done()
	c, there, err := r.channelOf(ctx, r.hostName(h.ID))
	if err != nil {
		return err
	}
	if there {
		err := r.raised(ctx, h, c)
		if err == nil || c.life.Err() == nil {
			return r.ready(ctx, h, err)
		}
	}
	_, err = r.slotted(ctx, func() (*channel, error) { return r.raise(ctx, h) })
	return r.ready(ctx, h, named(engine.CannotStart, err))
}

// ready notes what its machine tells of an instance, and has network namespaces made in advance behind it.
func (r *Runtime) ready(ctx context.Context, h engine.Host, err error) error {
	if err != nil {
		return err
	}
	stands, err := r.hostOf(ctx, h.ID)
	if err != nil {
		return err
	}
	if first, last := stands.ports(); first > 0 {
		r.ephemeral.Store(&[2]int{first, last})
	}
	r.warm(stands, engine.Place{Scope: h.VPC.Scope, VPC: h.VPC.ID, Instance: h.ID})
	return nil
}

// raised makes a machine that runs be as it is to be. A daemon may have ended between its start and that.
func (r *Runtime) raised(ctx context.Context, h engine.Host, c *channel) error {
	if len(c.config().NICs) > 0 {
		return c.change(ctx, func(cfg *netbox.Config) error { setNIC(cfg, h.NIC); return nil })
	}
	b, err := r.machineBox(ctx, h)
	if err != nil {
		return err
	}
	return c.set(ctx, b.Config)
}

// raise makes the machine of an instance or starts it again. The caller has the instance's turn.
func (r *Runtime) raise(ctx context.Context, h engine.Host) (*channel, error) {
	b, err := r.machineBox(ctx, h)
	if err != nil {
		return nil, err
	}
	c, err := r.newBox(ctx, b)
	if err == nil || !nameTaken(err) {
		return c, err
	}
	return r.raiseAgain(ctx, b)
}

// machineBox is the machine of an instance, in its VPC's network.
func (r *Runtime) machineBox(ctx context.Context, h engine.Host) (box, error) {
	seg, err := r.vpcNet(ctx, h.VPC)
	if err != nil {
		return box{}, err
	}
	cfg := seg.Link
	cfg.NICs, cfg.Bridge = []engine.NIC{h.NIC}, bridgeBeside(cfg.VPC, cfg.Underlay)
	cfg.Credentials, cfg.Metadata, cfg.DNS = true, true, true
	cfg.Servers, cfg.Search = []string{resolver}, []string{h.VPC.Scope.PrivateZone()}
	return box{Name: r.hostName(h.ID), Role: netbox.RoleInstance, Network: seg.Network, Config: cfg,
		Place: engine.Place{Scope: h.VPC.Scope, VPC: h.VPC.ID, Instance: h.ID, NIC: h.NIC.ID},
		Shape: func(c *container.Config, _ *container.HostConfig) { c.Hostname = h.Name }}, nil
}

// bridges are the ranges of addresses that Docker gives its bridge on a machine: the first that is not
// also the VPC's, or of the engine's networks, is the instance's.
//
// Source: https://docs.docker.com/engine/network/#subnet-allocation
var bridges = netip.MustParsePrefix("172.16.0.0/12")

// bridgeBeside is the instance's address on its bridge, beside other prefixes that it reaches.
func bridgeBeside(others ...netip.Prefix) netip.Prefix {
	at, ok := free(bridges, 16, false, append(others, netip.MustParsePrefix("172.16.0.0/16")))
	if !ok {
		at = netip.MustParsePrefix("192.168.0.0/16")
	}
	return netip.PrefixFrom(nth(at, 1), at.Bits())
}

// raiseAgain starts the container of an instance that ended.
func (r *Runtime) raiseAgain(ctx context.Context, b box) (*channel, error) {
	in, there, err := r.own(ctx, b.Name)
	if err != nil || !there {
		return nil, errors.Join(err, errEnded(b.Name))
	}
	last := r.newChannel(in.ID, b.Name, b.Role, b.Place, nil)
	last.stand.Store(&standing{Config: b.Config})
	return r.restart(ctx, last)
}

// DropHost removes the machine of an instance. One that is gone is no error.
func (r *Runtime) DropHost(ctx context.Context, sc model.Scope, instance string) error {
	done, err := r.turns.take(ctx, instance)
	if err != nil {
		return err
	}
	defer done()
	r.drain(ctx, r.hostName(instance))
	return named(engine.CannotRemove, r.dropBox(ctx, r.hostName(instance)))
}

// SetNIC puts new rules of an interface in force, if it is anywhere on the engine.
func (r *Runtime) SetNIC(ctx context.Context, _ engine.VPC, n engine.NIC) error {
	c := r.channels.with(n.ID)
	if c == nil {
		return nil
	}
	err := c.change(ctx, func(cfg *netbox.Config) error { setNIC(cfg, n); return nil })
	if c.life.Err() != nil { // and the interface with it
		return nil
	}
	return err
}

// setNIC replaces the interface of that id.
func setNIC(cfg *netbox.Config, n engine.NIC) {
	cfg.NICs = slices.Clone(cfg.NICs)
	for i := range cfg.NICs {
		if cfg.NICs[i].ID == n.ID {
			cfg.NICs[i] = n
		}
	}
}

// forward takes host ports off and puts others on, in one step. A port that leads elsewhere is refused in
// the engine's words, and then nothing changes; one that is there already is no error.
func (h host) forward(ctx context.Context, remove, add []netbox.Forward) error {
	return h.change(ctx, func(cfg *netbox.Config) error {
		left := slices.DeleteFunc(slices.Clone(cfg.Forwards), func(f netbox.Forward) bool { return slices.Contains(remove, f) || slices.Contains(add, f) })
		for _, f := range add {
			for _, o := range left {
				if f.Protocol == o.Protocol && f.Port < o.Port+o.Count && o.Port < f.Port+f.Count {
					return &engine.Error{Name: engine.CannotStart, Message: fmt.Sprintf("Bind for 0.0.0.0:%d failed: port is already allocated", max(f.Port, o.Port))}
				}
			}
			left = append(left, f)
		}
		cfg.Forwards = left
		return nil
	})
}

// silent are the instances with a listed pause behind them that runs and is out of reach.
func (r *Runtime) silent(cs []container.Summary) map[string]bool {
	all := map[string]bool{}
	for _, c := range cs {
		if c.Labels[labelBox] != netbox.RolePause || c.State != container.StateRunning {
			continue
		}
		if on := r.channels.of(c.ID); on == nil || on.ended.Load() {
			all[c.Labels[labelInstance]] = true
		}
	}
	return all
}

// unlead takes the host ports off the listed machines that lead to nobody: where a pause was that ended, or
// was removed, while nobody watched. The next one with its address would be reached at them. It is not known
// of silent instances.
func (r *Runtime) unlead(ctx context.Context, cs []container.Summary, silent map[string]bool) {
	for _, c := range cs {
		instance, h := c.Labels[labelInstance], r.channels.of(c.ID)
		if c.Labels[labelBox] != netbox.RoleInstance || h == nil || silent[instance] || len(r.nobodys(instance, h.config().Forwards)) == 0 {
			continue
		}
		err := h.change(ctx, func(cfg *netbox.Config) error { // its turn: whoever is led to by now stands
			off := r.nobodys(instance, cfg.Forwards)
			cfg.Forwards = slices.DeleteFunc(slices.Clone(cfg.Forwards), func(f netbox.Forward) bool { return slices.Contains(off, f) })
			return nil
		})
		if err != nil && h.life.Err() == nil {
			r.log.Warn("host ports lead to a container that is gone", "instance", instance, "err", err)
		}
	}
}

// nobodys are those of the host ports of an instance that lead to no pause behind it.
func (r *Runtime) nobodys(instance string, all []netbox.Forward) (off []netbox.Forward) {
	if len(all) == 0 {
		return nil
	}
	there := map[netip.Addr]bool{}
	for _, c := range r.channels.each() {
		if c.role == netbox.RolePause && c.place.Load().Instance == instance && !c.leaving.Load() {
			there[c.config().Address.Addr()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(f netbox.Forward) bool { return there[f.To.Addr()] })
}

// labelForwards is on each container that host ports lead to: those, as forwardLabel writes them.
const labelForwards = "io.drydock.forwards"

// forwardLabel writes host ports down: "tcp 32768 1 172.17.0.3:80", one a line.
func forwardLabel(fs []netbox.Forward) string {
	var b strings.Builder
	for _, f := range fs {
		fmt.Fprintf(&b, "%s %d %d %s\n", f.Protocol, f.Port, f.Count, f.To)
	}
	return b.String()
}

// readForwards reads them.
func readForwards(label string) (fs []netbox.Forward) {
	for text := range strings.Lines(label) {
		var f netbox.Forward
		var to string
		if _, err := fmt.Sscanf(text, "%s %d %d %s", &f.Protocol, &f.Port, &f.Count, &to); err != nil {
			continue
		}
		if at, err := netip.ParseAddrPort(to); err == nil {
			f.To = at
			fs = append(fs, f)
		}
	}
	return fs
}
