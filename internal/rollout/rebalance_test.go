package rollout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// zoned is a world whose zones have room for so many copies each.
type zoned struct {
	world
	room map[string]int
}

// step applies one plan as control does: a zone that has no room is no goal for the next question.
func (w *zoned) step() Plan {
	w.s.Zones = nil
	for _, zone := range []string{"x", "y", "z"} {
		if w.room[zone] > 0 {
			w.s.Zones = append(w.s.Zones, zone)
		}
	}
	for {
		p := Next(w.now, w.s, w.copies)
		full := slices.DeleteFunc(slices.Clone(p.Into), func(zone string) bool { return w.start(zone) })
		w.s.Moving = w.s.Moving || len(full) < len(p.Into)
		if len(full) == 0 {
			w.s.Moving = w.s.Moving && !p.Steady
			w.apply(Plan{Stop: p.Stop})
			for range p.Start {
				for _, zone := range []string{"x", "y", "z"} {
					if w.start(zone) {
						break
					}
				}
			}
			return p
		}
		w.s.Zones = slices.DeleteFunc(w.s.Zones, func(zone string) bool { return slices.Contains(full, zone) })
	}
}

// start makes a copy in a zone that has room.
func (w *zoned) start(zone string) bool {
	if w.in(zone) >= w.room[zone] {
		return false
	}
	w.born++
	w.copies = append(w.copies, Copy{ID: fmt.Sprintf("t%03d", w.born), Deployment: w.s.Primary, Created: w.now, Zone: zone, Instance: zone, Balanced: true})
	return true
}

func (w *zoned) in(zone string) (n int) {
	for _, c := range w.copies {
		if c.Zone == zone {
			n++
		}
	}
	return n
}

// TestEveryRebalanceSettles starts from arbitrary states over three zones with arbitrary room: in the
// end no zone with room has two copies less than another, nothing went beyond the percents, and
// what is steady stays so.
func TestEveryRebalanceSettles(t *testing.T) {
	words := []string{"ready", "ready", "ready", "running", "", "stopping", "old ready", "old", "ready leaving", "failing", "ready protected"}
	for seed := range uint64(600) {
		rnd := rand.New(rand.NewPCG(seed, 21))
		w := &zoned{world{now: now, s: service(rnd.IntN(9), rnd.IntN(3)*50, 125+rnd.IntN(4)*25)}, map[string]int{}}
		w.s.Moving = rnd.IntN(3) == 0
		for i := range rnd.IntN(10) {
			w.copies = append(w.copies, copyOf(fmt.Sprintf("c%d %s z:%s i:%d", i, words[rnd.IntN(len(words))], []string{"x", "x", "y", "z"}[rnd.IntN(4)], rnd.IntN(4))))
		}
		for _, zone := range []string{"x", "y", "z"} {
			w.room[zone] = []int{0, 2, 30}[rnd.IntN(3)]
		}
		w.room["x"] = 30
		w.rebalance(t, seed, rnd)
	}
}

func (w *zoned) rebalance(t *testing.T, seed uint64, rnd *rand.Rand) {
	t.Helper()
	for range 200 {
		live, ready := w.counts()
		p := w.step()
		after, still := w.counts()
		if most := max(w.s.Desired*w.s.MaxPercent/100, live); after > most {
			t.Fatalf("seed %d: %d copies live, at most %d allowed", seed, after, most)
		}
		if least := min(ready, (w.s.Desired*w.s.MinPercent+99)/100); still < least {
			t.Fatalf("seed %d: %d copies ready, at least %d wanted", seed, still, least)
		}
		if p.Steady {
			w.even(t, seed)
			return
		}
		if p.Stuck {
			return
		}
		w.progress(rnd)
		for i := range w.copies {
			w.copies[i].Serving = w.copies[i].Serving && !w.copies[i].Failing
		}
	}
	t.Fatalf("seed %d: not steady: %+v %+v %+v", seed, w.step(), w.s, len(w.copies))
}

// even checks a steady service: what could move has moved.
func (w *zoned) even(t *testing.T, seed uint64) {
	t.Helper()
	if again := w.step(); !again.Steady || w.s.Moving {
		t.Fatalf("seed %d: steady, and then %+v", seed, again)
	}
	if w.s.Desired*w.s.MaxPercent/100 <= w.s.Desired {
		return // no room for a newcomer
	}
	movable := map[string]bool{}
	for _, c := range w.copies {
		movable[c.Zone] = movable[c.Zone] || !w.now.Before(c.Protected)
	}
	for from := range movable {
		for to, room := range w.room {
			if movable[from] && w.in(to) < room && w.in(from)-w.in(to) >= apart {
				t.Fatalf("seed %d: %d in %s, %d in %s", seed, w.in(from), from, w.in(to), to)
			}
		}
	}
}
