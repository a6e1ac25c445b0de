package agent

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
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

func TestStart(t *testing.T) {
	bubble(t, sim.Config{Start: 300 * time.Millisecond}, func(t *testing.T, w *world) {
		w.place("web", "a")
		w.want("a:ACTIVATING web=PENDING")
		n := w.commits(func() { time.Sleep(300 * time.Millisecond) })
		w.want("a:RUNNING web=RUNNING")
		if n != 1 {
			t.Errorf("%d commits for a container that runs, want 1", n)
		}
		got := w.task("a")
		c := got.Containers[0]
		if c.RuntimeID == "" || len(c.Bindings) != 1 || c.Bindings[0].HostPort != 32768 {
			t.Errorf("container %+v", c)
		}
		if d := got.Times.Started.Sub(got.Times.Created); d != 300*time.Millisecond || got.Times.Connected.IsZero() {
			t.Errorf("started after %v, connected %v", d, got.Times.Connected)
		}
		if n := w.commits(func() { time.Sleep(24 * time.Hour) }); n != 0 {
			t.Errorf("%d commits in a day at rest", n)
		}
		w.wantCalls("start a/web")
	})
}

func TestFailedStart(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		broken := after("web", "db", types.ContainerConditionStart)
		broken.Image = ptr("missing/web")
		w.define("pair", broken, def("db"))
		w.place("pair", "a")
		time.Sleep(time.Second)
		why := w.task("a").Stop.Reason
		w.want("a:STOPPED web=STOPPED[" + why + "] db=STOPPED(0) TaskFailedToStart " + strconv.Quote(why))
		if !strings.HasPrefix(why, "CannotPullContainerError: ") {
			t.Errorf("stopped reason %q", why)
		}
		w.wantCalls("start a/db, start a/web, stop a/db")
		time.Sleep(11 * time.Minute)
		if l := w.rt.list(); len(l) != 0 {
			t.Errorf("left behind: %s", l)
		}
	})
}

func TestStopWaitsForTargets(t *testing.T) {
	bubble(t, sim.Config{Stop: time.Minute}, func(t *testing.T, w *world) {
		w.place("web", "a")
		g := model.Target{Group: "tg/1", ID: "i-1", Port: 32768, Task: "a"}
		h := model.Target{Group: "tg/2", ID: "i-1", Port: 32768, Task: "a"}
		w.tx(func(tx *store.Tx) { store.Targets.Put(tx, g); store.Targets.Put(tx, h) })
		w.halt("a")
		w.want(`a:DEACTIVATING web=RUNNING UserInitiated "asked"`)
		g.Drained = true
		w.tx(func(tx *store.Tx) { store.Targets.Put(tx, g) })
		w.want(`a:DEACTIVATING web=RUNNING UserInitiated "asked"`)
		w.tx(func(tx *store.Tx) { store.Targets.Delete(tx, h.Key()) })
		w.want(`a:STOPPING web=RUNNING UserInitiated "asked"`)
		time.Sleep(6 * time.Second)
		w.want(`a:STOPPING web=RUNNING UserInitiated "asked"`)
		time.Sleep(time.Second)
		w.want(`a:STOPPED web=STOPPED(137) UserInitiated "asked"`)
		w.wantCalls("start a/web, stop a/web")
		if len(w.a.drains) != 0 {
			t.Errorf("still waits for %v", w.a.drains)
		}
	})
}

func TestStopBeforeItRuns(t *testing.T) {
	bubble(t, sim.Config{Pull: time.Hour}, func(t *testing.T, w *world) {
		w.place("web", "a")
		w.halt("a")
		w.want(`a:STOPPED web=STOPPED UserInitiated "asked"`)
		w.tx(func(tx *store.Tx) {
			t := w.task("a")
			t.ID, t.Is, t.Want, t.Instance = "b", model.Provisioning, model.Running, ""
			t.Containers[0].Is = model.Pending
			store.Tasks.Put(tx, t)
		})
		w.halt("b")
		if got := w.task("b"); got.Is != model.Stopped || !got.Times.ExecutionStopped.IsZero() {
			t.Errorf("unplaced task is %v, execution stopped %v", got.Is, got.Times.ExecutionStopped)
		}
		if len(w.a.work) != 0 {
			t.Errorf("%d tasks remembered", len(w.a.work))
		}
	})
}

func TestDie(t *testing.T) {
	bubble(t, sim.Config{Stop: time.Minute}, func(t *testing.T, w *world) {
		w.define("pair", def("web"), after("log", "", ""))
		w.place("pair", "a")
		n := w.commits(func() { w.rt.End("a", "web", 3) })
		w.want(`a:STOPPING web=STOPPED(3) log=RUNNING EssentialContainerExited "Essential container in task exited"`)
		if n != 1 {
			t.Errorf("%d commits at the end of a container, want 1", n)
		}
		time.Sleep(31 * time.Second)
		w.want(`a:STOPPED web=STOPPED(3) log=STOPPED(137) EssentialContainerExited "Essential container in task exited"`)
	})
}

