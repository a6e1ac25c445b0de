package store

import (
	"fmt"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
)

// fill writes n tasks of ten to a service and returns the file.
func fill(b *testing.B, n int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "db")
	s := open(b, path)
	update(b, s, east, func(tx *Tx) {
		for i := range n {
			Tasks.Put(tx, task(fmt.Sprintf("%032x", i), "demo", fmt.Sprint("s", i/10), fmt.Sprint("ci", i%50)))
		}
	})
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkUpdate is durable: every write is on disk when Update returns.
func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := temp(b)
			var n atomic.Int64
			b.SetParallelism(max(1, writers/runtime.GOMAXPROCS(0)))
			if writers == 1 {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			}
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					id := fmt.Sprintf("%032x", n.Add(1))
					if err := s.Update(east, func(tx *Tx) error { Tasks.Put(tx, task(id, "demo", "web"+id[29:], "ci"+id[30:])); return nil }); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(n.Load())/float64(max(1, s.Commits())), "writes/flush")
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprintf("tasks=%d", n), func(b *testing.B) {
			path := fill(b, n)
			for b.Loop() {
				s := open(b, path)
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMemory reports what a task costs in memory, indexes included.
func BenchmarkMemory(b *testing.B) {
	const n = 10000
	path := fill(b, n)
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := open(b, path)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/task")
}

func BenchmarkGet(b *testing.B) {
	s := open(b, fill(b, 10000))
	defer s.Close()
	view(b, s, east, func(tx *Tx) {
		for b.Loop() {
			if _, ok := Tasks.Get(tx, "00000000000000000000000000000007"); !ok {
				b.Fatal("not there")
			}
		}
	})
}
