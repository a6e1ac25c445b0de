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

// goBy puts the way to a target in force. Connections that came another way are used no more.
func (m *member) goBy() {
	w := m.g.home.way(m.row.Zone)
	if old := m.t.way.Swap(&w); old != nil && *old != w {
		m.t.transport.CloseIdleConnections()
	}
}

// move tells a group that its load balancer stands elsewhere now.
func (g *groupState) move(h *home) {
	g.home = h
	for _, m := range g.members {
		m.goBy()
	}
}
