package taskmeta

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var here = model.Scope{Account: "000000000000", Region: "us-east-1"}

const (
	trusting = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole",` +
		`"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:ecs:us-east-1:000000000000:*"},"StringEquals":{"aws:SourceAccount":"000000000000"}}}]}`
	strange = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

func roleARN(name string) string { return here.IAM("role/" + name) }

// world is a handler with roles, definitions and tasks.
type world struct {
	t testing.TB
	h *Handler
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, h: New(s, Config{Vault: vault.New(vault.NewKey())})}
	w.do(here.Global(), func(tx *store.Tx) {
		for name, trust := range map[string]string{"one": trusting, "two": trusting, "wrong": strange} {
			store.Roles.Put(tx, model.Role{Name: name, Path: "/", ID: "AROA" + name, Trust: trust})
		}
	})
	w.do(here, func(tx *store.Tx) {
		store.Subnets.Put(tx, model.Subnet{ID: "subnet-1", VPC: "vpc-1", CIDR: "172.31.0.0/20", Zone: "us-east-1a"})
		store.Instances.Put(tx, model.Instance{ID: "i-1", Subnet: "subnet-1", VPC: "vpc-1"})
		store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "ci-1", Cluster: "default", EC2: "i-1", Zone: "us-east-1a", Tags: model.Tags{{Key: "rack", Value: "b"}}})
		store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "ci-2", Cluster: "default", EC2: "i-2", Zone: "us-east-1b"})
		w.define(tx, "one", types.NetworkModeBridge)
		w.define(tx, "two", types.NetworkModeAwsvpc)
		w.define(tx, "wrong", types.NetworkModeBridge)
		w.define(tx, "", types.NetworkModeBridge)
		w.define(tx, "one", types.NetworkModeHost)
		w.task(tx, "t1", "bridge-one", nil)
		two := w.task(tx, "t2", "awsvpc-two", nil)
		two.ENI = &model.ENI{ID: "eni-2", Subnet: "subnet-1", Zone: "us-east-1a", MAC: "0a:00:00:00:00:02", IP: "172.31.0.9"}
		two.Birth.Service, two.Tags = "web", model.Tags{{Key: "team", Value: "a"}}
		two.Times.PullStarted = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		store.Tasks.Put(tx, two)
		w.task(tx, "t3", "bridge-one", &types.TaskOverride{TaskRoleArn: new(roleARN("two"))})
		w.task(tx, "h1", "host-one", nil)
		w.task(tx, "plain", "bridge-", nil)
		w.task(tx, "wrong", "bridge-wrong", nil)
		ended := w.task(tx, "ended", "bridge-one", nil)
		ended.Is, ended.Want = model.Stopped, model.Stopped
		store.Tasks.Put(tx, ended)
	})
	return w
}

func (w *world) do(sc model.Scope, fn func(*store.Tx)) {
	w.t.Helper()
	if err := w.h.store.Update(sc, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

// define registers MODE-ROLE:1.
func (w *world) define(tx *store.Tx, role string, mode types.NetworkMode) {
	d := model.TaskDef{Family: string(mode) + "-" + role, Revision: 1, Status: "ACTIVE", Doc: types.TaskDefinition{NetworkMode: mode,
		ContainerDefinitions: []types.ContainerDefinition{{Name: new("web"), Image: new("drydock/probe"), Cpu: 128, Memory: new(int32(256))}, {Name: new("side"), Image: new("drydock/probe")}}}}
	if role != "" {
		d.Doc.TaskRoleArn = new(roleARN(role))
	}
	store.TaskDefs.Put(tx, d)
}

// task puts a running task of a definition on the first instance.
func (w *world) task(tx *store.Tx, id, family string, o *types.TaskOverride) model.Task {
	d, ok := store.TaskDefs.Get(tx, family+":1")
	if !ok {
		w.t.Fatalf("there is no %s", family)
	}
	t := d.NewTask(id, model.Birth{Cluster: "default", LaunchType: "EC2", Overrides: o, Group: "family:" + family}, func() string { return "uuid-" + id }, tx.Now())
	t.Instance, t.Is = "ci-1", model.Running
	for i := range t.Containers {
		t.Containers[i].ID = "uuid-" + id + "-" + t.Containers[i].Name
		t.Containers[i].RuntimeID, t.Containers[i].Is = "engine-"+id+"-"+t.Containers[i].Name, model.Running
	}
	store.Tasks.Put(tx, t)
	return t
}
