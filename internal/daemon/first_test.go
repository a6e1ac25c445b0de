package daemon

import (
	"io"
	"log/slog"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"
)

// TestTheFirstInstanceHasARole: it may register with strict, too; who takes its role away has taken it away; and
// nobody gets one who wants no instance.
func TestTheFirstInstanceHasARole(t *testing.T) {
	for _, instances := range []int{0, 2} {
		d, err := open(Config{DataDir: t.TempDir(), Engine: "sim", Region: "us-east-1", Account: "000000000000", Listen: "127.0.0.1:0", TimeScale: 1, Auth: "strict",
			DefaultInstances: instances, DefaultType: "t3.small", Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.close() }()
		d.engine = sim.New(sim.Config{})
		role := model.Role{Name: "ecsInstanceRole"}.Key()
		start := func() (may, there bool) {
			t.Helper()
			if err := d.firstStart(); err != nil {
				t.Fatal(err)
			}
			_ = d.store.View(d.scope(), func(tx *store.Tx) error {
				_, there = store.Roles.Get(tx.In(d.scope().Global()), role)
				for i := range store.Instances.All(tx) {
					act, err := new(identity.Book).Agent(tx, i, d.strict())
					may = err == nil && act.Ask(policy.Request{Action: "ecs:RegisterContainerInstance", Resource: d.scope().ARN("ecs", "cluster/default")}, nil) == nil
				}
				return nil
			})
			return may, there
		}
		if may, there := start(); there != (instances > 0) || may != there {
			t.Errorf("%d instances: the role is there: %v, they may: %v", instances, there, may)
		}
		if err := d.store.Update(d.scope().Global(), func(tx *store.Tx) error { store.Roles.Delete(tx, role); return nil }); err != nil {
			t.Fatal(err)
		}
		if may, there := start(); there || may {
			t.Errorf("it is made again: %v, %v", there, may)
		}
	}
}
