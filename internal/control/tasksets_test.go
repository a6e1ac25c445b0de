package control

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const greenGroup = "(target-group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/green/0123456789abcdef)"

// external creates the service web with the EXTERNAL controller on one instance in each of two zones.
func (w *world) external(desired int) {
	w.instance("i-1", "us-east-1a")
	w.instance("i-2", "us-east-1b")
	w.def(1, 0)
	w.def(2, 0)
	w.do(func(tx *store.Tx) {
		store.TargetGroups.Put(tx, model.TargetGroup{ID: "green/0123456789abcdef", Name: "green", TargetType: "instance"})
		store.Services.Put(tx, model.Service{Name: "web", Cluster: "demo", Status: "ACTIVE", Desired: desired,
			Spec: model.ServiceSpec{MinPercent: 100, MaxPercent: 200, Scheduling: "REPLICA", Controller: "EXTERNAL"}})
	})
}

// taskSet is what the API writes for CreateTaskSet: of web:1 behind the group web, or of web:2 behind green.
func taskSet(id string, revision int, scale float64) model.Deployment {
	d := deployment(revision, true)
	d.ID, d.Status, d.State, d.TaskSet = "ecs-svc/"+id, "ACTIVE", "", &model.TaskSet{Scale: scale}
	if revision == 2 {
		d.LBs[0].Group = "green/0123456789abcdef"
	}
	return d
}

func addSet(id string, revision int, scale float64) func(*model.Service) {
	return func(s *model.Service) { s.Deployments = append(s.Deployments, taskSet(id, revision, scale)) }
}

func scaleSet(id string, scale float64) func(*model.Service) {
	return eachSet(func(d *model.Deployment) {
		if d.ID == "ecs-svc/"+id {
			t := *d.TaskSet
			t.Scale = scale
			d.TaskSet = &t
		}
	})
}

func markSet(id, status string) func(*model.Service) {
	return eachSet(func(d *model.Deployment) {
		switch {
		case d.ID == "ecs-svc/"+id:
			d.Status = status
		case status == "PRIMARY" && d.Status == status:
			d.Status = "ACTIVE"
		}
	})
}

func eachSet(change func(*model.Deployment)) func(*model.Service) {
	return func(s *model.Service) {
		for i := range s.Deployments {
			change(&s.Deployments[i])
		}
	}
}

// wantSets compares the sets of the service with their tasks: status, counts, stability.
func (w *world) wantSets(want ...string) {
	w.Helper()
	var got []string
	w.do(func(tx *store.Tx) {
		s, _ := store.Services.Get(tx, "demo/web")
		for _, d := range s.Deployments {
			n := store.Counts.Get(tx, s.Key()+"/"+d.ID)
			targets := 0
			for g := range store.Targets.All(tx) {
				if t, _ := store.Tasks.Get(tx, g.Task); t.Birth.Deployment == d.ID && g.Group == d.LBs[0].Group && g.Draining.IsZero() {
					targets++
				}
			}
			line := fmt.Sprintf("%s %s %s: %d of %d run behind %d targets", strings.TrimPrefix(d.ID, "ecs-svc/"), d.Status, d.Def, n.Running, d.TaskSet.Count, targets)
			if d.TaskSet.Steady {
				line += ", steady"
			}
			got = append(got, line)
		}
	})
	if g, want := strings.Join(got, "\n"), strings.Join(want, "\n"); g != want {
		w.Fatalf("\n got %s\nwant %s", strings.ReplaceAll(g, "\n", "\n     "), strings.ReplaceAll(want, "\n", "\n     "))
	}
}

func TestTaskSetsRunAtTheirScale(t *testing.T) {
	scenario(t, func(w *world) {
		w.external(3)
		w.after(time.Minute)
		w.wantEvents(0)
		w.update(addSet("1", 1, 100))
		w.after(time.Minute)
		w.wantEvents(0, ") updated computedDesiredCount for taskSet ecs-svc/1 to 3.", ", taskSet ecs-svc/1) has started 3 tasks: (task T) (task T) (task T).",
			", taskSet ecs-svc/1) registered 3 targets in "+group, ", taskSet ecs-svc/1) updated state to STEADY_STATE.", ") has reached a steady state.")
		w.update(addSet("2", 2, 50))
		w.after(time.Minute)
		w.wantSets("1 ACTIVE web:1: 3 of 3 run behind 3 targets, steady", "2 ACTIVE web:2: 2 of 2 run behind 2 targets, steady")
		w.wantEvents(5, ") updated computedDesiredCount for taskSet ecs-svc/2 to 2.", ", taskSet ecs-svc/2) has started 2 tasks: (task T) (task T).",
			", taskSet ecs-svc/2) registered 2 targets in "+greenGroup, ", taskSet ecs-svc/2) updated state to STEADY_STATE.", ") has reached a steady state.")
		before := w.s.Commits()
		w.after(50 * time.Minute)
		if n := w.s.Commits() - before; n != 0 {
			t.Errorf("%d commits in steady state", n)
		}
	})
}

