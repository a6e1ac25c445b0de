package rollout

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/scheduler"
)

// on returns copies of the words, each on the provider that its first letter names.
func on(words ...string) (all []Copy) {
	for _, w := range words {
		c := copyOf(w)
		c.Provider = w[:1]
		all = append(all, c)
	}
	return all
}

func TestScaleInKeepsTheSplit(t *testing.T) {
	for _, tt := range []struct {
		rule   string
		shares map[string]int
		copies []Copy
		want   []string
	}{
		{"where there are more than the share", map[string]int{"a": 1, "b": 1}, on("a1 ready", "b1 ready", "b2 ready z:1"), []string{"b1"}},
		{"even if it is ready and another is not", map[string]int{"a": 1, "b": 1}, on("a1", "b1 ready", "b2 ready z:1"), []string{"b1"}},
		{"there, those that are of least use", map[string]int{"a": 1, "b": 1}, on("a1 ready", "b1", "b2 ready"), []string{"b1"}},
		{"one that is no part of the strategy any more", map[string]int{"b": 2}, on("a1 ready", "b1 ready", "b2 ready"), []string{"a1"}},
		{"a protected one stays", map[string]int{"a": 1, "b": 1}, on("a1", "b1 ready protected", "b2 ready protected"), []string{"a1"}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			s := service(2, 100, 200)
			s.Shares = tt.shares
			if got := Next(now, s, tt.copies).Stop; !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestEveryScaleEndsInTheShares scales at random and lets instances leave in turn: once steady, each
// provider has exactly its share. (When both happen at once, copies that are where one too many is are
// not moved for that: ECS starts and stops as many as it must.)
func TestEveryScaleEndsInTheShares(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		strategy := []model.ProviderShare{{Provider: "a", Base: rnd.IntN(3), Weight: 1 + rnd.IntN(4)}, {Provider: "b", Weight: rnd.IntN(4)}, {Provider: "c", Weight: rnd.IntN(3)}}
		w := &world{now: now, s: service(0, 50, 200)}
		w.s.Primary = "first"
		for step := range 8 {
			if step%2 == 0 {
				w.s.Desired = rnd.IntN(12)
			}
			for i := range w.copies {
				w.copies[i].Leaving = step%2 == 1 && rnd.IntN(3) == 0
			}
			w.s.Shares = scheduler.Shares(strategy, w.s.Desired)
			w.share(t, strategy, rnd)
			got := map[string]int{}
			for _, c := range w.copies {
				got[c.Provider]++
			}
			maps.DeleteFunc(w.s.Shares, func(_ string, n int) bool { return n == 0 })
			if !maps.Equal(got, w.s.Shares) {
				t.Fatalf("seed %d, step %d: %v: got %v, want %v", seed, step, strategy, got, w.s.Shares)
			}
		}
	}
}

// share applies plans until they are steady; new copies take the providers of the split.
func (w *world) share(t *testing.T, strategy []model.ProviderShare, rnd *rand.Rand) {
	for range 300 {
		p := Next(w.now, w.s, w.copies)
		if p.Steady {
			return
		}
		before := len(w.copies)
		w.apply(p)
		for i, provider := range scheduler.Split(strategy, p.Fresh, p.Start) {
			w.copies[before+i].Provider = provider
		}
		w.progress(rnd)
	}
	t.Fatalf("not steady: %+v %+v", w.s, w.copies)
}