func TestHealthIsWritten(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		w.define("checked", checked("web"))
		w.place("checked", "a")
		for _, h := range []model.Health{model.HealthHealthy, model.HealthUnhealthy} {
			w.rt.SetHealth("a", "web", h)
			synctest.Wait()
			if got := w.task("a"); got.Health() != h || got.Is != model.Running {
				t.Errorf("%v and %v, want RUNNING and %v", got.Is, got.Health(), h)
			}
		}
	})
}

func TestDependsOn(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		migrate := after("migrate", "db", types.ContainerConditionHealthy)
		migrate.Essential = ptr(false)
		web := after("web", "migrate", types.ContainerConditionSuccess)
		web.DependsOn = append(web.DependsOn, types.ContainerDependency{ContainerName: ptr("db"), Condition: types.ContainerConditionHealthy})
		w.define("chain", web, migrate, checked("db"))
		w.place("chain", "a")
		w.want("a:ACTIVATING web=PENDING migrate=RUNNING db=RUNNING")
		w.rt.End("a", "migrate", 0)
		w.want("a:RUNNING web=RUNNING migrate=STOPPED(0) db=RUNNING")
		w.halt("a")
		w.want(`a:STOPPED web=STOPPED(0) migrate=STOPPED(0) db=STOPPED(0) UserInitiated "asked"`)
		w.wantCalls("start a/db, start a/migrate, start a/web, stop a/web, stop a/db")
	})
}

func TestAdoption(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		w.place("web", "kept", "ended", "erased", "halted", "stopped")
		w.halt("stopped")
		w.rt.asked()
		w.stop()
		before := w.task("kept")
		w.rt.End("ended", "web", 9)
		w.rt.erase("erased/web")
		w.halt("halted")
		w.place("web", "new")
		_, _ = w.rt.Start(t.Context(), engine.Spec{Scope: sc, Task: "new", Container: "web"})
		_, _ = w.rt.Start(t.Context(), engine.Spec{Scope: sc, Task: "nobody", Container: "web"})
		w.rt.erase("stopped/web")
		_, _ = w.rt.Start(t.Context(), engine.Spec{Scope: sc, Task: "stopped", Container: "web"})
		w.rt.asked()
		w.run()
		w.want(`ended:STOPPED web=STOPPED(9) EssentialContainerExited "Essential container in task exited"; ` +
			`erased:STOPPED web=STOPPED[CannotInspectContainerError: the container is not on the engine any more] EssentialContainerExited "Essential container in task exited"; ` +
			`halted:STOPPED web=STOPPED(0) UserInitiated "asked"; ` +
			`kept:RUNNING web=RUNNING; new:RUNNING web=RUNNING; stopped:STOPPED web=STOPPED(0) UserInitiated "asked"`)
		calls := strings.Split(w.rt.asked(), ", ")
		slices.Sort(calls)
		if got := strings.Join(calls, ", "); got != "remove nobody/web, start new/web, stop halted/web, stop stopped/web" {
			t.Errorf("asked %s", got)
		}
		if got := w.task("kept"); !same(&got, &before) {
			t.Error("a task that ran on was touched")
		}
		w.stop()
		if n := w.commits(w.run); n != 0 {
			t.Errorf("%d commits by a restart that found nothing new", n)
		}
		w.wantCalls("")
	})
}

func TestEngineLost(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		connected := func() (c bool) {
			w.view(func(tx *store.Tx) { ci, _ := store.ContainerInstances.Get(tx, "ci"); c = ci.Connected })
			return c
		}
		w.place("web", "a", "b")
		n := w.commits(func() { w.rt.Lose(errors.New("connection refused")) })
		if ok, detail := w.a.Health(); ok || connected() || n != 1 || detail != "The container engine does not answer: the simulated engine does not answer: connection refused" {
			t.Errorf("health %v %q, connected %v, %d commits", ok, detail, connected(), n)
		}
		w.tx(func(tx *store.Tx) {
			store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "late", Status: "ACTIVE", Connected: true})
		})
		synctest.Wait()
		w.view(func(tx *store.Tx) {
			if ci, _ := store.ContainerInstances.Get(tx, "late"); ci.Connected {
				t.Error("an instance that joined while the engine was away is connected")
			}
		})
		w.rt.asked()
		w.place("web", "c")
		w.halt("b")
		time.Sleep(10 * time.Second)
		w.want(`a:RUNNING web=RUNNING; b:STOPPING web=RUNNING UserInitiated "asked"; c:PENDING web=PENDING`)
		w.wantCalls("")
		w.rt.End("a", "web", 137) // nobody hears
		w.rt.Return()
		w.want(`a:STOPPED web=STOPPED(137) EssentialContainerExited "Essential container in task exited"; ` +
			`b:STOPPED web=STOPPED(0) UserInitiated "asked"; c:RUNNING web=RUNNING`)
		if ok, _ := w.a.Health(); !ok || !connected() {
			t.Errorf("health %v, connected %v", ok, connected())
		}
		var told []string
		w.view(func(tx *store.Tx) {
			for e := range store.Events.From(tx, model.EventPrefix("engine", "", "sim"), "") {
				told = append(told, e.Message)
			}
		})
		if want := []string{"The container engine does not answer: the simulated engine does not answer: connection refused", "The container engine answers again."}; !slices.Equal(told, want) {
			t.Errorf("told %q", told)
		}
		if want := []engine.EventKind{engine.Synced, engine.Lost, engine.Synced}; !slices.Equal(w.told, want) {
			t.Errorf("told %v, want %v", w.told, want)
		}
	})
}

