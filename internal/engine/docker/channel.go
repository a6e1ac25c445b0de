package docker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
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
	parts   sync.Map      // int64: *parts; the answers that are told in parts
	place   atomic.Pointer[engine.Place]
	line    atomic.Pointer[line]
	stand   atomic.Pointer[standing]
	counter chan struct{}   // held by who has flows counted
	counts  atomic.Int32    // a counting
	ended   atomic.Bool     // it is not attached again
	leaving atomic.Bool     // its container is being removed
	life    context.Context // ends with the container
	die     context.CancelFunc
}

// standing is how a namespace is.
type standing struct {
	netbox.Config
	ports [2]int
	pid   int // of the box, in its PID namespace
}

// errEnded is a box's that is no more.
func errEnded(id string) error {
	return &engine.Error{Name: engine.CannotStart, Message: "the network namespace of container " + id[:min(12, len(id))] + " ended"}
}

// newChannel returns a channel over l; keep is to run while its container does.
func (r *Runtime) newChannel(id, name, role string, p engine.Place, l *line) *channel {
	c := &channel{r: r, id: id, role: role, turn: make(chan struct{}, 1), counter: make(chan struct{}, 1), doors: make(chan struct{}, doorsOpen)}
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
		c.r.notes.Go(func() { c.skipped(); c.probe(again) })
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
		s := standing{ports: rep.Ports, pid: rep.PID}
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
	c = r.channels.add(r.newChannel(in.ID, in.Name, in.Config.Labels[labelBox], r.whose(in.ID, in.Config.Labels), l))
	r.notes.Go(c.keep)
	if err = l.write(netbox.Order{Op: netbox.OpHello}); err == nil {
		err = c.greet(ctx)
	}
	if err != nil {
		c.end()
		return nil, false, err
	}
	c.counts.Store(int32(countsPerhaps))
	c.count()
	return c, true, nil
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
	return c.put(ctx, edit)
}

// put is change for who has the turn.
func (c *channel) put(ctx context.Context, edit func(*netbox.Config) error) error {
	ctx, cancel := context.WithTimeout(ctx, setTimeout)
	defer cancel()
	have := c.stand.Load()
	want := have.Config
	if err := edit(&want); err != nil {
		return err
	}
	if _, err := c.order(ctx, netbox.Order{Op: netbox.OpSet, Config: &want}); err != nil {
		return err
	}
	c.r.channels.moved(c, have.Config, want)
	c.stand.Store(&standing{Config: want, ports: have.ports, pid: have.pid})
	soon, done := context.WithTimeout(ctx, countPatience)
	c.countNow(soon)
	done()
	return nil
}

// order has the box do something, and returns what it says of it.
func (c *channel) order(ctx context.Context, o netbox.Order) (netbox.Report, error) {
	for {
		l := c.line.Load()
		rep, err := l.call(ctx, o)
		switch {
		case err == nil:
			return rep, nil
		case !errors.Is(err, errBroken):
			return rep, fmt.Errorf("network of container %s: %w", c.id[:min(12, len(c.id))], err)
		}
		if err := c.await(ctx, l); err != nil {
			return rep, err
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

// link connects the namespace of another box with the bridge of this machine, and returns the address
// that it gets there.
func (c *channel) link(ctx context.Context, with *channel) (netip.Prefix, error) {
	ctx, cancel := context.WithTimeout(ctx, setTimeout)
	defer cancel()
	rep, err := c.order(ctx, netbox.Order{Op: netbox.OpLink, PID: with.stand.Load().pid})
	return rep.Address, err
}

// answers reports whether the box still lives.
func (c *channel) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	_, err := c.order(ctx, netbox.Order{Op: netbox.OpHello})
	return err == nil
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
