package control

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// settled returns a store with n running tasks in services of size each, ten on an instance, and the
// control loop after its first pass.
func settled(b *testing.B, n, each int) (*store.Store, *Control) {
	b.Helper()
	s, err := store.Open(filepath.Join(b.TempDir(), "db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	c := New(s, Config{Log: slog.New(slog.DiscardHandler)})
	err = s.Update(here, func(tx *store.Tx) error {
		store.Regions.Put(tx, model.Region{Opened: tx.Now()})
		store.Clusters.Put(tx, model.Cluster{Name: "demo", Status: "ACTIVE"})
		store.TaskDefs.Put(tx, model.TaskDef{Family: "web", Revision: 1, Status: "ACTIVE", Doc: types.TaskDefinition{
			ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("app"), Image: aws.String("web:1"), Memory: aws.Int32(1)}}}})
		for i := range n / 10 {
			store.Instances.Put(tx, model.Instance{ID: fmt.Sprintf("i-%05d", i), Zone: string(rune('a' + i%3)), State: "pending", Up: true,
				UserData: "ECS_CLUSTER=demo", Type: model.InstanceType{VCPU: 64, Memory: 1 << 20}})
		}
		for i := range n / each {
			d := deployment(1, false)
			store.Services.Put(tx, model.Service{Name: fmt.Sprintf("s%05d", i), Cluster: "demo", Status: "ACTIVE", Desired: each,
				Spec: model.ServiceSpec{MinPercent: 100, MaxPercent: 200}, Deployments: []model.Deployment{d}})
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := c.Pass(store.Changes{Full: true}); err != nil {
		b.Fatal(err)
	}
	err = s.Update(here, func(tx *store.Tx) error {
		for t := range store.Tasks.All(tx) {
			_ = t.Advance(model.Running, tx.Now())
			store.Tasks.Put(tx, t)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return s, c
}

// BenchmarkPassForOneDeadTask is the pass that replaces one dead task: reading, deciding and writing
// rows, without the flush.
func BenchmarkPassForOneDeadTask(b *testing.B) {
	for _, of := range []struct{ tasks, each int }{{100, 100}, {1_000, 100}, {10_000, 100}, {100_000, 100}, {10_000, 5_000}} {
		b.Run(fmt.Sprintf("tasks=%d/service=%d", of.tasks, of.each), func(b *testing.B) {
			s, c := settled(b, of.tasks, of.each)
			var changes store.Changes
			err := s.Update(here, func(tx *store.Tx) error {
				for t := range store.Tasks.All(tx) {
					_ = t.Advance(model.Stopped, tx.Now())
					store.Tasks.Put(tx, t)
					changes.Mark(store.Change{Scope: here, Table: store.Tasks.Name(), Key: t.ID})
					break
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			undo := errors.New("undo")
			for b.Loop() {
				c.told = c.told[:0]
				err := s.Update(here, func(tx *store.Tx) error { return errors.Join(c.scope(tx, changes), undo) })
				if !errors.Is(err, undo) || len(c.told) != 1 {
					b.Fatal(err, len(c.told))
				}
			}
		})
	}
}

// BenchmarkIdlePass is a pass after a change that concerns nobody.
func BenchmarkIdlePass(b *testing.B) {
	_, c := settled(b, 1000, 10)
	var changes store.Changes
	changes.Mark(store.Change{Scope: here, Table: store.TargetGroups.Name(), Key: "none"})
	for b.Loop() {
		if _, err := c.Pass(changes); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPassForAChangedRole is the pass that asks the role of all instances again, which had, and have, what
// they need; and that for a role which no instance has.
func BenchmarkPassForAChangedRole(b *testing.B) {
	for _, role := range []string{"machine", "other"} {
		for _, instances := range []int{1_000, 10_000} {
			b.Run(fmt.Sprintf("role=%s/instances=%d", role, instances), func(b *testing.B) {
				s, c := settled(b, 0, 1)
				err := s.Update(here, func(tx *store.Tx) error {
					global := tx.In(here.Global())
					for _, name := range []string{"machine", "other"} {
						r := model.Role{Name: name, Path: "/", ID: "AROA" + name, Trust: forEC2}
						attached(agents)(&r)
						store.Roles.Put(global, r)
					}
					store.InstanceProfiles.Put(global, model.InstanceProfile{Name: "machines", Path: "/", Role: "machine"})
					for i := range instances {
						store.Instances.Put(tx, model.Instance{ID: fmt.Sprintf("i-%05d", i), Zone: "a", State: "pending", Up: true, UserData: "ECS_CLUSTER=demo",
							Launch: model.Launch{Profile: "machines"}})
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.Pass(store.Changes{Full: true}); err != nil {
					b.Fatal(err)
				}
				before := s.Commits()
				for b.Loop() {
					var changes store.Changes
					changes.Mark(store.Change{Scope: here.Global(), Table: store.Roles.Name(), Key: role})
					if _, err := c.Pass(changes); err != nil {
						b.Fatal(err)
					}
				}
				if s.Commits() != before {
					b.Fatal("it wrote")
				}
			})
		}
	}
}
