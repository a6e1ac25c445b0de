package subscription

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/datapoints"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// delivery is what is under way for one filter.
type delivery struct {
	sub        // a copy, which is taken over at the end
	to  string // its directory
	err error
}

// deliver begins to deliver what is due, what waits longest first. For what there is no room, somebody
// looks again once something ends.
func (p *Part) deliver(ctx context.Context, now time.Time) {
	if p.soonest.IsZero() || p.soonest.After(now) {
		return
	}
	for _, s := range p.due(now) {
		if to := p.directory(s); p.all < most && p.underway[to] < mostTo {
			p.begin(ctx, s, to)
		} else {
			p.crowded = true
		}
	}
}

// due are the filters that have something to be delivered now, and sets when there will be others.
func (p *Part) due(now time.Time) (all []*sub) {
	p.soonest = time.Time{}
	for _, s := range p.subs {
		if s.due.After(now) {
			p.await(s)
		} else if !s.due.IsZero() {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *sub) int { return cmp.Or(a.due.Compare(b.due), strings.Compare(a.row.Key(), b.row.Key())) })
	return all
}

// directory is where a filter delivers to.
func (p *Part) directory(s *sub) (path string) {
	_ = p.s.View(s.scope, func(tx *store.Tx) error {
		_, to, _ := destination(tx, s.row)
		path = to.Directory
		return nil
	})
	return path
}

func (p *Part) begin(ctx context.Context, s *sub, to string) {
	d := &delivery{sub: *s, to: to}
	s.going, s.due = d, time.Time{}
	p.underway[to]++
	p.all++
	end := p.events.Next(s.group)
	go func() {
		if d.err = p.forward(ctx, &d.sub, end); d.err == nil && d.next >= d.saved+farBehind {
			p.save(&d.sub)
		}
		p.done <- d
	}()
}

// came takes over what a delivery came to, unless nobody waits for it any more.
func (p *Part) came(d *delivery, now time.Time) {
	p.all--
	if p.underway[d.to]--; p.underway[d.to] == 0 {
		delete(p.underway, d.to)
	}
	if p.crowded {
		p.crowded, p.soonest = false, now
	}
	s := p.subs[key{d.scope, d.row.Key()}]
	if s == nil || s.going != d {
		return
	}
	s.next, s.saved, s.names, s.going = d.next, d.saved, d.names, nil
	if d.err != nil {
		p.fail(s, d.err, now)
		return
	}
	s.failed = 0
	p.look(s, now)
}

// forward delivers the events of a filter that arrived before the one at end.
func (p *Part) forward(ctx context.Context, s *sub, end uint64) error {
	for s.next < end && ctx.Err() == nil {
		b, err := p.events.Since(s.group, s.next, bytesAtOnce)
		if err != nil {
			return err
		}
		if b.Lost > 0 {
			p.drop(s, b.Lost, "the log let go of them before they were delivered")
		}
		if b.Next == s.next {
			return nil // the group is gone
		}
		if err := p.send(s, b.Events); err != nil {
			if !p.gaveUp(s, b.Events, err) {
				return err
			}
			continue
		}
		s.next = b.Next
	}
	return nil
}

// gaveUp drops those of some events that were tried for long enough, and reports whether these are all.
func (p *Part) gaveUp(s *sub, events []logs.Event, why error) bool {
	s.next = events[0].Seq // what is lost is not lost again
	young := func(e logs.Event) bool { return time.Since(time.UnixMilli(e.Ingested)) < p.c.Scale.Of(tried) }
	n := slices.IndexFunc(events, young)
	if n < 0 {
		n = len(events)
	}
	if n > 0 {
		p.drop(s, uint64(n), why.Error())
		s.next = events[n-1].Seq + 1
		p.save(s)
	}
	return n == len(events)
}

// send writes those of the events that match to a file, and the row that they are delivered.
func (p *Part) send(s *sub, events []logs.Event) error {
	all, n, first := s.gather(events, p.streams(s, events))
	if n == 0 {
		return nil
	}
	body, err := zipped(all)
	if err != nil {
		return err
	}
	if err := p.put(s, s.file(first), body); err != nil {
		p.count(s, "DeliveryErrors", float64(n))
		return err
	}
	s.next = events[len(events)-1].Seq + 1
	p.save(s)
	p.count(s, "ForwardedLogEvents", float64(n))
	p.count(s, "ForwardedBytes", float64(len(body)))
	return nil
}

func (p *Part) put(s *sub, file string, body []byte) error {
	var to model.LogDestination
	if err := p.s.View(s.scope, func(tx *store.Tx) (err error) { to, err = Reach(tx, s.row); return err }); err != nil {
		return err
	}
	return p.write(to.Directory, file, body)
}

