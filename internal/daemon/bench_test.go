package daemon

import (
	"context"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/control"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// BenchmarkScale has the daemon run 100 to 100,000 tasks of services of 100 on ten times fewer
// instances, and prints what that takes, and what one change costs among so many. Times are the clock's;
// cpu is what the process used, which other processes disturb less.
func BenchmarkScale(b *testing.B) {
	for _, tasks := range []int{100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("tasks=%d", tasks), func(b *testing.B) {
			w := newWhole(b, tasks)
			b.Run("join", w.timed(w.join))
			b.Run("settle", w.timed(w.settle))
			w.until(steady)
			w.quiet()
			b.Run("memory", w.memory())
			b.Run("dies", w.dies)
			b.Run("terminates", w.terminates)
			b.Run("DescribeTasks", w.latency("DescribeTasks", fmt.Sprintf(`{"cluster":"demo","tasks":[%s]}`, quoted(w.ids()[:100]))))
			b.Run("ListTasks", w.latency("ListTasks", `{"cluster":"demo"}`))
			b.Run("ListTasksOfService", w.latency("ListTasks", `{"cluster":"demo","serviceName":"web-0000"}`))
			w.end()
			b.Run("pass", w.pass)
			b.Run("place", w.place)
			b.Run("waiting", w.waiting)
		})
	}
}

// told reports what was measured already.
func told(metrics map[string]float64) func(*testing.B) {
	return func(b *testing.B) {
		b.ReportMetric(0, "ns/op")
		for unit, n := range metrics {
			b.ReportMetric(n, unit)
		}
	}
}

// timed does something, once.
func (w *whole) timed(do func()) func(*testing.B) {
	began, cpu, flushes := time.Now(), processorTime(w.b), w.d.store.Commits()
	do()
	return told(map[string]float64{"s": time.Since(began).Seconds(), "cpu-s": (processorTime(w.b) - cpu).Seconds(),
		"flushes": float64(w.d.store.Commits() - flushes)})
}

// memory is what is in use once everything is at rest.
func (w *whole) memory() func(*testing.B) {
	used, n := inUse(), float64(w.tasks)
	for range 5 { // the loops may be in the middle of something
		<-time.After(100 * time.Millisecond)
		used = min(used, inUse())
	}
	return told(map[string]float64{"B/task": float64(used-w.instances) / n, "with-instances-B/task": float64(used-w.empty) / n,
		"resident-B/task": float64(resident(w.b)) / n})
}

// dies has containers end by themselves, one after the other, and waits each time until
// another runs in its place.
func (w *whole) dies(b *testing.B) {
	ids, round := w.ids(), 0
	w.replaced(b, func() func() {
		id := ids[round*7919%len(ids)]
		round++
		return func() {
			w.rt.End(id, "web", 1)
			w.until(func(tx *store.Tx) bool { t, _ := store.Tasks.Get(tx, id); return !t.Live() })
		}
	})
}

// terminates has instances be terminated with the tasks on them. Another one joins before each.
func (w *whole) terminates(b *testing.B) {
	w.replaced(b, func() func() {
		w.launch(1, 0)
		var id string
		w.view(func(tx *store.Tx) {
			for ci := range store.ContainerInstances.All(tx) {
				if ci.Status == "ACTIVE" && store.Usage.Get(tx, ci.ID).Running >= 8 {
					id = ci.EC2
					break
				}
			}
		})
		w.quiet()
		return func() {
			w.ec2(url.Values{"Action": {"TerminateInstances"}, "Version": {"2016-11-15"}, "InstanceId.1": {id}})
			w.until(func(tx *store.Tx) bool { in, _ := store.Instances.Get(tx, id); return in.State == "terminated" })
		}
	})
}

// replaced measures what it takes until tasks that a change ended are replaced; next prepares one.
func (w *whole) replaced(b *testing.B, next func() func()) {
	var back []time.Duration
	var cpu time.Duration
	flushes := int64(0)
	for b.Loop() {
		change := next()
		began, used, before := time.Now(), processorTime(b), w.d.store.Commits()
		change()
		w.until(w.whole)
		back = append(back, time.Since(began))
		w.quiet()
		cpu, flushes = cpu+processorTime(b)-used, flushes+w.d.store.Commits()-before
	}
	n := float64(len(back))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(back, 50), "ms")
	b.ReportMetric(float64(cpu.Microseconds())/1000/n, "cpu-ms")
	b.ReportMetric(float64(flushes)/n, "flushes")
}

// latency measures a call while tasks die and are replaced, as fast as that goes.
func (w *whole) latency(operation, body string) func(*testing.B) {
	return func(b *testing.B) {
		ctx, cancel := context.WithCancel(context.Background())
		busy := make(chan struct{})
		ids := w.ids()
		go func() {
			defer close(busy)
			for i := 0; ctx.Err() == nil; i++ {
				w.rt.End(ids[i*7919%len(ids)], "web", 1)
				<-time.After(time.Millisecond)
			}
		}()
		var took []time.Duration
		for b.Loop() {
			began := time.Now()
			w.ecs(operation, body)
			took = append(took, time.Since(began))
		}
		cancel()
		<-busy
		w.quiet()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(ms(took, 50), "ms")
		b.ReportMetric(ms(took, 99), "p99-ms")
	}
}

