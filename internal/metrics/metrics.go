// Package metrics counts what the daemon does and shows it to Prometheus. It is fed by methods,
// keeps nothing that anybody may rely on, and decides nothing. All methods are safe for concurrent
// use; on a nil *Metrics they do nothing, so that parts run without one.
package metrics

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is one daemon's registry.
type Metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	passes   prometheus.Histogram
	requests *prometheus.CounterVec
	refused  prometheus.Counter
	names    names
}

// Sources are read when Prometheus asks.
type Sources struct {
	Version string
	Commits func() int64          // flushes since the start
	Tasks   func() map[string]int // tasks by last status, such as RUNNING
	Engine  func() bool           // whether the container engine answers
	Values  func() []Value        // of the metrics of users, in order
	Dropped func() int            // values of users that were not kept
}

// New returns the metrics of one daemon. Sources that are nil are left out.
func New(s Sources) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "drydock_api_calls_total",
			Help: "Answered API calls; code is the AWS error code, empty for success."}, []string{"service", "operation", "status", "code"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "drydock_api_duration_seconds",
			Help:    "Time from the first byte of an API call to its answer.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .5, 2.5}}, []string{"service", "operation"}),
		passes: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "drydock_control_pass_seconds",
			Help: "Passes of the deciding loop.", Buckets: prometheus.ExponentialBuckets(.00001, 4, 10)}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "drydock_lb_requests_total",
			Help: "Requests that load balancers answered; target_group is empty where no target was asked."}, []string{"target_group", "code"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{Name: "drydock_lb_refused_total",
			Help: "Clients of listeners on this machine that got no answer: no rule of the security groups let them in."}),
		names: names{known: map[string]bool{}},
	}
	m.registry.MustRegister(m.calls, m.latency, m.passes, m.requests, m.refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(read(s)...)
	return m
}

// read makes collectors of the sources.
func read(s Sources) (cs []prometheus.Collector) {
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "drydock_build_info", Help: "1, with the version as a label.",
		ConstLabels: prometheus.Labels{"version": s.Version}})
	build.Set(1)
	cs = append(cs, build)
	if s.Commits != nil {
		cs = append(cs, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "drydock_commits_total", Help: "Flushes of the state to disk."},
			func() float64 { return float64(s.Commits()) }))
	}
	if s.Engine != nil {
		cs = append(cs, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "drydock_engine_up", Help: "1 while the container engine answers."},
			func() float64 {
				if s.Engine() {
					return 1
				}
				return 0
			}))
	}
	if s.Tasks != nil {
		cs = append(cs, tasks{s.Tasks})
	}
	if s.Values != nil {
		cs = append(cs, values{s.Values})
	}
	if s.Dropped != nil {
		cs = append(cs, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "drydock_cloudwatch_dropped_total", Help: "Values that were not kept, as there were too many CloudWatch metrics."},
			func() float64 { return float64(s.Dropped()) }))
	}
	return cs
}

// Handler answers /_drydock/metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// API counts one answered call with its HTTP status, its AWS error code (empty for success) and,
// unless negative, how long it took.
func (m *Metrics) API(service, operation string, status int, code string, took time.Duration) {
	if m == nil {
		return
	}
	service, operation = m.names.bound(service, operation)
	if _, code = m.names.bound("code", code); status < 400 {
		code = ""
	}
	m.calls.WithLabelValues(service, operation, strconv.Itoa(status), code).Inc()
	if took >= 0 {
		m.latency.WithLabelValues(service, operation).Observe(took.Seconds())
	}
}

// Pass counts one pass of the deciding loop.
func (m *Metrics) Pass(took time.Duration) {
	if m != nil {
		m.passes.Observe(took.Seconds())
	}
}

// Request counts one request that a load balancer answered with a status; group is the target
// group's name, empty where no target was asked.
func (m *Metrics) Request(group string, status int) {
	if m == nil {
		return
	}
	class := "other"
	if status >= 100 && status < 600 {
		class = string(rune('0'+status/100)) + "xx"
	}
	m.requests.WithLabelValues(group, class).Inc()
}

// Refused counts one client that a load balancer's security groups keep out.
func (m *Metrics) Refused() {
	if m != nil {
		m.refused.Inc()
	}
}

// names bounds how many label values clients can make up: what they call may be any text.
type names struct {
	mu    sync.Mutex
	known map[string]bool
}

// mostNames is above the operations of all services that one client is likely to call.
const mostNames = 2000

// bound returns the pair, or "other" for its second part once too many different ones were seen.
func (n *names) bound(group, name string) (string, string) {
	if len(group) > 64 || len(name) > 128 {
		return "other", "other"
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	key := group + "\x00" + name
	if n.known[key] {
		return group, name
	}
	if len(n.known) >= mostNames {
		return "other", "other"
	}
	n.known[key] = true
	return group, name
}

// tasks collects how many tasks stand where, at the moment of asking.
type tasks struct{ count func() map[string]int }

var tasksDesc = prometheus.NewDesc("drydock_tasks", "Tasks that are kept, by last status.", []string{"status"}, nil)

func (tasks) Describe(ch chan<- *prometheus.Desc) { ch <- tasksDesc }

func (t tasks) Collect(ch chan<- prometheus.Metric) {
	for status, n := range t.count() {
		ch <- prometheus.MustNewConstMetric(tasksDesc, prometheus.GaugeValue, float64(n), status)
	}
}
