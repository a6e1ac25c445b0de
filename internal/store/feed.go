package store

import (
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Change names one row that was written or deleted; never what it holds.
type Change struct {
	Scope model.Scope
	Table string
	Key   string
}

// Feed collects the changes of some tables for one reader.
type Feed struct {
	// C holds one token whenever there is something to take.
	C      chan struct{}
	tables []string

	mu      sync.Mutex
	pending Changes
}

// Changes are the rows that changed since the last Take. Full means that anything may have.
type Changes struct {
	Full bool
	rows map[Change]struct{}
}

// Subscribe returns a feed of the changes to the named tables, to all when none is named. The
// first Take is due at once and is Full.
func (s *Store) Subscribe(tables ...string) *Feed {
	f := &Feed{C: make(chan struct{}, 1), tables: tables, pending: Changes{Full: true}}
	f.C <- struct{}{}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feeds = append(s.feeds, f)
	return f
}

// Unsubscribe ends a feed.
func (s *Store) Unsubscribe(f *Feed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feeds = slices.DeleteFunc(s.feeds, func(o *Feed) bool { return o == f })
}

func (f *Feed) add(cs []Change) {
	f.mu.Lock()
	some := false
	for _, c := range cs {
		if len(f.tables) > 0 && !slices.Contains(f.tables, c.Table) {
			continue
		}
		if f.pending.rows == nil {
			f.pending.rows = map[Change]struct{}{}
		}
		f.pending.rows[c] = struct{}{}
		some = true
	}
	f.mu.Unlock()
	if some {
		select {
		case f.C <- struct{}{}:
		default:
		}
	}
}

// Take returns what changed since the last call.
func (f *Feed) Take() Changes {
	f.mu.Lock()
	defer f.mu.Unlock()
	cs := f.pending
	f.pending = Changes{}
	return cs
}

// Empty reports whether nothing changed.
func (c Changes) Empty() bool { return !c.Full && len(c.rows) == 0 }

// Scopes returns the scopes in which rows changed, sorted. A Full change names none: see Tx.Scopes.
func (c Changes) Scopes() []model.Scope {
	seen := map[model.Scope]bool{}
	for r := range c.rows {
		seen[r.Scope] = true
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b model.Scope) int {
		if a.String() < b.String() {
			return -1
		}
		return 1
	})
}

// Keys returns the keys of the rows of one table that changed in one scope, in no order.
func (c Changes) Keys(sc model.Scope, table string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for r := range c.rows {
			if r.Scope == sc && r.Table == table && !yield(r.Key) {
				return
			}
		}
	}
}

// Mark adds a change by hand: a reader's own reason to look at a row again.
func (c *Changes) Mark(ch Change) {
	if c.rows == nil {
		c.rows = map[Change]struct{}{}
	}
	c.rows[ch] = struct{}{}
}