func TestLostDuringAStart(t *testing.T) {
	bubble(t, sim.Config{Start: time.Second}, func(t *testing.T, w *world) {
		w.place("web", "a")
		w.rt.Lose(errors.New("gone"))
		time.Sleep(5 * time.Second)
		w.want("a:ACTIVATING web=PENDING")
		w.rt.Return()
		time.Sleep(2 * time.Second)
		w.want("a:RUNNING web=RUNNING")
	})
}

func TestRemains(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		var ids []string
		for i := range 60 {
			ids = append(ids, fmt.Sprintf("t%02d", i))
		}
		w.place("web", ids...)
		w.halt(ids...)
		if n := len(w.rt.list()); n != keepMost {
			t.Errorf("%d containers kept, want %d", n, keepMost)
		}
		w.tx(func(tx *store.Tx) {
			for _, id := range ids[:55] {
				store.Tasks.Delete(tx, id)
			}
		})
		synctest.Wait()
		left := len(w.rt.list())
		if left == 0 || left > 5 {
			t.Errorf("%d containers left after their rows went: %s", left, w.rt.list())
		}
		time.Sleep(keepFor)
		synctest.Wait()
		if len(w.rt.list()) != 0 || len(w.a.work) != 0 {
			t.Errorf("left behind: %s, %d tasks", w.rt.list(), len(w.a.work))
		}
	})
}

func TestRowDeletedWhileItRuns(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		w.place("web", "a")
		w.tx(func(tx *store.Tx) { store.Tasks.Delete(tx, "a") })
		w.wantCalls("start a/web, remove a/web")
		if len(w.a.work) != 0 {
			t.Error("the task is still remembered")
		}
	})
}

func TestThousandTasks(t *testing.T) {
	bubble(t, sim.Config{Start: 10 * time.Millisecond}, func(t *testing.T, w *world) {
		var ids []string
		for i := range 1000 {
			ids = append(ids, fmt.Sprintf("t%03d", i))
		}
		idle := runtime.NumGoroutine()
		n := w.commits(func() { w.place("web", ids...); time.Sleep(time.Minute) })
		if got := strings.Count(w.picture(), "RUNNING web=RUNNING"); got != 1000 {
			t.Fatalf("%d tasks run", got)
		}
		if n > 100 {
			t.Errorf("%d commits for 1,000 tasks", n)
		}
		if now := runtime.NumGoroutine(); now > idle {
			t.Errorf("%d goroutines at rest, %d before", now, idle)
		}
		w.halt(ids...)
		time.Sleep(time.Minute)
		if got := strings.Count(w.picture(), "STOPPED web=STOPPED(0)"); got != 1000 {
			t.Errorf("%d tasks stopped", got)
		}
	})
}

func TestAContainerIsStartedAgainInPlace(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		d := def("web")
		d.RestartPolicy = &types.ContainerRestartPolicy{Enabled: ptr(true), RestartAttemptPeriod: ptr(int32(60))}
		w.define("again", d)
		w.place("again", "t1")
		before := w.task("t1").Containers[0]
		for range 2 {
			time.Sleep(time.Minute)
			w.rt.End("t1", "web", 1)
			synctest.Wait()
			row := w.task("t1")
			if c := row.Containers[0]; row.Is != model.Running || c.Is != model.Running || c.RuntimeID != before.RuntimeID ||
				!slices.Equal(c.Bindings, before.Bindings) || c.Exit != nil {
				t.Fatalf("after its end: %v %+v, before %+v", row.Is, c, before)
			}
		}
		time.Sleep(59 * time.Second)
		w.rt.End("t1", "web", 9)
		synctest.Wait()
		if row := w.task("t1"); row.Is != model.Stopped || *row.Containers[0].Exit != 9 {
			t.Fatalf("it ended too early: %v", row)
		}
	})
}
