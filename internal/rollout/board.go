package rollout

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// standing is what a copy is good for.
type standing int8

const (
	leaving standing = iota // was asked to stop
	idle                    // does not run yet
	warming                 // runs, not yet healthy
	failing                 // runs, its health checks fail
	ready
)

// board is the state of one decision.
type board struct {
	s           Service
	now         time.Time
	copies      []Copy
	is          []standing
	plan        Plan
	most, least int
	fresh       int // current, not stale, not stopping
	live        int // not stopping
	ready       int
	blocked     int // copies that are missing but that maximumPercent forbids
	zones       map[string]int
	instances   map[string]int
	providers   map[string]int // of fresh copies
	freed       map[string]int // by instance: what stopped copies give back of the packed resource
	allowed     int            // copies that maximumPercent lets start, throttled or not
	capped      int            // those missing that it does not
	spots       []map[string]int
	coming      map[int]bool // newcomers of a rebalance that are not ready yet
}

func newBoard(now time.Time, s Service, copies []Copy) *board {
	b := &board{s: s, now: now, copies: copies, is: make([]standing, len(copies)),
		most: s.Desired * s.MaxPercent / 100, least: (s.Desired*s.MinPercent + 99) / 100,
		zones: map[string]int{}, instances: map[string]int{}, providers: map[string]int{}, freed: map[string]int{}, spots: make([]map[string]int, len(s.Chain))}
	for n := range b.spots {
		b.spots[n] = map[string]int{}
	}
	for i, c := range copies {
		b.is[i] = b.stand(c)
		if b.is[i] == leaving {
			continue
		}
		b.live++
		b.count(c, 1)
		if b.is[i] == ready {
			b.ready++
		}
		if !b.stale(i) {
			b.fresh++
			b.providers[c.Provider]++
		}
	}
	b.plan.Because.Found = model.Found{Desired: s.Desired, Live: b.live, Current: b.fresh, Ready: b.ready, Max: s.MaxPercent, Min: s.MinPercent, Most: b.most, Least: b.least}
	b.coming = b.newcomers()
	return b
}

// count counts a copy, or counts it no longer.
func (b *board) count(c Copy, n int) {
	b.zones[c.Zone] += n
	b.instances[c.Instance] += n
	for step, spot := range c.Spots {
		b.spots[step][spot] += n
	}
}

// stand says what c is good for and notes when that may change.
func (b *board) stand(c Copy) standing {
	if c.Stopping {
		return leaving
	}
	failed, over := c.failed(b.now, b.s.Grace)
	ok, at := c.ready(b.now, b.s.Settling)
	b.again(over)
	b.again(at)
	switch {
	case failed:
		return failing
	case ok:
		return ready
	case c.Running:
		return warming
	}
	return idle
}

func (b *board) again(at time.Time) {
	if !at.IsZero() && (b.plan.Again.IsZero() || at.Before(b.plan.Again)) {
		b.plan.Again = at
	}
}

// old reports whether copy i is to go in any case.
func (b *board) old(i int) bool {
	return b.copies[i].Deployment != b.s.Primary || b.copies[i].Leaving
}

func (b *board) stale(i int) bool { return b.old(i) || b.is[i] == failing }

// start plans as many new copies as are missing and allowed.
func (b *board) start() {
	missing := max(0, b.s.Desired-b.fresh)
	allowed := min(missing, max(0, b.most-b.live))
	b.blocked, b.capped, b.allowed = missing-allowed, missing-allowed, allowed
	if allowed == 0 || b.hold() {
		return
	}
	b.plan.Start = allowed
	if b.s.Shares != nil {
		b.plan.Fresh = maps.Clone(b.providers)
	}
}

// hold reports whether starts are not to be now, the deployment having failed or by the throttle.
func (b *board) hold() bool {
	if b.s.Halted {
		return true
	}
	if b.now.Before(b.s.Until) {
		b.again(b.s.Until)
		b.plan.Held = true
	}
	return b.plan.Held
}

// kept reports whether protection keeps copy i from being stopped now.
func (b *board) kept(i int) bool {
	if !b.now.Before(b.copies[i].Protected) {
		return false
	}
	b.again(b.copies[i].Protected)
	return true
}

// keep notes the copies that would go if they were not protected.
func (b *board) keep() {
	for i := range b.copies {
		wanted := !b.old(i) && b.fresh-len(b.coming) <= b.s.Desired
		if b.is[i] != leaving && !wanted && b.kept(i) {
			b.plan.Kept = append(b.plan.Kept, b.copies[i].ID)
		}
	}
}

// stopAll stops every copy.
func (b *board) stopAll() {
	for i := range b.copies {
		b.stop(i, model.RuleEnding)
	}
}

// stop plans that copy i stops, by a rule.
func (b *board) stop(i int, by model.Rule) {
	if b.is[i] == leaving {
		return
	}
	c := b.copies[i]
	b.plan.Stop = append(b.plan.Stop, c.ID)
	b.plan.Because.stopped(by, c.ID)
	if b.is[i] == failing {
		b.plan.Failed = append(b.plan.Failed, c.ID)
	}
	if b.is[i] == ready {
		b.ready--
	}
	if !b.stale(i) {
		b.fresh--
		b.providers[c.Provider]--
	}
	b.live--
	b.count(c, -1)
	b.freed[c.Instance] += c.Needs
	b.is[i] = leaving
}

