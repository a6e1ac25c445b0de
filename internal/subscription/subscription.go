// Package subscription delivers the events of log groups to the destinations of their subscription
// filters: to directories of this machine, in the form in which CloudWatch Logs delivers. The log itself
// is the queue: it is read in the order of arrival from where each filter's row says that it is, and the
// row moves on once a file is written. So who writes events waits for no destination, nothing is held in
// memory meanwhile, and who is killed goes on where it was. A directory that hangs, such as one of a
// network that is gone, holds up no other, until sixteen do.
//
// Each event is delivered at least once. One that cannot be is tried again for 24 hours, as on AWS, or
// until the log lets go of it.
package subscription

import (
	"context"
	"log/slog"
	"maps"
	"slices"
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
	// most is how many deliveries there are at a time, mostTo to one directory. Each holds a thread while
	// its directory hangs.
	most   = 64
	mostTo = 4
	// patienceAtEnd is how long deliveries under way may take at the end.
	patienceAtEnd = 5 * time.Second
)

// Part delivers for the subscription filters of one store. One goroutine owns everything but what is
// handed to deliveries: a copy of the filter, which each gives back.
type Part struct {
	s        *store.Store
	events   *logs.Log
	c        Config
	write    func(directory, name string, body []byte) error
	subs     map[key]*sub
	of       map[string][]*sub // by the id of their group
	soonest  time.Time         // when something is due; zero while nothing is
	underway map[string]int    // deliveries, by directory
	all      int               // of them
	crowded  bool              // something that is due waits for one to end
	done     chan *delivery
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
	next    uint64            // Seq of the first event that was not looked at
	saved   uint64            // as the row has it
	due     time.Time         // when to deliver; zero while there is nothing
	failed  int               // tries in a row
	names   map[uint64]string // of streams of the group
	going   *delivery         // that is under way; nil for none
}

// New returns the part for the filters of s, whose log groups have their events in l.
func New(s *store.Store, l *logs.Log, c Config) *Part {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Part{s: s, events: l, c: c, write: c.Exports.Write, subs: map[key]*sub{}, underway: map[string]int{}, done: make(chan *delivery, most)}
}

// Run acts until ctx ends.
func (p *Part) Run(ctx context.Context) error {
	rows := p.s.Subscribe(store.Subscriptions.Name(), store.LogDestinations.Name())
	defer p.s.Unsubscribe(rows)
	watch := p.events.Watch("")
	defer p.events.Unwatch(watch)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if !p.soonest.IsZero() {
			timer.Reset(time.Until(p.soonest))
		}
		select {
		case <-ctx.Done():
			p.end()
			return nil
		case <-rows.C:
			p.changed(rows.Take())
		case <-watch.C:
			p.arrived(watch.Take())
		case d := <-p.done:
			p.came(d, time.Now())
		case <-timer.C:
		}
		p.deliver(ctx, time.Now())
	}
}

// end waits for what is under way. What hangs is delivered again by who comes next.
func (p *Part) end() {
	late := time.NewTimer(patienceAtEnd)
	defer late.Stop()
	for ended := false; p.all > 0 && !ended; {
		select {
		case d := <-p.done:
			p.came(d, time.Now())
		case <-late.C:
			p.c.Log.Warn("directories do not answer, what is delivered there is not waited for", "deliveries", p.all)
			ended = true
		}
	}
	p.save(slices.Collect(maps.Values(p.subs))...)
}

// changed takes in which filters there are.
func (p *Part) changed(cs store.Changes) {
	before := p.subs
	if cs.Full {
		p.subs, p.of = map[key]*sub{}, map[string][]*sub{}
	}
	_ = p.s.View(model.Scope{}, func(tx *store.Tx) error {
		for _, sc := range cs.Scopes() {
			for name := range cs.Keys(sc, store.Subscriptions.Name()) {
				p.know(tx.In(sc), name, before[key{sc, name}])
			}
		}
		for _, sc := range tx.Scopes() {
			if !cs.Full {
				break
			}
			for row := range store.Subscriptions.All(tx.In(sc)) {
				p.know(tx.In(sc), row.Key(), before[key{sc, row.Key()}])
			}
		}
		return nil
	})
	p.mended(cs)
}

// know takes in one filter that is new, other or gone.
func (p *Part) know(tx *store.Tx, name string, before *sub) {
	k := key{tx.Scope(), name}
	if before != nil {
		p.forget(k, before)
	}
	row, there := store.Subscriptions.Get(tx, name)
	g, of := store.LogGroups.Get(tx, row.Group)
	if !there || !of {
		return
	}
	if s := p.take(tx.Scope(), g.ID, row, before); s != nil {
		p.subs[k] = s
		p.of[g.ID] = append(p.of[g.ID], s)
		p.look(s, time.Now())
		p.await(s)
	}
}

func (p *Part) forget(k key, s *sub) {
	delete(p.subs, k)
	if p.of[s.group] = slices.DeleteFunc(p.of[s.group], func(o *sub) bool { return o == s }); len(p.of[s.group]) == 0 {
		delete(p.of, s.group)
	}
}

// take takes in one filter; before is how it was, nil if it is new.
func (p *Part) take(sc model.Scope, group string, row model.SubscriptionFilter, before *sub) *sub {
	s := &sub{scope: sc, row: row, group: group, next: min(row.Next, p.events.Next(group)), saved: row.Next}
	if before != nil && before.group == group && before.row.Created.Equal(row.Created) {
		s.next, s.saved, s.due, s.failed, s.names, s.going = before.next, before.saved, before.due, before.failed, before.names, before.going
		if before.row.Destination != row.Destination || before.row.Role != row.Role {
			p.again(s)
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

// mended tries again at once what failed or hangs, if a destination changed.
func (p *Part) mended(cs store.Changes) {
	for _, sc := range cs.Scopes() {
		for name := range cs.Keys(sc, store.LogDestinations.Name()) {
			for _, s := range p.subs {
				if s.row.Destination == sc.LogDestinationARN(name) {
					p.again(s)
					p.await(s)
				}
			}
		}
	}
}

// again has what failed, or is under way to another directory, delivered at once: nobody waits for what hangs
// any more. Two in one directory are not: the first might come last, with less, in place of the other's file.
func (p *Part) again(s *sub) {
	if s.going != nil && s.going.to == p.directory(s) {
		return
	}
	if s.going != nil || s.failed > 0 {
		s.due, s.going = time.Now(), nil
	}
}

// arrived sets when to deliver what has arrived in some groups.
func (p *Part) arrived(groups []string) {
	now := time.Now()
	for _, id := range groups {
		for _, s := range p.of[id] {
			p.look(s, now)
		}
	}
}

// look sets when to deliver what has arrived for a filter.
func (p *Part) look(s *sub, now time.Time) {
	next := p.events.Next(s.group)
	switch {
	case next <= s.next || s.failed > 0 || s.going != nil:
		return
	case next-s.next >= many:
		s.due = now
	case s.due.IsZero():
		s.due = now.Add(p.c.Scale.Of(patience))
	}
	p.await(s)
}

// await makes sure that what is due for a filter is not overslept.
func (p *Part) await(s *sub) {
	if !s.due.IsZero() && (p.soonest.IsZero() || s.due.Before(p.soonest)) {
		p.soonest = s.due
	}
}
