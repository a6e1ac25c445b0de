package control

import (
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// lopsided starts a service of so many that rebalances, all of it on one instance.
func (w *world) lopsided(desired int) {
	w.instance("i-1", "us-east-1a")
	w.def(1, 0)
	w.service(desired, true, func(s *model.Service) { s.Spec.Rebalancing = "ENABLED" })
	w.after(time.Minute)
}

func TestANewZoneTakesItsShare(t *testing.T) {
	scenario(t, func(w *world) {
		w.lopsided(4)
		w.wantEvents(3, ") has reached a steady state.")
		w.instance("i-2", "us-east-1b")
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy", "web:1@i-2 RUNNING healthy")
		got := w.events(4)
		for _, e := range []string{
			") is not AZ balanced with 4 tasks in us-east-1a and 0 in us-east-1b. AZ Rebalancing in progress.\n" +
				") has started 2 tasks in us-east-1b to AZ Rebalance: (task T) (task T).\n",
			"tasks in us-east-1a due to AZ rebalancing: (task T)",
			") has reached a steady state.\n) is AZ balanced with 2 tasks in us-east-1a and 2 tasks in us-east-1b.",
		} {
			if !strings.Contains(got, e) {
				t.Errorf("no %q in\n%s", e, got)
			}
		}
		before := w.s.Commits()
		w.after(time.Minute)
		if w.s.Commits() != before {
			t.Error("it is not settled")
		}
	})
}

func TestAZoneWithoutASubnetIsNoGoal(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.def(1, 0)
		w.service(3, false)
		w.own(false) // in zones a and b
		w.update(func(s *model.Service) { s.Spec.Rebalancing = "ENABLED" })
		w.instance("i-4", "us-east-1a")
		w.after(time.Minute)
		w.instance("i-3", "us-east-1c")
		w.after(time.Minute)
		if got := w.picture(); strings.Contains(got, "@i-3") || strings.Contains(w.events(0), "us-east-1c") {
			t.Errorf("it went where it has no subnet:\n%s\n%s", got, w.events(0))
		}
		w.instance("i-2", "us-east-1b")
		w.after(time.Minute)
		if got := w.picture(); !strings.Contains(got, "@i-2") {
			t.Errorf("not balanced:\n%s", got)
		}
	})
}

func TestNothingStopsWhileTheNewZoneIsNotHealthy(t *testing.T) {
	scenario(t, func(w *world) {
		w.lopsided(2)
		w.sick = "web/0123456789abcdef"
		w.instance("i-2", "us-east-1b")
		w.after(5 * time.Second)
		if got := w.picture(); strings.Count(got, "@i-1 RUNNING healthy") != 2 || !strings.Contains(got, "@i-2") {
			t.Errorf("one has made way:\n%s", got)
		}
	})
}

func TestAZoneWithoutPlaceIsToldOnce(t *testing.T) {
	scenario(t, func(w *world) {
		w.lopsided(2)
		w.do(func(tx *store.Tx) { // two zones: one is full, one may not run it
			for _, in := range []struct{ id, zone string }{{"i-2", "us-east-1b"}, {"i-3", "us-east-1c"}} {
				store.Instances.Put(tx, model.Instance{ID: in.id, Type: model.InstanceType{VCPU: 2, Memory: 100}, Zone: in.zone,
					Host: "127.66.0.9", UserData: "ECS_CLUSTER=demo", State: "pending", Up: true})
			}
			s, _ := store.Services.Get(tx, "demo/web")
			s.Spec.Constraints = []types.PlacementConstraint{{Type: "memberOf", Expression: aws.String("attribute:ecs.availability-zone != us-east-1c")}}
			store.Services.Put(tx, s)
			d, _ := store.TaskDefs.Get(tx, "web:1")
			d.Doc.ContainerDefinitions[0].Memory = aws.Int32(90)
			store.TaskDefs.Put(tx, d)
		})
		w.after(time.Minute)
		w.end() // what ends is replaced, and nothing is told again
		w.after(time.Minute)
		const why = " because no container instance met all of its requirements."
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-1 RUNNING healthy")
		for _, zone := range []string{"us-east-1b", "us-east-1c"} {
			if n := strings.Count(w.events(0), ") is unable to place a task in "+zone+why); n != 1 {
				t.Errorf("told %d times of %s:\n%s", n, zone, w.events(0))
			}
		}
		if strings.Contains(w.events(0), "not AZ balanced") {
			t.Errorf("nothing was in progress:\n%s", w.events(0))
		}
		w.instance("i-4", "us-east-1b")
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-4 RUNNING healthy")
	})
}

func TestScaleInUndoesASpreadOverAnyAttribute(t *testing.T) {
	scenario(t, func(w *world) {
		for i, rack := range []string{"r1", "r2", "r2"} {
			id := "i-" + string(rune('1'+i))
			w.instance(id, "us-east-1"+string(rune('a'+i)))
			w.after(time.Second)
			w.do(func(tx *store.Tx) {
				for ci := range store.ContainerInstancesByEC2.Each(tx, id) {
					ci.Attributes = append(ci.Attributes, model.Attribute{Name: "rack", Value: rack})
					store.ContainerInstances.Put(tx, ci)
				}
			})
		}
		w.def(1, 8080) // one on each instance
		w.service(3, true, func(s *model.Service) {
			s.Spec.Strategy = []types.PlacementStrategy{{Type: "spread", Field: aws.String("attribute:rack")}}
		})
		w.after(time.Minute)
		w.update(func(s *model.Service) { s.Desired = 2 })
		w.after(time.Minute)
		if got := w.picture(); !strings.Contains(got, "@i-1") {
			t.Errorf("the lone one of its rack went:\n%s", got)
		}
	})
}