// destination returns that of a filter of tx's scope, and where it is.
func destination(tx *store.Tx, f model.SubscriptionFilter) (there *store.Tx, to model.LogDestination, ok bool) {
	a, _ := model.ParseARN(f.Destination)
	there = tx.In(a.Scope())
	to, ok = store.LogDestinations.Get(there, strings.TrimPrefix(a.Resource, "destination:"))
	return there, to, ok
}

// Reach returns the destination of a filter, if it is there and its role and the filter's own let
// CloudWatch Logs act. The filter is of tx's scope, the destination may be of another account.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CreateSubscriptionFilter-IAMrole.html
func Reach(tx *store.Tx, f model.SubscriptionFilter) (to model.LogDestination, err error) {
	there, to, ok := destination(tx, f)
	if !ok {
		return to, fmt.Errorf("the destination %s does not exist", f.Destination)
	}
	if _, ok := identity.ActForLogs(there, to.Role); !ok {
		return to, fmt.Errorf("%s cannot assume the role %s of the destination", identity.ForLogs, to.Role)
	}
	if f.Role == "" {
		return to, nil
	}
	act, ok := identity.ActForLogs(tx, f.Role)
	if !ok {
		return to, fmt.Errorf("%s cannot assume the role %s", identity.ForLogs, f.Role)
	}
	if group := tx.Scope().LogGroupARN(f.Group) + ":*"; !act.May("logs:PutLogEvents", group) {
		return to, fmt.Errorf("the role %s does not allow logs:PutLogEvents on %s", f.Role, group)
	}
	return to, nil
}

// fail sets when to try again.
func (p *Part) fail(s *sub, err error, now time.Time) {
	if s.failed == 0 {
		p.c.Log.Warn("log events cannot be delivered, and are tried again", "filter", s.row.Name, "group", s.row.Group, "to", s.row.Destination,
			"err", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	s.due = now.Add(min(time.Second<<min(s.failed, 10), longest))
	s.failed++
	p.await(s)
}

// drop tells of events that are not delivered.
func (p *Part) drop(s *sub, n uint64, why string) {
	p.c.Log.Warn("log events are dropped: they are not delivered", "filter", s.row.Name, "group", s.row.Group, "events", n, "why", strings.ReplaceAll(why, "\n", "; "))
	p.count(s, "DroppedLogEvents", float64(n))
}

// count publishes one of the metrics that CloudWatch Logs has of subscription filters; DroppedLogEvents is
// Drydock's own.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
func (p *Part) count(s *sub, metric string, n float64) {
	if p.c.Book == nil {
		return
	}
	unit := map[string]string{"ForwardedBytes": "Bytes"}[metric]
	p.c.Book.Add(datapoints.Metric{Scope: s.scope, Namespace: "AWS/Logs", Name: metric, Unit: unit, Dimensions: []datapoints.Dimension{
		{Name: "LogGroupName", Value: s.row.Group}, {Name: "DestinationType", Value: "Directory"}, {Name: "FilterName", Value: s.row.Name}}}, time.Now(), datapoints.Of(n))
}

// save writes down how far filters are, at once, but for those that are others meanwhile.
func (p *Part) save(subs ...*sub) {
	subs = slices.DeleteFunc(subs, func(s *sub) bool { return s.saved == s.next })
	if len(subs) == 0 {
		return
	}
	err := p.s.Update(model.Scope{}, func(tx *store.Tx) error {
		for _, s := range subs {
			in := tx.In(s.scope)
			g, _ := store.LogGroups.Get(in, s.row.Group)
			row, there := store.Subscriptions.Get(in, s.row.Key())
			if there && g.ID == s.group && row.Created.Equal(s.row.Created) && row.Destination == s.row.Destination {
				row.Next = s.next
				store.Subscriptions.Put(in, row)
			}
		}
		return nil
	})
	if err != nil {
		p.c.Log.Error("how far subscription filters are cannot be written down: after a restart they deliver again", "filter", subs[0].row.Name, "filters", len(subs), "err", err)
		return
	}
	for _, s := range subs {
		s.saved = s.next
	}
}

// streams names the streams of events; those that are deleted have no name.
func (p *Part) streams(s *sub, events []logs.Event) func(uint64) string {
	names := s.names
	if slices.ContainsFunc(events, func(e logs.Event) bool { _, known := names[e.Stream]; return !known }) {
		names = map[uint64]string{}
		_ = p.s.View(s.scope, func(tx *store.Tx) error {
			for row := range store.LogStreams.From(tx, model.LogStreamKey(s.row.Group, ""), "") {
				names[row.Number] = row.Name
			}
			return nil
		})
		for _, e := range events {
			if _, known := names[e.Stream]; !known {
				names[e.Stream] = "" // it is deleted
			}
		}
		s.names = names
	}
	return func(n uint64) string { return names[n] }
}
