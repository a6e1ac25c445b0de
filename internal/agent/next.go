package agent

import (
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/tempo"
)

// view is all that decides about one task.
type view struct {
	task    model.Task
	def     model.TaskDef
	facts   []fact // one a container of task, in its order
	bound   bool   // a target of it may still have requests
	known   bool   // the engine answers and told what there is
	expired bool   // what is left of it is to be removed
	cut     string // id of the last network namespace of the task that ended before it
	now     time.Time
	scale   tempo.Scale

	needs [][]need // by container
	fails []error  // by container: why it cannot start
}

// action is what is to be done about one task now. Containers are named by their place in the row.
type action struct {
	row    model.Task // how the row should stand
	start  []int
	stop   []int
	remove []int
	cancel bool      // give up the starts under way
	again  time.Time // when to look again though nothing changed; zero for never
}

// next returns how the row of a task should stand, given what the engine said, and what the
// engine is to be asked. It depends on nothing else, so asking twice gives the same answer.
func next(v view) action {
	v.needs = needs(v.def, v.task.Containers)
	v.fails = failures(v)
	a := action{row: settle(v)}
	v.task = a.row
	if !v.known {
		return a
	}
	switch t := a.row; {
	case t.Is == model.Stopped:
		a.clean(v)
	case t.Want == model.Running && (t.Is == model.Activating || t.Is == model.Running):
		a.begin(v)
	case t.Want == model.Stopped && t.Is >= model.Stopping:
		a.end(v)
	}
	return a
}

// begin starts every container whose conditions are met. One that was found running, since an
// earlier daemon started it, is started like the others: an engine tells that a container runs
// before it tells the ports, and Start answers both.
func (a *action) begin(v view) {
	for i := range v.facts {
		f := &v.facts[i]
		switch {
		case v.restarts(i), v.resumes(i):
			if a.due(v, i) {
				a.start = append(a.start, i)
			}
			continue
		case v.task.Is == model.Running, v.over(i), f.call != idle, f.phase > running, f.phase == running && !f.found:
			continue
		}
		waits := false
		for _, n := range v.needs[i] {
			if !v.met(n) {
				waits = true
				a.look(v.deadline(n))
			}
		}
		if !waits && a.due(v, i) {
			a.start = append(a.start, i)
		}
	}
}

// end stops what runs, dependents first, and has the host ports given back of what ended by itself.
func (a *action) end(v view) {
	for i := range v.facts {
		f := &v.facts[i]
		switch {
		case f.call == queued || f.call == starting:
			a.cancel = true
		case f.call != idle:
		case v.alive(i) && f.freed:
			a.look(f.again)
		case v.alive(i) && !v.needed(i) || v.holds(i):
			if a.due(v, i) {
				a.stop = append(a.stop, i)
			}
		}
	}
}

// clean stops what runs against the row of a stopped task, and removes what was kept long enough.
func (a *action) clean(v view) {
	for i := range v.facts {
		f := &v.facts[i]
		switch {
		case f.call == queued || f.call == starting:
			a.cancel = true
		case f.call != idle || !a.due(v, i):
		case f.phase == running && !f.freed:
			a.stop = append(a.stop, i)
		case v.expired && f.present():
			a.remove = append(a.remove, i)
		}
	}
}

// due reports whether the time for another call about container i has come, and else asks to look again.
func (a *action) due(v view, i int) bool {
	at := v.facts[i].again
	if !at.After(v.now) {
		return true
	}
	a.look(at)
	return false
}

// look asks to look again at the given time.
func (a *action) look(at time.Time) {
	if !at.IsZero() && (a.again.IsZero() || at.Before(a.again)) {
		a.again = at
	}
}

// over reports whether container i ended, or will never start.
func (v view) over(i int) bool {
	f := &v.facts[i]
	switch {
	case v.task.Containers[i].Is == model.Stopped:
		return true
	case f.call == queued || f.call == starting || v.restarts(i) || v.resumes(i):
		return false
	case f.err != nil || v.fails[i] != nil || f.phase == ended || f.phase == gone:
		return true
	case f.phase == running:
		return f.freed && !f.again.After(v.now) // its end was never told
	}
	return v.known && v.task.Is >= model.Running
}

// alive reports whether container i runs or is about to.
func (v view) alive(i int) bool {
	f := &v.facts[i]
	return !v.over(i) && (f.call == starting || f.phase == running)
}

// holds reports whether container i ended, or never ran, but its host ports, or the network of its task, may still be
// taken.
func (v view) holds(i int) bool {
	f := &v.facts[i]
	switch {
	case f.freed:
		return false
	case f.phase == ended:
		return len(f.made.Bindings) > 0 || f.made.Net.IP != ""
	}
	return f.phase == created && f.made.Net.IP != "" // a daemon ended before it started it
}

// needed reports whether a container that is alive depends on container i.
func (v view) needed(i int) bool {
	for j, ns := range v.needs {
		if v.alive(j) && slices.ContainsFunc(ns, func(n need) bool { return n.on == i }) {
			return true
		}
	}
	return false
}
