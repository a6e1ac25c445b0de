package docker

import (
	"sync"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// channels are those to all boxes of this owner that are known to run.
type channels struct {
	mu      sync.Mutex
	all     map[string]*channel // by container id, and by name
	nics    map[string]*channel // by the id of an interface in it
	watched map[string]bool     // interfaces whose flows are counted
	last    map[string]*channel // of machines and gateways whose container is there and does not run, by its id
}

func (s *channels) of(id string) *channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[id]
}

// each are the channels that are there now.
func (s *channels) each() (all []*channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, c := range s.all {
		if at == c.id {
			all = append(all, c)
		}
	}
	return all
}

// add keeps c, unless there is one to that container: then it returns that.
func (s *channels) add(c *channel) *channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.all[c.id]; old != nil {
		return old
	}
	if s.all == nil {
		s.all, s.nics, s.last = map[string]*channel{}, map[string]*channel{}, map[string]*channel{}
	}
	s.all[c.id] = c
	if c.name != "" {
		s.all[c.name] = c
	}
	delete(s.last, c.id)
	return c
}

// lastOf returns the one to a container that ended; nil when none is known.
func (s *channels) lastOf(id string) *channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[id]
}

// keep remembers how a container stood that ended, and is still to be started again.
func (s *channels) keep(c *channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		s.last = map[string]*channel{}
	}
	s.last[c.id] = c
}

// leave notes that a container is being removed.
func (s *channels) leave(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.last, id)
	if c := s.all[id]; c != nil {
		c.leaving.Store(true)
	}
}

func (s *channels) drop(c *channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[c.id] == c {
		delete(s.all, c.id)
		if s.all[c.name] == c { // else the next of that name stands already
			delete(s.all, c.name)
		}
		if c.role != netbox.RolePause && !c.leaving.Load() && c.config().Underlay.IsValid() {
			s.last[c.id] = c
		}
	}
	s.index(c, c.config(), netbox.Config{})
}

// moved notes that the interfaces in c are now those of another Config.
func (s *channels) moved(c *channel, from, to netbox.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index(c, from, to)
}

func (s *channels) index(c *channel, from, to netbox.Config) {
	for _, n := range from.NICs {
		if s.nics[n.ID] == c {
			delete(s.nics, n.ID)
		}
	}
	for _, n := range to.NICs {
		s.nics[n.ID] = c
	}
}

// with returns the channel whose namespace has the interface; nil for none.
func (s *channels) with(nic string) *channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nics[nic]
}
