package docker

import (
	"context"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
)

// list tells every container as Seen, then Synced, then the events that came meanwhile and that say
// more than the list did.
func (t *teller) list(ctx context.Context, queue <-chan events.Message) error {
	cs, err := t.r.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: t.r.ours()})
	if err != nil {
		return err
	}
	t.r.taskGroups(ctx).sweep()
	users := t.r.claimed(cs)
	t.r.foundBoxes(ctx, cs)
	silent := t.r.silent(cs) // before some are removed
	t.r.assign(ctx, cs, users)
	t.r.unlead(ctx, cs, silent)
	known, standing := map[string]engine.State{}, plugs(cs)
	for _, c := range cs {
		if helps(c.Labels) {
			continue
		}
		ev, ok, err := t.seen(ctx, c, standing)
		if err != nil {
			return err
		}
		if ok {
			known[c.ID] = ev.State
			t.tell(ev)
		}
		if lost, ok := unplugged(ev); ok {
			t.tell(lost)
		}
	}
	t.tell(engine.Event{Kind: engine.Synced, At: time.Now().UTC()})
	t.catchUp(queue, known)
	return nil
}

// catchUp tells of the events that waited while containers were listed what the list did not know.
func (t *teller) catchUp(queue <-chan events.Message, known map[string]engine.State) {
	waiting := make([]events.Message, len(queue))
	gone := map[string]bool{}
	for i := range waiting {
		waiting[i] = <-queue
		gone[waiting[i].Actor.ID] = gone[waiting[i].Actor.ID] || waiting[i].Action == events.ActionDestroy
	}
	for _, m := range waiting {
		ev, ok := t.event(m)
		old, listed := known[ev.RuntimeID]
		switch {
		case ok && ev.Kind == engine.Unplugged:
			t.tell(ev)
		case !ok, gone[ev.RuntimeID] && ev.State != engine.Removed, listed && ev.State < old,
			listed && ev.State == old && ev.Health == "":
		default:
			known[ev.RuntimeID] = ev.State
			t.tell(ev)
		}
	}
}

// seen describes a listed container, in one of the standing namespaces if it joined one. Those being
// removed are as good as gone.
func (t *teller) seen(ctx context.Context, c container.Summary, standing map[string]bool) (ev engine.Event, ok bool, err error) {
	ev = event(engine.Seen, c.ID, c.Labels)
	ev.At, ev.Net = time.Now().UTC(), plugged(c, standing)
	switch c.State {
	case container.StateCreated:
		ev.State, ev.Bindings = engine.Created, bindings(c.Labels, ev.Net)
	case container.StateRunning, container.StatePaused, container.StateRestarting:
		ev.State, ev.Bindings, ev.Health = engine.Running, bindings(c.Labels, ev.Net), health(c.Status, c.Labels)
	case container.StateRemoving:
		return ev, false, nil
	default: // exited, dead
		if ev.Net.IP == "" {
			ev.Net = engine.Net{}
		}
		in, there, err := t.r.own(ctx, c.ID)
		if err != nil || !there {
			return ev, false, err
		}
		ev.State, ev.Exit, ev.OOM = engine.Exited, in.State.ExitCode, outOfMemory(in.State)
		if at, err := time.Parse(time.RFC3339Nano, in.State.FinishedAt); err == nil {
			ev.At = at.UTC()
		}
		if at, err := time.Parse(time.RFC3339Nano, in.State.StartedAt); err == nil && at.Year() > 1 {
			ev.Began = at.UTC()
		}
	}
	return ev, true, nil
}

// claimed finds out whose the listed pauses are, and notes it before any of them is attached to: what asks
// from inside at once is known.
func (r *Runtime) claimed(cs []container.Summary) map[string]engine.Place {
	users := map[string]engine.Place{}
	for _, c := range cs {
		if id, ok := strings.CutPrefix(c.HostConfig.NetworkMode, "container:"); ok && !helps(c.Labels) && c.Labels[labelNetwork] != "host" {
			p := placeOf(c.Labels)
			if c.Labels[labelNetwork] == engine.NetworkTask {
				p.Container = ""
			}
			users[id] = p
		}
	}
	for _, c := range cs {
		if p, used := users[c.ID]; used && c.State == container.StateRunning {
			r.claims.Store(c.ID, p)
		}
	}
	return users
}

// whose is the place of a box: who claimed it, or what its labels tell.
func (r *Runtime) whose(id string, labels map[string]string) engine.Place {
	if at, known := r.claims.Load(id); known {
		return at.(engine.Place)
	}
	return placeOf(labels)
}

// assign hands the listed pauses to their users. Those of nobody go, unless something is just being made
// there: a daemon ended between making, or removing, the two.
func (r *Runtime) assign(ctx context.Context, cs []container.Summary, users map[string]engine.Place) {
	tasks := map[string]bool{}
	for _, c := range cs {
		if !helps(c.Labels) {
			tasks[c.Labels[labelTask]] = true
		}
	}
	for _, c := range cs {
		p, used := users[c.ID]
		switch task := c.Labels[labelPause]; {
		case task != "" && !tasks[task]:
			r.later(engine.Spec{Scope: scopeOf(c.Labels), Task: task, PID: engine.ShareTask})
		case c.Labels[labelBox] != netbox.RolePause:
		case !used:
			r.stray(ctx, c)
		default:
			r.occupied(c, p)
		}
	}
}

// stray removes a pause that nobody joined.
func (r *Runtime) stray(ctx context.Context, c container.Summary) {
	if c.State != container.StateRunning {
		r.pools.lose(c.ID)
	}
	name := strings.TrimPrefix(c.Names[0], "/")
	spare := r.pools.has(c.ID, name) // before whose it is: it is claimed before it is no spare one
	p := r.whose(c.ID, c.Labels)
	switch {
	case p.Container != "":
		r.later(engine.Spec{Scope: p.Scope, Task: p.Task, Container: p.Container, Instance: p.Instance, Network: "bridge"})
	case p.Task != "":
		r.later(engine.Spec{Scope: p.Scope, Task: p.Task, Network: engine.NetworkTask})
	case spare:
	case strings.HasPrefix(name, r.spareName()):
		r.notes.Go(func() { _ = r.undoBox(r.life, c.ID, nil) })
	default: // a daemon that ended took it for a container that it did not make: whoever makes that now wants the name
		_ = r.undoBox(ctx, c.ID, nil)
	}
}
