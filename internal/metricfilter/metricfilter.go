// Package metricfilter publishes what metric filters make of log events, into datapoints, as the events
// arrive. It follows the log groups that have filters in the order in which events came, whoever wrote
// them, so that writing waits for no filter and nothing is held in memory meanwhile.
//
// The time of a value is its event's. What came while no daemon ran is not published: datapoints are of
// one daemon's life.
package metricfilter

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/datapoints"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Part applies the metric filters of one store. One goroutine owns everything.
type Part struct {
	s      *store.Store
	events *logs.Log
	book   *datapoints.Book
	log    *slog.Logger
	groups map[string]*group // by id; those that have filters
	fresh  []string          // ids of those that were not looked at yet
	open   map[string]bool   // ids of those of which a default value may have to be published
}

// group is one log group.
type group struct {
	scope   model.Scope
	next    uint64 // Seq of the first event that was not looked at
	filters map[string]*filter
}

// bytesAtOnce is how much of a group is read at a time.
const bytesAtOnce = 1 << 20

// New returns the part for the filters of s, whose log groups have their events in l. What is in l
// already is not looked at.
func New(s *store.Store, l *logs.Log, b *datapoints.Book, log *slog.Logger) *Part {
	if log == nil {
		log = slog.Default()
	}
	p := &Part{s: s, events: l, book: b, log: log, groups: map[string]*group{}, open: map[string]bool{}}
	p.changed()
	for id, g := range p.groups {
		g.next = l.Next(id)
	}
	return p
}

// Run acts until ctx ends.
func (p *Part) Run(ctx context.Context) error {
	rows := p.s.Subscribe(store.MetricFilters.Name())
	defer p.s.Unsubscribe(rows)
	watch := p.events.Watch("")
	defer p.events.Unwatch(watch)
	minute := time.NewTimer(time.Hour)
	defer minute.Stop()
	expire := time.NewTicker(time.Hour)
	defer expire.Stop()
	for {
		for p.round(rows, watch) {
		}
		minute.Reset(p.untilTold(time.Now()))
		select {
		case <-ctx.Done():
			return nil
		case <-rows.C:
			rows.Take()
			p.changed()
		case <-watch.C:
		case now := <-minute.C:
			for p.round(rows, watch) { // what came before the end of the minute
			}
			p.tell(now)
		case now := <-expire.C:
			p.book.Expire(now)
		}
	}
}

// round looks at what has arrived, and reports whether there may be more. An event that was sent after
// a filter was made is seen by it: it is looked at which filters there are after what has arrived.
func (p *Part) round(rows *store.Feed, watch *logs.Watch) (more bool) {
	ends := map[string]uint64{}
	for _, id := range append(p.fresh, watch.Take()...) {
		if p.groups[id] != nil {
			ends[id] = p.events.Next(id)
		}
	}
	p.fresh = nil
	select {
	case <-rows.C:
		rows.Take()
		p.changed()
		more = true
	default:
	}
	for id, end := range ends {
		if g := p.groups[id]; g != nil {
			for g.next < end {
				p.read(id, g, end)
			}
			p.note(id, g)
		}
	}
	return more
}

// note takes in whether a group waits for the end of a minute.
func (p *Part) note(id string, g *group) {
	delete(p.open, id)
	for _, f := range g.filters {
		if f.waits() {
			p.open[id] = true
		}
	}
}

// changed takes in which filters there are. What came to a group that had none, after one was made, is to
// be looked at.
func (p *Part) changed() {
	before := p.groups
	p.groups = map[string]*group{}
	_ = p.s.View(model.Scope{}, func(tx *store.Tx) error {
		for _, sc := range tx.Scopes() {
			in := tx.In(sc)
			for f := range store.MetricFilters.All(in) {
				if g, there := store.LogGroups.Get(in, f.Group); there {
					p.take(sc, g.ID, f, before[g.ID])
				}
			}
		}
		return nil
	})
	clear(p.open)
	for id, g := range p.groups {
		p.note(id, g)
		if before[id] == nil {
			p.fresh = append(p.fresh, id)
		}
	}
}

// take takes in one filter; before is its group as it was, nil if that had none.
func (p *Part) take(sc model.Scope, id string, f model.MetricFilter, before *group) {
	g := p.groups[id]
	if g == nil {
		g = &group{scope: sc, next: f.From, filters: map[string]*filter{}}
		if before != nil {
			g.next = before.next
		}
		p.groups[id] = g
	}
	if before == nil {
		g.next = min(g.next, f.From)
	} else if old := before.filters[f.Name]; old != nil && old.is(f) {
		g.filters[f.Name] = old
		return
	}
	made, err := newFilter(sc, f)
	if err != nil {
		p.log.Error("a metric filter does not act", "filter", f.Name, "group", f.Group, "err", err)
		return
	}
	g.filters[f.Name] = made
}

// read looks at some of what arrived in a group, before the event at end.
func (p *Part) read(id string, g *group, end uint64) {
	b, err := p.events.Since(id, g.next, bytesAtOnce)
	if err == nil && b.Next == g.next { // what was to be read has just gone, which is told now
		b, err = p.events.Since(id, g.next, bytesAtOnce)
	}
	if err != nil {
		p.log.Error("metric filters do not see the events of a log group", "group", id, "events", end-g.next, "err", err)
		g.next = end
		return
	}
	if b.Lost > 0 {
		p.log.Warn("log events went before metric filters saw them", "group", id, "events", b.Lost)
	}
	if b.Next == g.next { // the group is gone
		b.Next = end
	}
	n, _ := slices.BinarySearchFunc(b.Events, end, func(e logs.Event, seq uint64) int { return cmp.Compare(e.Seq, seq) })
	p.publish(g, b.Events[:n])
	g.next = min(b.Next, end)
}

func (p *Part) publish(g *group, events []logs.Event) {
	for _, name := range slices.Sorted(maps.Keys(g.filters)) {
		f := g.filters[name]
		for i := range events {
			if events[i].Seq >= f.row.From {
				f.see(p, &events[i])
			}
		}
	}
}

// untilTold is how long nothing is due by itself.
func (p *Part) untilTold(now time.Time) time.Duration {
	if len(p.open) == 0 {
		return time.Hour
	}
	return now.Truncate(time.Minute).Add(time.Minute).Sub(now)
}

// tell publishes the default values of the minutes that are over.
func (p *Part) tell(now time.Time) {
	for id := range p.open {
		g := p.groups[id]
		for _, f := range g.filters {
			f.tell(p.book, now.Unix()/60)
		}
		p.note(id, g)
	}
}
