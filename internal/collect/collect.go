// Package collect keeps log events as the rows of log groups say: what a deleted group held is removed,
// and retention is passed on.
package collect

import (
	"context"
	"log/slog"
	"time"

	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Config is what a Collect may be told; the zero value is good.
type Config struct {
	Log *slog.Logger // slog.Default() if nil
}

// Collect is the part of the daemon that tends the events of one store.
type Collect struct {
	s   *store.Store
	log *logs.Log
	c   Config
}

// New returns the part for the groups of s, whose events are in l.
func New(s *store.Store, l *logs.Log, c Config) *Collect {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Collect{s, l, c}
}

// keepPause is how long changes of groups and streams are gathered: events of what was deleted cannot be
// read meanwhile, since nothing names them.
const keepPause = time.Second

// Run acts until ctx ends.
func (c *Collect) Run(ctx context.Context) error {
	groups := c.s.Subscribe(store.LogGroups.Name(), store.LogStreams.Name())
	defer c.s.Unsubscribe(groups)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-groups.C:
		}
		groups.Take()
		if err := c.log.Keep(c.kept); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(keepPause):
		}
	}
}

// kept returns the groups of all scopes by id.
func (c *Collect) kept() (map[string]logs.Kept, error) {
	all := map[string]logs.Kept{}
	err := c.s.View(model.Scope{}, func(tx *store.Tx) error {
		for _, sc := range tx.Scopes() {
			in := tx.In(sc)
			for g := range store.LogGroups.All(in) {
				there := map[uint64]bool{}
				for s := range store.LogStreams.From(in, model.LogStreamKey(g.Name, ""), "") {
					there[s.Number] = true
				}
				all[g.ID] = logs.Kept{Retention: time.Duration(g.Retention) * 24 * time.Hour,
					Stream: func(n uint64) bool { return n > g.Streams || there[n] }}
			}
		}
		return nil
	})
	return all, err
}
