package lb

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// keeper owns everything about the data plane that changes: one goroutine, no locks. It follows the
// store, and swaps what requests see.
type keeper struct {
	p *Proxy

	balancers map[rowID]model.LoadBalancer
	listeners map[rowID]model.Listener
	built     map[rowID]*listener // as requests meet them
	groups    map[rowID]*groupState
	members   map[rowID]*member
	draining  map[*member]struct{} // drained is not yet written of them
	dirty     map[*groupState]struct{}
	nics      map[rowID]model.NetworkInterface // those of load balancers
	sockets   map[int]*socket                  // by listener port
	inside    map[insideKey]*inside            // at the load balancers' addresses
	found     *findings                        // to write

	out      chan *findings
	verdicts chan verdict
	freed    chan struct{} // a leaving target has no request left
	overdue  *time.Timer   // when the next deregistration delay ends
}

// groupState is a target group as the keeper knows it.
type groupState struct {
	*group
	row     model.TargetGroup
	known   bool      // there is a row
	used    bool      // a listener forwards to it
	home    *home     // where the load balancer of that listener stands
	members []*member // by key
}

// member is one target row.
type member struct {
	g      *groupState
	id     rowID
	row    model.Target
	runs   bool // its task is RUNNING and shall be, or it has none
	apart  bool // it is in a zone where the load balancer has no subnet
	t      *target
	health health
	check  model.HealthCheck  // that it is probed by
	stop   context.CancelFunc // ends the probing; nil while it is not probed
}

func newKeeper(p *Proxy) *keeper {
	k := &keeper{p: p,
		balancers: map[rowID]model.LoadBalancer{}, listeners: map[rowID]model.Listener{}, built: map[rowID]*listener{},
		groups: map[rowID]*groupState{}, members: map[rowID]*member{}, draining: map[*member]struct{}{},
		dirty: map[*groupState]struct{}{}, nics: map[rowID]model.NetworkInterface{},
		sockets: map[int]*socket{}, inside: map[insideKey]*inside{}, found: newFindings(),
		out: make(chan *findings), verdicts: make(chan verdict), freed: make(chan struct{}, 1), overdue: time.NewTimer(time.Hour)}
	k.overdue.Stop()
	return k
}

// run follows the feed until ctx ends.
func (k *keeper) run(ctx context.Context, feed *store.Feed) error {
	for {
		var out chan<- *findings
		if !k.found.empty() {
			out = k.out
		}
		select {
		case <-ctx.Done():
			return nil
		case <-feed.C:
			if err := k.follow(feed.Take()); err != nil {
				return err
			}
		case v := <-k.verdicts:
			k.judge(v)
		case <-k.freed:
			for m := range k.draining {
				k.note(m)
			}
		case <-k.overdue.C:
			k.cutOverdue()
		case out <- k.found:
			k.found = newFindings()
		}
	}
}

// follow takes over what changed in the store.
func (k *keeper) follow(cs store.Changes) error {
	if cs.Empty() {
		return nil
	}
	return k.p.store.View(model.Scope{}, func(tx *store.Tx) error {
		if cs.Full {
			k.markAll(tx, &cs)
		}
		routes := false
		for _, sc := range cs.Scopes() {
			in := tx.In(sc)
			for key := range cs.Keys(sc, store.TargetGroups.Name()) {
				k.readGroup(in, key)
			}
			for key := range cs.Keys(sc, store.Targets.Name()) {
				k.readTarget(in, key)
			}
			for key := range cs.Keys(sc, store.Tasks.Name()) {
				for t := range store.TargetsByTask.Each(in, key) {
					k.readTarget(in, t.Key())
				}
			}
			routes = k.readRoutes(in, cs) || routes
			routes = k.readNICs(in, cs) || routes
		}
		if routes {
			k.route(tx)
		}
		k.settle()
		return nil
	})
}

// markAll adds every row that is or was known to cs.
func (k *keeper) markAll(tx *store.Tx, cs *store.Changes) {
	for _, sc := range tx.Scopes() {
		mark(tx.In(sc), cs, store.LoadBalancers)
		mark(tx.In(sc), cs, store.Listeners)
		mark(tx.In(sc), cs, store.TargetGroups)
		mark(tx.In(sc), cs, store.Targets)
		mark(tx.In(sc), cs, store.NetworkInterfaces)
	}
	markKnown(cs, store.LoadBalancers.Name(), k.balancers)
	markKnown(cs, store.Listeners.Name(), k.listeners)
	markKnown(cs, store.TargetGroups.Name(), k.groups)
	markKnown(cs, store.Targets.Name(), k.members)
	markKnown(cs, store.NetworkInterfaces.Name(), k.nics)
}

