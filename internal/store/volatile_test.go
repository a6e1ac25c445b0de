package store

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"

	bolt "go.etcd.io/bbolt"
)

func decision(seq uint64, task string) model.Decision {
	return model.Decision{Seq: seq, Cluster: "demo", Group: "family:web", Task: task, Choice: model.Choice{Chosen: "ci1"}}
}

func decided(tx *Tx) (tasks []string) {
	for d := range Decisions.All(tx) {
		tasks = append(tasks, d.Task)
	}
	return tasks
}

func TestVolatileRowsAreVisibleWithoutAFlushAndWakeNobody(t *testing.T) {
	s := temp(t)
	f := s.Subscribe()
	f.Take()
	<-f.C
	update(t, s, east, func(tx *Tx) {
		Decisions.Put(tx, decision(1, "t1"))
		Decisions.Put(tx, decision(2, "t2"))
		if got := decided(tx); !slices.Equal(got, []string{"t1", "t2"}) {
			t.Errorf("within the transaction: %v", got)
		}
	})
	update(t, s, east, func(tx *Tx) { Decisions.Delete(tx, model.DecisionKey(1)) })
	view(t, s, east, func(tx *Tx) {
		if got := decided(tx); !slices.Equal(got, []string{"t2"}) {
			t.Errorf("visible: %v", got)
		}
		if got := slices.Collect(DecisionsBy.Each(tx, "t2")); len(got) != 1 || DecisionsBy.Any(tx, "t1") {
			t.Errorf("by task: %+v", got)
		}
	})
	view(t, s, west, func(tx *Tx) {
		if got := decided(tx); got != nil {
			t.Errorf("in another scope: %v", got)
		}
	})
	if s.Commits() != 0 || !f.Take().Empty() {
		t.Errorf("%d commits, or a feed was woken", s.Commits())
	}
}

func TestVolatileRowsFollowTheirTransaction(t *testing.T) {
	s := temp(t)
	refuse := errors.New("no")
	err := s.Update(east, func(tx *Tx) error { Decisions.Put(tx, decision(1, "t1")); return refuse })
	if !errors.Is(err, refuse) {
		t.Fatal(err)
	}
	f := s.Subscribe()
	f.Take()
	update(t, s, east, func(tx *Tx) {
		Decisions.Put(tx, decision(2, "t2"))
		Tasks.Put(tx, task("t2", "demo", "web", "ci1"))
	})
	view(t, s, east, func(tx *Tx) {
		if got := decided(tx); !slices.Equal(got, []string{"t2"}) {
			t.Errorf("kept: %v", got)
		}
	})
	if keys := slices.Collect(f.Take().Keys(east, Decisions.Name())); len(keys) != 0 || s.Commits() != 1 {
		t.Errorf("told of %v, %d commits", keys, s.Commits())
	}
}

func TestVolatileRowsAreNotInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	update(t, s, east, func(tx *Tx) {
		Decisions.Put(tx, decision(1, "t1"))
		Tasks.Put(tx, task("t1", "demo", "web", "ci1"))
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	view(t, s, east, func(tx *Tx) {
		if got := decided(tx); got != nil {
			t.Errorf("after a restart: %v", got)
		}
	})
	_ = s.db.View(func(b *bolt.Tx) error {
		if b.Bucket([]byte(Decisions.Name())) != nil {
			t.Error("there is a bucket")
		}
		return nil
	})
}

// TestVolatileRowsBehindAFlush writes some while another transaction's flush is under way: they are
// visible when that one is.
func TestVolatileRowsBehindAFlush(t *testing.T) {
	s := temp(t)
	first, err := s.apply(east, func(tx *Tx) error { Tasks.Put(tx, task("t1", "demo", "web", "ci1")); return nil })
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.apply(east, func(tx *Tx) error { Decisions.Put(tx, decision(1, "t1")); return nil })
	if err != nil || b != first {
		t.Fatalf("waits for %p, not %p: %v", b, first, err)
	}
	view(t, s, east, func(tx *Tx) {
		if got := decided(tx); got != nil {
			t.Errorf("before the flush: %v", got)
		}
	})
	s.flush()
	view(t, s, east, func(tx *Tx) {
		if got := decided(tx); len(got) != 1 {
			t.Errorf("after the flush: %v", got)
		}
	})
	// As if a flush had taken what it writes, and a volatile row came before it was done.
	s.writing, s.next = &batch{}, &batch{}
	if _, err = s.apply(east, func(tx *Tx) error { Decisions.Put(tx, decision(2, "t2")); return nil }); err != nil {
		t.Fatal(err)
	}
	view(t, s, east, func(tx *Tx) {
		if got := decided(tx); len(got) != 1 {
			t.Errorf("before the other flush: %v", got)
		}
	})
	s.flush()
	view(t, s, east, func(tx *Tx) {
		if got := decided(tx); len(got) != 2 {
			t.Errorf("after the other flush: %v", got)
		}
	})
}
