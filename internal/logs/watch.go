package logs

// Watch is told when something is appended to one group, or to any.
type Watch struct {
	// C holds one token whenever there may be something new.
	C     chan struct{}
	group string
}

// Watch begins to tell of a group, which need not exist yet; of all groups for an empty id.
func (l *Log) Watch(group string) *Watch {
	w := &Watch{C: make(chan struct{}, 1), group: group}
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

func (w *Watch) tell(group string) {
	if w.group != "" && w.group != group {
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
