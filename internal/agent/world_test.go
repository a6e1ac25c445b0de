package agent

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var sc = model.Scope{Account: "000000000000", Region: "us-east-1"}

// world is a store, an engine and an agent in one bubble.
type world struct {
	t    testing.TB
	s    *store.Store
	rt   *desk
	a    *Agent
	stop func()
	told []engine.EventKind // what the agent handed on
}

func start(t testing.TB, c sim.Config) *world {
	s, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, s: s, rt: newDesk(c)}
	w.tx(func(tx *store.Tx) {
		store.Regions.Put(tx, model.Region{Opened: tx.Now()})
		store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "ci", EC2: "i-1", Host: "127.66.0.1", Status: "ACTIVE", Connected: true})
	})
	w.define("web", def("web"))
	w.run()
	return w
}

// run starts an agent, as a daemon does.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	w.a = New(w.s, w.rt, Config{Engine: "sim", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Told: func(e engine.Event) { w.told = append(w.told, e.Kind) }})
	done := make(chan error, 1)
	go func() { done <- w.a.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
	synctest.Wait()
}

func (w *world) end() {
	w.stop()
	if err := w.s.Close(); err != nil {
		w.t.Error(err)
	}
}

func (w *world) tx(fn func(*store.Tx)) {
	w.t.Helper()
	if err := w.s.Update(sc, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

// def is a container of a definition, with one dynamic port.
func def(name string) types.ContainerDefinition {
	return types.ContainerDefinition{Name: &name, Image: ptr("nginx"), Essential: ptr(true), StopTimeout: ptr(int32(7)),
		PortMappings: []types.PortMapping{{ContainerPort: ptr(int32(80)), HostPort: ptr(int32(0)), Protocol: "tcp"}}}
}

// after is a container without a port that waits for another.
func after(name, on string, when types.ContainerCondition) types.ContainerDefinition {
	d := types.ContainerDefinition{Name: &name, Image: ptr("nginx"), Essential: ptr(true)}
	if on != "" {
		d.DependsOn = []types.ContainerDependency{{ContainerName: &on, Condition: when}}
	}
	return d
}

// checked is a container without a port that has a health check.
func checked(name string) types.ContainerDefinition {
	d := after(name, "", "")
	d.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "true"}}
	return d
}

func (w *world) define(family string, cs ...types.ContainerDefinition) {
	w.tx(func(tx *store.Tx) {
		store.TaskDefs.Put(tx, model.TaskDef{Family: family, Revision: 1, Status: "ACTIVE", Doc: types.TaskDefinition{ContainerDefinitions: cs}})
	})
}

// place makes tasks that have a place already, in one commit.
func (w *world) place(family string, tasks ...string) {
	w.tx(func(tx *store.Tx) {
		d, _ := store.TaskDefs.Get(tx, family+":1")
		for _, id := range tasks {
			n := 0
			t := d.NewTask(id, model.Birth{Cluster: "default"}, func() string { n++; return fmt.Sprint(id, n) }, tx.Now())
			t.Instance, t.Host = "ci", "127.66.0.1"
			if err := t.Advance(model.Pending, tx.Now()); err != nil {
				w.t.Fatal(err)
			}
			store.Tasks.Put(tx, t)
		}
	})
	synctest.Wait()
}

// halt asks a task to stop.
func (w *world) halt(tasks ...string) {
	w.tx(func(tx *store.Tx) {
		for _, id := range tasks {
			t, _ := store.Tasks.Get(tx, id)
			t.End(types.TaskStopCodeUserInitiated, "asked", tx.Now())
			store.Tasks.Put(tx, t)
		}
	})
	synctest.Wait()
}

func (w *world) task(id string) (t model.Task) {
	w.view(func(tx *store.Tx) { t, _ = store.Tasks.Get(tx, id) })
	return t
}

func (w *world) view(fn func(*store.Tx)) {
	w.t.Helper()
	if err := w.s.View(sc, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

// picture prints every task with its containers.
func (w *world) picture() string {
	var all []string
	w.view(func(tx *store.Tx) {
		for t := range store.Tasks.All(tx) {
			all = append(all, t.ID+":"+action{row: t}.picture())
		}
	})
	return strings.Join(all, "; ")
}

func (w *world) want(want string) {
	w.t.Helper()
	synctest.Wait()
	if got := w.picture(); got != want {
		w.t.Errorf("got  %s\nwant %s", got, want)
	}
}

func (w *world) wantCalls(want string) {
	w.t.Helper()
	synctest.Wait()
	if got := w.rt.asked(); got != want {
		w.t.Errorf("asked %q, want %q", got, want)
	}
}

// commits returns how many commits fn leads to.
func (w *world) commits(fn func()) int64 {
	before := w.s.Commits()
	fn()
	synctest.Wait()
	return w.s.Commits() - before
}

func bubble(t *testing.T, c sim.Config, fn func(*testing.T, *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, c)
		fn(t, w)
		w.end()
	})
}
