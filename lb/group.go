package lb

import (
	"slices"
	"sync/atomic"
)

// group is the data-plane side of one target group. It lives as long as anything names it; what
// changes is its rotation, swapped as a whole.
type group struct {
	id       rowID
	rotation atomic.Pointer[rotation]
	turn     atomic.Uint64
}

// rotation is who gets the requests of a group right now. It is never edited.
type rotation struct{ chosen []*target }

var nobody = &rotation{}

func newGroup(id rowID) *group {
	g := &group{id: id}
	g.rotation.Store(nobody)
	return g
}

// pick returns whose turn it is, counted in flight until release, and never one of tried; nil when
// the group has nobody (else). A target that rests gets its turn only when all others do too.
//
// A target is counted before the rotation is looked at again: so whoever swaps the rotation and
// then reads no request in flight on a target that left can be sure that none will come.
func (g *group) pick(tried []*target) *target {
	for {
		r := g.rotation.Load()
		t := r.next(g.turn.Add(1)-1, tried)
		if t == nil {
			return nil
		}
		t.inflight.Add(1)
		if g.rotation.Load() == r {
			return t
		}
		t.release()
	}
}

func (r *rotation) next(turn uint64, tried []*target) *target {
	n := uint64(len(r.chosen))
	var last *target
	for i := range n {
		t := r.chosen[(turn+i)%n]
		switch {
		case len(tried) > 0 && slices.Contains(tried, t):
		case !t.rests():
			return t
		case last == nil:
			last = t
		}
	}
	return last
}

// swap puts chosen in force and returns who is no longer among them.
func (g *group) swap(chosen []*target) (left []*target) {
	old := g.rotation.Load().chosen
	if slices.Equal(old, chosen) {
		return nil
	}
	g.rotation.Store(&rotation{chosen})
	stays := make(map[*target]bool, len(chosen))
	for _, t := range chosen {
		stays[t] = true
	}
	for _, t := range old {
		if !stays[t] {
			left = append(left, t)
		}
	}
	return left
}
