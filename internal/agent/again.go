package agent

import (
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
)

// restartPeriod is how long a container must run before it is started again, unless its definition
// says otherwise.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerRestartPolicy.html
const restartPeriod = 300 * time.Second

// restarts reports whether container i ended and is to be started again, in place: its policy says
// so, the exit code is not one to ignore, and it ran long enough. The period is counted from its
// last start, as in the ECS agent.
func (v view) restarts(i int) bool {
	f := &v.facts[i]
	if v.task.Want != model.Running || f.phase != ended || f.call != idle || f.err != nil || f.exit == nil || f.since.IsZero() ||
		v.task.Containers[i].Is == model.Stopped || v.failed(i) {
		return false
	}
	c, _ := v.def.Container(v.task.Containers[i].Name)
	p := c.RestartPolicy
	if p == nil || p.Enabled == nil || !*p.Enabled || slices.Contains(p.IgnoredExitCodes, int32(*f.exit)) {
		return false
	}
	period := restartPeriod
	if p.RestartAttemptPeriod != nil {
		period = time.Duration(*p.RestartAttemptPeriod) * time.Second
	}
	return f.over.Sub(f.since) >= v.scale.Of(period)
}

func (v view) failed(i int) bool { return i < len(v.fails) && v.fails[i] != nil }

// resumes reports whether the start of container i, which ended once, was not answered yet.
func (v view) resumes(i int) bool {
	f := &v.facts[i]
	return v.task.Want == model.Running && f.restart && f.phase == created && f.call == idle && f.err == nil
}

// queue notes that the container waits for its start. What ended once is as if it never ran, but
// that its exit code counts until it runs.
func (f *fact) queue() {
	if f.phase == ended {
		f.phase, f.oom, f.since, f.over, f.again, f.freed, f.restart = created, false, time.Time{}, time.Time{}, time.Time{}, false, true
	}
	f.call = queued
}

// anew makes s start the container that is there again, if that is what is asked for.
func (f *fact) anew(s *engine.Spec) {
	if f.restart {
		s.Again = f.made.RuntimeID
	}
}
