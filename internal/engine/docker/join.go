package docker

import (
	"context"
	"errors"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/container"
)

// resolver is where containers ask for names: the daemon answers there, in each namespace.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
const resolver = "169.254.169.253"

// plug is the network namespace that a container joins; the zero value is one that the engine makes.
type plug struct {
	id       string // of the container that owns it
	space    *space // nil for one that is an instance's, or not known yet
	led      *space // the same, once host ports lead there; nil as long as nobody cares for that
	net      engine.Net
	place    engine.Place
	forwards []netbox.Forward // the host ports that lead to it
	links    []link
}

// join gives s the network namespace that its mode asks for. The caller has the turn of s.
func (r *Runtime) join(ctx context.Context, s engine.Spec) (plug, error) {
	switch {
	case s.Network == engine.NetworkTask:
		return r.joinTask(ctx, s)
	case s.Network == "host":
		h, err := r.hostOf(ctx, s.Instance)
		if err != nil {
			return plug{}, err
		}
		return plug{id: h.id, place: engine.Place{Scope: s.Scope, VPC: s.VPC.ID, Instance: s.Instance, NIC: nicOf(h.config())}}, nil
	case behind(s):
		return r.joinBridge(ctx, s)
	}
	return plug{}, nil
}

// behind reports whether s has a namespace of its own behind its instance.
func behind(s engine.Spec) bool { return s.Network == "bridge" && !is(s.Doc.DisableNetworking) }

// joinTask joins the namespace of the task of s, which has the task's network interface.
func (r *Runtime) joinTask(ctx context.Context, s engine.Spec) (plug, error) {
	if s.NIC == nil {
		return plug{}, errors.New("the task has no network interface")
	}
	seg, err := r.vpcNet(ctx, s.VPC)
	if err != nil {
		return plug{}, err
	}
	b := box{Role: netbox.RolePause, Place: engine.Place{Scope: s.Scope, VPC: s.VPC.ID}, Labels: map[string]string{},
		Network: seg.Network, Shape: r.shape(engine.Spec{}, nil), Config: seg.Link}
	r.pools.open(b)
	b.Name, b.Config.NICs = r.name(s.Task, pauseName), []engine.NIC{*s.NIC}
	b.Config.Credentials, b.Config.DNS, b.Config.Metadata = true, true, !s.NoMetadata
	b.Config.Servers, b.Config.Search = []string{resolver}, []string{s.Scope.PrivateZone()}
	b.Config.Names = []string{s.NIC.IP.String() + " " + s.Scope.PrivateName(s.NIC.IP.String())} // as the ECS agent has it
	b.Place.Instance, b.Place.Task, b.Place.NIC = s.Instance, s.Task, s.NIC.ID
	at, _, err := r.occupy(ctx, b, true)
	if err != nil {
		return plug{}, err
	}
	return plug{id: at.id, space: at, net: engine.Net{ID: at.id, IP: s.NIC.IP.String(), MAC: s.NIC.MAC}, place: b.Place}, nil
}

// joinBridge joins a namespace of the container's own, behind its instance.
func (r *Runtime) joinBridge(ctx context.Context, s engine.Spec) (plug, error) {
	h, err := r.hostOf(ctx, s.Instance)
	if err != nil {
		return plug{}, err
	}
	ls, err := r.links(ctx, s)
	if err != nil {
		return plug{}, err
	}
	b := r.bridgeBox(h, engine.Place{Scope: s.Scope, VPC: s.VPC.ID, Instance: s.Instance})
	b.Name, b.Place.Task, b.Place.Container, b.Shape = r.name(s.Task, s.Container+pauseSuffix), s.Task, s.Container, r.shape(s, ls)
	if d := s.Doc; len(d.DnsServers) > 0 {
		b.Config.Servers = d.DnsServers
	}
	if d := s.Doc; len(d.DnsSearchDomains) > 0 {
		b.Config.Search = d.DnsSearchDomains
	}
	at, fresh, err := r.occupy(ctx, b, !shaped(s))
	if err != nil {
		return plug{}, err
	}
	p := plug{id: at.id, space: at, net: engine.Net{ID: at.id, IP: at.ip.String()}, place: b.Place, links: ls}
	p.forwards, err = forwards(s.Ports, at.ip)
	if err == nil && fresh && len(p.forwards) > 0 {
		p.led = r.prepare(ctx, nil, at.ip, func(ctx context.Context) error { return h.forward(ctx, nil, p.forwards) })
	}
	return p, err
}

// bridgeBox is a pause behind a machine, of which only the place is known.
func (r *Runtime) bridgeBox(h host, at engine.Place) box {
	at.NIC = nicOf(h.config())
	return box{Role: netbox.RolePause, Place: at, Labels: map[string]string{}, Network: "none", Behind: r.hostName(at.Instance), Shape: r.shape(engine.Spec{}, nil),
		Config: netbox.Config{Via: h.config().Bridge.Addr(), Credentials: true, Metadata: true, DNS: true, Servers: []string{resolver}, Search: []string{at.Scope.PrivateZone()}}}
}

// warm has spare pauses made behind a machine that stands.
func (r *Runtime) warm(h host, at engine.Place) {
	r.pools.open(r.bridgeBox(h, at))
	r.topUp()
}

// shaped reports whether s asks for what a pause that is there already cannot give any more.
func shaped(s engine.Spec) bool {
	d := s.Doc
	return d.Hostname != nil || len(d.ExtraHosts)+len(s.Links) > 0
}

// shape gives a pause what the containers that join it inherit, and could not have otherwise.
func (r *Runtime) shape(s engine.Spec, ls []link) func(*container.Config, *container.HostConfig) {
	return func(c *container.Config, h *container.HostConfig) {
		d := s.Doc
		c.Hostname = str(d.Hostname)
		h.DNS = []string{resolver} // as long as nothing else is said
		h.ExtraHosts = append(hostsOf(ls), extraHosts(d.ExtraHosts)...)
		h.IpcMode = container.IPCModeShareable
	}
}

// nicOf is the id of the first network interface of a namespace.
func nicOf(c netbox.Config) string {
	if len(c.NICs) == 0 {
		return ""
	}
	return c.NICs[0].ID
}

// undoBox removes a box that is of no use, and returns why.
func (r *Runtime) undoBox(ctx context.Context, id string, why error) error {
	ctx, cancel := finish(ctx)
	defer cancel()
	if err := r.dropBox(ctx, id); err != nil {
		r.log.Warn("a network namespace stays behind", "container", id, "err", err)
	}
	return why
}
