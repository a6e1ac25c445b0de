package control

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const group = "(target-group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0123456789abcdef)"

// scenario runs a test in a bubble.
func scenario(t *testing.T, fn func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { fn(start(t)) })
}

// ready starts a balanced service of so many on one instance in each of two zones, and waits.
func (w *world) ready(desired int) {
	w.instance("i-1", "us-east-1a")
	w.instance("i-2", "us-east-1b")
	w.def(1, 0)
	w.def(2, 0)
	w.service(desired, true)
	w.after(time.Minute)
}

func TestServiceReachesSteadyState(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(4)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy", "web:1@i-2 RUNNING healthy")
		w.wantEvents(0, ") has started 4 tasks: (task T) (task T) (task T) (task T).", ") registered 4 targets in "+group,
			") (deployment ecs-svc/1) deployment completed.", ") has reached a steady state.")
	})
}

func TestSettledServiceMakesNoCommit(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(4)
		before := w.s.Commits()
		w.after(50 * time.Minute)
		if n := w.s.Commits() - before; n != 0 {
			t.Errorf("%d commits in steady state", n)
		}
	})
}

func TestWithoutChecksTasksCountAfterFortySeconds(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.def(1, 0)
		w.service(1, false)
		w.after(30 * time.Second)
		w.want("ACTIVE web:1:IN_PROGRESS", "web:1@i-1 RUNNING")
		w.after(15 * time.Second)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING")
	})
}

func TestDeadTaskIsReplaced(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(2)
		w.end()
		synctest.Wait()
		if got := w.picture(); !strings.Contains(got, "PENDING") || strings.Count(got, "healthy") != 1 {
			t.Errorf("right after the end:\n%s", got)
		}
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy")
		w.wantEvents(4, ") has started 1 tasks: (task T).", ") deregistered 1 targets in "+group,
			", taskSet ecs-svc/1) has begun draining connections on 1 tasks.", ") registered 1 targets in "+group, ") has reached a steady state.")
	})
}

func TestRestartsAreThrottledUntilTheDefinitionChanges(t *testing.T) {
	scenario(t, func(w *world) {
		w.broken = "web:1"
		w.instance("i-1", "us-east-1a")
		w.def(1, 0)
		w.def(2, 0)
		w.service(2, true)
		w.after(5 * time.Minute)
		var s model.Service
		w.do(func(tx *store.Tx) { s, _ = store.Services.Get(tx, "demo/web") })
		// attempts at about 0, 1, 1, 16, 46, 106 and 226 seconds
		if s.Throttle.Failures != 7 || s.Deployments[0].Failed != 14 || s.Throttle.Until.Sub(s.Throttle.At) != 4*time.Minute {
			t.Errorf("throttle %+v, deployment %+v", s.Throttle, s.Deployments[0])
		}
		if got := w.events(0); strings.Count(got, "is unable to consistently start tasks successfully. For more information") != 1 {
			t.Errorf("events:\n%s", got)
		}
		w.update(rollTo(2, true))
		w.after(10 * time.Second)
		w.want("ACTIVE steady web:2:COMPLETED", "web:2@i-1 RUNNING healthy", "web:2@i-1 RUNNING healthy")
	})
}

func TestScaleOutAndIn(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(2)
		w.update(func(s *model.Service) { s.Desired = 4 })
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy", "web:1@i-2 RUNNING healthy")
		w.update(func(s *model.Service) { s.Desired = 2 })
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy")
		w.wantEvents(7, ") has stopped 2 running tasks: (task T) (task T).", ") deregistered 2 targets in "+group,
			", taskSet ecs-svc/1) has begun draining connections on 2 tasks.", ") has reached a steady state.")
		w.do(func(tx *store.Tx) {
			for task := range store.TasksStopped.Each(tx, "stopped") {
				if task.Stop != (model.Stop{Code: "ServiceSchedulerInitiated", Reason: "Scaling activity initiated by (deployment ecs-svc/1)"}) {
					t.Errorf("stop: %+v", task.Stop)
				}
			}
		})
	})
}

func TestRollingUpdateWithAnotherContainerPort(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(2)
		w.update(rollTo(2, true))
		least := 9
		for range 100 { // ten seconds, looked at every tenth
			w.after(100 * time.Millisecond)
			least = min(least, strings.Count(w.picture()+"\n", "RUNNING healthy\n")) // and not draining
		}
		if least < 2 {
			t.Errorf("only %d tasks were healthy at some moment", least)
		}
		w.want("ACTIVE steady web:2:COMPLETED", "web:2@i-1 RUNNING healthy", "web:2@i-2 RUNNING healthy")
	})
}

