package lastuse

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

var here = model.Scope{Account: "111122223333", Region: "us-east-1"}

// world is a book that runs, over a key, a role and what is on disk of them.
type world struct {
	*testing.T
	s *store.Store
	b *Book
}

func (w *world) do(fn func(*store.Tx)) {
	w.Helper()
	if err := w.s.Update(here.Global(), func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

// kept is the row of an id.
func (w *world) kept(id string) (got string) {
	w.do(func(tx *store.Tx) {
		if u, ok := store.Uses.Get(tx, id); ok {
			got = u.Service + " " + u.Region + " " + u.At.Format("15:04:05")
		}
	})
	return got
}

func (w *world) use(id, role, service string) {
	w.b.Saw(here, model.Use{ID: id, Role: role, At: time.Now(), Service: service, Region: "us-east-1"})
}

func (w *world) want(what, id, want string) {
	w.Helper()
	if got := w.kept(id); got != want {
		w.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func start(t *testing.T) (w *world, stop func()) {
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	w = &world{t, s, New(s)}
	w.do(func(tx *store.Tx) {
		store.AccessKeys.Put(tx, model.AccessKey{ID: "AKIA1", User: "ann"})
		store.Roles.Put(tx, model.Role{Name: "App", ID: "AROA1"})
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.b.Run(ctx) }()
	return w, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestUsesAreWrittenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is midnight
		w, stop := start(t)
		defer w.s.Close()
		before := w.s.Commits()
		for range 1000 {
			w.use("AKIA1", "", "ecs")
			w.use("AROA1", "App", "logs")
			time.Sleep(50 * time.Millisecond)
		}
		if w.s.Commits() != before {
			t.Error("a use was written at once")
		}
		time.Sleep(15 * time.Second)
		w.want("a key", "AKIA1", "ecs us-east-1 00:00:00")
		w.want("a role", "AROA1", "logs us-east-1 00:00:00")
		if n := w.s.Commits() - before; n != 1 {
			t.Errorf("%d flushes", n)
		}
		time.Sleep(time.Hour)
		w.use("AKIA1", "", "ec2")
		stop()
		w.want("at the end what is left is written", "AKIA1", "ec2 us-east-1 01:01:00")
	})
}

func TestWhatIsGoneIsNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, stop := start(t)
		defer w.s.Close()
		w.use("AKIA1", "", "ecs")
		w.use("AROA1", "App", "ecs")
		w.do(func(tx *store.Tx) {
			store.AccessKeys.Delete(tx, "AKIA1")
			store.Roles.Put(tx, model.Role{Name: "App", ID: "AROA2"})
		})
		stop()
		w.want("a key that was deleted", "AKIA1", "")
		w.want("a role that was made anew", "AROA1", "")
		for id := range w.b.seen.Range {
			t.Errorf("%v is remembered", id)
		}
	})
}

func TestTheNewestIsKnownAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, stop := start(t)
		defer w.s.Close()
		w.use("AKIA1", "", "ecs")
		stop()
		last := func(b *Book) (service string) {
			w.do(func(tx *store.Tx) { u, _ := b.Last(tx, "AKIA1"); service = u.Service })
			return service
		}
		after := New(w.s) // a restart
		if got := last(after) + last(nil); got != "ecsecs" {
			t.Errorf("got %q", got)
		}
		after.Saw(here, model.Use{ID: "AKIA1", At: time.Now(), Service: "iam"})
		if got := last(after) + last(nil); got != "iamecs" {
			t.Errorf("got %q", got)
		}
	})
}
