package control

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// TestAnAgentDrainsInItsRole: one that may not stays ACTIVE, and drains once it may.
func TestAnAgentDrainsInItsRole(t *testing.T) {
	scenario(t, func(w *world) {
		w.profile, w.config = "machines", "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true"
		no := inline(statement("Deny", "ecs:UpdateContainerInstancesState", "arn:aws:ecs:*:*:container-instance/demo/*", `,"Condition":{"ArnEquals":{"ecs:cluster":"`+cluster+`"}}`))
		w.machine(func(r *model.Role) { attached(agents)(r); no(r) })
		w.instance("i-1", "us-east-1a")
		w.after(time.Second)
		status := func() (is string) {
			w.do(func(tx *store.Tx) {
				for ci := range store.ContainerInstancesByEC2.Each(tx, "i-1") {
					is = ci.Status
				}
			})
			return is
		}
		w.do(func(tx *store.Tx) {
			i, _ := store.Instances.Get(tx, "i-1")
			i.Gone = tx.Now().Add(2 * time.Minute)
			store.Instances.Put(tx, i)
		})
		w.after(time.Minute)
		if got := status(); got != "ACTIVE" {
			t.Errorf("it may not drain, and is %s", got)
		}
		w.machine(attached(agents))
		w.after(time.Second)
		if got := status(); got != "DRAINING" {
			t.Errorf("it may drain, and is %s", got)
		}
	})
}

// TestARefusedInstanceEnds: its machine goes, whatever ECS hears, so what ran there is let go of.
func TestARefusedInstanceEnds(t *testing.T) {
	scenario(t, func(w *world) {
		w.profile = "machines"
		w.machine(attached(agents))
		w.def(1, 0)
		w.instance("i-1", "us-east-1a")
		w.service(1, false)
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING")
		w.machine(attached())
		w.after(time.Second)
		if got := w.outside(); !strings.HasPrefix(got, "away: ") {
			t.Fatalf("it is %s", got)
		}
		w.do(func(tx *store.Tx) {
			i, _ := store.Instances.Get(tx, "i-1")
			i.State = "shutting-down"
			store.Instances.Put(tx, i)
		})
		w.after(time.Minute)
		w.do(func(tx *store.Tx) {
			i, _ := store.Instances.Get(tx, "i-1")
			for ci := range store.ContainerInstancesByEC2.Each(tx, "i-1") {
				if i.State != "terminated" || ci.Refused != "" || ci.Status != "INACTIVE" {
					t.Errorf("it is %s, and %s in its cluster: %s", i.State, ci.Status, ci.Refused)
				}
			}
		})
	})
}

// TestWhatChangesNothingOfAgentsIsNotLookedAt: writes do not wait for it.
func TestWhatChangesNothingOfAgentsIsNotLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		w.profile = "machines"
		w.machine(attached(agents))
		looked := func() int {
			var changes store.Changes
			changes.Mark(store.Change{Scope: here.Global(), Table: store.Roles.Name(), Key: model.Role{Name: "Machine"}.Key()})
			if err := w.c.trace(&changes); err != nil {
				t.Fatal(err)
			}
			return len(slices.Collect(changes.Keys(here, store.Instances.Name())))
		}
		pass := func() {
			if _, err := w.c.Pass(store.Changes{Full: true}); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			rule   string
			change func()
			want   int
		}{
			{"nothing of one that boots", func() { w.instance("i-1", "us-east-1a") }, 0},
			{"nothing of what has all that it needs", pass, 0},
			{"it is refused", func() { w.machine(attached()) }, 1},
			{"nothing once that is written", pass, 0},
			{"it is not refused any more", func() { w.machine(attached(agents)) }, 1},
			{"it may have to drain", func() {
				pass()
				w.do(func(tx *store.Tx) {
					i, _ := store.Instances.Get(tx, "i-1")
					i.Gone = tx.Now().Add(time.Hour)
					store.Instances.Put(tx, i)
				})
			}, 1},
		} {
			step.change()
			if got := looked(); got != step.want {
				t.Errorf("%s: %d looked at", step.rule, got)
			}
		}
	})
}
