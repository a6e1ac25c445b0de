package lb

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/store"
)

// home is where a load balancer stands: its addresses in its VPC, by zone. It is never edited.
type home struct {
	vpc engine.VPC
	at  []address
}

type address struct {
	zone string
	ip   netip.Addr
}

// way returns how a target in a zone is reached: from the load balancer's address in that zone, or
// from the first of all where it has none there.
func (h *home) way(zone string) way {
	if h == nil || len(h.at) == 0 {
		return way{}
	}
	i := max(0, slices.IndexFunc(h.at, func(a address) bool { return a.zone == zone }))
	return way{h.vpc, h.at[i].ip}
}

// enabled reports whether requests go to targets in a zone of the VPC: the load balancer has a subnet
// there. Cross-zone load balancing does not change it.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html#availability-zones
func (h *home) enabled(zone string) bool {
	return h == nil || zone == "all" || slices.ContainsFunc(h.at, func(a address) bool { return a.zone == zone })
}

// readNICs takes over the network interfaces of load balancers that changed, and reports whether any
// did.
func (k *keeper) readNICs(tx *store.Tx, cs store.Changes) (changed bool) {
	for key := range cs.Keys(tx.Scope(), store.NetworkInterfaces.Name()) {
		id := rowID{tx.Scope(), key}
		_, had := k.nics[id]
		n := store.NetworkInterfaces.Peek(tx, key)
		switch {
		case n != nil && n.LoadBalancer != "":
			k.nics[id] = *n
		case had:
			delete(k.nics, id)
		default:
			continue
		}
		changed = true
	}
	return changed
}

// settleIn finds the homes of all load balancers.
func (k *keeper) settleIn(tx *store.Tx) map[rowID]*home {
	homes := map[rowID]*home{}
	for _, id := range sorted(k.nics) {
		n := k.nics[id]
		ip, err := netip.ParseAddr(n.IP)
		lb := rowID{id.scope, n.LoadBalancer}
		if err != nil {
			continue
		}
		if homes[lb] == nil {
			homes[lb] = &home{vpc: vpcOf(tx.In(id.scope), n.VPC)}
		}
		homes[lb].at = append(homes[lb].at, address{n.Zone, ip})
	}
	for _, h := range homes {
		slices.SortFunc(h.at, func(a, b address) int { return cmp.Or(cmp.Compare(a.zone, b.zone), a.ip.Compare(b.ip)) })
	}
	return homes
}

func vpcOf(tx *store.Tx, id string) engine.VPC {
	v, _ := store.VPCs.Get(tx, id)
	cidr, _ := netip.ParsePrefix(v.CIDR)
	return engine.VPC{Scope: tx.Scope(), ID: id, CIDR: cidr}
}

// goBy puts the way to a target in force. Connections that came another way are used no more. It
// reports whether the target's zone was enabled or disabled by it.
func (m *member) goBy() (turned bool) {
	w := m.g.home.way(m.row.Zone)
	if old := m.t.way.Swap(&w); old != nil && *old != w {
		m.t.transport.CloseIdleConnections()
	}
	was := m.apart
	m.apart = !m.g.home.enabled(m.row.Zone) && m.inVPC()
	return m.apart != was
}

// inVPC reports whether m is in a zone at all: an address outside of the VPC is not, whatever zone
// it was registered with, as that acts without cross-zone load balancing only.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetDescription.html
func (m *member) inVPC() bool {
	to, err := netip.ParseAddrPort(m.row.Dial)
	return err == nil && m.g.home.vpc.CIDR.Contains(to.Addr())
}

// move tells a group that its load balancer stands elsewhere now, and reports whether that enables or
// disables the zone of a target.
func (g *groupState) move(h *home) (turned bool) {
	g.home = h
	for _, m := range g.members {
		turned = m.goBy() || turned
	}
	return turned
}
