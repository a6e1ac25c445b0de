package console

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// LogLine is one line of /_drydock/logs, or with Error why there are no more.
type LogLine struct {
	At        time.Time `json:"at,omitzero"`
	Container string    `json:"container,omitempty"`
	Stderr    bool      `json:"stderr,omitempty"`
	Text      string    `json:"text"`
	Error     string    `json:"error,omitempty"`
}

// logs streams what the containers of ?task= (an id, or the beginning of one that only one task
// has) wrote; ?container= picks one of them, ?tail= only the newest lines of each, ?follow=1 waits for
// more until they end.
func (c *console) logs(w http.ResponseWriter, r *http.Request, sc model.Scope) error {
	if c.hooks.Logs == nil {
		return &problem{http.StatusNotImplemented, "this engine keeps no logs"}
	}
	tail, err := count(r, "tail", 0)
	if err != nil {
		return err
	}
	options := engine.LogOptions{Follow: yes(r, "follow"), Tail: tail}
	var sources []model.Container
	q := r.URL.Query()
	if err := c.store.View(sc, func(tx *store.Tx) (err error) {
		sources, err = logSources(tx, q.Get("task"), q.Get("container"))
		return err
	}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	lines := make(chan LogLine, 64)
	var readers sync.WaitGroup
	for _, s := range sources {
		readers.Go(func() { readLog(ctx, s, c.hooks.Logs(ctx, s.RuntimeID, options), lines) })
	}
	go func() {
		readers.Wait()
		close(lines)
	}()
	out := newStream(w)
	for l := range lines {
		if out.send(l) != nil || len(lines) == 0 && out.flush() != nil {
			cancel() // and go on, so that the readers can end
		}
	}
	return nil
}

// readLog passes on the lines of one container.
func readLog(ctx context.Context, c model.Container, log iter.Seq2[engine.LogLine, error], to chan<- LogLine) {
	for l, err := range log {
		line := LogLine{At: l.At, Container: c.Name, Stderr: l.Stderr, Text: l.Text}
		if err != nil {
			line = LogLine{Container: c.Name, Error: err.Error()}
		}
		select {
		case to <- line:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// logSources returns the containers that are meant and have been created.
func logSources(tx *store.Tx, prefix, container string) (list []model.Container, err error) {
	t, err := findTask(tx, prefix)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range t.Containers {
		names = append(names, c.Name)
		if c.RuntimeID != "" && (container == "" || c.Name == container) {
			list = append(list, c)
		}
	}
	switch {
	case len(list) > 0:
		return list, nil
	case container != "" && !strings.Contains("\n"+strings.Join(names, "\n")+"\n", "\n"+container+"\n"):
		return nil, &problem{http.StatusNotFound, fmt.Sprintf("task %s has no container %q; it has %s", short(t.ID), container, strings.Join(names, ", "))}
	case !t.Live():
		return nil, &problem{http.StatusConflict, fmt.Sprintf("task %s stopped before a container of it was created: %s%s", short(t.ID), orDash(t.Stop.Reason), exits(t))}
	}
	return nil, &problem{http.StatusConflict, fmt.Sprintf("task %s is %s: no container of it has been created yet; try again once it runs", short(t.ID), t.Is)}
}

// findTask returns the one task whose id begins with prefix.
func findTask(tx *store.Tx, prefix string) (found model.Task, err error) {
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
