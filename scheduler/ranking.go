package scheduler

import "slices"

// ranking keeps the eligible candidates of a room in the order in which a plan prefers them, so that
// a decision looks at the first that has the CPU and memory, and not at all of them.
//
// What a spread over an attribute counts is the same for all candidates of a bucket and changes for
// all of them at once. So candidates are parted into cells, one for each combination of buckets;
// within a cell the order does not depend on them, and only the best of each cell are compared.
//
// A ranking without a tally ranks as if the group that asks had no task anywhere. It serves every
// group: for an instance that has some, the group's own few instances are looked at one by one. A
// group with many gets a ranking of its own.
//
// Rankings follow the room's changes when they are asked, and are made anew when they fell behind.
type ranking struct {
	plan  *plan
	tally *tally // nil when no group's tasks count
	seen  int    // changes of the room followed so far
	keys  []key  // by candidate
	cell  []int32
	cells []*sorted
	index map[[maxChain]int32]int32 // buckets → cell
}

// key is what a candidate is ordered by within its cell, then by its index.
type key [maxChain + 1]int

const (
	few  = 64      // instances with tasks of a group, up to which they are looked at one by one
	many = 512     // from here on they never are, even if another group loses its ranking
	most = 250_000 // candidates in rankings of single groups, which bounds the memory they take
	// following one change of the room costs about as much as looking at so many instances
	worth = 16
)

// ranking returns the ranking that serves a tally, up to date.
func (r *Room) ranking(p *plan, t *tally, group string) *ranking {
	k := p.all
	if t != nil && (p.apart || p.distinct) && len(t.on) > few {
		if own := r.single(p, t, group); own != nil {
			k = own
		}
	}
	if k == nil {
		k = &ranking{plan: p, seen: -1}
		p.all = k
	}
	k.follow(r)
	return k
}

// single returns a group's own ranking when that costs less than to look at its instances one by
// one, else nil. One is made once the group's instances were looked at about as long as that takes.
func (r *Room) single(p *plan, t *tally, group string) *ranking {
	k, full := p.single[group], r.indexed+len(r.candidates) > most
	switch {
	case k != nil && len(t.on) <= many && worth*k.behind(r) > len(t.on):
		return nil
	case k != nil:
		return k
	case len(t.on) <= many && (full || t.looked < worth*len(r.candidates)):
		t.looked += len(t.on)
		return nil
	case full:
		r.forget()
	}
	k = &ranking{plan: p, tally: t, seen: -1}
	p.single[group] = k
	r.indexed += len(r.candidates)
	return k
}

// behind returns how many changes of the room k has not followed.
func (k *ranking) behind(r *Room) int { return r.dropped + len(r.changes) - k.seen }

// forget drops the rankings of single groups.
func (r *Room) forget() {
	for _, p := range r.plans {
		clear(p.single)
	}
	r.indexed = 0
}

// follow brings k up to date.
func (k *ranking) follow(r *Room) {
	if k.seen < r.dropped || k.behind(r) > 64+len(r.candidates)/4 {
		k.build(r)
	} else {
		for _, i := range r.changes[k.seen-r.dropped:] {
			k.move(r, i)
		}
	}
	k.seen = r.dropped + len(r.changes)
}

// build ranks every candidate.
func (k *ranking) build(r *Room) {
	k.keys, k.cell = make([]key, len(r.candidates)), make([]int32, len(r.candidates))
	k.cells, k.index = nil, map[[maxChain]int32]int32{}
	var members [][]int32
	for i := range int32(len(r.candidates)) {
		k.cell[i] = -1
		if !k.admits(r, i) {
			continue
		}
		k.keys[i], k.cell[i] = k.key(r, i), k.cellOf(i)
		for int(k.cell[i]) >= len(members) {
			members = append(members, nil)
		}
		members[k.cell[i]] = append(members[k.cell[i]], i)
	}
	for n, is := range members {
		slices.SortFunc(is, k.order)
		k.cells[n].fill(r, is)
	}
}

// move puts candidate i where it belongs now.
func (k *ranking) move(r *Room, i int32) {
	if c := k.cell[i]; c >= 0 {
		k.cells[c].remove(k, i)
		k.cell[i] = -1
	}
	if k.admits(r, i) {
		k.keys[i], k.cell[i] = k.key(r, i), k.cellOf(i)
		k.cells[k.cell[i]].insert(k, r, i)
	}
}

func (k *ranking) admits(r *Room, i int32) bool {
	return !(k.tally != nil && k.plan.distinct && k.tally.on[i] > 0) && r.eligible(i, k.plan)
}

func (k *ranking) key(r *Room, i int32) (to key) {
	c, n := &r.candidates[i], 0
	for s := range k.plan.steps {
		switch k.plan.steps[s].kind {
		case byField:
			continue // its cell says it
		case byInstance:
			if k.tally != nil {
				to[n] = k.tally.on[i]
			}
		case byCPU:
			to[n] = c.CPU
		case byMemory:
			to[n] = c.Memory
		}
		n++
	}
	if !k.plan.packed && !k.plan.random {
		to[n] = -c.Memory
	}
	return to
}

func (k *ranking) cellOf(i int32) int32 {
	var buckets [maxChain]int32
	for n := range k.plan.steps {
		if f := k.plan.steps[n].field; f != nil {
			buckets[n] = f.bucket[i]
		}
	}
	c, known := k.index[buckets]
	if !known {
		c = int32(len(k.cells))
		k.index[buckets] = c
		k.cells = append(k.cells, &sorted{})
	}
	return c
}

// order compares candidates of one cell.
func (k *ranking) order(i, j int32) int {
	if d := k.keys[i].compare(&k.keys[j]); d != 0 {
		return d
	}
	return int(i - j)
}

func (a *key) compare(b *key) int {
	for n := range a {
		if a[n] != b[n] {
			if a[n] < b[n] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// best returns the candidate that a's strategies prefer of those that take the task, or -1.
func (r *Room) best(p *plan, t *tally, a *Ask) int32 {
	k := r.ranking(p, t, a.Group)
	w := want{cpu: a.Needs.CPU, memory: a.Needs.Memory, seed: a.Seed}
	if t != nil && k.tally == nil && (p.apart || p.distinct) {
		w.skip = t.on // ranked as if they were empty
	}
	best := int32(-1)
	for _, c := range k.cells {
		if i := c.first(k, &w); i >= 0 && (best < 0 || r.compare(p, t, a.Seed, i, best) < 0) {
			best = i
		}
	}
	if w.skip == nil || p.distinct {
		return best
	}
	for i := range t.on {
		c := &r.candidates[i]
		if k.cell[i] >= 0 && w.cpu <= c.CPU && w.memory <= c.Memory && (best < 0 || r.compare(p, t, a.Seed, i, best) < 0) {
			best = i
		}
	}
	return best
}
