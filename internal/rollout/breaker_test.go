package rollout

import (
	"fmt"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
)

func TestThreshold(t *testing.T) {
	for _, tt := range []struct {
		rule    string
		b       model.Breaker
		desired int
		want    int
	}{
		{"half of the desired count", model.Breaker{}, 25, 13},
		{"but three at least", model.Breaker{}, 1, 3},
		{"and 200 at most", model.Breaker{}, 800, 200},
		{"another share of it", model.Breaker{Type: "BOUNDED_PERCENT", Value: 25}, 100, 25},
		{"within the same bounds", model.Breaker{Type: "BOUNDED_PERCENT", Value: 100}, 2, 3},
		{"or without them", model.Breaker{Type: "UNBOUNDED_PERCENT", Value: 50}, 800, 400},
		{"one failure is needed", model.Breaker{Type: "UNBOUNDED_PERCENT", Value: 50}, 0, 1},
		{"or a fixed count", model.Breaker{Type: "COUNT", Value: 7}, 100, 7},
	} {
		if got := Threshold(tt.b, tt.desired); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.rule, got, tt.want)
		}
	}
}

func TestBreakerTrips(t *testing.T) {
	on := model.Breaker{Enable: true}
	for _, tt := range []struct {
		rule string
		b    model.Breaker
		d    model.Deployment
		want bool
	}{
		{"at the threshold", on, model.Deployment{State: "IN_PROGRESS", Failed: 3}, true},
		{"not before", on, model.Deployment{State: "IN_PROGRESS", Failed: 2}, false},
		{"not when it is off", model.Breaker{Rollback: true}, model.Deployment{State: "IN_PROGRESS", Failed: 9}, false},
		{"not after the deployment", on, model.Deployment{State: "COMPLETED", Failed: 9}, false},
		{"only once", on, model.Deployment{State: "FAILED", Failed: 9}, false},
	} {
		if got := Trips(tt.b, tt.d, 4); got != tt.want {
			t.Errorf("%s: got %v", tt.rule, got)
		}
	}
}

func TestHealthyTaskBeginsTheCountAnew(t *testing.T) {
	for _, tt := range []struct {
		rule  string
		b     model.Breaker
		d     model.Deployment
		ready int
		want  string
	}{
		{"one more is healthy", model.Breaker{}, model.Deployment{State: "IN_PROGRESS", Failed: 2, Ready: 1}, 2, "0 2"},
		{"as many as before", model.Breaker{}, model.Deployment{State: "IN_PROGRESS", Failed: 2, Ready: 1}, 1, "2 1"},
		{"fewer", model.Breaker{}, model.Deployment{State: "IN_PROGRESS", Failed: 2, Ready: 1}, 0, "2 0"},
		{"switched off", model.Breaker{Keep: true}, model.Deployment{State: "IN_PROGRESS", Failed: 2}, 1, "2 1"},
		{"a deployment that ended counts nothing", model.Breaker{}, model.Deployment{State: "FAILED", Failed: 2}, 1, "2 0"},
	} {
		d := Healed(tt.b, tt.d, tt.ready)
		if got := fmt.Sprint(d.Failed, d.Ready); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.rule, got, tt.want)
		}
	}
}
