package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// Pauses between attempts to reach an engine that went away: first and longest.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
)

// backlog is how many events may wait for the reader. An engine drops events that nobody takes,
// so with more than that waiting everything is listed anew.
const backlog = 8192

// Watch tells what becomes of the owner's containers, from one goroutine, until ctx ends. Whenever
// the engine's event stream breaks it tells Lost, connects again and tells everything anew.
func (r *Runtime) Watch(ctx context.Context, tell func(engine.Event)) error {
	pause, lost := firstPause, false
	for {
		synced, err := r.follow(ctx, tell)
		if ctx.Err() != nil {
			return nil
		}
		if synced {
			pause, lost = firstPause, false
			err = fmt.Errorf("the Docker engine at %s went away: %w", r.cli.DaemonHost(), err)
		} else {
			err = r.unanswered(err)
		}
		if !lost {
			tell(engine.Event{Kind: engine.Lost, At: time.Now().UTC(), Err: err})
			lost = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

// follow listens first, lists then, and tells events until the stream breaks; synced says that it
// got as far as Synced.
func (r *Runtime) follow(ctx context.Context, tell func(engine.Event)) (synced bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	queue, broken := make(chan events.Message, backlog), make(chan error, 1)
	done := make(chan struct{})
	defer func() { cancel(); <-done }()
	msgs, errs := r.cli.Events(ctx, events.ListOptions{
		// The engine answers the request a moment before it listens; what happened in between
		// comes out of its memory.
		Since: stamp(time.Now().Add(-time.Second)),
		Filters: r.ours(filters.Arg("type", "container"), filters.Arg("event", "start"), filters.Arg("event", "die"),
			filters.Arg("event", "oom"), filters.Arg("event", "destroy"), filters.Arg("event", "health_status")),
	})
	go func() {
		defer close(done)
		broken <- pump(msgs, errs, queue)
	}()
	select {
	case err := <-broken:
		return false, err
	default:
	}
	t := teller{r: r, tell: tell, oom: map[string]time.Time{}}
	if err := t.list(ctx, queue); err != nil {
		return false, err
	}
	for {
		select {
		case m := <-queue:
			t.one(m)
		case ev := <-r.told:
			tell(ev)
		case err := <-broken:
			for len(queue) > 0 {
				t.one(<-queue)
			}
			return true, err
		}
	}
}

// pump moves events to the queue, so that the engine never waits for us.
func pump(msgs <-chan events.Message, errs <-chan error, queue chan<- events.Message) error {
	for {
		select {
		case m := <-msgs:
			select {
			case queue <- m:
			default:
				return fmt.Errorf("more than %d events waited", backlog)
			}
		case err := <-errs:
			if err == nil || errors.Is(err, io.EOF) {
				err = errors.New("it closed the event stream")
			}
			return err
		}
	}
}

// The kernel tells that it killed a process of a container, not which: it may be a child that the
// container survived. A container that ends by SIGKILL within the window was killed for memory.
// Asking the engine instead would wait for its clean-up, some 100 ms.
const (
	killedExit = 137
	oomWindow  = 5 * time.Second
)

// outOfMemory reports whether the kernel killed a container for memory. The engine says so of every
// container of a task that had no memory left, also of those that lived on and ended otherwise.
func outOfMemory(s *container.State) bool { return s.OOMKilled && s.ExitCode == killedExit }

func stamp(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }

// teller turns what the engine says into engine.Events.
type teller struct {
	r    *Runtime
	tell func(engine.Event)
	oom  map[string]time.Time // containers in which the kernel killed something, and when
}

// one tells one event.
func (t *teller) one(m events.Message) {
	if ev, ok := t.event(m); ok {
		t.tell(ev)
	}
}

// event translates one message of the engine, if it says something to us.
func (t *teller) event(m events.Message) (ev engine.Event, ok bool) {
	id, attrs := m.Actor.ID, m.Actor.Attributes
	ev = event(engine.Changed, id, attrs)
	ev.At = time.Unix(0, m.TimeNano).UTC()
	if helps(attrs) {
		t.r.boxEvent(m)
		return t.pauseEnded(m, ev)
	}
	action, detail, _ := strings.Cut(string(m.Action), ": ")
	switch events.Action(action) {
	case events.ActionStart:
		ev.State = engine.Running
	case events.ActionOOM:
		t.oom[id] = ev.At
		return ev, false
	case events.ActionDie:
		ev.State = engine.Exited
		ev.Exit, _ = strconv.Atoi(attrs["exitCode"])
		at, killed := t.oom[id]
		ev.OOM = killed && ev.Exit == killedExit && ev.At.Sub(at) < oomWindow
		delete(t.oom, id)
	case events.ActionDestroy:
		ev.State = engine.Removed
		delete(t.oom, id)
		t.r.taskGroups(context.Background()).drop(ev.Task)
		t.r.later(specOf(attrs)) // perhaps it was not removed by us
	case events.ActionHealthStatus:
		ev.State, ev.Health = engine.Running, health(detail, attrs)
		return ev, ev.Health != ""
	default:
		return ev, false
	}
	return ev, true
}

// pauseEnded tells that the containers that joined a pause run on without it.
func (t *teller) pauseEnded(m events.Message, ev engine.Event) (engine.Event, bool) {
	id, attrs := m.Actor.ID, m.Actor.Attributes
	if m.Action != events.ActionDie || attrs[labelBox] != netbox.RolePause {
		return ev, false
	}
	t.r.pools.lose(id)
	p := placeOf(attrs)
	if at, known := t.r.claims.LoadAndDelete(id); known {
		p = at.(engine.Place)
	}
	lost := engine.Event{Kind: engine.Unplugged, At: ev.At, Scope: p.Scope, Task: p.Task, Net: engine.Net{ID: id}}
	if c := t.r.channels.of(id); p.Container != "" && p.Task != "" && (c == nil || !c.leaving.Load()) {
		t.r.notes.Go(func() { t.r.unlessFallen(p.Instance, lost) })
		return ev, false
	}
	return lost, p.Task != ""
}
