package lb

import (
	"reflect"

	"github.com/drydock-ecs/drydock/internal/firewall"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/lb/rule"
)

// readRoutes takes over the load balancers and listeners that changed, and reports whether any did, or
// a rule of a security group, which is read where it is needed.
func (k *keeper) readRoutes(tx *store.Tx, cs store.Changes) (changed bool) {
	for key := range cs.Keys(tx.Scope(), store.LoadBalancers.Name()) {
		read(tx, store.LoadBalancers, key, k.balancers)
		changed = true
	}
	for key := range cs.Keys(tx.Scope(), store.Listeners.Name()) {
		read(tx, store.Listeners, key, k.listeners)
		changed = true
	}
	for range cs.Keys(tx.Scope(), store.SecurityGroupRules.Name()) {
		return true
	}
	return changed
}

func read[T store.Row](tx *store.Tx, t store.Table[T], key string, into map[rowID]T) {
	id := rowID{tx.Scope(), key}
	if row, ok := t.Get(tx, key); ok {
		into[id] = row
	} else {
		delete(into, id)
	}
}

// route builds the table anew, from listeners that are built anew only where they changed, and
// brings the sockets in line.
func (k *keeper) route(tx *store.Tx) {
	built := make(map[rowID]*listener, len(k.listeners))
	homes := k.settleIn(tx)
	used := map[*groupState]*home{} // by what load balancer
	for _, id := range sorted(k.listeners) {
		l := k.build(tx, id)
		if l == nil {
			continue
		}
		built[id] = l
		for key := range l.groups {
			used[k.group(rowID{id.scope, key})] = homes[rowID{id.scope, l.row.LoadBalancer}]
		}
	}
	k.built = built
	for _, g := range k.groups {
		h, ok := used[g]
		if g.move(h) || g.used != ok {
			g.used = ok
			k.dirty[g] = struct{}{}
		}
	}
	t := k.newTable(homes)
	k.p.use(t) // sockets serve from it as soon as they are open
	bound := k.bind(t)
	k.p.use(&table{doors: t.doors, inside: t.inside, hosts: t.hosts, bound: bound, over: make(chan struct{})})
	k.bindInside(t)
}

// build returns a listener as requests meet it: the same as before if nothing of it changed. It is
// nil while its load balancer has no row.
func (k *keeper) build(tx *store.Tx, id rowID) *listener {
	row := k.listeners[id]
	lb, ok := k.balancers[rowID{id.scope, row.LoadBalancer}]
	if !ok {
		return nil
	}
	row.Bound, row.BindError = 0, ""
	in, g := firewall.Outside(tx.In(id.scope), lb.Groups), &guard{}
	if old := k.built[id]; old != nil {
		if reflect.DeepEqual(old.row, row) && reflect.DeepEqual(old.lb, lb) && reflect.DeepEqual(old.in, in) {
			return old
		}
		g = old.guard
	}
	l := &listener{id: id, row: row, lb: lb, host: hostName(lb.DNSName), secure: row.Protocol == "HTTPS", in: in, guard: g,
		groups: map[string]*group{}, idle: lb.IdleTimeout(), keepAlive: lb.KeepAlive()}
	l.rules, l.broken = rule.Compile(row)
	for _, key := range row.Groups() {
		l.groups[key] = k.group(rowID{id.scope, key}).group
	}
	return l
}

func (k *keeper) newTable(homes map[rowID]*home) *table {
	t := newTable(k.p.table.Load().bound)
	for _, lb := range k.balancers {
		if h := hostName(lb.DNSName); h != "" {
			t.hosts[h] = nil
		}
	}
	for _, l := range k.built {
		if t.doors[l.row.Port] == nil {
			t.doors[l.row.Port] = &door{}
		}
		if !l.secure || k.p.ca != nil {
			t.doors[l.row.Port].add(l)
			t.addInside(l, homes[rowID{l.id.scope, l.row.LoadBalancer}])
		}
		if l.forGateway(t.hosts[l.host]) {
			t.hosts[l.host] = l
		}
	}
	return t
}

// noteBound finds out what is to be written of the listeners.
func (k *keeper) noteBound(errs map[int]string) {
	for id, row := range k.listeners {
		l, ok := k.built[id]
		if !ok {
			continue
		}
		f := listenerFinding{why: errs[row.Port]}
		if l.secure && k.p.ca == nil {
			f.why = "HTTPS is not served: the daemon runs without a local certificate authority"
		} else if s := k.sockets[row.Port]; s != nil {
			f.bound = s.port
		}
		if f.bound != row.Bound || f.why != row.BindError {
			k.found.listeners[id] = f
		}
	}
}
