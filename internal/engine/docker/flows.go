package docker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// flowsEvery is how often a box tells what it counted.
const flowsEvery = time.Second

// WatchFlows has the flows of the interfaces with these ids counted, wherever they are now or will be,
// and of no others. It does not wait. What is counted comes to Doors.Flows, every second.
func (r *Runtime) WatchFlows(nics map[string]bool) {
	r.channels.watch(nics)
	for _, c := range r.channels.each() {
		c.count()
	}
}

// watch notes which interfaces are watched.
func (s *channels) watch(nics map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched = nics
}

// watches reports whether an interface in c is watched.
func (s *channels) watches(c *channel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range c.config().NICs {
		if s.watched[n.ID] {
			return true
		}
	}
	return false
}

// counting is what the box of a channel does about flows.
type counting int32

const (
	countsNot counting = iota
	counts
	countsPerhaps // an earlier daemon said what to do
)

// count has the box count flows, or not, as its interfaces are watched. It does not wait.
func (c *channel) count() {
	if !c.miscounts() {
		return
	}
	c.r.notes.Go(func() {
		select {
		case c.counter <- struct{}{}:
			defer func() { <-c.counter }()
		case <-c.life.Done():
			return
		}
		for c.miscounts() {
			want, every := countsNot, time.Duration(0)
			if c.r.channels.watches(c) {
				want, every = counts, flowsEvery
			}
			if err := c.watch(c.life, every); err != nil {
				if c.life.Err() == nil {
					c.r.log.Warn("flows are not counted", "container", c.id, "err", err)
				}
				return
			}
			c.counts.Store(int32(want))
		}
	})
}

// miscounts reports whether the box is to be told.
func (c *channel) miscounts() bool {
	want := countsNot
	if c.r.channels.watches(c) {
		want = counts
	}
	return counting(c.counts.Load()) != want
}

// watch has flows told every so often; 0 ends it.
func (c *channel) watch(ctx context.Context, every time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, setTimeout)
	defer cancel()
	for {
		l := c.line.Load()
		err := l.call(ctx, netbox.Order{Op: netbox.OpWatch, Every: int(every / time.Millisecond)})
		if !errors.Is(err, errBroken) {
			if err != nil {
				err = fmt.Errorf("flows of container %s: %w", c.id[:min(12, len(c.id))], err)
			}
			return err
		}
		if err := c.await(ctx, l); err != nil {
			return err
		}
	}
}
