package lb

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// findings are what lb saw and has to write, by row. A later finding replaces an earlier one.
type findings struct {
	targets   map[rowID]targetFinding
	listeners map[rowID]listenerFinding
}

// targetFinding is about the registration with that time only.
type targetFinding struct {
	registered time.Time
	health     model.TargetHealth
	draining   time.Time // with drained: which draining it is that is complete
	drained    bool
}

type listenerFinding struct {
	bound int
	why   string
}

func newFindings() *findings {
	return &findings{targets: map[rowID]targetFinding{}, listeners: map[rowID]listenerFinding{}}
}

func (f *findings) empty() bool { return len(f.targets)+len(f.listeners) == 0 }

// write commits what the keeper found, one transaction for all that is there, so that the keeper
// itself never waits for a disk. What cannot be written is tried again.
func (p *Proxy) write(in <-chan *findings) {
	for {
		select {
		case <-p.stopping.Done():
			return
		case f := <-in:
			for err := p.commit(f); err != nil; err = p.commit(f) {
				p.log.Error("load balancer findings not written", "err", err)
				if !sleep(p.stopping, time.Second) {
					return
				}
			}
		}
	}
}

func (p *Proxy) commit(f *findings) error {
	return p.store.Update(model.Scope{}, func(tx *store.Tx) error {
		for _, id := range sorted(f.targets) {
			putTarget(tx.In(id.scope), id.key, f.targets[id])
		}
		for _, id := range sorted(f.listeners) {
			l, ok := store.Listeners.Get(tx.In(id.scope), id.key)
			if ok {
				l.Bound, l.BindError = f.listeners[id].bound, f.listeners[id].why
				store.Listeners.Put(tx.In(id.scope), l)
			}
		}
		return nil
	})
}

func putTarget(tx *store.Tx, key string, f targetFinding) {
	t, ok := store.Targets.Get(tx, key)
	if !ok || !t.Registered.Equal(f.registered) {
		return
	}
	t.Health = f.health
	if f.drained && !t.Draining.IsZero() && t.Draining.Equal(f.draining) {
		t.Drained = true
	}
	store.Targets.Put(tx, t)
}

func sorted[V any](m map[rowID]V) []rowID {
	return slices.SortedFunc(maps.Keys(m), func(a, b rowID) int {
		return cmp.Or(cmp.Compare(a.scope.String(), b.scope.String()), cmp.Compare(a.key, b.key))
	})
}
