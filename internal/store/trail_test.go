package store

import (
	"errors"
	"slices"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
)

// follow returns on what instances something changed since a step.
func follow(tx *Tx, since *Trail) (names []string, now *Trail, ok bool) {
	now, ok = Follow(tx, "demo", since, func(instance, group string) { names = append(names, instance+":"+group) })
	slices.Sort(names)
	return names, now, ok
}

func TestATrailNamesWhereSomethingChanged(t *testing.T) {
	s := temp(t)
	var at *Trail
	row := task("t1", "demo", "web", "ci1")
	update(t, s, east, func(tx *Tx) {
		if _, now, ok := follow(tx, nil); now != nil || !ok {
			t.Error("a trail where nothing happened")
		}
		ContainerInstances.Put(tx, model.ContainerInstance{ID: "ci0", Cluster: "demo"})
		if _, at, _ = follow(tx, nil); at == nil {
			t.Error("no step")
		}
	})
	for _, tt := range []struct {
		rule   string
		change func(*Tx)
		want   []string
	}{
		{"nothing", func(*Tx) {}, nil},
		{"an instance", func(tx *Tx) { ContainerInstances.Put(tx, model.ContainerInstance{ID: "ci1", Cluster: "demo"}) }, []string{"ci1:"}},
		{"a task that is placed", func(tx *Tx) { Tasks.Put(tx, row) }, []string{"ci1:" + row.Birth.Group}},
		{"a task that moves", func(tx *Tx) { row.Instance = "ci2"; Tasks.Put(tx, row) }, []string{"ci1:" + row.Birth.Group, "ci2:" + row.Birth.Group}},
		{"a task without a place", func(tx *Tx) { Tasks.Put(tx, task("t2", "demo", "web", "")) }, nil},
		{"a task of another cluster", func(tx *Tx) { Tasks.Put(tx, task("t3", "other", "web", "ci1")) }, nil},
		{"a task that stops", func(tx *Tx) { row.Is = model.Stopped; Tasks.Put(tx, row) }, []string{"ci2:" + row.Birth.Group}},
		{"a task that stopped", func(tx *Tx) { Tasks.Delete(tx, "t1") }, nil},
	} {
		update(t, s, east, tt.change)
		update(t, s, east, func(tx *Tx) {
			got, now, ok := follow(tx, at)
			if !slices.Equal(got, tt.want) || !ok {
				t.Errorf("%s: got %v %v, want %v", tt.rule, got, ok, tt.want)
			}
			at = now
		})
	}
}

func TestATrailEndsWhereItWasTakenBack(t *testing.T) {
	s := temp(t)
	put := func(tx *Tx, id string) { Tasks.Put(tx, task(id, "demo", "web", "ci1")) }
	var known, lost *Trail
	update(t, s, east, func(tx *Tx) { put(tx, "t1"); _, known, _ = follow(tx, nil) })
	err := s.Update(east, func(tx *Tx) error { put(tx, "t2"); _, lost, _ = follow(tx, known); return errors.New("no") })
	if err == nil {
		t.Fatal("no error")
	}
	update(t, s, east, func(tx *Tx) {
		put(tx, "t3")
		if _, _, ok := follow(tx, lost); ok {
			t.Error("followed from a step that was taken back")
		}
	})
	// A flush that the disk refuses takes steps back as well.
	update(t, s, east, func(tx *Tx) { _, known, _ = follow(tx, nil) })
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(east, func(tx *Tx) error { put(tx, "t4"); _, lost, _ = follow(tx, known); return nil }); err == nil {
		t.Fatal("a write without a disk succeeded")
	}
	_, err = s.apply(east, func(tx *Tx) error {
		if _, _, ok := follow(tx, lost); ok {
			t.Error("followed from a step that the disk refused")
		}
		if names, _, ok := follow(tx, known); !ok || names != nil {
			t.Errorf("the step before it is not known: %v", names)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestATrailIsBounded(t *testing.T) {
	s := temp(t)
	update(t, s, east, func(tx *Tx) {
		row := task("t1", "demo", "web", "ci1")
		Tasks.Put(tx, row)
		_, at, _ := follow(tx, nil)
		for range maxTrail + 2 {
			row.Version++
			Tasks.Put(tx, row)
		}
		if names, _, ok := follow(tx, at); ok || len(names) > maxTrail+1 {
			t.Errorf("%d steps, %v", len(names), ok)
		}
	})
}