func TestUnhealthyTaskIsReplacedFirst(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.def(1, 0)
		w.service(1, true)
		w.after(time.Minute)
		w.do(func(tx *store.Tx) {
			for g := range store.Targets.All(tx) {
				g.Health = model.TargetHealth{State: "unhealthy", Description: "Health checks failed with these codes: [500]"}
				store.Targets.Put(tx, g)
			}
		})
		synctest.Wait()
		if got := w.picture(); !strings.Contains(got, "PENDING") || !strings.Contains(got, "RUNNING unhealthy") || strings.Contains(got, "draining") {
			t.Errorf("right after the failed check:\n%s", got)
		}
		w.after(time.Minute)
		if got := w.picture(); strings.Count(got, "web:1@") != 1 || strings.Count(got, "RUNNING healthy") != 1 {
			t.Errorf("a minute later:\n%s", got)
		}
		w.wantEvents(4, ") has started 1 tasks: (task T). Amazon ECS replaced 1 tasks due to an unhealthy status.", ") registered 1 targets in "+group,
			") (instance i-1) (port 32768) is unhealthy in "+group+" due to (reason Health checks failed with these codes: [500]).",
			") has stopped 1 running tasks: (task T).", ") deregistered 1 targets in "+group,
			", taskSet ecs-svc/1) has begun draining connections on 1 tasks.", ") has reached a steady state.")
	})
}

func TestSickServiceIsToldInECSsWords(t *testing.T) {
	scenario(t, func(w *world) {
		w.sick = "web/0123456789abcdef"
		w.instance("i-1", "us-east-1a")
		w.def(1, 0)
		w.service(1, true)
		w.update(func(s *model.Service) {
			s.Spec.MaxPercent = 100
			s.Spec.MinPercent = 0
			s.Spec.Grace = 20 * time.Second
		})
		w.after(10 * time.Second)
		w.want("ACTIVE web:1:IN_PROGRESS", "web:1@i-1 RUNNING unhealthy")
		w.after(11 * time.Second)
		w.wantEvents(2, ") (instance i-1) (port 32768) is unhealthy in "+group+" due to (reason Health checks failed with these codes: [500]).",
			") has stopped 1 running tasks: (task T).", ") deregistered 1 targets in "+group, ", taskSet ecs-svc/1) has begun draining connections on 1 tasks.",
			") has started 1 tasks: (task T).", ") registered 1 targets in "+group)
	})
}

func TestTasksInAZoneOfNoLoadBalancerAreNeverHealthy(t *testing.T) {
	scenario(t, func(w *world) {
		w.apart = "us-east-1c"
		w.instance("i-1", "us-east-1c")
		w.def(1, 0)
		w.service(1, true)
		w.update(func(s *model.Service) {
			s.Spec.MaxPercent = 100
			s.Spec.MinPercent = 0
			s.Spec.Grace = 20 * time.Second
		})
		w.after(10 * time.Second)
		w.want("ACTIVE web:1:IN_PROGRESS", "web:1@i-1 RUNNING unused")
		w.after(11 * time.Second)
		w.wantEvents(2, ") (instance i-1) (port 32768) is unhealthy in "+group+" due to (reason Target is in an Availability Zone that is not enabled for the load balancer).",
			") has stopped 1 running tasks: (task T).", ") deregistered 1 targets in "+group, ", taskSet ecs-svc/1) has begun draining connections on 1 tasks.",
			") has started 1 tasks: (task T).", ") registered 1 targets in "+group)
		w.do(func(*store.Tx) { w.apart = "" }) // it has a subnet there now
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy")
	})
}

func TestDrainingInstanceIsLeftOnlyAfterReplacement(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(2)
		w.do(func(tx *store.Tx) {
			for ci := range store.ContainerInstancesByEC2.Each(tx, "i-1") {
				ci.Status = "DRAINING"
				store.ContainerInstances.Put(tx, ci)
			}
		})
		synctest.Wait()
		w.want("ACTIVE web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-2 PENDING", "web:1@i-2 RUNNING healthy")
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-2 RUNNING healthy", "web:1@i-2 RUNNING healthy")
	})
}

func TestThirdTaskOfAFixedPortWaitsForAnInstance(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.instance("i-2", "us-east-1b")
		w.def(1, 8080)
		w.service(3, true)
		w.after(time.Hour)
		w.want("ACTIVE web:1:IN_PROGRESS", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy")
		w.wantEvents(0, ") has started 2 tasks: (task T) (task T).",
			") was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance T) is already using a port required by your task. "+
				"For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
			") registered 2 targets in "+group)
		w.instance("i-3", "us-east-1c")
		w.after(10 * time.Second)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy", "web:1@i-3 RUNNING healthy")
	})
}

