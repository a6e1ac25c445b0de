package vpc

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Config is what a controller may be told.
type Config struct {
	// Network is the engine's. Nil is for an engine without networks: machines stand because their
	// instances are there, and nothing else is to be done.
	Network Network
	Retry   time.Duration // after a call that failed, doubled with each further failure up to a minute; a second if 0
	Slow    int           // machines, gateways and networks in work at a time; 8 if 0
	Quick   int           // interfaces whose rules are being changed at a time; 16 if 0
	Log     *slog.Logger  // slog.Default() if nil
}

// Controller makes calls to one Network until what is on the engine is what the rows say. One goroutine
// owns it; each call has one that lives as long as the call, and about one thing there is never more
// than one call under way.
type Controller struct {
	s    *store.Store
	c    Config
	feed *store.Feed
	ears ears
	done chan outcome

	up     bool // the engine told all there is, and was not lost since
	things map[thing]*state
	dirty  map[thing]struct{}
	seen   seen
	lanes  [2]lane
	alarms map[thing]time.Time
	news   news
	calls  sync.WaitGroup
	stand  standing
}

// thing is one thing on the engine.
type thing struct {
	kind  kind
	scope model.Scope
	id    string
}

// kind says what a thing is; its id is that of the instance, the interface or the VPC.
type kind int8

const (
	host kind = iota
	nicRules
	gateway
	network
)

// state is how a thing stands: what was put in force last, as a fingerprint, and the call under way.
type state struct {
	have  string // empty when nothing is known
	busy  bool
	again bool // it changed since the call under way was planned
	stale bool // the engine went away since then
	fails int
}

// outcome is how a call ended.
type outcome struct {
	thing
	want string
	err  error
}

// lane holds the calls of one kind that wait for their turn.
type lane struct {
	most, busy int
	wait       []call
}

type call struct {
	thing
	want string
	do   func(context.Context) error
}

// New returns a controller over s.
func New(s *store.Store, c Config) *Controller {
	c.Retry = cmp.Or(c.Retry, time.Second)
	c.Log = cmp.Or(c.Log, slog.Default())
	return &Controller{s: s, c: c, ears: ears{wake: make(chan struct{}, 1)}, done: make(chan outcome, 64),
		things: map[thing]*state{}, dirty: map[thing]struct{}{}, alarms: map[thing]time.Time{}, seen: newSeen(),
		lanes: [2]lane{{most: cmp.Or(c.Slow, 8)}, {most: cmp.Or(c.Quick, 16)}}}
}

// Run acts until ctx ends, and returns once no call is under way.
func (c *Controller) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer c.calls.Wait()
	defer cancel()
	c.feed = c.s.Subscribe(c.tables()...)
	defer c.s.Unsubscribe(c.feed)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(c.wait())
		select {
		case <-ctx.Done():
			return nil
		case <-c.feed.C:
		case <-c.ears.wake:
		case o := <-c.done:
			c.ended(o)
		case <-timer.C:
		}
		c.gather()
		if err := c.turn(ctx); err != nil {
			return err
		}
	}
}

// tables are those whose changes concern the engine.
func (c *Controller) tables() []string {
	if c.c.Network == nil {
		return []string{store.Instances.Name()}
	}
	return []string{store.Instances.Name(), store.Tasks.Name(), store.VPCs.Name(), store.NetworkInterfaces.Name(), store.SecurityGroupRules.Name(),
		store.RouteTables.Name(), store.InternetGateways.Name()}
}

// gather takes in all that waits, so that one turn does for it.
func (c *Controller) gather() {
	for _, e := range c.ears.take() {
		c.hear(e)
	}
	for range 1024 {
		select {
		case o := <-c.done:
			c.ended(o)
		default:
			return
		}
	}
}

// wait returns how long nothing is due by itself.
func (c *Controller) wait() time.Duration {
	next := time.Hour
	for _, at := range c.alarms {
		next = min(next, time.Until(at))
	}
	return max(0, next)
}

