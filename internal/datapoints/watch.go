package datapoints

import (
	"maps"
	"slices"
	"sync"
)

// Watch is told which metrics get values.
type Watch struct {
	// C holds one token whenever there is something to take.
	C chan struct{}

	mu      sync.Mutex
	pending map[string]Metric
}

// Watch begins to tell of all metrics.
func (b *Book) Watch() *Watch {
	w := &Watch{C: make(chan struct{}, 1), pending: map[string]Metric{}}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watches[w] = struct{}{}
	return w
}

// Unwatch ends it.
func (b *Book) Unwatch(w *Watch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.watches, w)
}

func (w *Watch) tell(key string, m Metric) {
	w.mu.Lock()
	w.pending[key] = m
	w.mu.Unlock()
	select {
	case w.C <- struct{}{}:
	default:
	}
}

// Take returns the metrics that got values since the last call, in order.
func (w *Watch) Take() (all []Metric) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(w.pending)) {
		all = append(all, w.pending[key])
	}
	clear(w.pending)
	return all
}
