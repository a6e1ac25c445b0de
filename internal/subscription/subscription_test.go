package subscription

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/datapoints"
	"github.com/drydock-ecs/drydock/internal/directory"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/streams"
)

var (
	scope = model.Scope{Account: "000000000000", Region: "us-east-1"}
	other = model.Scope{Account: "111122223333", Region: "us-east-1"}
)

const trust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Action":"sts:AssumeRole"}}`

// world is a part over a real store, real events and a real directory.
type world struct {
	*testing.T
	s     *store.Store
	log   *logs.Log
	book  *datapoints.Book
	dir   string
	group string // id of the group g
	hangs hangs
	also  string // a directory that is allowed besides
}

func play(t *testing.T, fn func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(filepath.Join(t.TempDir(), "db"))
		if err != nil {
			t.Fatal(err)
		}
		l, err := logs.Open(t.TempDir(), logs.Config{Segment: 256 << 10})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{T: t, s: s, log: l, book: datapoints.New(datapoints.Config{}), dir: filepath.Join(t.TempDir(), "to")}
		if err := os.Mkdir(w.dir, 0o755); err != nil {
			t.Fatal(err)
		}
		w.update(scope, func(tx *store.Tx) {
			handler.Open(tx)
			g, _ := streams.Group(tx, "g")
			for _, name := range []string{"a", "b"} {
				streams.Stream(tx, g, name)
				g, _ = store.LogGroups.Get(tx, "g")
			}
			w.group = g.ID
		})
		for _, sc := range []model.Scope{scope, other} {
			w.update(sc.Global(), func(tx *store.Tx) {
				store.Roles.Put(tx, model.Role{Name: "logs", Path: "/", ID: "AROALOGS", Trust: trust})
			})
			w.update(sc, func(tx *store.Tx) {
				store.LogDestinations.Put(tx, model.LogDestination{Name: "d", Directory: w.dir, Role: sc.IAM("role/logs")})
			})
		}
		fn(w)
		if err := errors.Join(l.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
}

func (w *world) update(sc model.Scope, fn func(tx *store.Tx)) {
	w.Helper()
	if err := w.s.Update(sc, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) allowed() directory.Allowed {
	all := directory.Allowed{filepath.Dir(w.dir)}
	if w.also != "" {
		all = append(all, w.also)
	}
	return all
}

// run runs a part until what it returns is called.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(w.Context())
	p, done := New(w.s, w.log, Config{Book: w.book, Exports: w.allowed()}), make(chan struct{})
	p.write = w.hung(p.write)
	go func() {
		if err := p.Run(ctx); err != nil {
			w.Error(err)
		}
		close(done)
	}()
	return func() { cancel(); <-done }
}

// subscribe makes a filter as the API does.
func (w *world) subscribe(name, pattern string, to model.Scope) {
	w.Helper()
	w.update(scope, func(tx *store.Tx) {
		store.Subscriptions.Put(tx, model.SubscriptionFilter{Group: "g", Name: name, Pattern: pattern, Destination: to.LogDestinationARN("d"),
			Created: tx.Now(), Next: w.log.Next(w.group)})
	})
}

func (w *world) write(stream uint64, messages ...string) {
	w.Helper()
	var es []logs.Event
	for _, m := range messages {
		es = append(es, logs.Event{Stream: stream, At: time.Now().UnixMilli(), Ingested: time.Now().UnixMilli(), Message: m})
	}
	if err := w.log.Append(w.group, es); err != nil {
		w.Fatal(err)
	}
}

// files returns what is in the files, by their names.
func (w *world) files() (all []string) {
	w.Helper()
	paths, err := filepath.Glob(filepath.Join(w.dir, "AWSLogs/*/cloudwatchlogs/us-east-1/*/*/*/*.json.gz"))
	if err != nil {
		w.Fatal(err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			w.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			w.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

// count is how often a text is in the files.
func (w *world) count(text string) int { return strings.Count(strings.Join(w.files(), ""), text) }

func TestWhatIsDelivered(t *testing.T) {
	play(t, func(w *world) {
		w.write(1, "ERROR before the filter")
		stop := w.run()
		w.subscribe("f", "[level=ERROR, code, ...]", scope)
		w.write(1, `ERROR 7 "<a & b>"`, "INFO 8")
		w.write(2, "ERROR 9")
		w.write(1, "ERROR 10")
		w.write(99, "ERROR of a stream that is gone")
		time.Sleep(4 * time.Second)
		if n := len(w.files()); n != 0 {
			t.Errorf("%d files before the time", n)
		}
		time.Sleep(2 * time.Second)
		at := time.Now().Add(-6 * time.Second).UnixMilli()
		id := func(seq uint64) string { return logs.Event{At: at, Seq: seq}.ID(w.group) }
		want := fmt.Sprintf(`{"messageType":"DATA_MESSAGE","owner":"000000000000","logGroup":"g","logStream":"a","subscriptionFilters":["f"],"logEvents":[`+
			`{"id":"%s","timestamp":%d,"message":"ERROR 7 \"<a & b>\"","extractedFields":{"3":"<a & b>","code":"7","level":"ERROR"}},`+
			`{"id":"%s","timestamp":%d,"message":"ERROR 10","extractedFields":{"code":"10","level":"ERROR"}}]}
{"messageType":"DATA_MESSAGE","owner":"000000000000","logGroup":"g","logStream":"b","subscriptionFilters":["f"],"logEvents":[`+
			`{"id":"%s","timestamp":%d,"message":"ERROR 9","extractedFields":{"code":"9","level":"ERROR"}}]}
`, id(1), at, id(4), at, id(3), at)
		if got := w.files(); len(got) != 1 || got[0] != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		for _, m := range w.book.Totals(scope) {
			if m.Name == "ForwardedLogEvents" && m.Sum != 3 {
				t.Errorf("%v events were forwarded", m.Sum)
			}
		}
		commits := w.s.Commits()
		time.Sleep(time.Hour) // nothing happens
		if w.s.Commits() != commits {
			t.Error("it writes rows though nothing came")
		}
		stop()
	})
}

func TestManyEventsDoNotWait(t *testing.T) {
	play(t, func(w *world) {
		w.subscribe("f", "", scope)
		stop := w.run()
		synctest.Wait()
		many := make([]string, 40000)
		for i := range many {
			many[i] = fmt.Sprintf("line %06d %s", i, strings.Repeat("x", 90))
		}
		w.write(1, many...)
		synctest.Wait()
		files := w.files()
		if len(files) < 4 {
			t.Errorf("%d files", len(files))
		}
		rest := strings.Join(files, "")
		for _, m := range many { // in order, each once
			_, after, ok := strings.Cut(rest, m)
			if !ok {
				t.Fatalf("no %s, or not in order", m)
			}
			rest = after
		}
		if n := w.count(`"message":"line `); n != len(many) {
			t.Errorf("%d events", n)
		}
		stop()
	})
}

// TestWhoIsKilledDeliversAgainInPlaceOfWhatWas ends a part between the file and the row, as a kill does.
func TestWhoIsKilledDeliversAgainInPlaceOfWhatWas(t *testing.T) {
	play(t, func(w *world) {
		w.subscribe("f", "", scope)
		var before model.SubscriptionFilter
		w.update(scope, func(tx *store.Tx) { before, _ = store.Subscriptions.Get(tx, "g:f") })
		stop := w.run()
		w.write(1, "one", "two")
		time.Sleep(6 * time.Second)
		stop()
		w.update(scope, func(tx *store.Tx) { store.Subscriptions.Put(tx, before) }) // the row was not written
		w.write(1, "three")
		stop = w.run()
		time.Sleep(6 * time.Second)
		if n := len(w.files()); n != 1 || w.count(`"one"`) != 1 || w.count(`"two"`) != 1 || w.count(`"three"`) != 1 {
			t.Errorf("%d files: %s", n, w.files())
		}
		stop()
		w.write(1, "four")
		stop = w.run()
		time.Sleep(6 * time.Second)
		if n := len(w.files()); n != 2 || w.count(`"four"`) != 1 || w.count(`"one"`) != 1 {
			t.Errorf("%d files: %s", n, w.files())
		}
		stop()
	})
}

func TestWhatCannotBeDeliveredIsTriedForADay(t *testing.T) {
	play(t, func(w *world) {
		w.subscribe("f", "", scope)
		w.subscribe("g", "", other)
		w.update(other, func(tx *store.Tx) { store.LogDestinations.Delete(tx, "d") })
		stop := w.run()
		w.write(1, "one")
		time.Sleep(6 * time.Second)
		if n := w.count(`"one"`); n != 1 {
			t.Errorf("delivered %d times", n)
		}
		time.Sleep(time.Hour)
		w.write(1, "two")
		w.update(other, func(tx *store.Tx) {
			store.LogDestinations.Put(tx, model.LogDestination{Name: "d", Directory: w.dir, Role: other.IAM("role/logs")})
		})
		synctest.Wait() // at once
		if n := w.count(`"subscriptionFilters":["g"]`); n != 1 || w.count(`"one"`) != 2 {
			t.Errorf("%d messages: %s", n, w.files())
		}
		w.update(other.Global(), func(tx *store.Tx) { store.Roles.Delete(tx, "logs") })
		w.write(1, "three")
		time.Sleep(23 * time.Hour)
		w.write(1, "later")
		time.Sleep(2 * time.Hour)
		w.update(other.Global(), func(tx *store.Tx) {
			store.Roles.Put(tx, model.Role{Name: "logs", Path: "/", ID: "AROALOGS", Trust: trust})
		})
		w.write(1, "four")
		time.Sleep(2 * time.Minute)
		if w.count(`"three"`) != 1 || w.count(`"later"`) != 2 || w.count(`"four"`) != 2 {
			t.Errorf("got %s", w.files())
		}
		dropped := 0.0
		for _, m := range w.book.Totals(scope) {
			if m.Name == "DroppedLogEvents" {
				dropped = m.Sum
			}
		}
		if dropped != 1 {
			t.Errorf("%v events are told to be dropped", dropped)
		}
		stop()
	})
}

func TestAnotherDestinationIsTriedAtOnce(t *testing.T) {
	play(t, func(w *world) {
		w.subscribe("f", "", other)
		w.update(other, func(tx *store.Tx) { store.LogDestinations.Delete(tx, "d") })
		stop := w.run()
		w.write(1, "one")
		time.Sleep(time.Hour)
		w.update(scope, func(tx *store.Tx) {
			f, _ := store.Subscriptions.Get(tx, "g:f")
			f.Destination = scope.LogDestinationARN("d")
			store.Subscriptions.Put(tx, f)
		})
		synctest.Wait()
		if n := w.count(`"one"`); n != 1 {
			t.Errorf("delivered %d times", n)
		}
		stop()
	})
}

func TestTheRoleOfAFilterMustAllowIt(t *testing.T) {
	play(t, func(w *world) {
		w.subscribe("f", "", scope)
		role := model.Role{Name: "sender", Path: "/", ID: "AROASENDER", Trust: trust}
		for _, tt := range []struct{ rule, role, document, want string }{
			{"no role", "", "", ""},
			{"one that is not there", scope.IAM("role/none"), "", "cannot assume the role"},
			{"one that allows nothing", role.ARN(scope), `{"Version":"2012-10-17","Statement":[]}`, "does not allow logs:PutLogEvents on arn:aws:logs:us-east-1:000000000000:log-group:g:*"},
			{"one that does", role.ARN(scope), `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"arn:aws:logs:*:*:log-group:g:*"}}`, ""},
		} {
			role.Inline = []model.Inline{{Name: "own", Document: tt.document}}
			w.update(scope.Global(), func(tx *store.Tx) { store.Roles.Put(tx, role) })
			w.update(scope, func(tx *store.Tx) {
				f, _ := store.Subscriptions.Get(tx, "g:f")
				f.Role = tt.role
				if _, err := Reach(tx, f); fmt.Sprint(err) != "<nil>" && (tt.want == "" || !strings.Contains(err.Error(), tt.want)) || err == nil && tt.want != "" {
					t.Errorf("%s: %v", tt.rule, err)
				}
			})
		}
	})
}

// A destination of an earlier version may be anywhere.
func TestWhatWaitsForADirectoryToBeAllowedIsDelivered(t *testing.T) {
	play(t, func(w *world) {
		elsewhere := w.TempDir()
		w.update(scope, func(tx *store.Tx) {
			store.LogDestinations.Put(tx, model.LogDestination{Name: "old", Directory: elsewhere, Role: scope.IAM("role/logs")})
		})
		w.to("old", "f")
		stop := w.run()
		w.write(1, "one")
		time.Sleep(time.Hour)
		stop()
		if left, err := os.ReadDir(elsewhere); err != nil || len(left) > 0 {
			t.Errorf("there is %v, %v", left, err)
		}
		w.also = elsewhere
		stop = w.run()
		time.Sleep(6 * time.Second)
		stop()
		if w.dir = elsewhere; w.count(`"one"`) != 1 {
			t.Errorf("once it is allowed: %v", w.files())
		}
	})
}

func TestADestinationIsTried(t *testing.T) {
	play(t, func(w *world) {
		now := time.Now()
		if err := Try(directory.Allowed{w.dir}, scope, model.LogDestination{Directory: w.dir}, now); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(`{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[`+
			`{"id":"","timestamp":%d,"message":"CWL CONTROL MESSAGE: Checking health of destination directory."}]}`+"\n", now.UnixMilli())
		if got := w.files(); len(got) != 1 || got[0] != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if err := Try(directory.Allowed{w.dir}, scope, model.LogDestination{Directory: w.dir + "/none"}, now); err == nil {
			t.Error("it reached a directory that is not there")
		}
	})
}
