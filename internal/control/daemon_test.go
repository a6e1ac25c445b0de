package control

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// daemonService creates the daemon web.
func (w *world) daemonService() {
	w.do(func(tx *store.Tx) {
		s := model.Service{Name: "web", Cluster: "demo", Status: "ACTIVE", Spec: model.ServiceSpec{MaxPercent: 100, Scheduling: "DAEMON"}}
		s.Deployments = []model.Deployment{deployment(1, false)}
		store.Services.Put(tx, s)
	})
}

// set gives the container instance of an EC2 instance a status.
func (w *world) set(ec2, status string) {
	w.do(func(tx *store.Tx) {
		for ci := range store.ContainerInstancesByEC2.Each(tx, ec2) {
			ci.Status = status
			store.ContainerInstances.Put(tx, ci)
		}
	})
}

func (w *world) desired() (n int) {
	w.do(func(tx *store.Tx) {
		s, _ := store.Services.Get(tx, "demo/web")
		n = s.Desired
	})
	return n
}

func TestDaemonFollowsInstances(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.instance("i-2", "us-east-1a")
		w.def(1, 8080)
		w.daemonService()
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING", "web:1@i-2 RUNNING")
		w.instance("i-3", "us-east-1b")
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING", "web:1@i-2 RUNNING", "web:1@i-3 RUNNING")
		w.set("i-1", "DRAINING")
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-2 RUNNING", "web:1@i-3 RUNNING")
		w.do(func(tx *store.Tx) {
			in, _ := store.Instances.Get(tx, "i-2")
			in.State = "shutting-down"
			store.Instances.Put(tx, in)
		})
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-3 RUNNING")
		w.set("i-1", "ACTIVE")
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING", "web:1@i-3 RUNNING")
		if n := w.desired(); n != 2 {
			t.Errorf("desired count %d", n)
		}
	})
}

func TestDaemonIsUpdatedOneAfterTheOtherOnEachInstance(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.instance("i-2", "us-east-1a")
		w.def(1, 8080)
		w.def(2, 8080)
		w.daemonService()
		w.after(time.Minute)
		w.update(rollTo(2, false))
		w.after(time.Minute)
		w.want("ACTIVE steady web:2:COMPLETED", "web:2@i-1 RUNNING", "web:2@i-2 RUNNING")
		w.wantEvents(3, ") has stopped 2 running tasks: (task T) (task T).", ") has started 2 tasks: (task T) (task T).",
			") (deployment ecs-svc/2) deployment completed.", ") has reached a steady state.")
	})
}

func TestDaemonGoesLastFromADrainingInstance(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.def(1, 0)
		w.daemonService()
		w.after(time.Minute)
		w.do(func(tx *store.Tx) {
			for ci := range store.ContainerInstancesByEC2.Each(tx, "i-1") {
				def, _ := store.TaskDefs.Get(tx, "web:1")
				alone := def.NewTask("0123456789abcdef0123456789abcdef", model.Birth{Cluster: "demo"}, func() string { return "" }, tx.Now())
				alone.Instance, alone.Host = ci.ID, ci.Host
				_ = alone.Advance(model.Pending, tx.Now())
				store.Tasks.Put(tx, alone)
			}
		})
		w.after(time.Minute)
		w.set("i-1", "DRAINING")
		w.after(time.Minute)
		w.want("ACTIVE web:1:COMPLETED", "web:1@i-1 RUNNING")
		w.do(func(tx *store.Tx) {
			alone, _ := store.Tasks.Get(tx, "0123456789abcdef0123456789abcdef")
			_ = alone.Advance(model.Stopped, tx.Now())
			store.Tasks.Put(tx, alone)
		})
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED")
	})
}

func TestDaemonWithoutRoomWaitsForIt(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.after(time.Second)
		w.def(1, 8080)
		w.do(func(tx *store.Tx) {
			for ci := range store.ContainerInstancesByEC2.Each(tx, "i-1") {
				ci.Ports = append([]model.HostPort{{Port: 8080, Protocol: "tcp"}}, ci.Ports...)
				store.ContainerInstances.Put(tx, ci)
			}
		})
		w.daemonService()
		w.after(time.Minute)
		w.want("ACTIVE web:1:IN_PROGRESS")
		w.wantEvents(0, ") was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance T) is already using a port required by your task. "+
			"For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")
		w.do(func(tx *store.Tx) {
			for ci := range store.ContainerInstancesByEC2.Each(tx, "i-1") {
				ci.Ports = ci.Ports[1:]
				store.ContainerInstances.Put(tx, ci)
			}
		})
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING")
	})
}

