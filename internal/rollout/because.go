package rollout

import (
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Because says what a plan follows from: what was found, by which rule copies stop, and what keeps the
// plan from doing more. It only tells; nothing is decided by it.
type Because struct {
	Found   model.Found
	Stopped []model.StoppedBy
	Holds   []model.Hold
}

// stopped notes that a copy stops by a rule.
func (b *Because) stopped(by model.Rule, id string) {
	for i := range b.Stopped {
		if b.Stopped[i].Rule == by {
			b.Stopped[i].Tasks.Add(id)
			return
		}
	}
	s := model.StoppedBy{Rule: by}
	s.Tasks.Add(id)
	b.Stopped = append(b.Stopped, s)
}

// rule is by which rule copy i, which is to go in any case or fails, stops.
func (b *board) rule(i int) model.Rule {
	switch {
	case b.is[i] == failing:
		return model.RuleFailing
	case b.copies[i].Barred:
		return model.RuleBarred
	case b.copies[i].Leaving:
		return model.RuleLeaving
	case b.is[i] == idle:
		return model.RuleOldIdle
	}
	return model.RuleOld
}

// because writes down what keeps the plan from doing more.
func (b *board) because() {
	if b.capped > 0 {
		b.held(model.Hold{Bar: model.BarMaximum, N: b.capped})
	}
	if b.plan.Held {
		b.held(model.Hold{Bar: model.BarThrottle, N: b.allowed, Until: b.s.Until})
	}
	if b.s.Halted {
		b.held(model.Hold{Bar: model.BarFailed, N: max(0, b.s.Desired-b.fresh)})
	}
	b.needed()
	b.guarded()
	b.last()
	for _, of := range []struct {
		is  standing
		bar model.Bar
	}{{idle, model.BarStarting}, {warming, model.BarHealth}, {failing, model.BarHealth}} {
		b.waits(of.is, of.bar)
	}
	b.ends()
}

func (b *board) held(h model.Hold) { b.plan.Because.Holds = append(b.plan.Because.Holds, h) }

// needed names the old copies that minimumHealthyPercent keeps.
func (b *board) needed() {
	h := model.Hold{Bar: model.BarMinimum}
	for i := range b.copies {
		serves := b.is[i] == warming || b.is[i] == ready
		if serves && b.old(i) && !b.guards(i) && !(b.s.Halted && !b.copies[i].Leaving) && !b.copies[i].Last {
			h.Tasks.Add(b.copies[i].ID)
		}
	}
	if h.N = h.Tasks.N; h.N > 0 {
		b.held(h)
	}
}

// guarded names the copies that their protection keeps, and when the first one ends.
func (b *board) guarded() {
	if len(b.plan.Kept) == 0 {
		return
	}
	h := model.Hold{Bar: model.BarGuarded}
	kept := map[string]bool{}
	for _, id := range b.plan.Kept {
		kept[id] = true
	}
	for i := range b.copies {
		if c := &b.copies[i]; kept[c.ID] {
			h.Tasks.Add(c.ID)
			h.Until = sooner(h.Until, c.Protected)
		}
	}
	if h.N = h.Tasks.N; h.N > 0 {
		b.held(h)
	}
}

// guards reports whether copy i is protected. Unlike kept it asks for no other look.
func (b *board) guards(i int) bool { return b.now.Before(b.copies[i].Protected) }

// waits names the copies of the current deployment that stand somewhere, and until when those wait
// that only have to go on running.
func (b *board) waits(is standing, bar model.Bar) {
	h := model.Hold{Bar: bar}
	for i := range b.copies {
		if c := &b.copies[i]; b.is[i] == is && !b.old(i) {
			h.Tasks.Add(c.ID)
			if _, at := c.ready(b.now, b.s.Settling); is == warming {
				h.Until = sooner(h.Until, at)
			}
			h.Detail = c.awaits(is)
		}
	}
	if h.N = h.Tasks.N; h.N > 0 {
		b.held(h)
	}
}

// awaits is what keeps a copy from being ready.
func (c *Copy) awaits(is standing) string {
	switch {
	case is == idle:
		return ""
	case is == failing && c.Failing:
		return "its target is unhealthy"
	case c.Health == model.HealthUnhealthy:
		return "its container health check fails"
	case c.Balanced && !c.Serving:
		return "its target is not healthy yet"
	case c.Checked && c.Health != model.HealthHealthy:
		return "its container health check has not passed yet"
	}
	return "it has no health check and is healthy once it has run for a while"
}

// last names the daemons on draining instances that wait for other tasks there to go first.
func (b *board) last() {
	h := model.Hold{Bar: model.BarOthers}
	for i := range b.copies {
		if c := &b.copies[i]; c.Leaving && c.Last && b.is[i] != leaving {
			h.Tasks.Add(c.ID)
		}
	}
	if h.N = h.Tasks.N; h.N > 0 {
		b.held(h)
	}
}

// ends names the copies that still stop.
func (b *board) ends() {
	h := model.Hold{Bar: model.BarStopping}
	for i := range b.copies {
		if b.copies[i].Stopping {
			h.Tasks.Add(b.copies[i].ID)
		}
	}
	if h.N = h.Tasks.N; h.N > 0 {
		b.held(h)
	}
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
