package rollout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var throttled = Service{MinPercent: 0, MaxPercent: 100, Primary: "new", Until: now.Add(9 * time.Second)}

func TestDaemon(t *testing.T) {
	daemon, half, failed := service(0, 0, 100), service(0, 50, 100), halted(0, 0, 100)
	for _, tt := range []struct {
		rule     string
		s        Service
		eligible string
		copies   []string
		want     string
	}{
		{"every instance gets one", daemon, "x y", nil, "start 2 on x,y"},
		{"a new instance gets one", daemon, "x y", []string{"a ready i:x"}, "start 1 on y"},
		{"one on each is steady", daemon, "x y", []string{"a ready i:x", "b ready i:y"}, "start 0 steady"},
		{"no instance is steady", daemon, "", nil, "start 0 steady"},
		{"two never run beside each other", daemon, "x", []string{"a ready stopping i:x"}, "start 0"},
		{"one that leaves stops", daemon, "y", []string{"a ready leaving i:x", "b ready i:y"}, "start 0 stop a"},
		{"it goes last from an instance", daemon, "y", []string{"a ready leaving last i:x", "b ready i:y"}, "start 0"},
		{"a protected one stays", daemon, "", []string{"a ready leaving protected i:x"}, "start 0 kept a again 1m0s"},
		{"old ones all stop where nothing is to stay", daemon, "x y", []string{"a old ready i:x", "b old ready i:y"}, "start 0 stop a,b"},
		{"old ones stop as far as the minimum spares them", half, "x y z", []string{"a old ready i:x", "b old ready i:y", "c old ready i:z"}, "start 0 stop a"},
		{"one that leaves counts for nothing", half, "x y", []string{"a old ready i:x", "b old ready i:y", "c ready leaving last i:z"}, "start 0 stop a"},
		{"a minimum that spares none is told", half, "x", []string{"a old ready i:x"}, "start 0 stuck"},
		{"an old one that does not run stops", half, "x", []string{"a old i:x"}, "start 0 stop a"},
		{"a failing one stops", daemon, "x", []string{"a failing i:x"}, "start 0 stop a failed a"},
		{"of two on an instance the older stays", daemon, "x", []string{"a ready young i:x", "b ready i:x"}, "start 0 stop a"},
		{"the throttle holds starts back", throttled, "x", nil, "start 0 held again 9s"},
		{"a deployment that failed changes nothing", failed, "x y", []string{"a old ready i:x"}, "start 0"},
		{"a service that ends stops all", ending, "", []string{"a ready i:x"}, "start 0 stop a"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			var copies []Copy
			for _, w := range tt.copies {
				copies = append(copies, copyOf(w))
			}
			eligible := strings.Fields(tt.eligible)
			tt.s.Desired = len(eligible)
			if got := show(Daemon(now, tt.s, copies, eligible)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestDaemonsKeepWithinLimitsAndSettle lets instances come, leave and be updated at random.
func TestDaemonsKeepWithinLimitsAndSettle(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		w := &world{now: now, s: service(0, rnd.IntN(3)*49, 100)}
		for round := range 3 {
			w.s.Primary = fmt.Sprint("d", round)
			var eligible []string
			for i := range 6 {
				if rnd.IntN(3) > 0 {
					eligible = append(eligible, fmt.Sprint("i", i))
				}
			}
			w.s.Desired = len(eligible)
			for i := range w.copies {
				w.copies[i].Leaving = !slices.Contains(eligible, w.copies[i].Instance)
			}
			w.settleDaemons(t, rnd, eligible)
		}
	}
}

func (w *world) settleDaemons(t *testing.T, rnd *rand.Rand, eligible []string) {
	for range 300 {
		p := Daemon(w.now, w.s, w.copies, eligible)
		if p.Steady || p.Stuck { // what is to stay may round up to all
			return
		}
		explains(t, p)
		from := len(w.copies)
		w.apply(p)
		for i, id := range p.On {
			w.copies[from+i].Instance = id
		}
		on := map[string]int{}
		for _, c := range w.copies {
			if on[c.Instance]++; on[c.Instance] > 1 {
				t.Fatalf("two on %s: %+v", c.Instance, w.copies)
			}
		}
		w.progress(rnd)
	}
	t.Fatalf("not steady: %+v %+v", w.s, w.copies)
}
