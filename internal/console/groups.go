package console

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/drydock-ecs/drydock/internal/logdriver"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/logs/pattern"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// eventsAtOnce is how many events are read at a time.
const eventsAtOnce = 1000

// groupLogs streams the events of a log group, each with its stream as the container; ?filter= is a
// filter pattern, ?tail= only the newest ones. ?follow=1 goes on with events as they arrive, those that
// are older than others before them too.
func (c *console) groupLogs(w http.ResponseWriter, r *http.Request, sc model.Scope, name string) error {
	p, err := pattern.Parse(r.URL.Query().Get("filter"))
	if err != nil {
		return &problem{http.StatusBadRequest, "filter=: " + err.Error()}
	}
	tail, err := count(r, "tail", 0)
	if err != nil {
		return err
	}
	t := tailing{console: c, scope: sc, pattern: p}
	if t.group, err = c.logGroup(sc, name); err != nil {
		return err
	}
	watch := c.hooks.Events.Watch(t.group.ID)
	defer c.hooks.Events.Unwatch(watch)
	t.out = newStream(w)
	if tail > 0 {
		return t.newest(tail, yes(r, "follow"), r.Context(), watch)
	}
	return t.follow(0, yes(r, "follow"), r.Context(), watch)
}

func (c *console) logGroup(sc model.Scope, name string) (g model.LogGroup, err error) {
	there := false
	err = c.store.View(sc, func(tx *store.Tx) error { g, there = store.LogGroups.Get(tx, name); return nil })
	if err == nil && !there {
		err = &problem{http.StatusNotFound, fmt.Sprintf("there is no log group %q in %s; `aws logs describe-log-groups` lists them", name, sc)}
	}
	return g, err
}

// tailing sends the events of one group.
type tailing struct {
	*console
	scope   model.Scope
	group   model.LogGroup
	pattern *pattern.Pattern
	out     stream
	names   map[uint64]string
}

// newest sends the last events that match, up to a number of them, and then goes on.
func (t *tailing) newest(n int, on bool, ctx context.Context, watch *logs.Watch) error {
	next := t.hooks.Events.Next(t.group.ID)
	var found []logs.Event
	q := t.query(0, next)
	for q.Backward = true; len(found) < n; {
		es, err := t.hooks.Events.Read(q)
		if err != nil || len(es) == 0 {
			break
		}
		for i := len(es) - 1; i >= 0 && len(found) < n; i-- {
			if t.pattern.Match(es[i].Message) && t.name(es[i].Stream) != "" {
				found = append(found, es[i])
			}
		}
		q.To = es[0].Before()
	}
	for i := len(found) - 1; i >= 0; i-- {
		if t.send(found[i]) != nil {
			return nil
		}
	}
	if !on {
		return t.out.flush()
	}
	return t.follow(next, on, ctx, watch)
}

// follow sends the events that arrived from one on, and as long as on is set those that come.
func (t *tailing) follow(first uint64, on bool, ctx context.Context, watch *logs.Watch) error {
	for {
		next := t.hooks.Events.Next(t.group.ID)
		for q := t.query(first, next); next > first; {
			es, err := t.hooks.Events.Read(q)
			if err != nil || len(es) == 0 {
				break
			}
			for _, e := range es {
				if t.pattern.Match(e.Message) && t.send(e) != nil {
					return nil // who listened is gone
				}
			}
			q.From = es[len(es)-1].Cursor()
		}
		first = next
		if t.out.flush() != nil || !on {
			return nil
		}
		select {
		case <-watch.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (t *tailing) query(first, next uint64) logs.Query {
	from := logs.Start
	if cut := t.group.Cutoff(time.Now()); !cut.IsZero() {
		from = logs.Cursor{At: cut.UnixMilli()}
	}
	return logs.Query{Group: t.group.ID, From: from, To: logs.End, First: first, Next: next, Limit: eventsAtOnce, Bytes: 1 << 20}
}

// send sends one event, unless its stream was deleted.
func (t *tailing) send(e logs.Event) error {
	name := t.name(e.Stream)
	if name == "" {
		return nil
	}
	return t.out.send(LogLine{At: time.UnixMilli(e.At).UTC(), Container: name, Text: e.Message})
}

// name returns the name of a stream, "" if it was deleted.
func (t *tailing) name(number uint64) string {
	if n, ok := t.names[number]; ok {
		return n
	}
	t.names = map[uint64]string{number: ""}
	_ = t.store.View(t.scope, func(tx *store.Tx) error {
		for s := range store.LogStreams.From(tx, model.LogStreamKey(t.group.Name, ""), "") {
			t.names[s.Number] = s.Name
		}
		return nil
	})
	return t.names[number]
}

// stored passes on what a container wrote to its log stream, once the engine has its log no more. It
// reports whether there is such a stream.
func (rd *reader) stored(ctx context.Context, c model.Container) bool {
	if rd.hooks.Events == nil {
		return false
	}
	var g model.LogGroup
	var s model.LogStream
	_ = rd.store.View(rd.scope, func(tx *store.Tx) error {
		t, _ := store.Tasks.Get(tx, rd.task)
		def, _ := store.TaskDefs.Get(tx, t.Birth.Def)
		doc, _ := def.Container(c.Name)
		if o, ok := logdriver.Of(doc); ok {
			in := tx.In(model.Scope{Account: rd.scope.Account, Region: o.Region})
			g, _ = store.LogGroups.Get(in, o.Group)
			s, _ = store.LogStreams.Get(in, model.LogStreamKey(o.Group, o.Stream(c.Name, t.ID, c.RuntimeID)))
		}
		return nil
	})
	if s.Number == 0 {
		return false
	}
	q := logs.Query{Group: g.ID, Want: func(n uint64) bool { return n == s.Number }, From: logs.Start, To: logs.End, Limit: eventsAtOnce, Bytes: 1 << 20}
	if n := rd.options.Tail; n > 0 {
		q.Limit, q.Bytes, q.Backward = n, 0, true
	}
	for {
		es, err := rd.hooks.Events.Read(q)
		if err != nil || len(es) == 0 {
			return true
		}
		for _, e := range es {
			if !rd.say(ctx, LogLine{At: time.UnixMilli(e.At).UTC(), Container: c.Name, Text: e.Message}) {
				return true
			}
		}
		if q.Backward {
			return true
		}
		q.From = es[len(es)-1].Cursor()
	}
}