func TestTerminationStopsTasksAndTheyMove(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(2)
		w.do(func(tx *store.Tx) {
			in, _ := store.Instances.Get(tx, "i-1")
			in.State = "shutting-down"
			store.Instances.Put(tx, in)
		})
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-2 RUNNING healthy", "web:1@i-2 RUNNING healthy")
		w.do(func(tx *store.Tx) {
			in, _ := store.Instances.Get(tx, "i-1")
			for ci := range store.ContainerInstancesByEC2.Each(tx, "i-1") {
				if ci.Status != "INACTIVE" || ci.Connected || in.State != "terminated" {
					t.Errorf("%s: %+v", in.State, ci)
				}
			}
			for task := range store.TasksStopped.Each(tx, "stopped") {
				if task.Stop != (model.Stop{Code: "TerminationNotice", Reason: "Host EC2 (instance i-1) terminated."}) {
					t.Errorf("stop: %+v", task.Stop)
				}
			}
		})
		w.after(time.Hour)
		w.do(func(tx *store.Tx) {
			if _, ok := store.Instances.Get(tx, "i-1"); ok || store.TasksStopped.Any(tx, "stopped") || store.ContainerInstancesByEC2.Any(tx, "i-1") {
				t.Error("what ended is still visible after an hour")
			}
		})
	})
}

func TestDeletedServiceStopsAllAndBecomesInactive(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(2)
		w.update(func(s *model.Service) { s.Status = "DRAINING" })
		w.after(30 * time.Second)
		w.want("INACTIVE")
		w.after(time.Hour)
		w.want("") // no such service
		w.wantEvents(0, "")
	})
}

func TestInstanceWaitsForItsCluster(t *testing.T) {
	scenario(t, func(w *world) {
		w.do(func(tx *store.Tx) { store.Clusters.Delete(tx, "demo") })
		w.instance("i-1", "us-east-1a")
		w.after(time.Second)
		w.do(func(tx *store.Tx) {
			if in, _ := store.Instances.Get(tx, "i-1"); in.State != "running" || store.ContainerInstancesByEC2.Any(tx, "i-1") {
				t.Errorf("joined nothing: %+v", in)
			}
			store.Clusters.Put(tx, model.Cluster{Name: "demo", Status: "ACTIVE"})
		})
		w.after(time.Second)
		w.do(func(tx *store.Tx) {
			for ci := range store.ContainerInstancesByCluster.Each(tx, "demo") {
				if ci.CPU != 2048 || ci.Memory != 1880 || ci.Status != "ACTIVE" || !ci.Connected {
					t.Errorf("joined as %+v", ci)
				}
				return
			}
			t.Error("did not join")
		})
	})
}

func TestClientsTargetGoesWhenItsDrainingEnds(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		target := model.Target{Group: "web/0123456789abcdef", ID: "i-1", Port: 9000}
		w.do(func(tx *store.Tx) {
			target.Draining = tx.Now().Add(300 * time.Second)
			store.Targets.Put(tx, target)
		})
		there := func() (ok bool) {
			w.do(func(tx *store.Tx) { _, ok = store.Targets.Get(tx, target.Key()) })
			return ok
		}
		w.after(299 * time.Second)
		if !there() {
			t.Error("gone before its time")
		}
		w.after(2 * time.Second)
		if there() {
			t.Error("still there")
		}
	})
}

func TestDrainingOfALiveTaskEndsAtTheDeadline(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(1)
		var id string
		w.do(func(tx *store.Tx) {
			w.busy = true
			for g := range store.Targets.All(tx) {
				task, _ := store.Tasks.Get(tx, g.Task)
				task.End(types.TaskStopCodeUserInitiated, "by a test", tx.Now())
				store.Tasks.Put(tx, task)
				id = task.ID
			}
		})
		is := func() (s model.Status, targets bool) {
			w.do(func(tx *store.Tx) {
				task, _ := store.Tasks.Get(tx, id)
				s, targets = task.Is, store.TargetsByTask.Any(tx, id)
			})
			return s, targets
		}
		w.after(299 * time.Second)
		if s, targets := is(); s != model.Deactivating || !targets {
			t.Errorf("before the deadline: %v, targets %v", s, targets)
		}
		w.after(5 * time.Second)
		if s, targets := is(); s != model.Stopped || targets {
			t.Errorf("after the deadline: %v, targets %v", s, targets)
		}
	})
}

func TestOnlyTheNewestHundredEventsStay(t *testing.T) {
	scenario(t, func(w *world) {
		for range 7 {
			w.do(func(tx *store.Tx) {
				for i := range 20 {
					store.Events.Put(tx, model.Event{ID: string(rune('a' + i)), Kind: "service", Cluster: "demo", Subject: "web", At: tx.Now(), Message: "x"})
				}
			})
			w.after(time.Second)
		}
		if n := len(strings.Split(w.events(0), "\n")); n != 100 {
			t.Errorf("%d events", n)
		}
	})
}
