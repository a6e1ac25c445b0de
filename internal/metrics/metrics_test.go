package metrics_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/metrics"
)

// page returns the lines of the page that begin with drydock_.
func page(t *testing.T, m *metrics.Metrics) map[string]bool {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/_drydock/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	lines := map[string]bool{}
	for l := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(l, "drydock_") {
			lines[strings.TrimSpace(l)] = true
		}
	}
	return lines
}

func TestWhatIsCountedIsShown(t *testing.T) {
	m := metrics.New(metrics.Sources{Version: "1.2.3",
		Commits: func() int64 { return 7 },
		Engine:  func() bool { return true },
		Tasks:   func() map[string]int { return map[string]int{"RUNNING": 4} }})
	m.API("ecs", "RunTask", 200, "", 300*time.Microsecond)
	m.API("ecs", "RunTask", 400, "ClusterNotFoundException", -1)
	m.Pass(time.Millisecond)
	m.Request("web", 204)
	m.Request("web", 503)
	m.Request("", 502)
	m.Refused()
	got := page(t, m)
	for _, want := range []string{
		`drydock_build_info{version="1.2.3"} 1`,
		`drydock_api_calls_total{code="",operation="RunTask",service="ecs",status="200"} 1`,
		`drydock_api_calls_total{code="ClusterNotFoundException",operation="RunTask",service="ecs",status="400"} 1`,
		`drydock_api_duration_seconds_count{operation="RunTask",service="ecs"} 1`,
		`drydock_control_pass_seconds_count 1`,
		`drydock_commits_total 7`,
		`drydock_tasks{status="RUNNING"} 4`,
		`drydock_lb_requests_total{code="2xx",target_group="web"} 1`,
		`drydock_lb_requests_total{code="5xx",target_group="web"} 1`,
		`drydock_lb_requests_total{code="5xx",target_group=""} 1`,
		`drydock_lb_refused_total 1`,
		`drydock_engine_up 1`,
	} {
		if !got[want] {
			t.Errorf("missing %s", want)
		}
	}
}

func TestClientsCannotMakeUpSeriesWithoutEnd(t *testing.T) {
	m := metrics.New(metrics.Sources{})
	for i := range 5000 {
		m.API("ecs", fmt.Sprintf("Made%dUp", i), 400, "UnknownOperationException", -1)
	}
	m.API("ecs", strings.Repeat("x", 1000), 400, "UnknownOperationException", -1)
	if n := len(page(t, m)); n > 2100 {
		t.Errorf("%d series after 5,000 names", n)
	}
}

func TestPartsRunWithoutMetrics(t *testing.T) {
	var m *metrics.Metrics
	m.API("ecs", "RunTask", 200, "", 0)
	m.Pass(0)
	m.Request("web", 200)
}

func TestMetricsOfUsersAreShownAndBounded(t *testing.T) {
	m := metrics.New(metrics.Sources{Values: func() (all []metrics.Value) {
		for i := range 2005 {
			all = append(all, metrics.Value{Account: "0", Region: "r", Namespace: "App", Name: fmt.Sprint(i), Dimensions: []string{"A=1", "B=2"}, Unit: "None", Count: 2, Sum: -3.5})
		}
		return all
	}, Dropped: func() int { return 7 }})
	lines := page(t, m)
	for _, want := range []string{"drydock_cloudwatch_dropped_total 7", `drydock_cloudwatch_samples_total{account="0",dimensions="A=1,B=2",metric="7",namespace="App",region="r",unit="None"} 2`,
		`drydock_cloudwatch_sum{account="0",dimensions="A=1,B=2",metric="7",namespace="App",region="r",unit="None"} -3.5`, "drydock_cloudwatch_hidden 5"} {
		if !lines[want] {
			t.Errorf("no %s", want)
		}
	}
	if len(lines) > 2*2000+20 {
		t.Errorf("%d lines", len(lines))
	}
}
