package logs

import (
	"maps"
	"slices"
)

// Watch is told when something is appended to one group, or to any.
type Watch struct {
	// C holds one token whenever there may be something new.
	C     chan struct{}
	log   *Log
	group string
	news  map[string]bool // groups that were appended to since Take, for who watches all; guarded by log.mu
}

// Watch begins to tell of a group, which need not exist yet; of all groups for an empty id.
func (l *Log) Watch(group string) *Watch {
	w := &Watch{C: make(chan struct{}, 1), log: l, group: group, news: map[string]bool{}}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watches[w] = struct{}{}
	return w
}

// Unwatch ends it.
func (l *Log) Unwatch(w *Watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watches, w)
}

// Take returns the ids of the groups that were appended to since the last Take, of a watch of all groups.
func (w *Watch) Take() []string {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	if len(w.news) == 0 {
		return nil
	}
	all := slices.Collect(maps.Keys(w.news))
	w.news = map[string]bool{} // not cleared: that takes as long as there ever were many
	return all
}

func (w *Watch) tell(group string) {
	switch w.group {
	case "":
		w.news[group] = true
	case group:
	default:
		return
	}
	select {
	case w.C <- struct{}{}:
	default:
	}
}

// Next returns the Seq that the next event of a group will have.
func (l *Log) Next(group string) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g := l.groups[group]; g != nil {
		return g.next
	}
	return 0
}
