package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var east, west = model.Scope{Account: "1", Region: "east"}, model.Scope{Account: "1", Region: "west"}

func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func temp(t testing.TB) *Store {
	s := open(t, filepath.Join(t.TempDir(), "db"))
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func update(t testing.TB, s *Store, sc model.Scope, fn func(*Tx)) {
	t.Helper()
	if err := s.Update(sc, func(tx *Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func view(t testing.TB, s *Store, sc model.Scope, fn func(*Tx)) {
	t.Helper()
	if err := s.View(sc, func(tx *Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// task returns a task as one looks that runs.
func task(id, cluster, service, instance string) model.Task {
	t := model.Task{ID: id, Birth: model.Birth{Cluster: cluster, Service: service, Group: "service:" + service, Deployment: "ecs-svc/1", Def: "web:1",
		Overrides: &types.TaskOverride{Cpu: aws.String("256")}},
		Needs: model.Needs{CPU: 10, Memory: 64, Ports: []model.HostPort{{Port: 80, Protocol: "tcp"}}},
		Want:  model.Running, Is: model.Running, Instance: instance, Host: "127.66.0.1", Times: model.TaskTimes{Created: time.Now().UTC()},
		Containers: []model.Container{{ID: "c", Name: "app", Essential: true, Is: model.Running, Exit: aws.Int(3),
			Bindings: []model.Binding{{ContainerPort: 80, HostPort: 32768, Protocol: "tcp", Dial: "127.66.0.1:32768"}}}}}
	return t
}

func TestRowsSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	want := task("t1", "demo", "web", "ci1")
	update(t, s, east, func(tx *Tx) {
		Regions.Put(tx, model.Region{Opened: tx.Now()})
		Tasks.Put(tx, want)
		Tasks.Put(tx, task("t2", "demo", "web", "ci1"))
	})
	update(t, s, east, func(tx *Tx) { Tasks.Delete(tx, "t2") })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	view(t, s, east, func(tx *Tx) {
		if got, ok := Tasks.Get(tx, "t1"); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("\n got %+v\nwant %+v", got, want)
		}
		if got := slices.Collect(Tasks.All(tx)); len(got) != 1 {
			t.Errorf("%d tasks", len(got))
		}
		if n := Counts.Get(tx, "demo/web"); n != (Count{Running: 1, Live: 1}) {
			t.Errorf("counts after restart: %+v", n)
		}
		if !TasksByInstance.Any(tx, "ci1") || !slices.Equal(tx.Scopes(), []model.Scope{east}) {
			t.Error("index or scopes missing after restart")
		}
	})
	if s.Commits() != 0 {
		t.Error("opening commits")
	}
}

func TestWritersShareFlushes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	var wg sync.WaitGroup
	const writers, each = 32, 20
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%02d-%02d", w, i)
				if err := s.Update(east, func(tx *Tx) error { Tasks.Put(tx, task(id, "demo", "web", "ci")); return nil }); err != nil {
					t.Error(err)
				}
				err := s.View(east, func(tx *Tx) error {
					if _, ok := Tasks.Get(tx, id); !ok {
						t.Errorf("%s is not visible after its Update", id)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := s.Commits(); n >= writers*each {
		t.Errorf("%d flushes for %d writes", n, writers*each)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	view(t, s, east, func(tx *Tx) {
		if n := Counts.Get(tx, "demo").Live; n != writers*each {
			t.Errorf("%d tasks after restart", n)
		}
	})
}

func TestAnErrorChangesNothing(t *testing.T) {
	s := temp(t)
	feed := s.Subscribe()
	feed.Take()
	no := errors.New("no")
	err := s.Update(east, func(tx *Tx) error {
		Tasks.Put(tx, task("t", "demo", "web", "ci"))
		return no
	})
	if !errors.Is(err, no) || !feed.Take().Empty() || s.Commits() != 0 {
		t.Errorf("err %v, commits %d", err, s.Commits())
	}
	view(t, s, east, func(tx *Tx) {
		if _, ok := Tasks.Get(tx, "t"); ok || Counts.Get(tx, "demo") != (Count{}) {
			t.Error("the row is there")
		}
	})
}

func TestARefusedFlushIsUndone(t *testing.T) {
	s := temp(t)
	update(t, s, east, func(tx *Tx) { Tasks.Put(tx, task("old", "demo", "web", "ci")) })
	feed := s.Subscribe()
	feed.Take()
	if err := s.db.Close(); err != nil { // the disk goes away
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			err := s.Update(east, func(tx *Tx) error {
				Tasks.Delete(tx, "old")
				Tasks.Put(tx, task(fmt.Sprint("new", i), "demo", "web", "ci"))
				return nil
			})
			if err == nil {
				t.Error("a write without a disk succeeded")
			}
		})
	}
	wg.Wait()
	if !feed.Take().Empty() {
		t.Error("readers were told of writes that are not")
	}
	err := s.Update(east, func(tx *Tx) error { // writers see what readers see
		if _, ok := Tasks.Get(tx, "old"); !ok || Counts.Get(tx, "demo").Live != 1 {
			t.Error("memory kept what the disk refused")
		}
		return nil
	})
	if err != nil {
		t.Errorf("an Update without writes: %v", err)
	}
}

// TestAnsweringFromUnflushedStateWaits: who saw a row that is being flushed may answer only when the
// flush is through.
func TestAnsweringFromUnflushedStateWaits(t *testing.T) {
	s := temp(t)
	look := func(tx *Tx) error { _, _ = Tasks.Get(tx, "t"); return nil }
	b, err := s.apply(east, func(tx *Tx) error { Tasks.Put(tx, task("t", "demo", "web", "ci")); return nil })
	if err != nil || b == nil {
		t.Fatal(b, err)
	}
	if w, _ := s.apply(east, look); w != b {
		t.Error("a reader of written state does not wait for its batch")
	}
	s.mu.Lock() // as flush does while it writes
	s.next, s.writing = &batch{}, b
	s.mu.Unlock()
	if w, _ := s.apply(east, look); w != b {
		t.Error("a reader of a state that is being flushed does not wait")
	}
}

func TestWritingWhatStandsIsFree(t *testing.T) {
	s := temp(t)
	row := task("t", "demo", "web", "ci")
	update(t, s, east, func(tx *Tx) { Tasks.Put(tx, row) })
	feed := s.Subscribe()
	feed.Take()
	<-feed.C
	before := s.Commits()
	update(t, s, east, func(tx *Tx) { Tasks.Put(tx, row); Tasks.Delete(tx, "none") })
	update(t, s, east, func(tx *Tx) { // there and back
		other := row
		other.Instance = "other"
		Tasks.Put(tx, other)
		Tasks.Put(tx, row)
		Tasks.Put(tx, task("brief", "demo", "web", "ci"))
		Tasks.Delete(tx, "brief")
	})
	if s.Commits() != before || !feed.Take().Empty() || len(feed.C) != 0 {
		t.Errorf("%d commits", s.Commits()-before)
	}
}

func TestFeedsNameWhatChanged(t *testing.T) {
	s := temp(t)
	all, some := s.Subscribe(), s.Subscribe(Services.Name())
	if !all.Take().Full || !some.Take().Full {
		t.Error("the first Take is not Full")
	}
	<-some.C
	update(t, s, east, func(tx *Tx) {
		Tasks.Put(tx, task("t", "demo", "web", "ci"))
		Tasks.Put(tx.In(west), task("w", "demo", "web", "ci"))
	})
	if len(some.C) != 0 || !some.Take().Empty() {
		t.Error("a feed was told of another table")
	}
	cs := all.Take()
	if cs.Full || cs.Empty() || !slices.Equal(cs.Scopes(), []model.Scope{east, west}) {
		t.Errorf("changes %+v", cs)
	}
	if got := slices.Collect(cs.Keys(west, Tasks.Name())); !slices.Equal(got, []string{"w"}) {
		t.Errorf("keys %v", got)
	}
	update(t, s, east, func(tx *Tx) { Tasks.Delete(tx, "t") })
	gone := all.Take()
	if got := slices.Collect(gone.Keys(east, Tasks.Name())); !slices.Equal(got, []string{"t"}) {
		t.Errorf("after deleting: %v", got)
	}
	gone.Mark(Change{Scope: west, Table: "x", Key: "y"})
	if got := slices.Collect(gone.Keys(west, "x")); !slices.Equal(got, []string{"y"}) {
		t.Errorf("marked: %v", got)
	}
	s.Unsubscribe(all)
	update(t, s, east, func(tx *Tx) { Tasks.Put(tx, task("t", "demo", "web", "ci")) })
	if !all.Take().Empty() {
		t.Error("told after Unsubscribe")
	}
}

func TestScopesAreApart(t *testing.T) {
	s := temp(t)
	update(t, s, east, func(tx *Tx) { Tasks.Put(tx, task("t", "demo", "web", "ci")) })
	view(t, s, west, func(tx *Tx) {
		if _, ok := Tasks.Get(tx, "t"); ok || Counts.Get(tx, "demo").Live != 0 || TasksByInstance.Any(tx, "ci") {
			t.Error("west sees east")
		}
		if _, ok := Tasks.Get(tx.In(east), "t"); !ok {
			t.Error("In does not see east")
		}
	})
}

func TestAViewKeepsItsState(t *testing.T) {
	s := temp(t)
	update(t, s, east, func(tx *Tx) { Tasks.Put(tx, task("t", "demo", "web", "ci")) })
	view(t, s, east, func(tx *Tx) {
		rows := Tasks.All(tx)
		update(t, s, east, func(tx *Tx) { Tasks.Delete(tx, "t"); Tasks.Put(tx, task("u", "demo", "web", "ci")) })
		for row := range rows {
			if row.ID != "t" {
				t.Errorf("sees %s", row.ID)
			}
		}
		if _, ok := Tasks.Get(tx, "t"); !ok || Counts.Get(tx, "demo").Live != 1 {
			t.Error("the state changed under a View")
		}
	})
}

func TestASecondDaemonIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	defer s.Close()
	if _, err := Open(path); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v", err)
	}
}

func TestAnIndexedValueMayHoldASlash(t *testing.T) {
	s := temp(t)
	a, b := task("a", "demo", "", ""), task("b", "demo", "", "")
	a.Birth.Token, b.Birth.Token = "x", "x/y"
	update(t, s, east, func(tx *Tx) { Tasks.Put(tx, a); Tasks.Put(tx, b) })
	view(t, s, east, func(tx *Tx) {
		for token, want := range map[string]string{"x": "a", "x/y": "b"} {
			for row := range TasksByToken.Each(tx, token) {
				if row.ID != want {
					t.Errorf("token %s finds %s", token, row.ID)
				}
			}
		}
	})
}
