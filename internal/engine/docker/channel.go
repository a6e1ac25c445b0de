package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"
)

// readyTimeout is how long the process of a box may take to listen, setTimeout to make a namespace
// be as it was told.
const (
	readyTimeout = 10 * time.Second
	setTimeout   = 30 * time.Second
)

// channel is the way to the process of one box that runs. It outlives the connection: when the
// engine, or this daemon, was away, it is attached again.
type channel struct {
	r       *Runtime
	id      string // of the container
	name    string // its own, where it lasts: of machines and gateways
	role    string
	doors   chan struct{} // one token for each answer under way
	turn    chan struct{} // held by who changes the namespace
	place   atomic.Pointer[engine.Place]
	line    atomic.Pointer[line]
	stand   atomic.Pointer[standing]
	ended   atomic.Bool     // it is not attached again
	leaving atomic.Bool     // its container is being removed
	life    context.Context // ends with the container
	die     context.CancelFunc
}

// standing is how a namespace is.
type standing struct {
	netbox.Config
	ports [2]int
}

// errEnded is a box's that is no more.
func errEnded(id string) error {
	return &engine.Error{Name: engine.CannotStart, Message: "the network namespace of container " + id[:min(12, len(id))] + " ended"}
}

// channels are those to all boxes of this owner that are known to run.
type channels struct {
	mu   sync.Mutex
	all  map[string]*channel // by container id, and by name
	nics map[string]*channel // by the id of an interface in it
	last map[string]*channel // of machines and gateways whose container is there and does not run, by its id
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
		delete(s.all, c.name)
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

// newChannel returns a channel over l; keep is to run while its container does.
func (r *Runtime) newChannel(id, name, role string, p engine.Place, l *line) *channel {
	c := &channel{r: r, id: id, role: role, turn: make(chan struct{}, 1), doors: make(chan struct{}, doorsOpen)}
	c.life, c.die = context.WithCancel(context.Background())
	if role != netbox.RolePause {
		c.name = strings.TrimPrefix(name, "/")
	}
	c.place.Store(&p)
	c.stand.Store(&standing{})
	c.line.Store(l)
	return c
}

// keep hears what the box says, over one line after another.
func (c *channel) keep() {
	for {
		l := c.line.Load()
		stop := context.AfterFunc(c.r.life, l.conn.Close)
		l.read(func(rep netbox.Report) { c.hear(l, rep) })
		stop()
		again := c.again()
		if again == nil {
			c.r.channels.drop(c)
			c.die()
			close(l.next)
			return
		}
		c.line.Store(again)
		close(l.next)
		c.r.notes.Go(func() { c.probe(again) })
	}
}

// probe closes a line that was attached anew and on which nobody speaks: the container was ending.
func (c *channel) probe(l *line) {
	if l.write(netbox.Order{Op: netbox.OpHello}) != nil {
		return
	}
	select {
	case <-l.ready:
	case <-time.After(readyTimeout):
		l.conn.Close()
	case <-c.r.life.Done():
	}
}

// end gives the channel up, though its container may run.
func (c *channel) end() {
	c.ended.Store(true)
	c.line.Load().conn.Close()
}

// again attaches to the box once more; nil when its container ended, or the runtime is closed.
func (c *channel) again() *line {
	pause := firstPause
	for c.r.life.Err() == nil && !c.ended.Load() {
		in, there, err := c.r.own(c.r.life, c.id)
		if err == nil && (!there || !in.State.Running) {
			return nil
		}
		var l *line
		if err == nil {
			l, err = c.r.attach(c.r.life, c.id)
		}
		if err == nil {
			return l
		}
		select {
		case <-c.r.life.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
	return nil
}

// greet waits until the box listens.
func (c *channel) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	l := c.line.Load()
	select {
	case rep, ok := <-l.ready:
		if !ok {
			return fmt.Errorf("the process of container %s ended before it listened%s", c.id[:min(12, len(c.id))], l.why())
		}
		s := standing{ports: rep.Ports}
		if rep.Config != nil {
			s.Config = *rep.Config
		}
		c.r.channels.moved(c, netbox.Config{}, s.Config)
		c.stand.Store(&s)
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the process of container %s does not answer: %w", c.id[:min(12, len(c.id))], ctx.Err())
	}
}

// channelOf returns the channel of a box's container, by id or name: the one that is known, or a new
// one to a box that an earlier daemon made. there is false when no such container runs.
func (r *Runtime) channelOf(ctx context.Context, id string) (c *channel, there bool, err error) {
	if c := r.channels.of(id); c != nil {
		return c, true, nil
	}
	in, there, err := r.own(ctx, id)
	if err != nil || !there || !in.State.Running {
		return nil, false, err
	}
	done, err := r.turns.take(ctx, "box "+in.ID)
	if err != nil {
		return nil, false, err
	}
	defer done()
	if c := r.channels.of(in.ID); c != nil {
		return c, true, nil
	}
	l, err := r.attach(ctx, in.ID)
	if err != nil {
		return nil, false, err
	}
	c = r.channels.add(r.newChannel(in.ID, in.Name, in.Config.Labels[labelBox], placeOf(in.Config.Labels), l))
	r.notes.Go(c.keep)
	if err = l.write(netbox.Order{Op: netbox.OpHello}); err == nil {
		err = c.greet(ctx)
	}
	if err != nil {
		c.end()
	}
	return c, err == nil, err
}

// set makes the namespace be as cfg says, and returns when it is.
func (c *channel) set(ctx context.Context, cfg netbox.Config) error {
	return c.change(ctx, func(have *netbox.Config) error { *have = cfg; return nil })
}

// change sets what edit makes of the Config that stands. Changes come one after the other; edit gets
// a copy whose slices it must replace, not edit. When it returns an error nothing is set.
func (c *channel) change(ctx context.Context, edit func(*netbox.Config) error) error {
	ctx, cancel := context.WithTimeout(ctx, setTimeout)
	defer cancel()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	have := c.stand.Load()
	want := have.Config
	if err := edit(&want); err != nil {
		return err
	}
	for {
		l := c.line.Load()
		err := l.call(ctx, netbox.Order{Op: netbox.OpSet, Config: &want})
		switch {
		case err == nil:
			c.r.channels.moved(c, have.Config, want)
			c.stand.Store(&standing{Config: want, ports: have.ports})
			return nil
		case !errors.Is(err, errBroken):
			return fmt.Errorf("network of container %s: %w", c.id[:min(12, len(c.id))], err)
		}
		if err := c.await(ctx, l); err != nil {
			return err
		}
	}
}

// await waits for what comes after a line that broke.
func (c *channel) await(ctx context.Context, l *line) error {
	select {
	case <-l.next:
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.life.Err() != nil {
		return errEnded(c.id)
	}
	return nil
}

// config is how the namespace stands.
func (c *channel) config() netbox.Config { return c.stand.Load().Config }

// ports are the first and the last of the kernel's ephemeral ports; zero when the box could not tell.
func (c *channel) ports() (first, last int) {
	p := c.stand.Load().ports
	return p[0], p[1]
}

// claim says who is inside from now on: what the daemon's doors are told.
func (c *channel) claim(p engine.Place) { c.place.Store(&p) }
