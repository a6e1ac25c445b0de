package agent

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"
)

// work is what the agent remembers of one task: as long as its row lives, and then until nothing
// of it is left on the engine.
type work struct {
	facts   []fact // those of the row in its order, then any that the row does not know
	starts  context.Context
	cancel  context.CancelFunc // of starts; nil while none was made
	kept    bool               // its remains are on the list of kept ones
	expired bool               // its remains are to be removed
	again   time.Time          // the alarm that is set for it
	secrets *secrets.Task      // what its containers get; nil until one is made
	cut     string             // id of the last network namespace of the task that ended before it
}

// fact returns what is known of the container with the name.
func (w *work) fact(name string) *fact {
	for i := range w.facts {
		if w.facts[i].name == name {
			return &w.facts[i]
		}
	}
	w.facts = append(w.facts, fact{name: name})
	return &w.facts[len(w.facts)-1]
}

// align brings the facts into the order of the row's containers.
func (w *work) align(cs []model.Container) {
	for i, c := range cs {
		if i < len(w.facts) && w.facts[i].name == c.Name {
			continue
		}
		if w.facts == nil {
			w.facts = make([]fact, 0, len(cs))
		}
		w.fact(c.Name)
		at := slices.IndexFunc(w.facts, func(f fact) bool { return f.name == c.Name })
		w.facts[i], w.facts[at] = w.facts[at], w.facts[i]
	}
}

// present reports whether anything of the task is on the engine or being asked of it.
func (w *work) present() bool {
	return slices.ContainsFunc(w.facts, func(f fact) bool { return f.present() })
}

// ended reports whether a container of the task ran and ended.
func (w *work) ended() bool {
	return slices.ContainsFunc(w.facts, func(f fact) bool { return f.phase == ended })
}

// marks is a set of tasks to look at.
type marks struct{ set map[key]struct{} }

func (m *marks) add(k key) {
	if m.set == nil {
		m.set = map[key]struct{}{}
	}
	m.set[k] = struct{}{}
}

func (m *marks) empty() bool { return len(m.set) == 0 }

// take empties the set; the order is that of the keys.
func (m *marks) take() []key {
	if m.empty() {
		return nil
	}
	ks := make([]key, 0, len(m.set))
	for k := range m.set {
		ks = append(ks, k)
	}
	m.set = nil
	if len(ks) > 1 {
		slices.SortFunc(ks, func(a, b key) int {
			if c := strings.Compare(a.id, b.id); c != 0 {
				return c
			}
			return strings.Compare(a.scope.String(), b.scope.String())
		})
	}
	return ks
}

// changed marks the tasks and instances that changed rows touch.
func (a *Agent) changed(cs store.Changes) {
	if cs.Full {
		_ = a.s.View(model.Scope{}, func(tx *store.Tx) error {
			for _, sc := range tx.Scopes() {
				for t := range store.Tasks.All(tx.In(sc)) {
					if t.Live() {
						a.dirty.add(key{sc, t.ID})
					}
				}
			}
			return nil
		})
		a.link.all = true
	}
	for _, sc := range cs.Scopes() {
		for id := range cs.Keys(sc, store.Tasks.Name()) {
			a.dirty.add(key{sc, id})
		}
		for id := range cs.Keys(sc, store.Targets.Name()) {
			if task, ok := a.drains[key{sc, id}]; ok {
				delete(a.drains, key{sc, id}) // looking at the task puts it back if need be
				a.dirty.add(task)
			}
		}
		for id := range cs.Keys(sc, store.ContainerInstances.Name()) {
			a.link.instances[key{sc, id}] = struct{}{}
			a.recall(sc, id)
		}
	}
}

// recall marks the tasks that waited for ECS to hear the agent of their container instance again.
func (a *Agent) recall(sc model.Scope, instance string) {
	for k := range a.refused[key{sc, instance}] {
		a.dirty.add(k)
	}
	delete(a.refused, key{sc, instance}) // looking at a task puts it back if need be
}

// heard reports whether an agent that nobody hears knows what is to be done with a task: it began with it before.
// What it does by itself goes on then, such as to start containers again, and to stop those of a task that lost one.
func (w *work) heard(t model.Task) bool {
	if t.Want == model.Running {
		return w.present()
	}
	return t.Is > model.Running
}

