package vpc

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/firewall"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// gone is the fingerprint of what is not there, and kept that of a network that is left alone.
const (
	gone = "gone"
	kept = "kept"
)

// planner reads rows for one turn. Many interfaces have the same groups: those are compiled once.
type planner struct {
	tx        *store.Tx
	firewalls map[string]compiled // by scope, groups, and the VPC that they do not leave
}

type compiled struct {
	engine.Firewall
	print string
}

// plan returns what a thing is to be, as a fingerprint, and the call that makes it so; no call when
// there is nothing to do.
func (c *Controller) plan(p *planner, t thing) (want string, do func(context.Context) error) {
	tx := p.tx.In(t.scope)
	switch t.kind {
	case host:
		return c.planHost(p, tx, t)
	case nicRules:
		return c.planRules(p, tx, t)
	case gateway:
		return c.planGateway(p, tx, t)
	}
	return c.planNetwork(tx, t)
}

// planHost raises the machine of an instance, and drops it once the instance is terminated. On its way
// there it is left as it is.
func (c *Controller) planHost(p *planner, tx *store.Tx, t thing) (string, func(context.Context) error) {
	in, ok := store.Instances.Get(tx, t.id)
	have := c.things[t].have
	switch {
	case ok && in.State == "terminated", !ok && have != "" && have != gone:
		return gone, func(ctx context.Context) error { return c.c.dropHost(ctx, t) }
	case !ok:
		return "", nil
	case in.Fault != "" || in.State == "shutting-down":
		return have, nil
	}
	h := engine.Host{ID: in.ID, Name: hostname(in.PrivateIP)}
	if first, there := nic.Primary(tx, in.ID); there {
		h.VPC, h.NIC = vpcOf(tx, first.VPC), p.nic(tx, first)
	}
	return fingerprint("host", h.VPC, h.NIC.ID, h.NIC.IP, h.NIC.MAC), func(ctx context.Context) error { return c.c.raiseHost(ctx, h) }
}

func (c *Config) raiseHost(ctx context.Context, h engine.Host) error {
	if c.Network == nil {
		return nil
	}
	return c.Network.RaiseHost(ctx, h)
}

func (c *Config) dropHost(ctx context.Context, t thing) error {
	if c.Network == nil {
		return nil
	}
	return c.Network.DropHost(ctx, t.scope, t.id)
}

// planRules puts the rules of the interface of a task or an instance in force: once it is known to be
// on the engine as well, because who brings it there may have brought older ones.
func (c *Controller) planRules(p *planner, tx *store.Tx, t thing) (string, func(context.Context) error) {
	n, ok := store.NetworkInterfaces.Get(tx, t.id)
	if !ok || n.LoadBalancer != "" || n.Task == "" && n.Instance == "" {
		return "", nil
	}
	v := vpcOf(tx, n.VPC)
	e := p.nic(tx, n)
	want := fingerprint("rules", v, e.ID, e.IP, e.MAC, p.of(tx, n).print, plugged(tx, n))
	return want, func(ctx context.Context) error { return c.c.Network.SetNIC(ctx, v, e) }
}

// plugged reports whether the owner of n came so far that n is on the engine.
func plugged(tx *store.Tx, n model.NetworkInterface) bool {
	if t := store.Tasks.Peek(tx, n.Task); n.Task != "" && t != nil {
		return t.Is >= model.Running
	}
	in := store.Instances.Peek(tx, n.Instance)
	return in != nil && in.Up
}

// planGateway gives the gateway of a VPC the interfaces of its load balancers.
func (c *Controller) planGateway(p *planner, tx *store.Tx, t thing) (string, func(context.Context) error) {
	v := vpcOf(tx, t.id)
	var nics []engine.NIC
	parts := []any{"gateway", v}
	for n := range store.NetworkInterfacesByVPC.Each(tx, t.id) {
		if n.LoadBalancer != "" {
			e := p.nic(tx, n)
			nics = append(nics, e)
			parts = append(parts, e.ID, e.IP, e.MAC, p.of(tx, n).print)
		}
	}
	if nics == nil && !v.CIDR.IsValid() && c.things[t].have == gone { // the VPC is, too
		return "", nil
	}
	if nics == nil {
		return gone, func(ctx context.Context) error { return c.c.Network.SetGateway(ctx, v, nil) }
	}
	return fingerprint(parts...), func(ctx context.Context) error { return c.c.Network.SetGateway(ctx, v, nics) }
}

// planNetwork drops the network of a VPC in which no interface is. It is made by who needs it.
func (c *Controller) planNetwork(tx *store.Tx, t thing) (string, func(context.Context) error) {
	if store.NetworkInterfacesByVPC.Any(tx, t.id) {
		c.things[t].have = kept
		return kept, nil
	}
	return gone, func(ctx context.Context) error { return c.c.Network.DropVPC(ctx, t.scope, t.id) }
}

// nic returns n as the engine is to have it.
func (p *planner) nic(tx *store.Tx, n model.NetworkInterface) engine.NIC {
	ip, _ := netip.ParseAddr(n.IP)
	return engine.NIC{ID: n.ID, IP: ip, MAC: n.MAC, Firewall: p.of(tx, n).Firewall}
}

func (p *planner) of(tx *store.Tx, n model.NetworkInterface) compiled {
	key := tx.Scope().String() + " " + strings.Join(n.Groups, " ")
	if !nic.Routed(tx, n.Subnet) {
		key += " in " + n.VPC
	}
	f, ok := p.firewalls[key]
	if !ok {
		f.Firewall = firewall.Routed(tx, n, firewall.Of(tx, n.Groups))
		f.print = fingerprint(f.Firewall)
		p.firewalls[key] = f
	}
	return f
}

// vpcOf is a VPC as the engine knows it.
func vpcOf(tx *store.Tx, id string) engine.VPC {
	v, _ := store.VPCs.Get(tx, id)
	cidr, _ := netip.ParsePrefix(v.CIDR)
	return engine.VPC{Scope: tx.Scope(), ID: id, CIDR: cidr}
}

// hostname is what an instance calls itself.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-naming.html
func hostname(ip string) string { return "ip-" + strings.ReplaceAll(ip, ".", "-") }

func fingerprint(parts ...any) string {
	raw, _ := json.Marshal(parts) // plain data
	sum := sha256.Sum256(raw)
	return string(sum[:])
}
