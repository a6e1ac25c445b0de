package control

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// own gives the tasks of the service web a network of their own, on Fargate or on the instances.
func (w *world) own(fargate bool) {
	w.do(func(tx *store.Tx) {
		store.Subnets.Put(tx, model.Subnet{ID: "subnet-a", VPC: "vpc-1", CIDR: "10.1.0.0/24", Zone: "us-east-1a"})
		store.Subnets.Put(tx, model.Subnet{ID: "subnet-b", VPC: "vpc-1", CIDR: "10.1.1.0/24", Zone: "us-east-1b"})
		store.TargetGroups.Put(tx, model.TargetGroup{ID: "web/0123456789abcdef", Name: "web", TargetType: "ip"})
		for d := range store.TaskDefs.All(tx) {
			d.Doc.NetworkMode = types.NetworkModeAwsvpc
			d.Doc.ContainerDefinitions = slices.Clone(d.Doc.ContainerDefinitions)
			c := &d.Doc.ContainerDefinitions[0]
			c.PortMappings = []types.PortMapping{{ContainerPort: c.PortMappings[0].ContainerPort}}
			store.TaskDefs.Put(tx, d)
		}
	})
	w.update(func(s *model.Service) {
		c := model.Capacity{LaunchType: "EC2", Network: &types.AwsVpcConfiguration{Subnets: []string{"subnet-a", "subnet-b"}, AssignPublicIp: "DISABLED"}}
		if fargate {
			c.LaunchType, c.Platform = "FARGATE", "LATEST"
		}
		for i := range s.Deployments {
			s.Deployments[i].Capacity = c
		}
	})
}

// addresses prints the targets of the service.
func (w *world) addresses() string {
	var all []string
	w.do(func(tx *store.Tx) {
		for g := range store.Targets.All(tx) {
			all = append(all, fmt.Sprintf("%s:%d %s %s", g.ID, g.Port, g.Zone, g.Health.State))
		}
	})
	return strings.Join(all, "\n")
}

func TestFargateServiceRunsWithoutInstances(t *testing.T) {
	scenario(t, func(w *world) {
		w.def(1, 0)
		w.def(2, 0)
		w.service(2, true)
		w.own(true)
		w.after(time.Minute)
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@ RUNNING healthy", "web:1@ RUNNING healthy")
		if got := w.addresses(); strings.Count(got, ":80 us-east-1a healthy") != 1 || strings.Count(got, ":80 us-east-1b healthy") != 1 {
			t.Errorf("targets:\n%s", got)
		}
		w.update(func(s *model.Service) {
			c := s.Primary().Capacity
			rollTo(2, true)(s)
			s.Deployments[0].Capacity = c
		})
		w.after(10 * time.Minute)
		w.want("ACTIVE steady web:2:COMPLETED", "web:2@ RUNNING healthy", "web:2@ RUNNING healthy")
		if got := w.addresses(); strings.Count(got, ":8080 ") != 2 || strings.Contains(got, ":80 ") {
			t.Errorf("targets:\n%s", got)
		}
		before := w.s.Commits()
		w.after(30 * time.Minute)
		if n := w.s.Commits() - before; n != 0 {
			t.Errorf("%d commits in steady state", n)
		}
	})
}

func TestATaskForWhichThereIsNoAddressFailsAndIsTriedAgain(t *testing.T) {
	scenario(t, func(w *world) {
		w.def(1, 0)
		w.service(0, false)
		w.own(true)
		w.do(func(tx *store.Tx) { // 11 addresses, of which others have 10
			store.Subnets.Delete(tx, "subnet-b")
			store.Subnets.Put(tx, model.Subnet{ID: "subnet-a", VPC: "vpc-1", CIDR: "10.1.0.0/28", Zone: "us-east-1a"})
			for range 10 {
				if _, err := nic.New(tx, model.NetworkInterface{Subnet: "subnet-a", LoadBalancer: "lb"}); err != nil {
					t.Fatal(err)
				}
			}
		})
		w.update(func(s *model.Service) { s.Desired = 2 })
		w.after(20 * time.Minute)
		failed := 0
		w.do(func(tx *store.Tx) {
			for task := range store.Tasks.All(tx) {
				if task.Is != model.Stopped {
					continue
				}
				failed++
				if task.Stop.Code != "TaskFailedToStart" ||
					task.Stop.Reason != "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-a': InsufficientFreeAddressesInSubnet" {
					t.Errorf("got %+v", task.Stop)
				}
			}
		})
		if failed == 0 || failed > 40 {
			t.Errorf("%d tasks failed", failed)
		}
		w.do(func(tx *store.Tx) { nic.Release(tx, "lb") })
		w.after(20 * time.Minute)
		running := 0
		w.do(func(tx *store.Tx) {
			for task := range store.Tasks.All(tx) {
				if task.Is == model.Running {
					running++
				}
			}
		})
		if running != 2 {
			t.Errorf("%d tasks run once there are addresses", running)
		}
	})
}

func TestTargetOfATask(t *testing.T) {
	own := &model.ENI{ID: "eni-1", IP: "172.17.0.5", Zone: "us-east-1b"}
	bound := model.Binding{ContainerPort: 80, HostPort: 32768, Dial: "127.66.0.1:32768"}
	for _, c := range []struct {
		rule string
		task model.Task
		kind string
		b    model.Binding
		want model.Target
	}{
		{"in an instance group it is its instance and host port", model.Task{ID: "t", Instance: "ci"}, "instance", bound,
			model.Target{ID: "i-1", Port: 32768, Zone: "us-east-1a", Dial: "10.0.0.1:32768"}},
		{"in an ip group it is the instance's address", model.Task{ID: "t", Instance: "ci"}, "ip", bound,
			model.Target{ID: "10.0.0.1", Port: 32768, Zone: "us-east-1a", Dial: "10.0.0.1:32768"}},
		{"with an interface of its own it is that and the container port", model.Task{ID: "t", Instance: "ci", ENI: own}, "ip",
			model.Binding{ContainerPort: 80, Dial: "172.17.0.5:80"}, model.Target{ID: "172.17.0.5", Port: 80, Zone: "us-east-1b", Dial: "172.17.0.5:80"}},
		{"so it is without an instance", model.Task{ID: "t", ENI: own}, "ip",
			model.Binding{ContainerPort: 80, Dial: "172.17.0.5:80"}, model.Target{ID: "172.17.0.5", Port: 80, Zone: "us-east-1b", Dial: "172.17.0.5:80"}},
		{"an instance group does not take it", model.Task{ID: "t", Instance: "ci", ENI: own}, "instance", model.Binding{ContainerPort: 80}, model.Target{}},
		{"nor does any group before its address is known", model.Task{ID: "t", ENI: &model.ENI{ID: "eni-1"}}, "ip", model.Binding{ContainerPort: 80}, model.Target{}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := open(t)
			w.do(func(tx *store.Tx) {
				store.Instances.Put(tx, model.Instance{ID: "i-1", PrivateIP: "10.0.0.1"})
				store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "ci", EC2: "i-1", Zone: "us-east-1a"})
				p := &pass{tx: tx, now: tx.Now()}
				got, fits := p.target(c.task, model.TargetGroup{ID: "web/1", TargetType: c.kind}, c.b)
				if fits != (c.want.ID != "") {
					t.Fatalf("fits = %v: %+v", fits, got)
				}
				want := c.want
				want.Group, want.Task, want.Registered = "web/1", "t", p.now
				if fits && got != want {
					t.Errorf("got  %+v\nwant %+v", got, want)
				}
			})
		})
	}
}