// stopIdle stops old copies that serve nobody. Those that only start make no way for a deployment
// that failed.
func (b *board) stopIdle() {
	for i := range b.copies {
		way := b.is[i] == idle && (!b.s.Halted || b.copies[i].Leaving) && !b.kept(i)
		if b.old(i) && (b.is[i] == failing || way) {
			b.stop(i, b.rule(i))
		}
	}
}

// stopFailing stops failing copies of the current deployment: all once enough others are ready or
// none is to come, else the oldest ones where maximumPercent leaves no room for their replacements.
func (b *board) stopFailing() {
	n := b.blocked
	if b.s.Halted || b.readyFresh() >= b.s.Desired {
		n = len(b.copies)
	}
	for ; n > 0; n-- {
		i := b.pick(func(i int) bool { return b.is[i] == failing }, b.oldest)
		if i < 0 {
			return
		}
		b.stop(i, model.RuleFailing)
	}
}

func (b *board) readyFresh() (n int) {
	for i := range b.copies {
		if b.is[i] == ready && !b.old(i) {
			n++
		}
	}
	return n
}

// stopReady stops old copies that run, as far as minimumHealthyPercent can spare them: those on
// leaving instances first. For a deployment that failed, no other makes way.
func (b *board) stopReady() {
	for _, from := range []func(int) bool{
		func(i int) bool { return b.copies[i].Leaving },
		func(i int) bool { return b.old(i) && !b.s.Halted },
	} {
		for {
			i := b.pick(func(i int) bool { return from(i) && b.spare(i) && !b.kept(i) }, b.crowded)
			if i < 0 {
				break
			}
			b.stop(i, b.rule(i))
		}
	}
}

// spare reports whether running copy i can go without taking the service below its minimum. A copy
// that is still warming up is kept while it may be needed.
func (b *board) spare(i int) bool {
	switch b.is[i] {
	case warming:
		return b.ready >= b.least
	case ready:
		return b.ready-1 >= b.least
	}
	return false
}

// stopSurplus stops copies of the current deployment beyond the desired count, those that are of
// least use first, and with a capacity provider strategy where a provider has more than its share.
// Newcomers of a rebalance that are not ready yet are no surplus.
func (b *board) stopSurplus() {
	by := model.RuleSurplus
	if b.s.Moving {
		by = model.RuleBalanced
	}
	for b.fresh-len(b.coming) > b.s.Desired {
		i := b.pick(func(i int) bool { return !b.stale(i) && b.is[i] != leaving && !b.coming[i] && !b.kept(i) }, func(i, j int) int {
			return cmp.Or(b.above(j)-b.above(i), cmp.Compare(b.is[i], b.is[j]), b.crowded(i, j))
		})
		if i < 0 {
			return
		}
		b.stop(i, by)
		if b.s.Moving {
			b.plan.Away = append(b.plan.Away, b.copies[i].ID)
		}
	}
}

// above returns 1 if the capacity provider of copy i has more copies than its share, else 0. A rebalance
// looks at zones only: else a newcomer might have to go again.
func (b *board) above(i int) int {
	if p := b.copies[i].Provider; b.s.Shares != nil && !b.s.Moving && b.providers[p] > b.s.Shares[p] {
		return 1
	}
	return 0
}

// pick returns the first of the copies that may go, in the order of before; -1 if none may.
func (b *board) pick(may func(int) bool, before func(i, j int) int) int {
	best := -1
	for i := range b.copies {
		if may(i) && (best < 0 || before(i, best) < 0) {
			best = i
		}
	}
	return best
}

// crowded puts the copies first whose going undoes the placement strategy step by step, then those in
// the fullest zone, then on the fullest instance, then the youngest.
func (b *board) crowded(i, j int) int {
	x, y := &b.copies[i], &b.copies[j]
	for n, step := range b.s.Chain {
		by := 0
		if step == Pack {
			by = cmp.Compare(b.after(j), b.after(i))
		} else {
			by = cmp.Compare(b.spots[n][y.Spots[n]], b.spots[n][x.Spots[n]])
		}
		if by != 0 {
			return by
		}
	}
	return cmp.Or(cmp.Compare(b.zones[y.Zone], b.zones[x.Zone]), cmp.Compare(b.instances[y.Instance], b.instances[x.Instance]),
		y.Created.Compare(x.Created), cmp.Compare(x.ID, y.ID))
}

// after returns how much of the packed resource is left on its instance once copy i is gone.
func (b *board) after(i int) int {
	c := b.copies[i]
	return c.Free + b.freed[c.Instance] + c.Needs
}

func (b *board) oldest(i, j int) int {
	x, y := b.copies[i], b.copies[j]
	return cmp.Or(x.Created.Compare(y.Created), cmp.Compare(x.ID, y.ID))
}

// judge says whether the service is where it should be, or cannot get there.
func (b *board) judge() {
	b.keep()
	idleNow := b.plan.Start == 0 && len(b.plan.Into) == 0 && len(b.plan.Stop) == 0 && !b.plan.Held
	settled := !slices.ContainsFunc(b.is, func(s standing) bool { return s != ready })
	b.plan.Steady = idleNow && settled && b.fresh == b.s.Desired && b.live == b.s.Desired && !b.s.Halted
	b.plan.Stuck = idleNow && settled && b.blocked > 0 && len(b.plan.Kept) == 0
	b.because()
}
