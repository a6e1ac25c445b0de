package control

import (
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

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
			model.Target{ID: "i-1", Port: 32768, Zone: "us-east-1a", Dial: "127.66.0.1:32768"}},
		{"in an ip group it is the instance's address", model.Task{ID: "t", Instance: "ci"}, "ip", bound,
			model.Target{ID: "10.0.0.1", Port: 32768, Zone: "us-east-1a", Dial: "127.66.0.1:32768"}},
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