// turn looks at everything that a change may concern, begins calls, and writes down what is new.
func (c *Controller) turn(ctx context.Context) error {
	now := time.Now()
	for t, at := range c.alarms {
		if !now.Before(at) {
			delete(c.alarms, t)
			c.dirty[t] = struct{}{}
		}
	}
	err := c.s.View(model.Scope{}, func(tx *store.Tx) error {
		c.notice(tx, c.feed.Take())
		if c.up {
			c.consider(tx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.launch(ctx)
	c.write()
	return nil
}

// consider plans a call for each thing that is not as the rows say.
func (c *Controller) consider(tx *store.Tx) {
	p := planner{tx: tx, firewalls: map[string]compiled{}}
	for t := range c.dirty {
		delete(c.dirty, t)
		st := c.things[t]
		if st == nil {
			st = &state{}
			c.things[t] = st
		}
		if st.busy {
			st.again = true
			continue
		}
		want, do := c.plan(&p, t)
		switch {
		case want == st.have || do == nil:
			if want == "" {
				delete(c.things, t)
			}
		default:
			st.busy = true
			l := t.kind.lane()
			c.lanes[l].wait = append(c.lanes[l].wait, call{t, want, do})
		}
	}
}

func (k kind) lane() int {
	if k == nicRules {
		return 1
	}
	return 0
}

// launch begins the calls for which there is room.
func (c *Controller) launch(ctx context.Context) {
	for n := range c.lanes {
		if !c.up {
			return
		}
		l := &c.lanes[n]
		for l.busy < l.most && len(l.wait) > 0 {
			next := l.wait[0]
			l.wait = l.wait[1:]
			l.busy++
			c.calls.Go(func() {
				o := outcome{next.thing, next.want, next.do(ctx)}
				select {
				case c.done <- o:
				case <-ctx.Done():
				}
			})
		}
	}
}

// ended takes in how a call ended.
func (c *Controller) ended(o outcome) {
	c.lanes[o.kind.lane()].busy--
	st := c.things[o.thing]
	if st.again || st.stale {
		c.dirty[o.thing] = struct{}{}
	}
	switch {
	case st.stale: // who knows what became of it
		st.have = ""
	case o.err != nil:
		c.failed(o, st)
	default:
		st.have, st.fails = o.want, 0
		c.stands(o)
	}
	st.busy, st.again, st.stale = false, false, false
}

// stands notes the news of a call that did what it was to do.
func (c *Controller) stands(o outcome) {
	if o.kind != host {
		return
	}
	c.stand.set(o.thing, o.want != gone)
	if o.want == gone {
		c.news.put(o.thing, report{kind: dropped})
	} else {
		c.news.put(o.thing, report{kind: raised})
	}
}

const (
	longestRetry = time.Minute
	// refusals is how often in a row the engine may refuse a machine before it is lost: a few seconds for one
	// that is launched, half a minute for one that ran.
	refusals, refusalsAgain = 3, 6
)

// failed notes that a call is to be made again, or that a machine cannot be had.
func (c *Controller) failed(o outcome, st *state) {
	st.have = ""
	st.fails++
	var refused *engine.Error
	if o.kind == host && o.want != gone && st.fails >= refusals && errors.As(o.err, &refused) {
		c.news.put(o.thing, report{kind: denied, why: refused.Message, again: st.fails >= refusalsAgain})
	}
	if st.fails > 1 || o.kind != network { // what is on its way out of a network may take a moment
		c.c.Log.Warn("the engine's networks are not as they should be, will retry", "what", o.kind.String(), "id", o.id, "err", o.err)
	}
	c.retry(o.thing)
}

// retry lets a thing be looked at again after a while.
func (c *Controller) retry(t thing) {
	if st := c.things[t]; st != nil {
		st.have = ""
		c.alarms[t] = time.Now().Add(min(longestRetry, c.c.Retry<<min(max(0, st.fails-1), 16)))
	}
}

func (k kind) String() string {
	return [...]string{"machine", "rules of an interface", "gateway", "network"}[k]
}
