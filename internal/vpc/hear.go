package vpc

import (
	"sync"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// ears keep what the engine told until it is looked at. Who tells is never held up.
type ears struct {
	mu   sync.Mutex
	told []engine.Event
	wake chan struct{}
}

func (e *ears) take() []engine.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	told := e.told
	e.told = nil
	return told
}

// Hear takes what the engine told of itself and of machines: Synced, Lost and HostDown. Before the
// first Synced nothing is done.
func (c *Controller) Hear(e engine.Event) {
	c.ears.mu.Lock()
	c.ears.told = append(c.ears.told, e)
	c.ears.mu.Unlock()
	select {
	case c.ears.wake <- struct{}{}:
	default:
	}
}

func (c *Controller) hear(e engine.Event) {
	switch e.Kind {
	case engine.Synced: // what stood may have gone with the engine
		c.up = true
		for _, st := range c.things {
			st.have, st.fails = "", 0
		}
		c.forget()
	case engine.Lost:
		c.up = false
		c.forget()
	case engine.HostDown:
		c.fell(thing{host, e.Scope, e.Instance})
	}
}

// forget lets everything be looked at again; what is under way counts for nothing.
func (c *Controller) forget() {
	for _, st := range c.things {
		st.stale = st.busy
	}
	clear(c.alarms)
	c.stand.clear()
	c.seen.full = true
}

// fell notes that a machine ended by itself. One that was not known to stand is being raised, or gone.
func (c *Controller) fell(t thing) {
	if st := c.things[t]; st == nil || st.have == "" || st.have == gone {
		return
	}
	c.stand.set(t, false)
	c.news.put(t, report{kind: fallen})
}
