package place

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"
)

// ask places a task and writes it, in a transaction of its own.
func ask(t *testing.T, s *store.Store, row model.Task) {
	t.Helper()
	err := s.Update(here, func(tx *store.Tx) error {
		if Task(tx, Room(tx, "demo"), &row, scheduler.Ask{}, nil, netip.Prefix{}) == nil {
			store.Tasks.Put(tx, row)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// decisions prints what is kept.
func decisions(t *testing.T, s *store.Store) (all []string) {
	t.Helper()
	_ = s.View(here, func(tx *store.Tx) error {
		for d := range store.Decisions.All(tx) {
			line := fmt.Sprintf("%s refused %d times", d.Group, d.Times)
			if d.Placed() {
				line = fmt.Sprintf("%s placed, %d of %d could", d.Task, d.Choice.Able, d.Choice.Candidates)
			}
			for _, c := range d.Choice.Codes {
				line += fmt.Sprintf(" %s %d", c.Code, c.N)
			}
			all = append(all, line)
		}
		return nil
	})
	return all
}

func TestDecisionsAreKept(t *testing.T) {
	s := temp(t, 2)
	for i := range 3 {
		ask(t, s, task(fmt.Sprint("t", i)))
	}
	ask(t, s, task("t3"))
	ask(t, s, task("t4", 22))
	small := task("t5")
	small.Needs.Memory = 1
	ask(t, s, small)
	ask(t, s, task("t6"))
	want := []string{"t0 placed, 2 of 2 could", "t1 placed, 1 of 2 could RESOURCE:MEMORY 1",
		"family:web refused 3 times RESOURCE:MEMORY 2", "t5 placed, 2 of 2 could", "family:web refused 1 times RESOURCE:MEMORY 2"}
	if got := decisions(t, s); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	_ = s.View(here, func(tx *store.Tx) error {
		if n := len(slices.Collect(store.DecisionsBy.Each(tx, store.GroupKey("demo", "family:web")))); n != 5 || !store.DecisionsBy.Any(tx, "t1") {
			t.Errorf("%d found by group", n)
		}
		return nil
	})
}

func TestAFailedTransactionTakesItsDecisionsBack(t *testing.T) {
	s := temp(t, 1)
	for i := range 3 {
		_ = s.Update(here, func(tx *store.Tx) error {
			row := task(fmt.Sprint("t", i))
			row.Needs.Memory = 9999
			_ = Task(tx, Room(tx, "demo"), &row, scheduler.Ask{}, nil, netip.Prefix{})
			if i == 0 {
				return fmt.Errorf("no")
			}
			return nil
		})
	}
	if got, want := decisions(t, s), []string{"family:web refused 2 times RESOURCE:MEMORY 1"}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestTheNewestDecisionsAreKept(t *testing.T) {
	s := temp(t, 0)
	err := s.Update(here, func(tx *store.Tx) error {
		for i := range Kept + 10 {
			record(tx, model.Decision{Task: fmt.Sprint("t", i), Choice: model.Choice{Chosen: "ci"}})
		}
		return nil
	})
	if got := decisions(t, s); err != nil || len(got) != Kept || got[0] != "t10 placed, 0 of 0 could" {
		t.Errorf("%d kept, the first is %v: %v", len(got), got[0], err)
	}
}
