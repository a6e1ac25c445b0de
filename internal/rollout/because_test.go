package rollout

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// explains fails a test for a plan that does nothing and does not say why, or that stops more or fewer
// tasks than it says.
func explains(t *testing.T, p Plan) {
	t.Helper()
	if p.Start == 0 && len(p.Stop) == 0 && len(p.Because.Holds) == 0 {
		t.Fatalf("does nothing and does not say why: %+v", p)
	}
	n := 0
	for _, s := range p.Because.Stopped {
		n += s.Tasks.N
	}
	if n != len(p.Stop) {
		t.Fatalf("stops %d and explains %d: %+v", len(p.Stop), n, p)
	}
}

// told prints why a plan is as it is.
func told(b Because) string {
	var all []string
	for _, s := range b.Stopped {
		all = append(all, fmt.Sprintf("%s %s", s.Rule, strings.Join(s.Tasks.IDs, ",")))
	}
	for _, h := range b.Holds {
		s := fmt.Sprintf("%s %d", h.Bar, h.N)
		if len(h.Tasks.IDs) > 0 {
			s += " " + strings.Join(h.Tasks.IDs, ",")
		}
		if !h.Until.IsZero() {
			s += fmt.Sprintf(" until +%v", h.Until.Sub(now))
		}
		if h.Detail != "" {
			s += ": " + h.Detail
		}
		all = append(all, s)
	}
	return strings.Join(all, "; ")
}

func TestBecause(t *testing.T) {
	halted, throttled, ending, graced := service(2, 100, 200), service(2, 100, 200), service(2, 100, 200), service(1, 100, 200)
	halted.Halted, throttled.Until, ending.Ending, graced.Grace = true, now.Add(15*time.Second), true, time.Hour
	for _, c := range []struct {
		rule   string
		s      Service
		copies []string
		want   string
	}{
		{"nothing holds a steady service back", service(1, 100, 200), []string{"a ready"}, ""},
		{"maximumPercent lets fewer start than are missing", service(2, 100, 150), []string{"a old ready", "b old ready"}, "maximumPercent 1; minimumHealthyPercent 2 a,b"},
		{"old ones wait for new ones to be ready", service(1, 100, 200), []string{"a old ready", "b running"}, "minimumHealthyPercent 1 a; health 1 b: its target is not healthy yet"},
		{"old ones go once they can be spared", service(1, 100, 200), []string{"a old ready", "b ready"}, "old a"},
		{"old ones that do not serve yet go at once", service(1, 100, 200), []string{"a old", "b ready"}, "old-idle a"},
		{"starting ones are waited for", service(1, 100, 200), []string{"a"}, "starting 1 a"},
		{"without checks tasks run for a while", service(1, 100, 200), []string{"a alone:10s"}, "health 1 a until +30s: it has no health check and is healthy once it has run for a while"},
		{"failing ones are kept until the replacement is ready", service(1, 100, 200), []string{"a failing"}, "health 1 a: its target is unhealthy"},
		{"failing ones go then", service(1, 100, 200), []string{"a sick", "b ready"}, "unhealthy a"},
		{"a container check that fails during the grace period", graced, []string{"a sick"}, "health 1 a: its container health check fails"},
		{"the throttle holds starts back", throttled, []string{"a ready"}, "throttle 1 until +15s"},
		{"a failed deployment starts nothing", halted, []string{"a ready"}, "failed 1"},
		{"surplus goes", service(1, 100, 200), []string{"a ready", "b ready young"}, "surplus b"},
		{"protection keeps surplus", service(1, 100, 200), []string{"a ready protected", "b ready protected"}, "protection 2 a,b until +1m0s"},
		{"tasks of leaving instances go when they can be spared", service(1, 0, 200), []string{"a ready leaving"}, "leaving a"},
		{"tasks that stop already are named", service(1, 100, 200), []string{"a ready", "b stopping"}, "stopping 1 b"},
		{"of a service that is deleted all go", ending, []string{"a ready", "b stopping"}, "ending a; stopping 1 b"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var copies []Copy
			for _, words := range c.copies {
				copies = append(copies, copyOf(words))
			}
			if got := told(Next(now, c.s, copies).Because); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestBecauseOfDaemons(t *testing.T) {
	for _, c := range []struct {
		rule     string
		eligible string
		copies   []string
		want     string
	}{
		{"of two on one instance the younger goes", "i", []string{"a ready", "b ready young"}, "double b"},
		{"of what leaves an instance the daemon goes last", "i", []string{"a ready", "b ready leaving last i:2"}, "others 1 b"},
		{"old ones are needed", "i", []string{"a ready old"}, "minimumHealthyPercent 1 a"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var copies []Copy
			for _, words := range c.copies {
				copies = append(copies, copyOf(words))
			}
			eligible := strings.Split(c.eligible, ",")
			if got := told(Daemon(now, service(len(eligible), 100, 100), copies, eligible).Because); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestFoundTellsTheBounds(t *testing.T) {
	var copies []Copy
	for _, words := range []string{"a old ready", "b ready", "c", "d stopping"} {
		copies = append(copies, copyOf(words))
	}
	got := Next(now, service(3, 50, 150), copies).Because.Found
	if want := (model.Found{Desired: 3, Live: 3, Current: 2, Ready: 2, Max: 150, Min: 50, Most: 4, Least: 2}); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if many := Next(now, service(0, 0, 100), slices.Repeat([]Copy{copyOf("a ready")}, 30)).Because.Stopped[0].Tasks; many.N != 30 || len(many.IDs) != 10 {
		t.Errorf("of many tasks %d of %d are named", len(many.IDs), many.N)
	}
}