func mark[T store.Row](tx *store.Tx, cs *store.Changes, t store.Table[T]) {
	for row := range t.All(tx) {
		cs.Mark(store.Change{Scope: tx.Scope(), Table: t.Name(), Key: row.Key()})
	}
}

func markKnown[V any](cs *store.Changes, table string, known map[rowID]V) {
	for id := range known {
		cs.Mark(store.Change{Scope: id.scope, Table: table, Key: id.key})
	}
}

// group returns the state of a target group, whether it has a row or not.
func (k *keeper) group(id rowID) *groupState {
	g, ok := k.groups[id]
	if !ok {
		g = &groupState{group: newGroup(id)}
		k.groups[id] = g
	}
	k.dirty[g] = struct{}{}
	return g
}

func (k *keeper) readGroup(tx *store.Tx, key string) {
	g := k.group(rowID{tx.Scope(), key})
	scheme := g.scheme()
	g.row, g.known = store.TargetGroups.Get(tx, key)
	if g.scheme() != scheme {
		for _, m := range g.members {
			k.renew(m)
		}
	}
}

// scheme is the protocol that the group's targets speak.
func (g *groupState) scheme() string {
	if g.row.Protocol == "HTTPS" {
		return "https"
	}
	return "http"
}

func (k *keeper) readTarget(tx *store.Tx, key string) {
	id := rowID{tx.Scope(), key}
	m, had := k.members[id]
	row, ok := store.Targets.Get(tx, key)
	if !ok {
		if had {
			k.drop(m)
		}
		return
	}
	if had && (!m.row.Registered.Equal(row.Registered) || m.row.Dial != row.Dial) {
		k.drop(m)
		had = false
	}
	if !had {
		m = k.join(id, row)
	}
	m.row, m.runs = row, runs(tx, row)
	m.goBy()
	m.t.leaving.Store(!row.Draining.IsZero())
	k.dirty[m.g] = struct{}{}
}

// runs reports whether a target's task allows it to get requests.
func runs(tx *store.Tx, t model.Target) bool {
	if t.Task == "" {
		return true
	}
	task, ok := store.Tasks.Get(tx, t.Task)
	return ok && task.Is == model.Running && task.Want == model.Running
}

// join adds a target. Its health is what was last written of it.
func (k *keeper) join(id rowID, row model.Target) *member {
	m := &member{g: k.group(rowID{id.scope, row.Group}), id: id, row: row, health: health{TargetHealth: row.Health}}
	k.renew(m)
	k.members[id] = m
	i, _ := slices.BinarySearchFunc(m.g.members, m, byKey)
	m.g.members = slices.Insert(m.g.members, i, m)
	return m
}

// renew gives m a data-plane side of its own.
func (k *keeper) renew(m *member) {
	if m.t != nil {
		m.t.leaving.Store(false)
		m.unwatch()
	}
	m.t = newTarget(m.id, m.row.Dial, m.g.scheme(), k.p.net, k.freed)
	m.goBy()
	m.t.leaving.Store(!m.row.Draining.IsZero())
}

// drop forgets a target. Requests on it end by themselves, unless its deregistration delay is over.
func (k *keeper) drop(m *member) {
	m.unwatch()
	m.t.leaving.Store(false)
	if !m.row.Draining.IsZero() && !time.Now().Before(m.row.Draining) {
		m.t.cut()
	}
	m.t.abandon()
	m.t.transport.CloseIdleConnections()
	delete(k.members, m.id)
	delete(k.draining, m)
	if i, ok := slices.BinarySearchFunc(m.g.members, m, byKey); ok {
		m.g.members = slices.Delete(m.g.members, i, i+1)
	}
	k.dirty[m.g] = struct{}{}
}

func byKey(a, b *member) int { return cmp.Compare(a.id.key, b.id.key) }

func (m *member) unwatch() {
	if m.stop != nil {
		m.stop()
		m.stop = nil
	}
}

// hangUp closes what is kept open to targets.
func (k *keeper) hangUp() {
	for _, m := range k.members {
		m.t.transport.CloseIdleConnections()
	}
}
