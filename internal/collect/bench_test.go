package collect

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/streams"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// BenchmarkCollect is ten containers that write lines of 120 bytes as fast as they are taken, to the disk.
func BenchmarkCollect(b *testing.B) {
	s, err := store.Open(filepath.Join(b.TempDir(), "db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	l, err := logs.Open(b.TempDir(), logs.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	err = s.Update(scope, func(tx *store.Tx) error {
		handler.Open(tx)
		streams.Group(tx, "g")
		store.TaskDefs.Put(tx, model.TaskDef{Family: "f", Revision: 1, Doc: types.TaskDefinition{ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("app"),
			LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "g", "awslogs-region": "us-east-1"}}}}}})
		for i := range 10 {
			store.Tasks.Put(tx, model.Task{ID: fmt.Sprint(i), Is: model.Running, Want: model.Running, Birth: model.Birth{Def: "f:1"},
				Containers: []model.Container{{Name: "app", RuntimeID: fmt.Sprint("c", i), Is: model.Running}}})
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var lines atomic.Int64
	text := strings.Repeat("x", 120)
	const most = 500_000
	write := func(ctx context.Context, _ string, _ engine.LogOptions) iter.Seq2[engine.LogLine, error] {
		return func(yield func(engine.LogLine, error) bool) {
			for ctx.Err() == nil && lines.Add(1) <= most && yield(engine.LogLine{At: time.Now(), Text: text}, nil) {
			}
			<-ctx.Done()
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		lines.Store(0)
		ctx, cancel := context.WithCancel(b.Context())
		c := New(s, l, Config{Read: write})
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		for lines.Load() < most || len(c.said) > 0 {
			runtime.Gosched()
		}
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(most)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/(1<<20), "heap-MiB")
}
