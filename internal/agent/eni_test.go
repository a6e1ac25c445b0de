package agent

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// placeOwn makes tasks of two containers that have a network of their own and run on Fargate.
func (w *world) placeOwn(tasks ...string) {
	web, side := def("web"), after("side", "", "")
	web.PortMappings[0].HostPort = nil
	w.tx(func(tx *store.Tx) {
		d := model.TaskDef{Family: "own", Revision: 1, Status: "ACTIVE", Doc: types.TaskDefinition{NetworkMode: types.NetworkModeAwsvpc,
			ContainerDefinitions: []types.ContainerDefinition{web, side}}}
		store.TaskDefs.Put(tx, d)
		for i, id := range tasks {
			n := 0
			t := d.NewTask(id, model.Birth{Cluster: "default", LaunchType: "FARGATE"}, func() string { n++; return fmt.Sprint(id, n) }, tx.Now())
			ip := "10.0.0." + strconv.Itoa(10+i)
			t.ENI = &model.ENI{ID: "eni-" + id, Zone: "us-east-1a", IP: ip, MAC: "0a:00:00:00:00:0" + strconv.Itoa(i)}
			store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: t.ENI.ID, VPC: "vpc-1", IP: ip, MAC: t.ENI.MAC, Task: id})
			store.Tasks.Put(tx, t)
		}
	})
	synctest.Wait()
}

func TestTaskHasAnAddressOfItsOwn(t *testing.T) {
	bubble(t, sim.Config{Start: 300 * time.Millisecond}, func(t *testing.T, w *world) {
		w.placeOwn("a", "b")
		n := w.commits(func() { time.Sleep(time.Second) })
		w.want("a:RUNNING web=RUNNING side=RUNNING; b:RUNNING web=RUNNING side=RUNNING")
		a, b := w.task("a"), w.task("b")
		if a.ENI.IP == "" || a.ENI.MAC == "" || a.ENI.IP == b.ENI.IP || a.ENI.ID != "eni-a" || a.ENI.Zone != "us-east-1a" {
			t.Errorf("interfaces %+v and %+v", a.ENI, b.ENI)
		}
		if bs := a.Containers[0].Bindings; len(bs) != 1 || bs[0].HostPort != 0 || len(a.HostPorts()) != 0 {
			t.Errorf("bindings %+v, host ports %v", bs, a.HostPorts())
		}
		if n > 2 {
			t.Errorf("%d commits for two tasks that run", n)
		}
		w.stop()
		w.run() // adopts
		w.want("a:RUNNING web=RUNNING side=RUNNING; b:RUNNING web=RUNNING side=RUNNING")
		if again := w.task("a"); *again.ENI != *a.ENI || again.Version != a.Version {
			t.Errorf("adopted with %+v, had %+v", again.ENI, a.ENI)
		}
		w.halt("a", "b")
		time.Sleep(time.Minute)
		if n := w.rt.Addresses(); n != 0 {
			t.Errorf("%d addresses are still taken", n)
		}
		if a := w.task("a"); a.Is != model.Stopped || a.ENI.IP == "" {
			t.Errorf("stopped %+v %+v", a.Is, a.ENI)
		}
		w.view(func(tx *store.Tx) {
			for n := range store.NetworkInterfaces.All(tx) {
				t.Errorf("%s of task %s is left", n.ID, n.Task)
			}
		})
	})
}

func TestTaskEndsByItself(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		w.placeOwn("a")
		w.rt.End("a", "side", 3)
		w.rt.End("a", "web", 4)
		time.Sleep(time.Minute)
		w.want(`a:STOPPED web=STOPPED(4) side=STOPPED(3) EssentialContainerExited "Essential container in task exited"`)
		if n := w.rt.Addresses(); n != 0 {
			t.Errorf("%d addresses are still taken", n)
		}
	})
}

func TestTaskDoesNotOutliveItsNetwork(t *testing.T) {
	ends := func(t *testing.T, w *world) {
		time.Sleep(time.Minute)
		w.want(`a:STOPPED web=STOPPED(0) side=STOPPED(0) EssentialContainerExited "` + reasonUnplugged + `"`)
		if !strings.HasPrefix(reasonUnplugged, reasonEssential) {
			t.Error(reasonUnplugged)
		}
		if n := w.rt.Running() + w.rt.Addresses(); n != 0 {
			t.Errorf("%d containers and addresses are left", n)
		}
	}
	t.Run("while the agent looks", func(t *testing.T) {
		bubble(t, sim.Config{}, func(t *testing.T, w *world) {
			w.placeOwn("a")
			w.tx(func(tx *store.Tx) { store.Targets.Put(tx, model.Target{Group: "tg/1", ID: "ip", Port: 80, Task: "a"}) })
			w.rt.Unplug("a")
			ends(t, w)
		})
	})
	t.Run("while no agent looks", func(t *testing.T) {
		bubble(t, sim.Config{}, func(t *testing.T, w *world) {
			w.placeOwn("a")
			w.stop()
			w.rt.Unplug("a")
			w.run()
			ends(t, w)
		})
	})
	t.Run("while the engine does not answer", func(t *testing.T) {
		bubble(t, sim.Config{}, func(t *testing.T, w *world) {
			w.placeOwn("a")
			w.rt.Lose(errors.New("gone"))
			w.rt.Unplug("a")
			w.rt.Return()
			ends(t, w)
		})
	})
}

func TestSpecOnFargate(t *testing.T) {
	d := model.TaskDef{Family: "own", Revision: 1, Doc: types.TaskDefinition{NetworkMode: types.NetworkModeAwsvpc,
		ContainerDefinitions: []types.ContainerDefinition{{Name: ptr("web"), PortMappings: []types.PortMapping{{ContainerPort: ptr(int32(80)), HostPort: ptr(int32(80))}}}}}}
	task := model.Task{ID: "t1", Birth: model.Birth{LaunchType: "FARGATE"}, ENI: &model.ENI{ID: "eni-1"}}
	at := site{scope: sc, nic: &engine.NIC{ID: "eni-1"}, noMetadata: true}
	s, err := buildSpec(task, d, "web", at)
	if err != nil {
		t.Fatal(err)
	}
	if id, there := s.Env["DRYDOCK_INSTANCE_ID"]; there || s.Env["AWS_EXECUTION_ENV"] != "AWS_ECS_FARGATE" {
		t.Errorf("environment %v, instance %q", s.Env, id)
	}
	if s.NIC != at.nic || !s.NoMetadata {
		t.Errorf("interface %+v, metadata out of reach: %v", s.NIC, s.NoMetadata)
	}
	if s.Network != engine.NetworkTask || len(s.Ports) != 1 || s.Ports[0] != (engine.PortSpec{ContainerPort: 80, Protocol: "tcp"}) {
		t.Errorf("network %s, ports %+v", s.Network, s.Ports)
	}
	if _, err := buildSpec(task, d, "web", site{scope: sc}); err == nil {
		t.Error("a task without a network interface gets a network")
	}
}
