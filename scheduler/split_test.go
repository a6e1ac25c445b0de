package scheduler

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		rule     string
		strategy []model.ProviderShare
		have     map[string]int
		n        int
		want     string
	}{
		{"one provider takes all", []model.ProviderShare{{Provider: "a", Weight: 1}}, nil, 3, "a a a"},
		{"the base comes first", []model.ProviderShare{{Provider: "a", Weight: 1}, {Provider: "b", Base: 2, Weight: 1}}, nil, 5, "b b a b a"},
		{"equal weights take turns", []model.ProviderShare{{Provider: "a", Weight: 1}, {Provider: "b", Weight: 1}}, nil, 4, "a b a b"},
		{"one to three", []model.ProviderShare{{Provider: "a", Weight: 1}, {Provider: "b", Weight: 3}}, nil, 8, "b b a b b b a b"},
		{"a weight of 0 gets its base only", []model.ProviderShare{{Provider: "a", Base: 1}, {Provider: "b", Weight: 1}}, nil, 4, "a b b b"},
		{"what is there counts", []model.ProviderShare{{Provider: "a", Weight: 1}, {Provider: "b", Weight: 1}}, map[string]int{"a": 3}, 4, "b b b a"},
		{"a provider that left the strategy counts, too", []model.ProviderShare{{Provider: "a", Base: 1, Weight: 1}}, map[string]int{"b": 2}, 2, "a a"},
		{"no strategy, no provider", nil, nil, 2, ""},
	} {
		got := Split(c.strategy, c.have, c.n)
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: got %s, want %s", c.rule, s, c.want)
		}
	}
}

// TestSharesAreExact checks of random strategies, for every number of tasks up to some: the base is
// met first, each part is the exact one rounded up or down, nothing is lost, and one task more moves
// no other.
func TestSharesAreExact(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		strategy := randomStrategy(rnd)
		before := map[string]int{}
		for n := range 60 {
			got := Shares(strategy, n)
			checkShares(t, strategy, n, got)
			more := 0
			for p, c := range got {
				if c < before[p] {
					t.Fatalf("%v: %d tasks: %v after %v", strategy, n, got, before)
				}
				more += c - before[p]
			}
			if n > 0 && more != 1 {
				t.Fatalf("%v: %d tasks: %v after %v", strategy, n, got, before)
			}
			before = got
		}
	}
}

func randomStrategy(rnd *rand.Rand) (all []model.ProviderShare) {
	for i := range 1 + rnd.IntN(6) {
		all = append(all, model.ProviderShare{Provider: fmt.Sprint("p", i), Weight: rnd.IntN(5) * rnd.IntN(8)})
	}
	all[rnd.IntN(len(all))].Base = rnd.IntN(10)
	all[rnd.IntN(len(all))].Weight = 1 + rnd.IntN(1000)
	return all
}

func checkShares(t *testing.T, strategy []model.ProviderShare, n int, got map[string]int) {
	sum, weights, left := 0, 0, n
	for _, s := range strategy {
		sum, weights, left = sum+got[s.Provider], weights+s.Weight, left-min(n, s.Base)
	}
	if sum != n {
		t.Fatalf("%v: %d tasks: %v", strategy, n, got)
	}
	for _, s := range strategy {
		above := got[s.Provider] - min(n, s.Base)
		if above < left*s.Weight/weights || above > (left*s.Weight+weights-1)/weights {
			t.Fatalf("%v: %d tasks: %v", strategy, n, got)
		}
	}
}

// TestSplitEndsInTheShares checks that however many tasks start at a time, and whichever ended
// meanwhile, the split ends in the shares as long as no provider has more than its own.
func TestSplitEndsInTheShares(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		strategy := randomStrategy(rnd)
		n := 1 + rnd.IntN(40)
		want := Shares(strategy, n)
		have, left := map[string]int{}, n
		for p, c := range want {
			have[p] = rnd.IntN(c + 1)
			left -= have[p]
		}
		for left > 0 {
			some := min(left, 1+rnd.IntN(5))
			for _, p := range Split(strategy, have, some) {
				have[p]++
			}
			left -= some
		}
		if !maps.Equal(have, want) {
			t.Fatalf("%v: %d tasks: got %v, want %v", strategy, n, have, want)
		}
	}
}
