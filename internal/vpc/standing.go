package vpc

import (
	"context"
	"sync"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// standing knows which machines stand, for those who wait for one.
type standing struct {
	mu      sync.Mutex
	hosts   map[thing]struct{}
	changed chan struct{} // closed with the next change
}

func (s *standing) set(t thing, stands bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hosts == nil {
		s.hosts = map[thing]struct{}{}
	}
	if stands {
		s.hosts[t] = struct{}{}
	} else {
		delete(s.hosts, t)
	}
	s.tell()
}

func (s *standing) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.hosts)
	s.tell()
}

func (s *standing) tell() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// look reports whether t stands, and what is closed when that may have changed.
func (s *standing) look(t thing) (bool, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	_, ok := s.hosts[t]
	return ok, s.changed
}

// Ready returns once the machine stands on which a container is to be started. After the engine came
// back that may take a moment.
func (c *Controller) Ready(ctx context.Context, s engine.Spec) error {
	if c.c.Network == nil || s.Instance == "" {
		return nil
	}
	for {
		ok, changed := c.stand.look(thing{host, s.Scope, s.Instance})
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
