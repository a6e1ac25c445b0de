package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// lane holds the calls of one kind that wait for their turn, first come first served.
type lane struct {
	most, busy int
	wait       []job
	head       int
}

const (
	laneStart = iota
	laneStop
	laneRemove
)

// job names the container that a call is about.
type job struct {
	task key
	name string
}

// answer is how a call ended.
type answer struct {
	job
	lane    int
	round   int64 // of Seen, when it was made
	started engine.Started
	err     error
}

// errGivenUp stands for the failure of a start that nobody wants any more.
var errGivenUp = errors.New("the start was given up")

func (l *lane) push(j job) { l.wait = append(l.wait, j) }

// pop returns the next job for which there is room.
func (l *lane) pop() (job, bool) {
	if l.busy >= l.most || l.head == len(l.wait) {
		return job{}, false
	}
	j := l.wait[l.head]
	l.wait[l.head] = job{}
	l.head++
	if l.head == len(l.wait) {
		l.wait, l.head = nil, 0
	}
	return j, true
}

// launch begins the calls for which there is room. While the engine is away none begins.
func (a *Agent) launch(tx *store.Tx) {
	if !a.link.up {
		return
	}
	for n := range a.lanes {
		for j, ok := a.lanes[n].pop(); ok; j, ok = a.lanes[n].pop() {
			if w := a.work[j.task]; w != nil {
				a.begin(tx, n, j, w)
			}
		}
	}
}

// begin starts the goroutine of one call.
func (a *Agent) begin(tx *store.Tx, n int, j job, w *work) {
	f := w.fact(j.name)
	id := f.made.RuntimeID
	var do func() (engine.Started, error)
	switch n {
	case laneStart:
		if f.call != queued { // given up while it waited
			return
		}
		spec, err := a.spec(tx, j)
		if err != nil {
			f.call, f.err = idle, err
			a.dirty.add(j.task)
			return
		}
		if w.starts == nil {
			w.starts, w.cancel = context.WithCancel(a.ctx)
		}
		ctx := w.starts
		f.call = starting
		f.anew(&spec)
		do = func() (engine.Started, error) { return startOn(ctx, a.rt, spec) }
	case laneStop:
		grace := a.grace(tx, j, f)
		do = func() (engine.Started, error) { return engine.Started{}, a.rt.Stop(a.ctx, id, grace) }
	case laneRemove:
		do = func() (engine.Started, error) { return engine.Started{}, a.rt.Remove(a.ctx, id) }
	}
	a.lanes[n].busy++
	r := answer{job: j, lane: n, round: a.link.round}
	a.calls.Go(func() {
		r.started, r.err = do()
		select {
		case a.answer <- r:
		case <-a.ctx.Done():
		}
	})
}

// answered takes in how a call ended.
func (a *Agent) answered(r answer) {
	a.lanes[r.lane].busy--
	w := a.work[r.task]
	if w == nil {
		return
	}
	now := time.Now()
	f := w.fact(r.name)
	switch r.lane {
	case laneStart:
		err := r.err
		switch {
		case err == nil:
		case w.starts.Err() != nil:
			err = errGivenUp
		case !a.link.up || r.round != a.link.round:
			err = fmt.Errorf("the engine went away: %s", err) // what it said last means nothing
		}
		f.started(r.started, err, r.round, now)
		w.settled()
	case laneStop:
		f.stopped(r.err, now)
	case laneRemove:
		f.removed(r.err, now)
	}
	if r.err != nil {
		a.c.Log.Warn("engine call failed", "call", [...]string{"start", "stop", "remove"}[r.lane],
			"task", r.task.id, "container", r.name, "err", r.err)
	}
	a.dirty.add(r.task)
}

// event takes in what the engine told of a container or of itself.
func (a *Agent) event(e engine.Event) {
	switch e.Kind {
	case engine.Synced:
		a.synced()
	case engine.Lost:
		a.lost(e.Err)
	}
	switch e.Kind {
	case engine.Synced, engine.Lost, engine.HostDown:
		if a.c.Told != nil {
			a.c.Told(e)
		}
		return
	}
	k := key{e.Scope, e.Task}
	w := a.work[k]
	if e.Kind == engine.Unplugged {
		if w != nil { // a container of it was told of before
			w.cut = e.Net.ID
			a.dirty.add(k)
		}
		return
	}
	if w == nil {
		if e.State == engine.Removed {
			return
		}
		w = &work{}
		a.work[k] = w
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	w.fact(e.Container).see(e, a.link.round)
	if e.Kind != engine.Seen { // those seen are looked at together, once all are known
		a.dirty.add(k)
	}
}

// commit writes the rows of the tasks, and what the engine's coming and going changes.
func (a *Agent) commit(ks []key) {
	if len(ks) == 0 && !a.link.pending() {
		return
	}
	type move struct {
		to                    model.Status
		task, service, reason string
	}
	var moves []move
	err := a.s.Update(model.Scope{}, func(tx *store.Tx) error {
		for _, k := range ks {
			in := tx.In(k.scope)
			w := a.work[k]
			t, ok := store.Tasks.Get(in, k.id)
			if !ok || w == nil {
				continue
			}
			row := next(a.view(tx, k, w, t)).row
			store.Tasks.Put(in, row)
			if row.Is == model.Stopped && row.ENI != nil { // as on ECS, it goes with the task
				nic.Release(in, row.ID)
			}
			if row.Is != t.Is {
				moves = append(moves, move{row.Is, row.ID, row.Birth.Service, row.Stop.Reason})
			}
		}
		a.connect(tx)
		return nil
	})
	if err != nil {
		a.c.Log.Error("cannot write what the engine told", "tasks", len(ks), "err", err)
		at := time.Now().Add(retry)
		for _, k := range ks {
			a.alarms.set(at, k)
		}
		return
	}
	a.link.written()
	for _, m := range moves {
		a.c.Log.Info("task "+m.to.String(), "task", m.task, "service", m.service, "reason", m.reason)
	}
}
