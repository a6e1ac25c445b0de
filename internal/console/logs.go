package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// LogLine is one line of /_drydock/logs; with Waiting why there is none yet, with Error why there
// are no more.
type LogLine struct {
	At        time.Time `json:"at,omitzero"`
	Container string    `json:"container,omitempty"`
	Stderr    bool      `json:"stderr,omitempty"`
	Text      string    `json:"text"`
	Waiting   string    `json:"waiting,omitempty"`
	Error     string    `json:"error,omitempty"`
}

// reader streams the logs of one task.
type reader struct {
	*console
	scope           model.Scope
	task, container string // id; name, or empty for all
	options         engine.LogOptions
	lines           chan LogLine
	open            sync.WaitGroup
	seen            []string // names of containers that are read
}

// logs streams what the containers of ?task= (an id, or the beginning of one that only one task
// has) wrote; ?container= picks one of them, ?tail= only the newest lines of each. ?follow=1 waits for
// containers that are not created yet, and for more lines until all of them end.
//
// ?group= streams the events of a log group instead, see groupLogs.
func (c *console) logs(w http.ResponseWriter, r *http.Request, sc model.Scope) error {
	if group := r.URL.Query().Get("group"); group != "" && c.hooks.Events != nil {
		return c.groupLogs(w, r, sc, group)
	}
	if c.hooks.Logs == nil {
		return &problem{http.StatusNotImplemented, "this engine keeps no logs"}
	}
	tail, err := count(r, "tail", 0)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	rd := &reader{console: c, scope: sc, container: q.Get("container"), lines: make(chan LogLine, 64),
		options: engine.LogOptions{Follow: yes(r, "follow"), Tail: tail}}
	changes := c.store.Subscribe(store.Tasks.Name())
	defer c.store.Unsubscribe(changes)
	first, err := rd.find(q.Get("task"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	rd.open.Go(func() { rd.read(ctx, first, changes) })
	go func() {
		rd.open.Wait()
		close(rd.lines)
	}()
	out := newStream(w)
	for l := range rd.lines {
		if out.send(l) != nil || len(rd.lines) == 0 && out.flush() != nil {
			cancel() // and go on, so that the readers can end
		}
	}
	return nil
}

// find resolves the task and refuses what can have no logs.
func (rd *reader) find(prefix string) (t model.Task, err error) {
	err = rd.store.View(rd.scope, func(tx *store.Tx) (err error) {
		t, err = findTask(tx, prefix)
		return err
	})
	rd.task = t.ID
	switch {
	case err != nil:
		return t, err
	case rd.container != "" && !slices.ContainsFunc(t.Containers, func(c model.Container) bool { return c.Name == rd.container }):
		var names []string
		for _, c := range t.Containers {
			names = append(names, c.Name)
		}
		return t, &problem{http.StatusNotFound, fmt.Sprintf("task %s has no container %q; it has %s", short(t.ID), rd.container, strings.Join(names, ", "))}
	case slices.ContainsFunc(t.Containers, rd.readable):
		return t, nil
	case !t.Live():
		return t, &problem{http.StatusConflict, neverCreated(t)}
	case !rd.options.Follow:
		return t, &problem{http.StatusConflict, notCreated(t) + "; --follow (follow=1) waits for it"}
	}
	return t, nil
}

func neverCreated(t model.Task) string {
	return fmt.Sprintf("task %s stopped before a container of it was created: %s%s", short(t.ID), orDash(t.Stop.Reason), exits(t))
}

func notCreated(t model.Task) string {
	return fmt.Sprintf("task %s is %s: no container of it has been created yet", short(t.ID), t.Is)
}

// readable reports whether c is one that is asked for and was created.
func (rd *reader) readable(c model.Container) bool {
	return c.RuntimeID != "" && (rd.container == "" || c.Name == rd.container)
}

// read reads the containers of t and, when it follows, those that come later: a container may wait
// for another one.
func (rd *reader) read(ctx context.Context, t model.Task, changes *store.Feed) {
	for told := false; ; {
		for _, c := range t.Containers {
			if rd.readable(c) && !slices.Contains(rd.seen, c.Name) {
				rd.seen = append(rd.seen, c.Name)
				rd.open.Go(func() { rd.readOne(ctx, c) })
			}
		}
		switch {
		case !rd.options.Follow || len(rd.seen) > 0 && (len(rd.seen) == len(t.Containers) || rd.container != ""):
			return
		case !t.Live() || t.ID == "": // stopped, or forgotten by a reset
			if len(rd.seen) == 0 && t.ID != "" {
				rd.say(ctx, LogLine{Error: neverCreated(t)})
			}
			return
		case len(rd.seen) == 0 && !told:
			told = rd.say(ctx, LogLine{Waiting: notCreated(t)})
		}
		select {
		case <-changes.C:
			changes.Take()
		case <-ctx.Done():
			return
		}
		t = rd.again(t)
	}
}

// again is the task as it is now; the zero Task once it is forgotten.
func (rd *reader) again(t model.Task) (now model.Task) {
	_ = rd.store.View(rd.scope, func(tx *store.Tx) error {
		now, _ = store.Tasks.Get(tx, t.ID)
		return nil
	})
	return now
}

// readOne passes on the lines of one container.
func (rd *reader) readOne(ctx context.Context, c model.Container) {
	some := false
	for l, err := range rd.hooks.Logs(ctx, c.RuntimeID, rd.options) {
		if err != nil {
			if some || !rd.stored(ctx, c) {
				rd.say(ctx, LogLine{Container: c.Name, Error: err.Error()})
			}
			return
		}
		some = true
		if !rd.say(ctx, LogLine{At: l.At, Container: c.Name, Stderr: l.Stderr, Text: l.Text}) {
			return
		}
	}
}

// say passes on a line, or reports that nobody listens any more.
func (rd *reader) say(ctx context.Context, l LogLine) bool {
	select {
	case rd.lines <- l:
		return true
	case <-ctx.Done():
		return false
	}
}

// findTask returns the one task whose id begins with prefix, or whose ARN it is.
func findTask(tx *store.Tx, prefix string) (found model.Task, err error) {
	if strings.HasPrefix(prefix, "arn:") {
		prefix = prefix[strings.LastIndexByte(prefix, '/')+1:]
	}
	if prefix == "" {
		return found, &problem{http.StatusBadRequest, "task= is missing: give a task id, or the beginning of one"}
	}
	var ids []string
	for t := range store.Tasks.From(tx, prefix, "") {
		found = t
		if ids = append(ids, short(t.ID)); len(ids) == 5 {
			break
		}
	}
	switch len(ids) {
	case 0:
		return found, &problem{http.StatusNotFound, fmt.Sprintf("no task in %s has an id that begins with %q; `drydock ps --all` lists them", tx.Scope(), prefix)}
	case 1:
		return found, nil
	}
	return found, &problem{http.StatusConflict, fmt.Sprintf("%q is the beginning of more than one task id: %s; give more of it", prefix, strings.Join(ids, ", "))}
}
