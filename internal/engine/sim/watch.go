package sim

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
)

// watcher is one Watch: what it has yet to tell, and a token when that is something.
type watcher struct {
	queue []engine.Event
	wake  chan struct{}
}

func (w *watcher) add(evs ...engine.Event) {
	w.queue = append(w.queue, evs...)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Watch tells what becomes of the containers, from one goroutine, until ctx ends.
func (r *Runtime) Watch(ctx context.Context, tell func(engine.Event)) error {
	w := &watcher{wake: make(chan struct{}, 1)}
	r.mu.Lock()
	r.watchers[w] = struct{}{}
	if r.lost == nil {
		w.add(r.all()...)
	} else {
		w.add(engine.Event{Kind: engine.Lost, At: time.Now().UTC(), Err: r.away()})
	}
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.watchers, w)
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.wake:
		}
		r.mu.Lock()
		evs := w.queue
		w.queue = nil
		r.mu.Unlock()
		for _, ev := range evs {
			if ctx.Err() != nil {
				return nil
			}
			tell(ev)
		}
	}
}

// all describes every container, in a fixed order, and ends with Synced.
func (r *Runtime) all() []engine.Event {
	boxes := slices.SortedFunc(maps.Values(r.containers), func(a, b *box) int {
		return cmp.Or(cmp.Compare(a.scope.String(), b.scope.String()), cmp.Compare(a.task, b.task), cmp.Compare(a.container, b.container))
	})
	evs := make([]engine.Event, 0, len(boxes)+1)
	for _, b := range boxes {
		evs = append(evs, b.event(engine.Seen))
	}
	told := map[*plug]bool{}
	for _, b := range boxes {
		if g := b.plug; g != nil && g.gone && g.running > 0 && !told[g] {
			told[g] = true
			evs = append(evs, g.told())
		}
	}
	return append(evs, engine.Event{Kind: engine.Synced, At: time.Now().UTC()})
}

// tell queues an event for every watcher, unless the engine is lost.
func (r *Runtime) tell(ev engine.Event) {
	if r.lost != nil {
		return
	}
	for w := range r.watchers {
		w.add(ev)
	}
}

// Lose makes the engine stop answering. Containers go on; what happens to them is not told.
func (r *Runtime) Lose(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost != nil {
		return
	}
	r.lost = err
	for w := range r.watchers {
		w.add(engine.Event{Kind: engine.Lost, At: time.Now().UTC(), Err: r.away()})
	}
}

// Return makes it answer again.
func (r *Runtime) Return() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost == nil {
		return
	}
	r.lost = nil
	evs := r.all()
	for w := range r.watchers {
		w.add(evs...)
	}
}

// End ends the containers of the task that have the name, in whatever scope, by themselves, and
// reports how many ran.
func (r *Runtime) End(task, container string, exit int) int {
	return r.each(task, container, func(b *box) { r.end(b, exit, false) })
}

// KillForMemory ends them as the kernel does when their memory limit is reached.
func (r *Runtime) KillForMemory(task, container string) int {
	return r.each(task, container, func(b *box) { r.end(b, 137, true) })
}

// SetHealth makes their health checks, if they have any, pass or fail from now on.
func (r *Runtime) SetHealth(task, container string, h model.Health) int {
	return r.each(task, container, func(b *box) {
		if b.checked && b.health != h {
			b.health = h
			r.tell(b.event(engine.Changed))
		}
	})
}

func (r *Runtime) each(task, container string, do func(*box)) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.boxes(task, container) {
		if b.state == engine.Running {
			do(b)
			n++
		}
	}
	return n
}

func (r *Runtime) boxes(task, container string) (bs []*box) {
	for _, b := range r.containers {
		if b.task == task && b.container == container {
			bs = append(bs, b)
		}
	}
	return bs
}

// Running counts the containers that run.
func (r *Runtime) Running() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.containers {
		if b.state == engine.Running {
			n++
		}
	}
	return n
}
