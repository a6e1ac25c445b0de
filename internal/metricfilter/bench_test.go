package metricfilter

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/datapoints"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/streams"
)

// BenchmarkSee is one filter of each kind over one event.
func BenchmarkSee(b *testing.B) {
	for _, tt := range []struct {
		name    string
		row     model.MetricFilter
		message string
	}{
		{"terms", model.MetricFilter{Pattern: "ERROR -debug", Value: "1"}, `127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET / HTTP/1.0" 404 1534`},
		{"fields", model.MetricFilter{Pattern: "[ip, id, user, time, request, status, bytes]", Value: "$bytes", Dimensions: map[string]string{"Status": "$status"}},
			`127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET / HTTP/1.0" 404 1534`},
		{"json", model.MetricFilter{Pattern: "{ $.ms > 1 }", Value: "$.ms", Dimensions: map[string]string{"Path": "$.path"}},
			`{"time":"2026-01-01T00:00:00Z","level":"info","ms":12.5,"path":"/index.html","user":{"id":7,"name":"frank"}}`},
	} {
		b.Run(tt.name, func(b *testing.B) {
			f, err := newFilter(scope, tt.row)
			if err != nil {
				b.Fatal(err)
			}
			p := &Part{book: datapoints.New(datapoints.Config{})}
			e := logs.Event{At: time.Now().UnixMilli(), Message: tt.message}
			b.ReportAllocs()
			for b.Loop() {
				f.see(p, &e)
			}
		})
	}
}

// BenchmarkRound is one event that arrives in one of some groups that have a filter each.
func BenchmarkRound(b *testing.B) {
	for _, groups := range []int{1, 1000} {
		b.Run(fmt.Sprint("groups=", groups), func(b *testing.B) { benchRound(b, groups) })
	}
}

func benchRound(b *testing.B, groups int) {
	s, err := store.Open(filepath.Join(b.TempDir(), "db"))
	if err != nil {
		b.Fatal(err)
	}
	l, err := logs.Open(b.TempDir(), logs.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = errors.Join(l.Close(), s.Close()) }()
	group, zero := "", 0.0
	if err := s.Update(scope, func(tx *store.Tx) error {
		handler.Open(tx)
		for i := range groups {
			name := fmt.Sprint("g", i)
			g, _ := streams.Group(tx, name)
			store.MetricFilters.Put(tx, model.MetricFilter{Group: name, Name: "f", Pattern: "ERROR", Value: "1", Namespace: "App", Metric: "n", Default: &zero})
			group = g.ID
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	p := New(s, l, datapoints.New(datapoints.Config{}), nil)
	rows, watch := s.Subscribe(store.MetricFilters.Name()), l.Watch("")
	events := []logs.Event{{Stream: 1, At: time.Now().UnixMilli(), Message: "an ERROR"}}
	for p.round(rows, watch) {
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Append(group, events); err != nil {
			b.Fatal(err)
		}
		<-watch.C
		for p.round(rows, watch) {
		}
		p.untilTold(time.Now())
	}
}
