package agent

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestTruth does random things to tasks, engine and daemon, lets them settle, and compares rows
// with the engine: what a row says to run runs, and nothing else does.
func TestTruth(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			c := sim.Config{Pull: time.Duration(r.IntN(3)) * time.Second, Start: time.Duration(r.IntN(3)) * 300 * time.Millisecond,
				Stop: time.Duration(r.IntN(3)) * 20 * time.Second}
			bubble(t, c, func(t *testing.T, w *world) {
				log := after("log", "", "")
				log.Essential = ptr(false)
				w.define("pair", after("web", "db", types.ContainerConditionStart), def("db"), log)
				var ids []string
				for range 60 {
					ids = append(ids, w.stumble(r, len(ids))...)
				}
				w.rt.Return()
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				w.compare(ids)
			})
		})
	}
}

// stumble does one random thing and returns the tasks that this makes.
func (w *world) stumble(r *rand.Rand, tasks int) []string {
	task := fmt.Sprintf("t%02d", r.IntN(tasks+1))
	name := []string{"web", "db", "log"}[r.IntN(3)]
	switch r.IntN(12) {
	case 0, 1, 2, 3:
		id := fmt.Sprintf("t%02d", tasks)
		w.place([]string{"web", "pair"}[r.IntN(2)], id)
		return []string{id}
	case 4, 5:
		if w.task(task).ID != "" {
			w.halt(task)
		}
	case 6:
		w.rt.End(task, name, r.IntN(3))
	case 7:
		w.rt.erase(task + "/" + name)
	case 8:
		w.rt.Lose(errors.New("lost"))
	case 9:
		w.rt.Return()
	case 10:
		w.stop()
		w.run()
	default:
		time.Sleep(time.Duration(r.IntN(5000)) * time.Millisecond)
	}
	return nil
}

func (w *world) compare(ids []string) {
	w.t.Helper()
	there := w.rt.list()
	var should []string
	w.view(func(tx *store.Tx) {
		for t := range store.Tasks.All(tx) {
			if t.Is != model.Running && t.Is != model.Stopped || t.Is == model.Running && t.Want == model.Stopped {
				w.t.Errorf("task %s is still %v, to be %v", t.ID, t.Is, t.Want)
			}
			if t.Is == model.Stopped && t.Stop.Code == "" {
				w.t.Errorf("task %s stopped without a reason", t.ID)
			}
			for _, c := range t.Containers {
				if c.Is == model.Running {
					should = append(should, t.ID+"/"+c.Name+":running")
				}
				if t.Is == model.Running && c.Essential && c.Is != model.Running || t.Is == model.Stopped && c.Is != model.Stopped {
					w.t.Errorf("task %s is %v with container %s %v", t.ID, t.Is, c.Name, c.Is)
				}
			}
		}
	})
	runs := slices.DeleteFunc(there, func(s string) bool { return !strings.HasSuffix(s, ":running") })
	slices.Sort(should)
	if !slices.Equal(runs, should) {
		w.t.Errorf("rows say %v\nengine has %v", should, runs)
	}
	if n := w.commits(func() { time.Sleep(time.Hour) }); n != 0 {
		w.t.Errorf("%d commits at rest", n)
	}
}
