// Package agent makes tasks real: it walks every placed task to what is wanted of it, by a
// container engine, and writes down what the engine told. It decides nothing about other tasks,
// and never how many there should be.
//
// One goroutine owns all of it. It reads which rows changed and what the engine says, asks a pure
// function what follows for each task that this touches (see next), hands calls to the engine to
// goroutines that live as long as the call, and writes what changed in one commit. A task at rest
// costs a few words of memory and nothing else.
//
// Nothing that matters is only in memory. After a restart the engine tells what there is, and the
// same function adopts what runs, continues what was being started, reports what ended and removes
// what no row knows.
package agent

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/tempo"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// Config is what an agent may be told; the zero value is good.
type Config struct {
	Scale  tempo.Scale
	Engine string        // its name in events, such as docker; "engine" if empty
	Starts int           // containers being started at a time; 32 if 0
	Stops  int           // containers being stopped at a time; 256 if 0
	Log    *slog.Logger  // slog.Default() if nil
	Vault  *vault.Vault  // opens the secrets of containers
	Uses   *lastuse.Book // told of the execution roles that are used; nil for nobody
	// Told is given what the engine tells of itself and of machines: Synced, Lost and HostDown. It must
	// not wait for anything. Nil is for nobody.
	Told func(engine.Event)
	// Endpoint is the URL at which containers reach the AWS APIs, told to them in AWS_ENDPOINT_URL;
	// empty for none.
	Endpoint string
}

// Agent drives one engine for the tasks of all scopes.
type Agent struct {
	s      *store.Store
	rt     Runtime
	c      Config
	feed   *store.Feed
	events chan engine.Event
	answer chan answer
	calls  sync.WaitGroup
	ctx    context.Context // of Run
	health atomic.Pointer[health]

	work    map[key]*work
	dirty   marks
	drains  map[key]key                     // target to the task that waits for it
	refused map[key]map[key]struct{}        // tasks that wait for ECS to hear their agent again, by container instance
	held    map[key]map[model.HostPort]bool // host ports that are taken, by container instance; of one turn
	// nextPort is where the search for a free host port goes on, by container instance.
	nextPort map[key]int
	lanes    [3]lane
	link     link
	kept     []kept
	alarms   alarms
}

// key names a row of one scope.
type key struct {
	scope model.Scope
	id    string
}

func (k key) String() string { return k.scope.String() + "/" + k.id }

// New returns an agent for the tasks of s.
func New(s *store.Store, rt Runtime, c Config) *Agent {
	c.Engine = cmp.Or(c.Engine, "engine")
	c.Log = cmp.Or(c.Log, slog.Default())
	a := &Agent{s: s, rt: rt, c: c, work: map[key]*work{}, drains: map[key]key{}, refused: map[key]map[key]struct{}{}, nextPort: map[key]int{}, held: map[key]map[model.HostPort]bool{},
		events: make(chan engine.Event, 256), answer: make(chan answer, 64)}
	a.lanes = [3]lane{{most: cmp.Or(c.Starts, 32)}, {most: cmp.Or(c.Stops, 256)}, {most: 2}}
	a.link.instances = map[key]struct{}{}
	a.health.Store(&health{detail: "The container engine did not answer yet."})
	return a
}

// Run acts until ctx ends, and returns once no call to the engine is under way. It leaves
// containers running.
func (a *Agent) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer a.calls.Wait()
	defer cancel()
	a.ctx = ctx
	a.feed = a.s.Subscribe(store.Tasks.Name(), store.Targets.Name(), store.ContainerInstances.Name())
	defer a.s.Unsubscribe(a.feed)
	watch := make(chan error, 1)
	a.calls.Go(func() { watch <- a.rt.Watch(ctx, a.hear) })
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		a.wind(timer)
		select {
		case <-ctx.Done():
			return nil
		case err := <-watch:
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("watch the engine: %w", err)
		case <-a.feed.C:
		case e := <-a.events:
			a.event(e)
		case r := <-a.answer:
			a.answered(r)
		case <-timer.C:
		}
		a.gather()
		if err := a.turn(); err != nil {
			return err
		}
	}
}

// hear hands an event of the engine to the loop.
func (a *Agent) hear(e engine.Event) {
	select {
	case a.events <- e:
	case <-a.ctx.Done():
	}
}

// gather takes in all that waits, so that one turn and one commit do for it.
func (a *Agent) gather() {
	a.changed(a.feed.Take())
	for range 4096 {
		select {
		case e := <-a.events:
			a.event(e)
		case r := <-a.answer:
			a.answered(r)
		default:
			return
		}
	}
}

// wind sets the timer to the next moment at which something is due by itself.
func (a *Agent) wind(timer *time.Timer) {
	at, wait := a.alarms.first(), time.Hour
	if k := a.expiry(); !k.IsZero() && (at.IsZero() || k.Before(at)) {
		at = k
	}
	if !at.IsZero() {
		wait = max(0, time.Until(at))
	}
	timer.Reset(wait)
}

// turn decides for every task marked, lets the engine calls begin, and then writes.
func (a *Agent) turn() error {
	now := time.Now()
	a.ring(now)
	a.expire(now)
	var writes []key
	clear(a.held)
	err := a.s.View(model.Scope{}, func(tx *store.Tx) error {
		for {
			for _, k := range a.dirty.take() {
				if a.consider(tx, k) {
					writes = append(writes, k)
				}
			}
			a.launch(tx)
			if a.dirty.empty() {
				return nil
			}
		}
	})
	if err != nil {
		return err
	}
	a.commit(writes)
	return nil
}
