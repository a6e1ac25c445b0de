package rollout

import (
	"maps"
	"slices"
)

// Rebalancing over Availability Zones. It begins only from a settled service, so that it never races
// a deployment, a scaling or a replacement. What it starts is told from replacements by nothing: a
// copy that ends meanwhile leaves one newcomer less that another is to make way for.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html

// apart is by how many copies two zones differ when one is to move.
const apart = 2

// newcomers returns the copies of a rebalance under way that nobody makes way for yet. They are never
// more than are wanted at all.
func (b *board) newcomers() map[int]bool {
	coming := map[int]bool{}
	for i := range b.copies {
		if b.s.Moving && len(coming) < b.s.Desired && !b.old(i) && (b.is[i] == idle || b.is[i] == warming) {
			coming[i] = true
		}
	}
	return coming
}

// rebalance plans copies in the emptiest zones, as many as others can make way for later.
func (b *board) rebalance() {
	if len(b.s.Zones) == 0 || !b.settled() {
		return
	}
	count, movable := maps.Clone(b.zones), map[string]int{}
	for i, c := range b.copies {
		if b.is[i] == ready && !b.kept(i) {
			movable[c.Zone]++
		}
	}
	for range b.most - b.live {
		to := slices.MinFunc(slices.Sorted(slices.Values(b.s.Zones)), func(x, y string) int { return count[x] - count[y] })
		from := fullest(count, movable)
		if count[from]-count[to] < apart {
			break
		}
		count[to]++
		count[from]--
		movable[from]--
		b.plan.Into = append(b.plan.Into, to)
	}
	if len(b.plan.Into) > 0 && b.hold() {
		b.plan.Into = nil
	}
}

// settled reports whether the service has what it wants, but for copies that still stop.
func (b *board) settled() bool {
	return !b.s.Halted && b.plan.Start == 0 && len(b.plan.Stop) == 0 && b.fresh == b.s.Desired && b.live == b.fresh && b.ready == b.live
}

// fullest returns the zone with most copies of those from which one can move; empty for none.
func fullest(count, movable map[string]int) (from string) {
	for _, zone := range slices.Sorted(maps.Keys(movable)) {
		if movable[zone] > 0 && (from == "" || count[zone] > count[from]) {
			from = zone
		}
	}
	return from
}
