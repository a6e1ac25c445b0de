package rollout

import (
	"math/rand/v2"
	"testing"
)

func TestComputedCountIsRoundedUp(t *testing.T) {
	for _, c := range []struct {
		desired int
		scale   float64
		want    int
	}{{4, 100, 4}, {4, 50, 2}, {3, 50, 2}, {1, 1, 1}, {10, 12, 2}, {10, 0, 0}, {0, 100, 0}, {100, 7, 7}, {1000, 14.7, 147}, {3, 33.4, 2}, {3, 100.0 / 3, 1}} {
		if got := Computed(c.desired, c.scale); got != c.want {
			t.Errorf("%v %% of %d is %d, want %d", c.scale, c.desired, got, c.want)
		}
	}
}

func TestStable(t *testing.T) {
	for _, c := range []struct {
		rule    string
		desired int
		copies  []string
		want    bool
	}{
		{"all that are to run are healthy", 2, []string{"a ready", "b ready"}, true},
		{"a set of none", 0, nil, true},
		{"fewer than are to run", 2, []string{"a ready"}, false},
		{"more than are to run", 1, []string{"a ready", "b ready"}, false},
		{"one does not run yet", 1, []string{"a"}, false},
		{"one is not healthy in its load balancer", 1, []string{"a running"}, false},
		{"one fails the health check of its container", 1, []string{"a sick"}, false},
		{"one is on an instance that drains", 1, []string{"a ready leaving"}, false},
		{"one more was asked to stop and still runs", 1, []string{"a ready", "b ready stopping"}, false},
		{"one more is on its way down", 1, []string{"a ready", "b stopping"}, true},
		{"without any check it has to run for a while", 1, []string{"a alone:39s"}, false},
		{"without any check it has run for a while", 1, []string{"a alone:40s"}, true},
	} {
		var copies []Copy
		for _, words := range c.copies {
			copies = append(copies, copyOf(words))
		}
		if got := Stable(now, service(c.desired, 100, 200), copies); got != c.want {
			t.Errorf("%s: %v", c.rule, got)
		}
	}
}

// TestComputedCountsShareOut holds counts against the share that they stand for: never less, never a
// whole task more, and growing with the scale.
func TestComputedCountsShareOut(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	for range 20_000 {
		desired, scale := rnd.IntN(5001), float64(rnd.IntN(100_01))/100
		n, share := Computed(desired, scale), float64(desired)*scale/100
		if float64(n) < share-exact || float64(n) >= share+1 || n > desired || n > Computed(desired, scale+0.01) || n > Computed(desired+1, scale) {
			t.Fatalf("%v %% of %d is %d", scale, desired, n)
		}
	}
}