func TestProtectedTasksOutliveScaleInUntilProtectionExpires(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(2)
		w.do(func(tx *store.Tx) {
			for task := range store.TasksByService.Each(tx, "demo/web") {
				task.Protected = tx.Now().Add(10 * time.Minute)
				store.Tasks.Put(tx, task)
			}
		})
		w.update(func(s *model.Service) { s.Desired = 0 })
		w.after(9 * time.Minute)
		w.want("ACTIVE web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy")
		w.wantEvents(4, ") was unable to reach steady state because (taskSet ecs-svc/1) was unable to scale in due to (reason 2 tasks under protection)")
		w.after(2 * time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED")
	})
}

func TestPendingTasksAreStoppedInECSsWords(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.def(1, 0)
		w.after(time.Second)
		w.service(2, true)
		w.after(100 * time.Millisecond)
		w.update(func(s *model.Service) { s.Desired = 0 })
		w.after(time.Minute)
		w.wantEvents(1, ") stopped 2 pending tasks.", ") (deployment ecs-svc/1) deployment completed.", ") has reached a steady state.")
	})
}

func TestPackedServiceLeavesTheEmptiestInstance(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.after(time.Second)
		w.def(1, 0)
		w.service(2, true, func(s *model.Service) {
			s.Spec.Strategy = []types.PlacementStrategy{{Type: types.PlacementStrategyTypeBinpack, Field: aws.String("MEMORY")}}
		})
		w.after(time.Minute)
		w.instance("i-2", "us-east-1a")
		w.after(time.Second)
		w.set("i-1", "DRAINING") // so that the third one goes to the other
		w.update(func(s *model.Service) { s.Desired, s.Spec.MinPercent, s.Spec.MaxPercent = 3, 100, 100 })
		synctest.Wait()
		w.set("i-1", "ACTIVE")
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-1 RUNNING healthy", "web:1@i-2 RUNNING healthy")
		w.update(func(s *model.Service) { s.Desired = 2 })
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING healthy", "web:1@i-1 RUNNING healthy")
	})
}

func TestDaemonRunsWhereItsConstraintsHold(t *testing.T) {
	scenario(t, func(w *world) {
		stack := func(ec2, value string) {
			w.do(func(tx *store.Tx) {
				for ci := range store.ContainerInstancesByEC2.Each(tx, ec2) {
					ci.Attributes = append([]model.Attribute{{Name: "stack", Value: value}}, ci.Attributes...)
					store.ContainerInstances.Put(tx, ci)
				}
			})
		}
		w.instance("i-1", "us-east-1a")
		w.instance("i-2", "us-east-1a")
		w.after(time.Second)
		stack("i-1", "prod")
		w.def(1, 0)
		w.daemonService()
		w.update(func(s *model.Service) {
			s.Spec.Constraints = []types.PlacementConstraint{{Type: types.PlacementConstraintTypeMemberOf, Expression: aws.String("attribute:stack == prod")}}
		})
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING")
		told := len(strings.Split(w.events(0), "\n"))
		stack("i-2", "prod")
		stack("i-1", "test")
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-2 RUNNING")
		w.wantEvents(told,
			") has started 1 tasks: (task T).",
			") is stopping 1 tasks that no longer meet the placement constraints of the service.",
			") has stopped 1 running tasks: (task T).",
			") has reached a steady state.")
		if n := w.desired(); n != 1 {
			t.Errorf("desired count %d", n)
		}
	})
}

func TestDaemonWithItsOwnNetworkRunsWhereItHasSubnets(t *testing.T) {
	scenario(t, func(w *world) {
		for _, zone := range []string{"a", "b", "c"} {
			w.instance("i-"+zone, "us-east-1"+zone)
		}
		w.def(1, 0)
		w.daemonService()
		w.own(false) // in zones a and b
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-a RUNNING", "web:1@i-b RUNNING")
	})
}
