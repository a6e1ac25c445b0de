package agent

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// track is a store and an agent in real time, on an engine that takes none.
type track struct {
	b    *testing.B
	s    *store.Store
	rt   *sim.Runtime
	feed *store.Feed
	def  model.TaskDef
	n    int
}

func newTrack(b *testing.B, before func(*track)) *track {
	s, err := store.Open(filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	k := &track{b: b, s: s, rt: sim.New(sim.Config{}), feed: s.Subscribe(store.Tasks.Name())}
	k.def = model.TaskDef{Family: "web", Revision: 1, Doc: types.TaskDefinition{ContainerDefinitions: []types.ContainerDefinition{def("web")}}}
	k.update(func(tx *store.Tx) {
		store.Regions.Put(tx, model.Region{Opened: tx.Now()})
		store.TaskDefs.Put(tx, k.def)
	})
	if before != nil {
		before(k)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	a := New(s, k.rt, Config{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	go func() { done <- a.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return k
}

func (k *track) update(fn func(*store.Tx)) {
	if err := k.s.Update(sc, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		k.b.Fatal(err)
	}
}

// place makes n tasks with a place, in one commit, and returns the id of the last.
func (k *track) place(n int) (id string) {
	k.update(func(tx *store.Tx) {
		for range n {
			k.n++
			id = fmt.Sprintf("t%08d", k.n)
			t := k.def.NewTask(id, model.Birth{Cluster: "default"}, func() string { return id }, tx.Now())
			t.Instance, t.Host = fmt.Sprintf("ci%d", k.n/20), fmt.Sprintf("127.66.%d.%d", k.n/5000, k.n/20%250)
			_ = t.Advance(model.Pending, tx.Now())
			store.Tasks.Put(tx, t)
		}
	})
	return id
}

// until waits for the count of running tasks, or for a task to want to stop.
func (k *track) until(ok func(*store.Tx) bool) {
	for done := false; !done; {
		if err := k.s.View(sc, func(tx *store.Tx) error { done = ok(tx); return nil }); err != nil {
			k.b.Fatal(err)
		}
		if !done {
			<-k.feed.C
			k.feed.Take()
		}
	}
}

func (k *track) runs(n int) func(*store.Tx) bool {
	return func(tx *store.Tx) bool { return store.Counts.Get(tx, "default").Running >= n }
}

// BenchmarkStart is what the agent adds to the engine's own time, one task after the other: from
// the row that places a task to the row that says RUNNING.
func BenchmarkStart(b *testing.B) {
	k := newTrack(b, nil)
	before := k.s.Commits()
	b.ReportAllocs()
	for b.Loop() {
		k.place(1)
		k.until(k.runs(k.n))
	}
	b.ReportMetric(float64(k.s.Commits()-before)/float64(k.n), "commits/op")
}

// BenchmarkStart1000 starts 1,000 tasks at once.
func BenchmarkStart1000(b *testing.B) {
	k := newTrack(b, nil)
	before := k.s.Commits()
	b.ReportAllocs()
	for b.Loop() {
		k.place(1000)
		k.until(k.runs(k.n))
	}
	b.ReportMetric(float64(k.s.Commits()-before)/float64(k.n), "commits/task")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(k.n), "µs/task")
}

// BenchmarkDie is from the end of a container to the commit that says so.
func BenchmarkDie(b *testing.B) {
	k := newTrack(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		id := k.place(1)
		k.until(k.runs(1))
		b.StartTimer()
		k.rt.End(id, "web", 1)
		k.until(func(tx *store.Tx) bool { t, _ := store.Tasks.Get(tx, id); return t.Want == model.Stopped })
	}
}

// BenchmarkAdopt100000 is a restart with 100,000 running tasks.
func BenchmarkAdopt100000(b *testing.B) {
	k := newTrack(b, nil)
	k.place(100_000)
	k.until(k.runs(100_000))
	b.ReportAllocs()
	for b.Loop() {
		ctx, cancel := context.WithCancel(context.Background())
		a := New(k.s, k.rt, Config{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		for ok := false; !ok; ok, _ = a.Health() {
			time.Sleep(time.Millisecond)
		}
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNext is one decision about a task at rest.
func BenchmarkNext(b *testing.B) {
	v := look(model.Running, model.Running, box{name: "web", fact: runs, hasPorts: true})
	v.task = next(v).row
	b.ReportAllocs()
	for b.Loop() {
		if a := next(v); a.row.Is != model.Running || len(a.stop) > 0 {
			b.Fatal(a.picture())
		}
	}
}
