// Package collect brings what containers with the log driver awslogs write into their log streams, while
// they write it, and keeps log events as the rows of log groups say: what a deleted group held is removed.
//
// The engine keeps the output of such a container in its own log; one goroutine for each running one
// reads it, and one goroutine owns everything else. How far a log was read stands in the events
// themselves, so that a daemon that ends at any moment goes on where it was: no line is lost unless the
// engine's log (30 MiB) was full meanwhile, and none comes twice.
package collect

import (
	"context"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Config is what a Collect may be told; the zero value is good.
type Config struct {
	// Read reads the log of a container on the engine; nil if the engine keeps none.
	Read func(ctx context.Context, runtimeID string, o engine.LogOptions) iter.Seq2[engine.LogLine, error]
	// Strict says that instances without an instance profile have no credentials.
	Strict bool
	Uses   *lastuse.Book // told of the roles that are used; nil for nobody
	Log    *slog.Logger  // slog.Default() if nil
}

// Collect is the part of the daemon that tends the events of one store.
type Collect struct {
	s   *store.Store
	log *logs.Log
	c   Config

	book identity.Book

	// All below belongs to Run's goroutine.
	ctx     context.Context
	readers sync.WaitGroup
	said    chan said
	follows map[key]*follow
	due     map[*follow]time.Time // when to look at one again though nothing was said
	ended   chan struct{}         // turns of the readers of containers that ended
}

const (
	// keepPause is how long changes of groups and streams are gathered. What was deleted cannot be read
	// meanwhile, since nothing names it.
	keepPause = time.Second
	// mostSaid is how many lines wait to be written, and mostEnded how many containers that ended are read
	// at a time.
	mostSaid  = 1024
	mostEnded = 8
)

// New returns the part for the groups of s, whose events are in l.
func New(s *store.Store, l *logs.Log, c Config) *Collect {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Collect{s: s, log: l, c: c, said: make(chan said, mostSaid), follows: map[key]*follow{},
		due: map[*follow]time.Time{}, ended: make(chan struct{}, mostEnded)}
}

// Run acts until ctx ends, and returns once nothing is being read.
func (c *Collect) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer c.readers.Wait()
	defer cancel()
	c.ctx = ctx
	groups := c.s.Subscribe(store.LogGroups.Name(), store.LogStreams.Name())
	defer c.s.Unsubscribe(groups)
	tasks := c.s.Subscribe(store.Tasks.Name())
	defer c.s.Unsubscribe(tasks)
	var keep <-chan time.Time
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		c.wind(timer)
		select {
		case <-ctx.Done():
			return nil
		case <-groups.C:
			if keep == nil {
				keep = time.After(keepPause)
			}
		case <-keep:
			keep = nil
			groups.Take()
			if err := c.log.Keep(c.kept); err != nil {
				return err
			}
		case <-tasks.C:
			c.changed(tasks.Take())
		case first := <-c.said:
			c.take(first)
		case <-timer.C:
			c.look(time.Now())
		}
	}
}

// wind sets the timer to the next moment at which something is due by itself.
func (c *Collect) wind(timer *time.Timer) {
	next := time.Now().Add(time.Hour)
	for _, at := range c.due {
		if at.Before(next) {
			next = at
		}
	}
	timer.Reset(time.Until(next))
}
