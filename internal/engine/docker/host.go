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

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
)

// host is the machine of an instance that stands.
type host struct {
	*channel // its container: tasks in host mode join "container:" + id
	lan
}

// lan is the engine's network behind an instance, which pauses in bridge mode are made in.
type lan struct {
	Network string       // its name on the engine
	Bridge  netip.Prefix // its subnet
	Router  netip.Addr   // the engine's address there
	Via     netip.Addr   // the instance's address there: Config.Via of those pauses
}

// hostName is the name of an instance's container, and of the network behind it.
func (r *Runtime) hostName(instance string) string { return "drydock-" + r.owner + "-" + instance }

// hostOf returns the machine of an instance. One that does not stand is an *engine.Error.
func (r *Runtime) hostOf(ctx context.Context, sc model.Scope, instance string) (host, error) {
	name := r.hostName(instance)
	c, there, err := r.channelOf(ctx, name)
	if err == nil && !there {
		err = &engine.Error{Name: engine.CannotStart, Message: "the machine of instance " + instance + " does not run"}
	}
	if err != nil {
		return host{}, err
	}
	n, err := r.lanOf(ctx, sc, instance)
	return host{channel: c, lan: n}, err
}

// lanOf returns the network behind an instance, and makes it where it does not exist.
func (r *Runtime) lanOf(ctx context.Context, sc model.Scope, instance string) (lan, error) {
	name := r.hostName(instance)
	r.networks.mu.Lock()
	n, ok := r.networks.lans[name]
	r.networks.mu.Unlock()
	if ok {
		return n, nil
	}
	done, err := r.turns.take(ctx, name)
	if err != nil {
		return lan{}, err
	}
	defer done()
	in, err := r.cli.NetworkInspect(ctx, name, network.InspectOptions{})
	if cerrdefs.IsNotFound(err) {
		labels := map[string]string{labelOwner: r.owner, labelAccount: sc.Account, labelRegion: sc.Region, labelInstance: instance}
		in, err = r.makeNetwork(ctx, name, labels, func(taken []netip.Prefix) (netip.Prefix, bool) {
			return free(r.pool, lanBits, false, taken)
		})
	}
	if err != nil {
		return lan{}, named(engine.CannotCreate, err)
	}
	n = lan{Network: name}
	if n.Bridge, n.Router, err = r.subnetOf(in); err != nil {
		return lan{}, err
	}
	n.Via = n.Router.Next()
	r.networks.mu.Lock()
	defer r.networks.mu.Unlock()
	if r.networks.lans == nil {
		r.networks.lans = map[string]lan{}
	}
	r.networks.lans[name] = n
	return n, nil
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
		err := c.change(ctx, func(cfg *netbox.Config) error { setNIC(cfg, h.NIC); return nil })
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
	stands, err := r.hostOf(ctx, h.VPC.Scope, h.ID)
	if err != nil {
		return err
	}
	if first, last := stands.ports(); first > 0 {
		r.ephemeral.Store(&[2]int{first, last})
	}
	r.warm(stands, engine.Place{Scope: h.VPC.Scope, VPC: h.VPC.ID, Instance: h.ID})
	return nil
}

// raise makes the machine of an instance or starts it again. The caller has the instance's turn.
func (r *Runtime) raise(ctx context.Context, h engine.Host) (*channel, error) {
	seg, err := r.vpcNet(ctx, h.VPC)
	if err != nil {
		return nil, err
	}
	n, err := r.lanOf(ctx, h.VPC.Scope, h.ID)
	if err != nil {
		return nil, err
	}
	cfg := seg.Link
	cfg.NICs, cfg.Bridge = []engine.NIC{h.NIC}, n.Bridge
	cfg.Credentials, cfg.Metadata, cfg.DNS = true, true, true
	cfg.Masked = r.masks(ctx)
	cfg.Servers, cfg.Search = []string{resolver}, []string{h.VPC.Scope.PrivateZone()}
	b := box{Name: r.hostName(h.ID), Role: netbox.RoleInstance, Network: seg.Network, Also: []also{{n.Network, n.Via}}, Config: cfg,
		Place: engine.Place{Scope: h.VPC.Scope, VPC: h.VPC.ID, Instance: h.ID, NIC: h.NIC.ID},
		Shape: func(c *container.Config, _ *container.HostConfig) { c.Hostname = h.Name }}
	c, err := r.newBox(ctx, b)
	if err == nil || !nameTaken(err) {
		return c, err
	}
	return r.raiseAgain(ctx, b)
}

// masks reports whether iptables on the engine's machine see what passes its bridges: the engine's own
// rules hide what has an address of one network and is seen on the bridge of another.
func (r *Runtime) masks(ctx context.Context) bool {
	r.masking.Do(func() {
		in, err := r.cli.Info(ctx)
		r.masked = err != nil || !slices.ContainsFunc(in.Warnings, func(w string) bool { return strings.Contains(w, "bridge-nf-call-iptables is disabled") })
	})
	return r.masked
}

// raiseAgain starts the container of an instance that ended, with the host ports of what still runs
// behind it.
func (r *Runtime) raiseAgain(ctx context.Context, b box) (*channel, error) {
	in, there, err := r.own(ctx, b.Name)
	if err != nil || !there {
		return nil, errors.Join(err, errEnded(b.Name))
	}
	last := r.newChannel(in.ID, b.Name, b.Role, b.Place, nil)
	last.stand.Store(&standing{Config: b.Config})
	return r.restart(ctx, last)
}

// DropHost removes the machine of an instance and the network behind it. One that is gone is no error.
func (r *Runtime) DropHost(ctx context.Context, sc model.Scope, instance string) error {
	done, err := r.turns.take(ctx, instance)
	if err != nil {
		return err
	}
	defer done()
	r.drain(ctx, r.hostName(instance))
	if err := r.dropBox(ctx, r.hostName(instance)); err != nil {
		return named(engine.CannotRemove, err)
	}
	return r.dropNetwork(ctx, r.hostName(instance))
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

// labelForwards is on each container that host ports lead to, next to labelInstance: those, as
// forwardLabel writes them. A machine that is started again gets them back from there.
const labelForwards = "io.drydock.forwards"

// forwardLabel writes host ports down: "tcp 32768 1 198.18.0.3:80", one a line.
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

// forwardsOf are the host ports of an instance that lead to containers that run.
func (r *Runtime) forwardsOf(ctx context.Context, instance string) (fs []netbox.Forward, err error) {
	cs, err := r.cli.ContainerList(ctx, container.ListOptions{Filters: r.ours(filters.Arg("label", labelInstance+"="+instance), filters.Arg("label", labelForwards))})
	for _, c := range cs {
		fs = append(fs, readForwards(c.Labels[labelForwards])...)
	}
	return fs, err
}