// alone is a control loop that runs when it is told to, with nothing else beside it.
type alone struct {
	*whole
	loop *control.Control
	feed *store.Feed
}

func (w *whole) alone() *alone {
	a := &alone{w, control.New(w.d.store, control.Config{Agent: "bench", Scale: w.d.scale, Log: w.d.Log}), w.d.store.Subscribe()}
	a.settle()
	return a
}

// settle makes passes for as long as something changes, and returns how many flushes they made.
func (a *alone) settle() (flushes int64) {
	before := a.d.store.Commits()
	for cs := a.feed.Take(); !cs.Empty(); cs = a.feed.Take() {
		if _, err := a.loop.Pass(cs); err != nil {
			a.b.Fatal(err)
		}
	}
	return a.d.store.Commits() - before
}

// pass is what the control loop alone takes for one task that dies: until its replacement is placed,
// and, once the agent wrote that it runs, until the service has taken note.
func (w *whole) pass(b *testing.B) {
	a := w.alone()
	defer w.d.store.Unsubscribe(a.feed)
	ids := w.ids()
	var took []time.Duration
	var cpu time.Duration
	flushes := int64(0)
	step := func() {
		began, used := time.Now(), processorTime(b)
		flushes += a.settle()
		cpu += processorTime(b) - used
		took[len(took)-1] += time.Since(began)
	}
	runtime.GC()
	for b.Loop() {
		took = append(took, 0)
		id := ids[len(took)*7919%len(ids)]
		w.update(func(tx *store.Tx) {
			t, _ := store.Tasks.Get(tx, id)
			t.End(types.TaskStopCodeEssentialContainerExited, "Essential container in task exited", tx.Now())
			_ = t.Advance(model.Stopped, tx.Now())
			store.Tasks.Put(tx, t)
		})
		step()
		w.update(func(tx *store.Tx) { ids[len(took)*7919%len(ids)] = runs(tx, id) })
		step()
	}
	n := float64(len(took))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(took, 50), "ms")
	b.ReportMetric(ms(took, 99), "p99-ms")
	b.ReportMetric(float64(cpu.Microseconds())/1000/n, "cpu-ms")
	b.ReportMetric(float64(flushes)/n, "flushes")
}

// waiting is pass in a full cluster where 500 services wait for what the task that dies had: one of
// them gets it.
func (w *whole) waiting(b *testing.B) {
	w.ecs("RegisterTaskDefinition", `{"family":"large","containerDefinitions":[{"name":"web","image":"nginx","cpu":2944,"memory":256}]}`)
	for i := range 500 {
		w.ecs("CreateService", fmt.Sprintf(`{"cluster":"demo","serviceName":"wait-%03d","taskDefinition":"large","desiredCount":1000}`, i))
	}
	w.pass(b)
}

// runs has the replacement of a task run, and returns its id.
func runs(tx *store.Tx, stopped string) string {
	was, _ := store.Tasks.Get(tx, stopped)
	for t := range store.TasksByService.Each(tx, was.Birth.Cluster+"/"+was.Birth.Service) {
		if t.Is == model.Pending {
			_ = t.Advance(model.Running, tx.Now())
			store.Tasks.Put(tx, t)
			return t.ID
		}
	}
	panic("not replaced")
}

// place is a service of 1,000 tasks that is created: decided, written with its events, and on disk.
func (w *whole) place(b *testing.B) {
	a := w.alone()
	defer w.d.store.Unsubscribe(a.feed)
	began, cpu, n := time.Duration(0), time.Duration(0), 0
	for b.Loop() {
		b.StopTimer()
		w.ecs("CreateService", `{"cluster":"demo","serviceName":"more","taskDefinition":"web","desiredCount":`+fmt.Sprint(min(1000, w.tasks))+`}`)
		from, used := time.Now(), processorTime(b)
		b.StartTimer()
		a.settle()
		b.StopTimer()
		began, cpu = began+time.Since(from), cpu+processorTime(b)-used
		w.update(func(tx *store.Tx) {
			for t := range store.TasksByService.Each(tx, "demo/more") {
				store.Tasks.Delete(tx, t.ID)
				n++
			}
			store.Services.Delete(tx, "demo/more")
		})
		a.settle()
		b.StartTimer()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(n)/began.Seconds(), "tasks/s")
	b.ReportMetric(float64(n)/cpu.Seconds(), "tasks/cpu-s")
}

func quoted(ids []string) string { return `"` + strings.Join(ids, `","`) + `"` }

// ms returns a percentile in milliseconds.
func ms(ds []time.Duration, percent int) float64 {
	slices.Sort(ds)
	return float64(ds[len(ds)*percent/100].Microseconds()) / 1000
}
