package console

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Events is the answer of /_drydock/events without follow.
type Events struct {
	Where
	Events []Event `json:"events"`
}

// Event is one thing that happened. Kind service, engine and instance are sentences of the control
// plane; task, target, instance and containerinstance with a Status are steps of that object.
type Event struct {
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`
	Cluster string    `json:"cluster,omitempty"`
	Subject string    `json:"subject"`
	Status  string    `json:"status,omitempty"`
	Task    string    `json:"task,omitempty"` // id, on kind task and target
	Message string    `json:"message"`
}

// events answers the newest ?tail= events (100), oldest first, and with ?follow=1 then streams what
// comes. A stream skips steps that were passed before it could look.
func (c *console) events(w http.ResponseWriter, r *http.Request, sc model.Scope) error {
	tail, err := count(r, "tail", 100)
	if err != nil {
		return err
	}
	if !yes(r, "follow") {
		out := Events{Where: where(sc), Events: []Event{}}
		if err := c.store.View(sc, func(tx *store.Tx) error {
			out.Events = append(out.Events, history(tx, tail)...)
			return nil
		}); err != nil {
			return err
		}
		return answer(w, out)
	}
	return c.follow(w, r, sc, tail)
}

// follow streams until the client or the daemon goes. Once the client has the answer's header,
// nothing that happens escapes it.
func (c *console) follow(w http.ResponseWriter, r *http.Request, sc model.Scope, tail int) error {
	f := c.store.Subscribe(watchedTables()...)
	defer c.store.Unsubscribe(f)
	watch := newWatch()
	look := func(past bool) (news []Event, err error) {
		changes := f.Take()
		err = c.store.View(sc, func(tx *store.Tx) error {
			news = watch.look(tx, changes)
			if past { // what stands already is history
				news = history(tx, tail)
			}
			return nil
		})
		return news, err
	}
	news, err := look(true)
	if err != nil {
		return err
	}
	for out := newStream(w); err == nil; news, err = look(false) {
		for _, e := range news {
			if out.send(e) != nil {
				return nil
			}
		}
		if out.flush() != nil {
			return nil
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-f.C:
		}
	}
	return nil // too late to refuse
}

// history returns the newest n of the kept sentences and of what the tasks' own times tell.
func history(tx *store.Tx, n int) (list []Event) {
	for e := range store.Events.All(tx) {
		list = append(list, showEvent(e))
	}
	for t := range store.Tasks.All(tx) {
		list = append(list, taskHistory(tx, t)...)
	}
	byTime(list)
	return list[max(0, len(list)-n):]
}

func byTime(list []Event) {
	slices.SortStableFunc(list, func(a, b Event) int { return a.At.Compare(b.At) })
}

func showEvent(e model.Event) Event {
	return Event{At: e.At, Kind: e.Kind, Cluster: e.Cluster, Subject: e.Subject, Message: e.Message}
}

// taskHistory tells the steps of a task that have a time of their own.
func taskHistory(tx *store.Tx, t model.Task) (list []Event) {
	born := t
	born.Is, born.Want = model.Provisioning, model.Running
	born.Instance, born.Containers = "", nil
	list = append(list, taskEvent(tx, born, t.Times.Created))
	if !t.Times.Started.IsZero() {
		ran := t
		ran.Is, ran.Want = model.Running, model.Running
		list = append(list, taskEvent(tx, ran, t.Times.Started))
	}
	if !t.Live() {
		list = append(list, taskEvent(tx, t, t.Times.Stopped))
	}
	return list
}

// watch remembers how each row was last told.
type watch struct{ told map[store.Change]string }

func newWatch() *watch { return &watch{told: map[store.Change]string{}} }

// look returns what is new in the rows that changed, in order of time.
func (w *watch) look(tx *store.Tx, cs store.Changes) (news []Event) {
	for _, s := range subjects {
		keys := slices.Sorted(cs.Keys(tx.Scope(), s.table))
		if cs.Full {
			keys = w.all(tx, s)
		}
		for _, key := range keys {
			id := store.Change{Scope: tx.Scope(), Table: s.table, Key: key}
			e, there := s.tell(tx, key)
			was, known := w.told[id]
			switch {
			case there && e.Status+"\x00"+e.Message != was:
				w.told[id] = e.Status + "\x00" + e.Message
				news = append(news, e)
			case !there && known:
				delete(w.told, id)
				if s.gone != nil {
					news = append(news, s.gone(tx, key))
				}
			}
		}
	}
	byTime(news)
	return news
}

// all returns the keys of a table that are there or were told.
func (w *watch) all(tx *store.Tx, s subject) []string {
	keys := s.keys(tx)
	for id := range w.told {
		if id.Table == s.table {
			keys = append(keys, id.Key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// changes tells a browser, as server-sent events, that the picture is no longer true.
func (c *console) changes(w http.ResponseWriter, r *http.Request, _ model.Scope) error {
	f := c.store.Subscribe(append(watchedTables(), store.LoadBalancers.Name(), store.Listeners.Name(), store.TargetGroups.Name(),
		store.Clusters.Name(), store.Services.Name(), store.Regions.Name())...)
	defer c.store.Unsubscribe(f)
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-f.C:
		}
		f.Take()
		_ = out.SetWriteDeadline(time.Now().Add(stallLimit))
		if _, err := w.Write([]byte("data: changed\n\n")); err != nil || out.Flush() != nil {
			return nil
		}
	}
}

func watchedTables() (names []string) {
	for _, s := range subjects {
		names = append(names, s.table)
	}
	return names
}

// short is an id as people say it.
func short(id string) string { return id[:min(len(id), 12)] }

// last returns the latest of the moments.
func last(ts ...time.Time) time.Time {
	return slices.MaxFunc(ts, time.Time.Compare)
}

// orDash keeps a sentence readable where a name is missing.
func orDash(s string) string { return cmp.Or(s, "-") }
