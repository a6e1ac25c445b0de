// Package subscription delivers the events of log groups to the destinations of their subscription
// filters: to directories of this machine, in the form in which CloudWatch Logs delivers. The log itself
// is the queue: it is read in the order of arrival from where each filter's row says that it is, and the
// row moves on once a file is written. So who writes events waits for no destination, nothing is held in
// memory meanwhile, and who is killed goes on where it was. Files are written one after another: one
// directory that hangs, such as one of a network that is gone, holds up the others.
//
// Each event is delivered at least once. One that cannot be is tried again for 24 hours, as on AWS, or
// until the log lets go of it.
package subscription

import (
	"context"
	"log/slog"
	"time"

	"github.com/drydock-ecs/drydock/internal/datapoints"
	"github.com/drydock-ecs/drydock/internal/directory"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/logs/pattern"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/tempo"
)

// Config is what a Part may be told; the zero value is good.
type Config struct {
	Scale   tempo.Scale       // divides how long events are gathered, and tried again
	Book    *datapoints.Book  // told what was forwarded; nil for nobody
	Exports directory.Allowed // where files are written
	Log     *slog.Logger
}

const (
	// patience is how long events are gathered for one file, unless there are many of them.
	patience = 5 * time.Second
	many     = 5000
	// bytesAtOnce is about how much of a log makes one file.
	bytesAtOnce = 1 << 20
	// tried is how long it is tried to deliver an event.
	//
	// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
	tried = 24 * time.Hour
	// longest is the longest time between two tries.
	longest = time.Minute
	// farBehind is how many events may have been looked at in vain before the row says so.
	farBehind = 100_000
)

// Part delivers for the subscription filters of one store. One goroutine owns everything.
type Part struct {
	s      *store.Store
	events *logs.Log
	c      Config
	subs   map[key]*sub
	names  map[string]map[uint64]string // of streams, by the id of their group
}

// key names a filter.
type key struct {
	scope model.Scope
	name  string
}

// sub is one subscription filter.
type sub struct {
	scope   model.Scope
	row     model.SubscriptionFilter
	group   string // id
	pattern *pattern.Pattern
	next    uint64    // Seq of the first event that was not looked at
	saved   uint64    // as the row has it
	due     time.Time // when to deliver; zero while there is nothing
	failed  int       // tries in a row
}

// New returns the part for the filters of s, whose log groups have their events in l.
func New(s *store.Store, l *logs.Log, c Config) *Part {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Part{s: s, events: l, c: c, subs: map[key]*sub{}, names: map[string]map[uint64]string{}}
}

// Run acts until ctx ends.
func (p *Part) Run(ctx context.Context) error {
	rows := p.s.Subscribe(store.Subscriptions.Name(), store.LogDestinations.Name())
	defer p.s.Unsubscribe(rows)
	watch := p.events.Watch("")
	defer p.events.Unwatch(watch)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	defer p.saveAll()
	for {
		p.look(time.Now())
		timer.Reset(time.Until(p.soonest()))
		select {
		case <-ctx.Done():
			return nil
		case <-rows.C:
			p.changed(rows.Take())
		case <-watch.C:
		case <-timer.C:
		}
		p.deliver(ctx)
	}
}

// changed takes in which filters there are.
func (p *Part) changed(cs store.Changes) {
	before := p.subs
	p.subs = map[key]*sub{}
	groups := map[string]bool{}
	_ = p.s.View(model.Scope{}, func(tx *store.Tx) error {
		for _, sc := range tx.Scopes() {
			in := tx.In(sc)
			for row := range store.Subscriptions.All(in) {
				g, there := store.LogGroups.Get(in, row.Group)
				if !there {
					continue
				}
				k := key{sc, row.Key()}
				if s := p.take(sc, g.ID, row, before[k]); s != nil {
					p.subs[k] = s
					groups[g.ID] = true
				}
			}
		}
		return nil
	})
	for id := range p.names {
		if !groups[id] {
			delete(p.names, id)
		}
	}
	p.mended(cs)
}

// take takes in one filter; before is how it was, nil if it is new.
func (p *Part) take(sc model.Scope, group string, row model.SubscriptionFilter, before *sub) *sub {
	s := &sub{scope: sc, row: row, group: group, next: min(row.Next, p.events.Next(group)), saved: row.Next}
	if before != nil && before.group == group && before.row.Created.Equal(row.Created) {
		s.next, s.saved, s.due, s.failed = before.next, before.saved, before.due, before.failed
		if s.failed > 0 && (before.row.Destination != row.Destination || before.row.Role != row.Role) {
			s.due = time.Now()
		}
		if before.row.Pattern == row.Pattern {
			s.pattern = before.pattern
			return s
		}
	}
	var err error
	if s.pattern, err = pattern.Parse(row.Pattern); err != nil {
		p.c.Log.Error("a subscription filter does not act", "filter", row.Name, "group", row.Group, "err", err)
		return nil
	}
	return s
}

// mended tries again at once what failed, if a destination changed.
func (p *Part) mended(cs store.Changes) {
	for _, sc := range cs.Scopes() {
		for name := range cs.Keys(sc, store.LogDestinations.Name()) {
			for _, s := range p.subs {
				if s.failed > 0 && s.row.Destination == sc.LogDestinationARN(name) {
					s.due = time.Now()
				}
			}
		}
	}
}

// look sets when to deliver what has arrived.
func (p *Part) look(now time.Time) {
	for _, s := range p.subs {
		switch waiting := p.events.Next(s.group) - s.next; {
		case p.events.Next(s.group) <= s.next || s.failed > 0:
		case waiting >= many:
			s.due = now
		case s.due.IsZero():
			s.due = now.Add(p.c.Scale.Of(patience))
		}
	}
}

// soonest is when something is due next.
func (p *Part) soonest() time.Time {
	next := time.Now().Add(time.Hour)
	for _, s := range p.subs {
		if !s.due.IsZero() && s.due.Before(next) {
			next = s.due
		}
	}
	return next
}
