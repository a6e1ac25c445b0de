package logs

import (
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"
)

// BenchmarkAppend is ten containers that write lines of 120 bytes, a hundred at a time.
func BenchmarkAppend(b *testing.B) {
	l := open(b, b.TempDir(), Config{Limit: 256 << 20, Log: slog.New(slog.DiscardHandler)})
	text := strings.Repeat("z", 120)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	lines := 0
	for b.Loop() {
		for stream := range uint64(10) {
			batch := make([]Event, 100)
			for i := range batch {
				at := time.Now()
				batch[i] = Event{Stream: stream, At: at.UnixMilli(), Ingested: at.UnixMilli(), Mark: at.UnixNano(), Message: text}
			}
			if err := l.Append("g", batch); err != nil {
				b.Fatal(err)
			}
			lines += len(batch)
		}
	}
	if err := l.sync(); err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/(1<<20), "heap-MiB")
}

// BenchmarkTail is the time from a line to the one who waits for it.
func BenchmarkTail(b *testing.B) {
	l := open(b, b.TempDir(), Config{})
	w := l.Watch("g")
	heard := make(chan error)
	go func() {
		for at := Start; ; {
			<-w.C
			es, err := l.Read(Query{Group: "g", From: at, To: End, Limit: 1000})
			if len(es) > 0 {
				at = es[len(es)-1].Cursor()
			}
			heard <- err
		}
	}()
	for n := int64(1); b.Loop(); n++ {
		if err := l.Append("g", []Event{{Stream: 1, At: n, Ingested: n, Message: "line"}}); err != nil {
			b.Fatal(err)
		}
		if err := <-heard; err != nil {
			b.Fatal(err)
		}
	}
}
