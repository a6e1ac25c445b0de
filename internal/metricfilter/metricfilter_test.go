package metricfilter

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/datapoints"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/streams"
)

var scope = model.Scope{Account: "000000000000", Region: "us-east-1"}

// world is a part over a real store and real events.
type world struct {
	*testing.T
	s     *store.Store
	log   *logs.Log
	book  *datapoints.Book
	group string // id of the group g
}

// play runs fn in a bubble, with a part that runs once fn calls run.
func play(t *testing.T, fn func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(filepath.Join(t.TempDir(), "db"))
		if err != nil {
			t.Fatal(err)
		}
		l, err := logs.Open(t.TempDir(), logs.Config{})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{T: t, s: s, log: l, book: datapoints.New(datapoints.Config{})}
		w.update(func(tx *store.Tx) { handler.Open(tx); g, _ := streams.Group(tx, "g"); w.group = g.ID })
		fn(w)
		if err := errors.Join(l.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
}

// run runs a part until what it returns is called.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(w.Context())
	p, done := New(w.s, w.log, w.book, nil), make(chan struct{})
	go func() {
		if err := p.Run(ctx); err != nil {
			w.Error(err)
		}
		close(done)
	}()
	return func() { cancel(); <-done }
}

func (w *world) update(fn func(tx *store.Tx)) {
	w.Helper()
	if err := w.s.Update(scope, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

// filter makes a filter as the API does.
func (w *world) filter(f model.MetricFilter) {
	w.Helper()
	f.Group, f.Namespace = "g", "App"
	if f.Metric == "" {
		f.Metric = f.Name
	}
	w.update(func(tx *store.Tx) {
		f.Created, f.From = tx.Now(), w.log.Next(w.group)
		store.MetricFilters.Put(tx, f)
	})
}

func (w *world) write(messages ...string) {
	w.Helper()
	var es []logs.Event
	for _, m := range messages {
		es = append(es, logs.Event{Stream: 1, At: time.Now().UnixMilli(), Message: m})
	}
	if err := w.log.Append(w.group, es); err != nil {
		w.Fatal(err)
	}
}

// want compares all points, by metric and minutes since the beginning of the bubble's day.
func (w *world) want(want string) {
	w.Helper()
	synctest.Wait()
	var all []string
	for _, tt := range w.book.Totals(scope) {
		var points []string
		for _, p := range w.book.Read(tt.Metric, time.Time{}, time.Now().Add(time.Hour)) {
			points = append(points, fmt.Sprintf("%s=%gx%g", p.Minute.Format("15:04"), p.Count, p.Sum))
		}
		name := tt.Name
		for _, d := range tt.Dimensions {
			name += "/" + d.Name + "=" + d.Value
		}
		all = append(all, name+" "+strings.Join(points, " "))
	}
	if got := strings.Join(all, ", "); got != want {
		w.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEventsBecomeValuesAsTheyArrive(t *testing.T) {
	play(t, func(w *world) {
		stop := w.run()
		w.write("an ERROR that came before the filter")
		w.filter(model.MetricFilter{Name: "errors", Pattern: "ERROR", Value: "1"})
		w.write("ERROR 1", "fine") // at once: no event after the filter is missed
		w.want("errors 00:00=1x1")
		w.filter(model.MetricFilter{Name: "ms", Pattern: `{ $.ms = * }`, Value: "$.ms", Dimensions: map[string]string{"Path": "$.path"}})
		w.write(`{"ms":12.5,"path":"/a"}`, `{"ms":7.5,"path":"/a"}`, `{"ms":1,"path":"/b"}`, `{"ms":"x","path":"/b"}`, `{"ms":1}`)
		w.want("errors 00:00=1x1, ms/Path=/a 00:00=2x20, ms/Path=/b 00:00=1x1")
		time.Sleep(time.Minute)
		w.write("ERROR ERROR", "ERROR")
		w.want("errors 00:00=1x1 00:01=2x2, ms/Path=/a 00:00=2x20, ms/Path=/b 00:00=1x1")
		w.update(func(tx *store.Tx) { streams.Delete(tx, "g") })
		w.write("ERROR")
		w.want("errors 00:00=1x1 00:01=2x2, ms/Path=/a 00:00=2x20, ms/Path=/b 00:00=1x1")
		stop()
	})
}

func TestTheDefaultIsForMinutesInWhichNothingMatched(t *testing.T) {
	play(t, func(w *world) {
		zero := 0.0
		w.filter(model.MetricFilter{Name: "errors", Pattern: "ERROR", Value: "1", Default: &zero})
		stop := w.run()
		w.write("fine", "fine")
		time.Sleep(30 * time.Second)
		w.want("") // the minute is not over
		time.Sleep(31 * time.Second)
		w.want("errors 00:00=1x0")
		w.write("fine", "ERROR")
		time.Sleep(5 * time.Minute) // in which nothing comes, so that there is nothing to tell
		w.want("errors 00:00=1x0 00:01=1x1")
		w.write("fine")
		time.Sleep(time.Minute)
		w.want("errors 00:00=1x0 00:01=1x1 00:06=1x0")
		stop()
	})
}

func TestWhatCameWhileNoDaemonRanIsNotPublished(t *testing.T) {
	play(t, func(w *world) {
		w.filter(model.MetricFilter{Name: "errors", Pattern: "ERROR", Value: "1"})
		stop := w.run()
		w.write("ERROR")
		w.want("errors 00:00=1x1")
		stop()
		w.write("ERROR")
		stop = w.run()
		w.write("ERROR")
		w.want("errors 00:00=2x2")
		stop()
	})
}

func TestDimensionsOfTooManyValues(t *testing.T) {
	play(t, func(w *world) {
		w.filter(model.MetricFilter{Name: "seen", Pattern: "[id]", Value: "1", Dimensions: map[string]string{"ID": "$id"}})
		stop := w.run()
		ids := make([]string, 1500)
		for i := range ids {
			ids[i] = fmt.Sprint(i)
		}
		w.write(ids...)
		synctest.Wait()
		if n := len(w.book.Totals(scope)); n != mostPairs {
			t.Errorf("%d values", n)
		}
		time.Sleep(time.Hour)
		w.write(ids[1400:]...)
		synctest.Wait()
		if n := len(w.book.Totals(scope)); n != mostPairs+100 {
			t.Errorf("an hour later %d values", n)
		}
		stop()
	})
}

func TestAFilterOfSeldomMinutesIsBounded(t *testing.T) {
	play(t, func(w *world) {
		one := 1.0
		w.filter(model.MetricFilter{Name: "n", Pattern: "x", Value: "1", Default: &one})
		stop := w.run()
		var es []logs.Event
		for i := range 4000 { // of other minutes each
			es = append(es, logs.Event{Stream: 1, At: time.Now().Add(-time.Duration(i) * time.Minute).UnixMilli(), Message: "y"})
		}
		if err := w.log.Append(w.group, es); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := w.book.Totals(scope); len(got) != 1 || got[0].Count != 4000 {
			t.Errorf("got %v", got)
		}
		stop()
	})
}
