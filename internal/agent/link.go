package agent

import (
	"maps"
	"slices"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// link is how the agent and its engine stand.
type link struct {
	up        bool // synced, and not lost since
	down      bool // lost; before the first word of the engine neither
	round     int64
	all       bool             // every container instance is to be looked at
	instances map[key]struct{} // those whose rows changed
	say       string           // an event to be told
}

type health struct {
	ok     bool
	detail string
}

// Health reports whether the engine answers, and a sentence about it.
func (a *Agent) Health() (ok bool, detail string) {
	h := a.health.Load()
	return h.ok, h.detail
}

// synced notes that the engine told all there is: what it did not tell does not exist.
func (a *Agent) synced() {
	if a.link.down {
		a.link.say = "The container engine answers again."
		a.c.Log.Info("engine answers again")
	}
	a.link.up, a.link.down, a.link.all = true, false, true
	for k, w := range a.work {
		for i := range w.facts {
			w.facts[i].missed(a.link.round)
			w.facts[i].failed = 0
		}
		a.dirty.add(k)
	}
	a.health.Store(&health{ok: true, detail: "The container engine answers."})
}

// lost notes that nothing is known until the next Synced; what was known is not taken back.
func (a *Agent) lost(err error) {
	a.link.round++
	a.link.up = false
	detail := "The container engine does not answer."
	if err != nil {
		detail = "The container engine does not answer: " + err.Error()
	}
	if !a.link.down {
		a.link.say, a.link.all = detail, true
		a.c.Log.Warn("engine lost", "err", err)
	}
	a.link.down = true
	a.health.Store(&health{detail: detail})
}

// pending reports whether there may be something to write about container instances. Before the
// engine said anything there is not: rows keep what was so.
func (l *link) pending() bool {
	return (l.up || l.down) && (l.all || len(l.instances) > 0 || l.say != "")
}

// written notes that it was.
func (l *link) written() {
	if l.up || l.down {
		l.all, l.say = false, ""
		clear(l.instances)
	}
}

// connect writes whether the agents of container instances are connected, and tells it.
func (a *Agent) connect(tx *store.Tx) {
	l := &a.link
	if !l.pending() {
		return
	}
	put := func(tx *store.Tx, ci model.ContainerInstance) {
		is := l.up && ci.Refused == ""
		if ci.Connected == is || ci.Status == "INACTIVE" {
			return
		}
		ci.Connected = is
		ci.Version++
		store.ContainerInstances.Put(tx, ci)
	}
	for k := range maps.Keys(l.instances) {
		if ci, ok := store.ContainerInstances.Get(tx.In(k.scope), k.id); ok {
			put(tx.In(k.scope), ci)
		}
	}
	if !l.all && l.say == "" {
		return
	}
	for _, sc := range slices.Clone(tx.Scopes()) {
		in := tx.In(sc)
		if l.all {
			for ci := range store.ContainerInstances.All(in) {
				put(in, ci)
			}
		}
		if l.say != "" {
			store.Events.Put(in, model.Event{ID: ids.UUID(), Kind: "engine", Subject: a.c.Engine, At: tx.Now(), Message: l.say})
		}
	}
}
