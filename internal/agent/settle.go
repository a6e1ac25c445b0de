package agent

import (
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The sentences that ECS gives for the end of a task and of a container.
const (
	reasonEssential = "Essential container in task exited"
	reasonMemory    = "OutOfMemoryError: Container killed due to memory usage"
	reasonUnplugged = reasonEssential + ": the pause container, which holds the network of the task"
	reasonGone      = "CannotInspectContainerError: the container is not on the engine any more"
)

// settle returns how the row should stand: the end of a task that cannot go on, its status, and
// its containers as the engine told them.
func settle(v view) model.Task {
	t := v.task
	if t.Is == model.Stopped || !t.Placed() && t.Want == model.Running {
		return t
	}
	if code, reason := v.fate(); code != "" {
		t.End(code, reason, v.now)
	}
	is := v.standing(t)
	if v.told(t, is) {
		t.Containers = v.containers(t, is)
		t.Times.PullStarted, t.Times.PullStopped = v.pulls(t.Times)
	}
	if is == model.Running && t.Times.Connected.IsZero() {
		t.Times.Connected = v.now
	}
	if is == model.Stopped && v.ran() {
		advance(&t, model.Deprovisioning, v.now)
	}
	if t.Is == model.Provisioning && t.Want == model.Running && is > t.Is { // its interface comes with its first container
		advance(&t, model.Pending, v.now)
	}
	advance(&t, is, v.now)
	return t
}

// advance moves t to s unless it stands there or beyond.
func advance(t *model.Task, s model.Status, now time.Time) {
	if s > t.Is {
		_ = t.Advance(s, now) // forward by the test above
	}
}

// fate says why the task cannot go on by itself: the code is empty when it can.
func (v view) fate() (types.TaskStopCode, string) {
	if !v.task.Placed() {
		return "", ""
	}
	lost, left := false, false
	for i, c := range v.task.Containers {
		if v.fails[i] != nil && c.Essential && v.task.Is < model.Running {
			return types.TaskStopCodeTaskFailedToStart, v.fails[i].Error()
		}
		lost = lost || c.Essential && v.over(i)
		left = left || !v.over(i)
	}
	switch {
	case lost || !left:
		return types.TaskStopCodeEssentialContainerExited, reasonEssential
	case v.unplugged() && v.task.Is < model.Running:
		return types.TaskStopCodeTaskFailedToStart, reasonUnplugged
	case v.unplugged():
		return types.TaskStopCodeEssentialContainerExited, reasonUnplugged
	}
	return "", ""
}

// standing returns the status that t has come to.
func (v view) standing(t model.Task) model.Status {
	switch {
	case !t.Placed():
		return model.Stopped
	case t.Want == model.Running:
		return v.rising(t)
	case v.drains(t):
		return model.Deactivating
	case !v.known && t.Is < model.Running:
		return t.Is
	case !v.known || v.any(view.alive):
		return max(t.Is, model.Stopping)
	case v.any(view.holds):
		return max(t.Is, model.Deprovisioning)
	}
	return model.Stopped
}

// rising returns the status of a task that is to run.
func (v view) rising(t model.Task) model.Status {
	if !v.known || t.Is >= model.Running {
		return t.Is
	}
	if v.any(view.rests) {
		return model.Activating
	}
	return model.Running
}

// rests reports whether container i still has to start.
func (v view) rests(i int) bool {
	f := &v.facts[i]
	return !v.over(i) && (f.phase != running || f.call == starting || v.task.Is <= model.Activating && f.found)
}

// drains reports whether t, which is to stop, still runs for the sake of requests under way.
func (v view) drains(t model.Task) bool {
	if !v.bound || t.Is != model.Running && t.Is != model.Deactivating || v.unplugged() {
		return false
	}
	return !v.any(func(v view, i int) bool { return v.task.Containers[i].Essential && v.over(i) })
}

// told reports whether the containers are written now. While a task starts they are not, so that
// an ordinary start is one commit, unless one of them has to wait for another.
func (v view) told(t model.Task, is model.Status) bool {
	if t.Want == model.Stopped || is >= model.Running {
		return true
	}
	return v.any(func(v view, i int) bool {
		return v.rests(i) && slices.ContainsFunc(v.needs[i], func(n need) bool { return !v.met(n) })
	}) && v.any(func(v view, i int) bool { return !v.rests(i) })
}

// containers returns the rows of the containers as the engine told them.
func (v view) containers(t model.Task, is model.Status) []model.Container {
	cs := slices.Clone(t.Containers)
	for i := range cs {
		c, f := &cs[i], &v.facts[i]
		if f.made.RuntimeID != "" {
			c.RuntimeID = f.made.RuntimeID
		}
		if f.made.Digest != "" {
			c.Digest = f.made.Digest
		}
		if len(f.made.Bindings) > 0 {
			c.Bindings = f.made.Bindings
		}
		if f.health != "" {
			c.Health = f.health
		}
		switch {
		case c.Is == model.Stopped:
		case v.over(i) || is >= model.Deprovisioning:
			c.Is, c.Exit, c.Reason = model.Stopped, f.exit, v.ending(i)
		case !v.rests(i):
			c.Is = model.Running
		}
	}
	return cs
}

// ending says why container i ended; empty when its exit code says it all.
func (v view) ending(i int) string {
	f, c := &v.facts[i], &v.task.Containers[i]
	switch {
	case f.oom:
		return reasonMemory
	case v.fails[i] != nil:
		return v.fails[i].Error()
	case f.exit == nil && (f.phase == gone || f.phase <= created && c.Is == model.Running):
		return reasonGone
	}
	return ""
}

// pulls returns when the first pull of the task began and the last one ended.
func (v view) pulls(times model.TaskTimes) (began, over time.Time) {
	began, over = times.PullStarted, times.PullStopped
	for i := range v.facts {
		m := &v.facts[i].made
		if !m.PullStarted.IsZero() && (began.IsZero() || m.PullStarted.Before(began)) {
			began = m.PullStarted
		}
		if m.PullStopped.After(over) {
			over = m.PullStopped
		}
	}
	return began, over
}

// ran reports whether any container of the task ever ran.
func (v view) ran() bool {
	return !v.task.Times.Started.IsZero() || v.any(func(v view, i int) bool { return v.facts[i].phase >= running })
}

func (v view) any(is func(view, int) bool) bool {
	for i := range v.facts {
		if is(v, i) {
			return true
		}
	}
	return false
}

// same reports whether a and b differ in nothing that the agent writes.
func same(a, b *model.Task) bool {
	return a.Is == b.Is && a.Want == b.Want && a.Version == b.Version && a.Times == b.Times &&
		slices.EqualFunc(a.Containers, b.Containers, sameContainer)
}

func sameContainer(a, b model.Container) bool {
	return a.Is == b.Is && a.RuntimeID == b.RuntimeID && a.Digest == b.Digest && a.Reason == b.Reason &&
		a.Health == b.Health && (a.Exit == nil) == (b.Exit == nil) && (a.Exit == nil || *a.Exit == *b.Exit) &&
		slices.Equal(a.Bindings, b.Bindings)
}