func TestTaskSetsFollowTheDesiredCountOfTheirService(t *testing.T) {
	scenario(t, func(w *world) {
		w.external(2)
		w.update(addSet("1", 1, 100))
		w.update(addSet("2", 2, 30))
		w.after(time.Minute)
		w.wantSets("1 ACTIVE web:1: 2 of 2 run behind 2 targets, steady", "2 ACTIVE web:2: 1 of 1 run behind 1 targets, steady")
		w.update(func(s *model.Service) { s.Desired = 4 })
		w.after(time.Minute)
		w.wantSets("1 ACTIVE web:1: 4 of 4 run behind 4 targets, steady", "2 ACTIVE web:2: 2 of 2 run behind 2 targets, steady")
		w.update(func(s *model.Service) { s.Desired = 0 })
		w.after(time.Minute)
		w.wantSets("1 ACTIVE web:1: 0 of 0 run behind 0 targets, steady", "2 ACTIVE web:2: 0 of 0 run behind 0 targets, steady")
	})
}

// TestBlueGreenByHand is the story of docs/external-deployments.md.
func TestBlueGreenByHand(t *testing.T) {
	scenario(t, func(w *world) {
		w.external(2)
		w.update(addSet("blue", 1, 100))
		w.update(markSet("blue", "PRIMARY"))
		w.after(time.Minute)
		w.update(addSet("green", 2, 0))
		w.after(time.Minute)
		w.wantSets("blue PRIMARY web:1: 2 of 2 run behind 2 targets, steady", "green ACTIVE web:2: 0 of 0 run behind 0 targets, steady")
		w.update(scaleSet("green", 100))
		w.after(time.Minute)
		told := strings.Count(w.events(0), "\n") + 1
		w.update(markSet("green", "PRIMARY"))
		w.update(scaleSet("blue", 0))
		w.after(time.Minute)
		w.wantSets("blue ACTIVE web:1: 0 of 0 run behind 0 targets, steady", "green PRIMARY web:2: 2 of 2 run behind 2 targets, steady")
		w.wantEvents(told, ") updated computedDesiredCount for taskSet ecs-svc/blue to 0.", ", taskSet ecs-svc/blue) has stopped 2 running tasks: (task T) (task T).",
			", taskSet ecs-svc/blue) deregistered 2 targets in "+group, ", taskSet ecs-svc/blue) has begun draining connections on 2 tasks.",
			", taskSet ecs-svc/blue) updated state to STEADY_STATE.", ") has reached a steady state.")
		w.update(markSet("blue", "DRAINING"))
		synctest.Wait()
		w.wantSets("green PRIMARY web:2: 2 of 2 run behind 2 targets, steady")
	})
}

func TestDeletedTaskSetDrainsAndGoes(t *testing.T) {
	scenario(t, func(w *world) {
		w.external(2)
		w.update(addSet("1", 1, 100))
		w.update(addSet("2", 2, 100))
		w.after(time.Minute)
		w.busy = true
		w.update(markSet("1", "DRAINING"))
		w.after(10 * time.Second)
		w.wantSets("1 DRAINING web:1: 0 of 0 run behind 0 targets", "2 ACTIVE web:2: 2 of 2 run behind 2 targets, steady")
		w.after(10 * time.Minute)
		w.wantSets("2 ACTIVE web:2: 2 of 2 run behind 2 targets, steady")
	})
}

func TestTasksOfATaskSetLeaveADrainingInstance(t *testing.T) {
	scenario(t, func(w *world) {
		w.external(2)
		w.update(addSet("1", 1, 100))
		w.update(addSet("2", 2, 100))
		w.after(time.Minute)
		w.do(func(tx *store.Tx) {
			for ci := range store.ContainerInstancesByCluster.Each(tx, "demo") {
				if ci.EC2 == "i-1" {
					ci.Status = "DRAINING"
					store.ContainerInstances.Put(tx, ci)
				}
			}
		})
		synctest.Wait()
		w.wantSets("1 ACTIVE web:1: 2 of 2 run behind 2 targets", "2 ACTIVE web:2: 2 of 2 run behind 2 targets")
		w.after(10 * time.Minute)
		w.wantSets("1 ACTIVE web:1: 2 of 2 run behind 2 targets, steady", "2 ACTIVE web:2: 2 of 2 run behind 2 targets, steady")
		if got := w.picture(); strings.Contains(got, "@i-1") {
			t.Errorf("tasks stay on the draining instance:\n%s", got)
		}
	})
}

func TestOneTaskSetIsThrottledForItself(t *testing.T) {
	scenario(t, func(w *world) {
		w.broken = "web:2"
		w.external(2)
		w.update(addSet("1", 1, 100))
		w.update(addSet("2", 2, 100))
		w.after(5 * time.Minute)
		w.wantSets("1 ACTIVE web:1: 2 of 2 run behind 2 targets, steady", "2 ACTIVE web:2: 0 of 2 run behind 0 targets")
		w.do(func(tx *store.Tx) {
			s, _ := store.Services.Get(tx, "demo/web")
			if one, two := s.Deployments[0].TaskSet.Throttle, s.Deployments[1].TaskSet.Throttle; one.Failures != 0 || two.Failures != 7 || s.Throttle != two {
				t.Errorf("throttles %+v and %+v, of the service %+v", one, two, s.Throttle)
			}
		})
		w.end() // of the set that runs
		w.after(5 * time.Second)
		w.wantSets("1 ACTIVE web:1: 2 of 2 run behind 2 targets, steady", "2 ACTIVE web:2: 0 of 2 run behind 0 targets")
	})
}

