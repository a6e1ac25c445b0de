package lb

import (
	"context"
	"time"
)

// settle brings every touched group in line with what is known: first who gets requests, since
// that is what a dying target waits for, then everything else.
func (k *keeper) settle() {
	var left []*target
	for g := range k.dirty {
		left = append(left, g.swap(g.chosen())...)
	}
	for _, t := range left {
		if !t.leaving.Load() {
			t.abandon() // it is gone or sick; one that drains may finish what it began
		}
		t.transport.CloseIdleConnections()
	}
	for g := range k.dirty {
		for _, m := range g.members {
			k.attend(m)
		}
		if !g.known && !g.used && len(g.members) == 0 {
			delete(k.groups, g.id)
		}
	}
	clear(k.dirty)
	k.setOverdue()
}

// chosen is who gets the group's requests: the healthy, or, where there are none, every registered
// target: it fails open. AWS's page says so of groups that contain only unhealthy targets and is
// silent about those still initial; here they count as not healthy, so that 503 means what its page
// says, that a group has no registered target.
//
// A target in a zone that is not enabled gets nothing in any case.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func (g *groupState) chosen() []*target {
	var all, well []*target
	for _, m := range g.members {
		if !m.row.Draining.IsZero() || !m.runs || m.apart {
			continue
		}
		all = append(all, m.t)
		if m.health.serves() {
			well = append(well, m.t)
		}
	}
	if len(well) > 0 {
		return well
	}
	return all
}

// attend brings one target in line: draining, probing, and what is written of it.
func (k *keeper) attend(m *member) {
	if m.t.leaving.Load() && !m.row.Drained {
		k.draining[m] = struct{}{}
	} else {
		delete(k.draining, m)
	}
	k.watch(m)
	k.note(m)
}

// watch starts and stops the probing of a target. A group that no listener uses is not probed, nor a
// target in a zone that is not enabled; they start anew when that changes.
func (k *keeper) watch(m *member) {
	g, check := m.g, m.g.row.Check
	registered := g.known && g.used && m.row.Draining.IsZero() && m.runs && !m.apart
	switch {
	case m.apart && m.row.Draining.IsZero():
		m.health = health{TargetHealth: apart}
	case registered && !check.Enabled:
		m.health = health{TargetHealth: unchecked}
	case !g.used && m.row.Draining.IsZero(), registered && m.health.TargetHealth == apart:
		m.health = health{}
	}
	if m.stop != nil && (!registered || !check.Enabled || m.check != check) {
		m.unwatch()
	}
	if m.stop == nil && registered && check.Enabled {
		ctx, stop := context.WithCancel(k.p.stopping)
		m.check, m.stop = check, stop
		w := watching{of: m, target: m.t, health: health{TargetHealth: m.health.TargetHealth}, check: check, tell: k.verdicts}
		k.p.work.Go(func() { k.p.watchHealth(ctx, w) })
	}
}

// judge takes over what a probe found.
func (k *keeper) judge(v verdict) {
	m := v.of
	if v.ctx.Err() != nil {
		return // it left, or is probed by other rules by now
	}
	if m.health.State != v.health.State {
		k.p.log.Info("target health", "scope", m.id.scope, "target", m.id.key, "state", v.health.State, "was", m.health.State, "reason", v.health.Description)
	}
	m.health = v.health
	k.dirty[m.g] = struct{}{}
	k.settle()
}

// note finds out what is to be written of a target: its health, and that it is drained.
func (k *keeper) note(m *member) {
	drained := !m.row.Draining.IsZero() && !m.row.Drained && m.t.inflight.Load() == 0
	if drained {
		m.t.transport.CloseIdleConnections()
	}
	if drained || m.row.Health != m.health.TargetHealth {
		k.found.targets[m.id] = targetFinding{registered: m.row.Registered, health: m.health.TargetHealth, draining: m.row.Draining, drained: drained}
	}
}

// setOverdue sets the timer for the next deregistration delay that ends with requests under way.
func (k *keeper) setOverdue() {
	var next time.Time
	for m := range k.draining {
		if !m.t.gone.Load() && (next.IsZero() || m.row.Draining.Before(next)) {
			next = m.row.Draining
		}
	}
	if next.IsZero() {
		k.overdue.Stop()
		return
	}
	k.overdue.Reset(time.Until(next))
}

// cutOverdue ends the requests on targets whose deregistration delay is over.
func (k *keeper) cutOverdue() {
	now := time.Now()
	for m := range k.draining {
		if !now.Before(m.row.Draining) {
			m.t.cut()
			k.note(m)
		}
	}
	k.setOverdue()
}
