package docker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"
)

// flowsEvery is how often a box tells what it counted, countPatience how long it may take to begin: a
// task that starts waits for it, so that nothing that it does is missed.
const (
	flowsEvery    = time.Second
	countPatience = 2 * time.Second
)

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
	if c.miscounts() {
		c.r.notes.Go(func() { c.countNow(c.life) })
	}
}

// countNow is count, and waits. Nobody fails because something is not counted: who is told of flows is
// told that some were skipped.
func (c *channel) countNow(ctx context.Context) {
	if !c.miscounts() {
		return
	}
	select {
	case c.counter <- struct{}{}:
		defer func() { <-c.counter }()
	case <-ctx.Done():
		return
	}
	for c.miscounts() {
		want, every := countsNot, time.Duration(0)
		if c.r.channels.watches(c) {
			want, every = counts, flowsEvery
		}
		if err := c.watch(ctx, every); err != nil {
			if c.life.Err() == nil {
				c.r.log.Warn("flows are not counted", "container", c.id, "err", err)
				c.skipped()
			}
			return
		}
		c.counts.Store(int32(want))
	}
}

// skipped tells that not all that passed the interfaces here was counted.
func (c *channel) skipped() {
	if c.r.doors.Flows == nil || !c.r.channels.watches(c) {
		return
	}
	var fs []engine.Flow
	for _, n := range c.config().NICs {
		fs = append(fs, engine.Flow{Skipped: true, NIC: n.ID, Start: time.Now(), End: time.Now()})
	}
	c.r.doors.Flows(*c.place.Load(), fs)
}

// tellRest has the box tell what it counted until now: its container is about to be removed.
func (c *channel) tellRest(ctx context.Context) {
	if counting(c.counts.Load()) != counts {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flowsEvery)
	defer cancel()
	_ = c.watch(ctx, 0) // one that does not answer has nothing to tell
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
		_, err := l.call(ctx, netbox.Order{Op: netbox.OpWatch, Every: int(every / time.Millisecond)})
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