// cutOff reports whether ECS refuses the agent of the task's instance: then ECS is told nothing of the task, and
// orders nothing. The task is looked at again once that is different.
func (a *Agent) cutOff(in *store.Tx, k key, t model.Task) bool {
	ci := store.ContainerInstances.Peek(in, t.Instance)
	if ci == nil || ci.Refused == "" {
		return false
	}
	on := key{k.scope, ci.ID}
	if a.refused[on] == nil {
		a.refused[on] = map[key]struct{}{}
	}
	a.refused[on][k] = struct{}{}
	return true
}

// consider decides for one task, orders calls, and reports whether its row is to be written.
func (a *Agent) consider(tx *store.Tx, k key) bool {
	w := a.work[k]
	t, ok := store.Tasks.Get(tx.In(k.scope), k.id)
	switch {
	case !ok:
		a.orphan(k, w)
		return false
	case w == nil && (!t.Live() || !t.Placed() && t.Want == model.Running):
		return false
	case w == nil:
		w = &work{}
		a.work[k] = w
	}
	off := t.Live() && a.cutOff(tx.In(k.scope), k, t)
	if off && !w.heard(t) {
		return false
	}
	w.align(t.Containers)
	act := next(a.view(tx, k, w, t))
	a.order(k, w, act)
	if !t.Live() {
		a.keep(k, w, t.Times.Stopped)
	}
	return !off && !same(&t, &act.row)
}

// view gathers what decides about a task.
func (a *Agent) view(tx *store.Tx, k key, w *work, t model.Task) view {
	in := tx.In(k.scope)
	v := view{task: t, facts: w.facts[:len(t.Containers)], known: a.link.up, expired: w.expired, cut: w.cut, now: tx.Now(), scale: a.c.Scale}
	if len(t.Containers) > 1 || w.ended() {
		v.def, _ = store.TaskDefs.Get(in, t.Birth.Def)
	}
	if t.Want == model.Stopped && (t.Is == model.Running || t.Is == model.Deactivating) {
		v.bound = a.bound(in, k)
	}
	return v
}

// bound reports whether targets of a task are still being drained, and has it looked at when one was.
func (a *Agent) bound(in *store.Tx, k key) (bound bool) {
	for g := range store.TargetsByTask.Each(in, k.id) {
		if !g.Drained {
			bound = true
			a.drains[key{k.scope, g.Key()}] = k
		}
	}
	return bound
}

// order hands out the calls that were decided on.
func (a *Agent) order(k key, w *work, act action) {
	if act.cancel {
		w.giveUp()
	}
	for _, i := range act.start {
		w.facts[i].queue()
		a.lanes[laneStart].push(job{k, w.facts[i].name})
	}
	for _, i := range act.stop {
		w.facts[i].call = stopping
		a.lanes[laneStop].push(job{k, w.facts[i].name})
	}
	for _, i := range act.remove {
		a.remove(k, &w.facts[i])
	}
	if a.link.up { // containers that the row does not know
		for i := len(act.row.Containers); i < len(w.facts); i++ {
			a.remove(k, &w.facts[i])
		}
	}
	if !act.again.IsZero() && !act.again.Equal(w.again) {
		w.again = act.again
		a.alarms.set(act.again, k)
	}
}

// remove orders the removal of a container unless a call about it is under way, or one failed a
// moment ago.
func (a *Agent) remove(k key, f *fact) {
	switch {
	case f.call != idle || !f.present():
	case f.failed > 0 && f.again.After(time.Now()):
		a.alarms.set(f.again, k)
	default:
		f.call = removing
		a.lanes[laneRemove].push(job{k, f.name})
	}
}

// giveUp ends the starts under way and forgets those that wait.
func (w *work) giveUp() {
	for i := range w.facts {
		if w.facts[i].call == queued {
			w.facts[i].call = idle
		}
	}
	if w.cancel != nil {
		w.cancel()
	}
}

// settled lets go of the context of the starts once none is under way.
func (w *work) settled() {
	if w.cancel != nil && !slices.ContainsFunc(w.facts, func(f fact) bool { return f.call == starting }) {
		w.cancel()
		w.starts, w.cancel = nil, nil
	}
}

// orphan removes what is on the engine without a row.
func (a *Agent) orphan(k key, w *work) {
	if w == nil {
		return
	}
	w.giveUp()
	if a.link.up {
		for i := range w.facts {
			a.remove(k, &w.facts[i])
		}
	}
	if !w.present() {
		delete(a.work, k)
	}
}
