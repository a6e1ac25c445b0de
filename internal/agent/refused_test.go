package agent

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// refuse makes ECS refuse the agent of the container instance, or not any more.
func (w *world) refuse(why string) {
	w.tx(func(tx *store.Tx) {
		ci, _ := store.ContainerInstances.Get(tx, "ci")
		ci.Refused = why
		store.ContainerInstances.Put(tx, ci)
	})
	synctest.Wait()
}

// TestAnAgentThatIsRefused: what runs goes on, what is ordered waits, and what happens is told once ECS hears
// the agent again.
func TestAnAgentThatIsRefused(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		connected := func() (is bool) {
			w.view(func(tx *store.Tx) { ci, _ := store.ContainerInstances.Get(tx, "ci"); is = ci.Connected })
			return is
		}
		w.place("web", "a", "b", "c")
		time.Sleep(time.Second)
		w.want("a:RUNNING web=RUNNING; b:RUNNING web=RUNNING; c:RUNNING web=RUNNING")
		w.rt.asked()
		w.refuse("AccessDeniedException")
		if connected() {
			t.Error("it is connected")
		}
		w.halt("a")
		w.rt.End("b", "web", 3)
		n := w.commits(func() { time.Sleep(24 * time.Hour) })
		w.want("a:RUNNING web=RUNNING UserInitiated \"asked\"; b:RUNNING web=RUNNING; c:RUNNING web=RUNNING")
		w.wantCalls("")
		if n != 0 {
			t.Errorf("%d commits at rest", n)
		}
		w.refuse("")
		time.Sleep(time.Minute)
		if !connected() {
			t.Error("it is not connected again")
		}
		w.want("a:STOPPED web=STOPPED(0) UserInitiated \"asked\"; b:STOPPED web=STOPPED(3) EssentialContainerExited \"Essential container in task exited\"; c:RUNNING web=RUNNING")
		if ci := w.task("c").Instance; ci != "ci" || w.task("c").Want != model.Running {
			t.Error("the third is not as it was")
		}
	})
}
