package agent

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
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
		w.wantCalls("stop b/web") // its host port is given back
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

// TestAnAgentThatIsRefusedGoesOn with what it does by itself: nobody hears of it, and it is done.
func TestAnAgentThatIsRefusedGoesOn(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		again := after("web", "", "")
		again.RestartPolicy = &types.ContainerRestartPolicy{Enabled: ptr(true), RestartAttemptPeriod: ptr(int32(60))}
		w.define("again", again)
		w.define("pair", after("app", "", ""), after("side", "", ""))
		w.place("again", "a")
		w.place("pair", "p")
		time.Sleep(2 * time.Minute)
		w.want("a:RUNNING web=RUNNING; p:RUNNING app=RUNNING side=RUNNING")
		w.rt.asked()
		w.refuse("AccessDeniedException")
		w.place("again", "n") // nobody tells it of this one
		n := w.commits(func() {
			w.rt.End("a", "web", 1)
			w.rt.End("p", "app", 2)
			time.Sleep(time.Hour)
		})
		w.want("a:RUNNING web=RUNNING; n:PENDING web=PENDING; p:RUNNING app=RUNNING side=RUNNING")
		w.wantCalls("stop p/side, start a/web")
		if n != 0 {
			t.Errorf("%d commits at rest", n)
		}
		w.refuse("")
		time.Sleep(time.Minute)
		w.want("a:RUNNING web=RUNNING; n:RUNNING web=RUNNING; p:STOPPED app=STOPPED(2) side=STOPPED(0) EssentialContainerExited \"Essential container in task exited\"")
	})
}
