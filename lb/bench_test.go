package lb

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/lb/rule"
)

func BenchmarkProxy(b *testing.B) {
	for _, size := range []int{128, 16 << 10} {
		body := []byte(strings.Repeat("x", size))
		answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
		direct := newServer(b, answer)
		s := newStory(b, nil, answer, answer, answer, answer)
		for name, url := range map[string]string{"direct": direct.URL, "proxied": s.url} {
			b.Run(fmt.Sprintf("%d/%s", size, name), func(b *testing.B) {
				c := client(b)
				b.ReportAllocs()
				b.SetParallelism(16)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if code, _, err := fetch(c, url); code != 200 || err != nil {
							b.Error(code, err)
						}
					}
				})
			})
		}
	}
}

func BenchmarkPick(b *testing.B) {
	g := newGroup(rowID{})
	var ts []*target
	for range 4 {
		ts = append(ts, newTarget(rowID{}, "127.0.0.1:1", "http", nil, nil))
	}
	g.swap(ts)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			g.pick(nil).release()
		}
	})
}

// BenchmarkTargetLeaves measures from just before the commit that stops a task to the moment that
// its target is no longer chosen, disk flush included, and the part after the commit alone.
func BenchmarkTargetLeaves(b *testing.B) {
	w := newWorld(b, Config{})
	w.p.probe = func(context.Context, *target, model.HealthCheck, rule.Matcher) result { return passed }
	g := w.group("web")
	w.listener(w.balancer("web", nil), "HTTP", freePort(b), forwardTo(g))
	task := func(i int) model.Task {
		return model.Task{ID: fmt.Sprintf("%032x", i), Want: model.Running, Is: model.Running}
	}
	w.write(func(tx *store.Tx) {
		for i := range 100 {
			store.Tasks.Put(tx, task(i))
			store.Targets.Put(tx, model.Target{Group: g.ID, ID: "i-1", Port: 32768 + i, Dial: "127.0.0.1:1", Task: task(i).ID, Health: healthy, Registered: tx.Now()})
		}
	})
	w.run()
	s := &story{world: w, g: g}
	s.chosen(100)
	group := w.p.table.Load().doors[w.only().Port].plain.oldest.groups[g.ID]
	var all, after []time.Duration
	for i := 0; b.Loop(); i++ {
		x := task(i % 100)
		x.Want, x.Is = model.Stopped, model.Stopped
		start := time.Now()
		w.write(func(tx *store.Tx) { store.Tasks.Put(tx, x) })
		committed := time.Now()
		for len(group.rotation.Load().chosen) == 100 {
			runtime.Gosched()
		}
		all, after = append(all, time.Since(start)), append(after, time.Since(committed))
		w.write(func(tx *store.Tx) { store.Tasks.Put(tx, task(i%100)) })
		for len(group.rotation.Load().chosen) != 100 {
			runtime.Gosched()
		}
	}
	slices.Sort(all)
	slices.Sort(after)
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "µs-median")
	b.ReportMetric(float64(after[len(after)/2].Microseconds()), "µs-after-commit")
}

// only returns the only listener.
func (w *world) only() (l model.Listener) {
	_ = w.s.View(scope, func(tx *store.Tx) error {
		for l = range store.Listeners.All(tx) {
		}
		return nil
	})
	return l
}
