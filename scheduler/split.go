package scheduler

import (
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Shares returns how many of n tasks each capacity provider of a strategy runs. The bases come first,
// in the order given; of the others each provider gets its part by weight, rounded up or down. The
// shares of n+1 tasks are those of n with one task more, so that a service that grows or shrinks by a
// task moves none of the others.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-capacity-providers.html (strategy),
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
func Shares(strategy []model.ProviderShare, n int) map[string]int {
	d := newDeal(strategy, n)
	shares := make(map[string]int, len(strategy))
	for i, s := range strategy {
		shares[s.Provider] += d.dealt[i]
	}
	return shares
}

// Split returns the capacity providers of the next n tasks, when the providers already run so many:
// each goes where most are missing from the shares that there are to be with it.
func Split(strategy []model.ProviderShare, have map[string]int, n int) []string {
	if len(strategy) == 0 {
		return nil
	}
	total := 0
	for _, c := range have {
		total += c
	}
	d, missing := newDeal(strategy, total), make([]int, len(strategy))
	for i, s := range strategy {
		missing[i] = d.dealt[i] - have[s.Provider]
	}
	next := make([]string, n)
	for k := range next {
		missing[d.next()]++
		i := slices.Index(missing, slices.Max(missing))
		missing[i]--
		next[k] = strategy[i].Provider
	}
	return next
}

// deal hands tasks to the providers of a strategy, one after the other.
type deal struct {
	strategy []model.ProviderShare
	dealt    []int // by item of the strategy
	above    int   // tasks beyond the bases
	weights  int
}

// newDeal returns a deal that has handed out n tasks.
func newDeal(strategy []model.ProviderShare, n int) *deal {
	d := &deal{strategy: strategy, dealt: make([]int, len(strategy))}
	for _, s := range strategy {
		d.weights += s.Weight
	}
	if len(strategy) > 0 {
		for range n {
			d.next()
		}
	}
	return d
}

// next hands out a task and returns the item that takes it: one whose base is not met, else by the
// quota method of Balinski and Young: of the items that a task more would not take beyond their part
// rounded up, the one with least for its weight.
func (d *deal) next() int {
	next := -1
	for i, s := range d.strategy {
		if d.dealt[i] < s.Base {
			d.dealt[i]++
			return i
		}
	}
	d.above++
	for i, s := range d.strategy {
		got := d.dealt[i] - s.Base
		if got*d.weights >= d.above*s.Weight {
			continue
		}
		if next < 0 || s.Weight*(d.dealt[next]-d.strategy[next].Base+1) > d.strategy[next].Weight*(got+1) {
			next = i
		}
	}
	next = max(0, next) // without any weight, the first
	d.dealt[next]++
	return next
}
