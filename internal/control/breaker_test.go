package control

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// record opens a service deployment for the primary deployment, as the API does.
func (w *world) record(id string) {
	w.do(func(tx *store.Tx) {
		s, _ := store.Services.Get(tx, "demo/web")
		d := model.ServiceDeployment{ID: id, Cluster: "demo", Service: "web", Deployment: s.Primary().ID, Breaker: s.Spec.Breaker, Created: tx.Now()}
		d.Move(types.ServiceDeploymentStatusPending, "", tx.Now())
		s.Current = d.Key()
		store.ServiceDeployments.Put(tx, d)
		store.Services.Put(tx, s)
	})
}

// recorded prints the service deployments.
func (w *world) recorded() string {
	var all []string
	w.do(func(tx *store.Tx) {
		for d := range store.ServiceDeployments.All(tx) {
			line := d.ID + " " + d.Status
			if d.Reason != "" {
				line += " (" + d.Reason + ")"
			}
			if d.Tripped {
				line += fmt.Sprintf(" %d of %d", d.Failures, d.Threshold)
			}
			if d.Over() == d.Finished.IsZero() || d.Started.IsZero() {
				line += " without its times"
			}
			all = append(all, line)
		}
	})
	return strings.Join(all, "\n")
}

func (w *world) wantRecorded(lines ...string) {
	w.Helper()
	if got, want := w.recorded(), strings.Join(lines, "\n"); got != want {
		w.Fatalf("\n got %s\nwant %s", got, want)
	}
}

// guarded turns the circuit breaker on.
func guarded(rollback bool) func(*model.Service) {
	return func(s *model.Service) { s.Spec.Breaker = model.Breaker{Enable: true, Rollback: rollback} }
}

const overThreshold = "because the circuit breaker threshold was exceeded."

func TestCircuitBreakerRollsBack(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(4)
		w.update(guarded(true))
		w.broken = "web:2"
		w.update(rollTo(2, true))
		w.record("one")
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy", "web:1@i-2 RUNNING healthy")
		w.wantEvents(4, ") has started 4 tasks: (task T) (task T) (task T) (task T).",
			") (deployment ecs-svc/2) deployment failed: tasks failed to start.", ") rolling back to deployment ecs-svc/1.",
			") (deployment ecs-svc/1) deployment completed.", ") has reached a steady state.")
		w.wantRecorded("one ROLLBACK_SUCCESSFUL (Service deployment rolled back " + overThreshold + ") 4 of 3")
	})
}

func TestCircuitBreakerWithoutRollbackStalls(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(2)
		w.update(guarded(false))
		w.broken = "web:2"
		w.update(rollTo(2, true))
		w.record("one")
		w.after(2 * time.Hour)
		w.want("ACTIVE web:2:FAILED web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy")
		w.wantRecorded("one STOPPED (Service deployment failed " + overThreshold + ") 4 of 3")
		before := w.s.Commits()
		w.after(30 * time.Minute)
		if n := w.s.Commits() - before; n != 0 {
			t.Errorf("%d commits while stalled", n)
		}
	})
}

func TestRollbackThatFailsGoesNowhere(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(4)
		w.update(guarded(true))
		w.update(func(s *model.Service) { s.Spec.MinPercent, s.Spec.MaxPercent = 0, 100 })
		w.broken = "web:2"
		w.update(rollTo(2, true))
		w.record("one")
		synctest.Wait()
		w.after(300 * time.Millisecond) // the old tasks are gone, the new ones not yet failed
		w.do(func(tx *store.Tx) {
			d, _ := store.TaskDefs.Get(tx, "web:1")
			d.Doc.ContainerDefinitions = append([]types.ContainerDefinition(nil), d.Doc.ContainerDefinitions...)
			d.Doc.ContainerDefinitions[0].Image = &w.broken
			store.TaskDefs.Put(tx, d)
		})
		w.after(5 * time.Minute)
		w.want("ACTIVE web:1:FAILED")
		w.wantRecorded("one ROLLBACK_FAILED (Service deployment failed " + overThreshold + ") 4 of 3")
	})
}

func TestFailingHealthChecksTripTheBreaker(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(2)
		w.update(guarded(true))
		w.sick = "web/0123456789abcdef" // from now on
		w.update(rollTo(2, true))
		w.after(20 * time.Second)
		if got := w.events(0); !strings.Contains(got, "(deployment ecs-svc/2) deployment failed: tasks failed to start.\n) rolling back to deployment ecs-svc/1.") {
			t.Errorf("events:\n%s", got)
		}
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy")
	})
}

func TestTasksThatEndBeforeTheyAreHealthyTripTheBreaker(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.def(1, 0)
		w.service(1, false)
		w.update(guarded(false))
		for range 3 {
			w.after(10 * time.Second)
			w.end()
		}
		w.after(time.Second)
		w.want("ACTIVE web:1:FAILED")
	})
}

func TestRequestedRollback(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(2)
		w.sick = "web/0123456789abcdef"
		w.update(rollTo(2, true))
		w.update(func(s *model.Service) { s.Spec.Grace = time.Hour })
		w.record("two")
		w.after(10 * time.Second)
		w.wantRecorded("two IN_PROGRESS")
		w.do(func(tx *store.Tx) {
			d, _ := store.ServiceDeployments.Get(tx, "demo/web/two")
			d.Move(types.ServiceDeploymentStatusRollbackRequested, "", tx.Now())
			store.ServiceDeployments.Put(tx, d)
		})
		synctest.Wait()
		if got := w.picture(); !strings.HasPrefix(got, "ACTIVE web:1:IN_PROGRESS web:2:FAILED\n") {
			t.Errorf("right after the request:\n%s", got)
		}
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy")
		w.wantRecorded("two ROLLBACK_SUCCESSFUL (Service deployment rolled back because a rollback was requested.)")
	})
}

func TestServiceDeploymentSucceeds(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.def(1, 0)
		w.service(1, true)
		w.record("one")
		w.after(time.Minute)
		w.wantRecorded("one SUCCESSFUL")
	})
}
