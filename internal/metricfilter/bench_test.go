package metricfilter

import (
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/datapoints"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
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