func TestWhatFindsNoPlaceIsToldOnceForAllTaskSets(t *testing.T) {
	scenario(t, func(w *world) {
		w.external(1)
		w.do(func(tx *store.Tx) {
			for in := range store.Instances.All(tx) {
				in.State = "shutting-down"
				store.Instances.Put(tx, in)
			}
		})
		w.after(time.Minute)
		w.update(addSet("1", 1, 100))
		w.update(addSet("2", 2, 100))
		w.after(time.Minute)
		if got := w.events(0); strings.Count(got, "was unable to place a task") != 1 {
			t.Errorf("events:\n%s", got)
		}
		w.instance("i-3", "us-east-1a")
		w.after(time.Minute)
		w.wantSets("1 ACTIVE web:1: 1 of 1 run behind 1 targets, steady", "2 ACTIVE web:2: 1 of 1 run behind 1 targets, steady")
	})
}

func TestProtectedTaskOfATaskSetStays(t *testing.T) {
	scenario(t, func(w *world) {
		w.external(1)
		w.update(addSet("1", 1, 100))
		w.after(time.Minute)
		w.do(func(tx *store.Tx) {
			for task := range store.TasksByService.Each(tx, "demo/web") {
				task.Protected = tx.Now().Add(10 * time.Minute)
				store.Tasks.Put(tx, task)
			}
		})
		w.update(scaleSet("1", 0))
		w.after(time.Minute)
		w.wantSets("1 ACTIVE web:1: 1 of 0 run behind 1 targets")
		w.wantEvents(5, ") updated computedDesiredCount for taskSet ecs-svc/1 to 0.",
			") was unable to reach steady state because (taskSet ecs-svc/1) was unable to scale in due to (reason 1 tasks under protection)")
		w.after(10 * time.Minute)
		w.wantSets("1 ACTIVE web:1: 0 of 0 run behind 0 targets, steady")
	})
}

func TestDeletedExternalServiceBecomesInactive(t *testing.T) {
	scenario(t, func(w *world) {
		w.external(2)
		w.update(addSet("1", 1, 100))
		w.update(addSet("2", 2, 50))
		w.after(time.Minute)
		w.update(func(s *model.Service) {
			s.Status, s.Desired = "DRAINING", 0
			eachSet(func(d *model.Deployment) { d.Status = "DRAINING" })(s)
		})
		w.after(10 * time.Minute)
		w.want("INACTIVE")
	})
}

// upset does one random thing to the task sets of the service, as the API would.
func upset(s *model.Service, rnd *rand.Rand) {
	id := fmt.Sprint(rnd.IntN(5))
	_, there := s.Deployment("ecs-svc/" + id)
	switch n := rnd.IntN(6); {
	case !there && n < 4:
		addSet(id, 1+rnd.IntN(2), float64(rnd.IntN(101)))(s)
	case n == 0:
		markSet(id, "DRAINING")(s)
	case n == 1:
		if d, _ := s.Deployment("ecs-svc/" + id); d.Status == "ACTIVE" {
			markSet(id, "PRIMARY")(s)
		}
	case n == 5 && rnd.IntN(10) == 0 && s.Status == "ACTIVE":
		s.Status, s.Desired = "DRAINING", 0
		eachSet(func(d *model.Deployment) { d.Status = "DRAINING" })(s)
	default:
		scaleSet(id, float64(rnd.IntN(101)))(s)
	}
}

// TestTasksBelongToTheirTaskSet looks at what they are born with, and at how they end.
func TestTasksBelongToTheirTaskSet(t *testing.T) {
	scenario(t, func(w *world) {
		w.external(1)
		w.update(addSet("1", 1, 100))
		w.after(time.Minute)
		w.do(func(tx *store.Tx) {
			for task := range store.TasksByService.Each(tx, "demo/web") {
				if b := task.Birth; b.Deployment != "ecs-svc/1" || b.StartedBy != "ecs-svc/1" || b.Group != "service:web" || b.Service != "web" {
					t.Errorf("born with %+v", b)
				}
			}
		})
		w.end()
		w.after(time.Minute)
		w.do(func(tx *store.Tx) {
			stopped := slices.Collect(store.TasksStopped.Each(tx, "stopped"))
			if len(stopped) != 1 || !stopped[0].Noted || stopped[0].Stop.Code != string(types.TaskStopCodeEssentialContainerExited) {
				t.Errorf("stopped: %+v", stopped)
			}
		})
		w.wantSets("1 ACTIVE web:1: 1 of 1 run behind 1 targets, steady")
	})
}

// web returns the service web.
func (w *world) web() (s model.Service) {
	w.do(func(tx *store.Tx) { s, _ = store.Services.Get(tx, "demo/web") })
	return s
}
