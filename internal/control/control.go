// Package control is the one loop that decides. Each pass runs the stages in order over every scope
// in which something changed, one transaction a scope: a stage reads rows, asks a pure package what
// to do, and writes rows. It never blocks and starts nothing; the agent and the load balancer act on
// what it wrote.
//
// Stages look at what is, not at what happened, and visit only the rows that changed keys touch. A
// pass over a settled state changes no byte and makes no commit. Time brings a stage back only to a
// row for which it asked to look again; a full pass, made at start, finds all of those again.
package control

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/tempo"
	"github.com/drydock-ecs/drydock/scheduler"
)

// retryDelay is how long the loop waits after a pass that the store refused.
const retryDelay = time.Second

// Config is what the loop needs from outside.
type Config struct {
	// Scale divides grace periods, throttles, draining delays and how long ended things stay visible.
	Scale tempo.Scale
	// Connected reports whether the engine answers, for instances that join; nil means that it does.
	Connected func() bool
	// Agent is the version that container instances show as their agent's.
	Agent string
	// Strict says that agents of instances without an instance profile have no credentials; else they are the
	// root user of the account.
	Strict bool
	// Uses is told of the roles that agents act in; nil for nobody.
	Uses *lastuse.Book
	// Public are the addresses of this machine that tasks with a public address get one of.
	Public netip.Prefix
	// Passed is told how long each pass took that had something to look at; nil for nobody.
	Passed func(time.Duration)
	// Log gets one line per event told; nil means slog's default.
	Log *slog.Logger
}

// Control is the loop. One goroutine uses it.
type Control struct {
	store *store.Store
	Config
	due   agenda
	waits waiting
	book  identity.Book
	last  time.Time     // of the newest event written
	told  []model.Event // written in this pass, for the log
}

// New returns a loop over s.
func New(s *store.Store, c Config) *Control {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Control{store: s, Config: c, waits: waiting{}}
}

// watched are the tables whose changes concern some stage.
func watched() []string {
	return append([]string{store.Clusters.Name(), store.Tasks.Name(), store.Services.Name(), store.ServiceDeployments.Name(), store.Instances.Name(), store.CapacityProviders.Name(),
		store.ContainerInstances.Name(), store.TargetGroups.Name(), store.Targets.Name(), store.Events.Name(), store.Secrets.Name()},
		identities...)
}

// Run makes passes, whenever something changed or is due, until ctx ends.
func (c *Control) Run(ctx context.Context) error {
	feed := c.store.Subscribe(watched()...)
	defer c.store.Unsubscribe(feed)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-feed.C:
		case <-timer.C:
		}
		changes := feed.Take()
		changes.Full = changes.Full || failed
		next, err := c.Pass(changes)
		if failed = err != nil; failed {
			c.Log.ErrorContext(ctx, "control pass failed, will retry", "err", err)
			next = time.Now().Add(retryDelay)
		}
		if !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// Pass runs every stage once over what changed and what is due, and returns when the next pass is
// due at the latest; the zero time if nothing is.
func (c *Control) Pass(changes store.Changes) (next time.Time, err error) {
	c.due.take(time.Now(), &changes)
	if changes.Empty() {
		return c.due.next(), nil
	}
	if err := c.trace(&changes); err != nil {
		return time.Time{}, err
	}
	scopes := slices.DeleteFunc(changes.Scopes(), isGlobal)
	if changes.Full {
		if scopes, err = c.opened(); err != nil {
			return time.Time{}, err
		}
	}
	if c.Passed != nil {
		defer func(began time.Time) { c.Passed(time.Since(began)) }(time.Now())
	}
	for _, sc := range scopes {
		c.told = c.told[:0]
		if err := c.store.Update(sc, func(tx *store.Tx) error { return c.scope(tx, changes) }); err != nil {
			return time.Time{}, fmt.Errorf("scope %v: %w", sc, err)
		}
		for _, e := range c.told {
			c.Log.Info(e.Message, "scope", sc.String(), "cluster", e.Cluster)
		}
	}
	return c.due.next(), nil
}

// opened returns every scope.
func (c *Control) opened() (all []model.Scope, err error) {
	err = c.store.View(model.Scope{}, func(tx *store.Tx) error { all = tx.Scopes(); return nil })
	return all, err
}

// scope runs the stages over one scope.
func (c *Control) scope(tx *store.Tx, changes store.Changes) error {
	p := &pass{Control: c, tx: tx, now: tx.Now(), full: changes.Full, rooms: map[string]*scheduler.Room{}, changed: map[string]keys{}}
	if !p.full {
		for _, table := range watched() {
			for key := range changes.Keys(tx.Scope(), table) {
				p.touch(table, key)
			}
		}
	}
	for _, stage := range stages {
		if err := stage.step(p); err != nil {
			return fmt.Errorf("%s: %w", stage.name, err)
		}
	}
	return nil
}

// stages are all stages, in the order a change travels through them. Service tasks are placed where
// they are made, in the services stage: on ECS, too, a service's task that finds no place does not
// exist, an event says why.
var stages = []struct {
	name string
	step func(*pass) error
}{
	{"instances", (*pass).instances},
	{"services", (*pass).services},
	{"targets", (*pass).targets},
	{"reap", (*pass).reap},
}
