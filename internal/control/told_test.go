package control

import (
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// told counts the events of the service that have a part.
func (w *world) told(part string) int { return strings.Count(w.events(0), part) }

func TestWhatIsStillSoIsToldEverySixHours(t *testing.T) {
	for _, c := range []struct {
		rule, part string
		begin      func(w *world)
		end        func(w *world)
	}{
		{"a steady state", "has reached a steady state.", func(w *world) { w.ready(2) }, func(w *world) { w.update(func(s *model.Service) { s.Desired = 99 }) }},
		{"no place", "was unable to place a task", func(w *world) { w.def(1, 0); w.service(1, false); w.after(time.Minute) }, func(w *world) { w.instance("i-1", "us-east-1a") }},
		{"percents that forbid every step", "was unable to stop or start tasks during a deployment", func(w *world) {
			w.ready(1)
			w.update(func(s *model.Service) { s.Spec.MaxPercent = 100 })
			w.update(rollTo(2, true))
			w.after(time.Minute)
		}, func(w *world) { w.update(func(s *model.Service) { s.Spec.MaxPercent = 200 }) }},
		{"tasks that do not start", "is unable to consistently start tasks", func(w *world) {
			w.broken = "web:1"
			w.ready(1)
		}, func(w *world) { w.do(func(*store.Tx) { w.broken = "" }) }},
	} {
		t.Run(c.rule, func(t *testing.T) {
			scenario(t, func(w *world) {
				c.begin(w)
				once := w.told(c.part)
				w.after(5*time.Hour + 55*time.Minute)
				if n := w.told(c.part); once != 1 || n != 1 {
					t.Errorf("told %d times, and %d before six hours passed:\n%s", once, n, w.events(0))
				}
				w.after(5*time.Hour + 20*time.Minute) // the throttle needs up to 27 minutes to end
				if n := w.told(c.part); n != 2 {
					t.Errorf("told %d times before twelve hours passed:\n%s", n, w.events(0))
				}
				c.end(w)
				w.after(30 * time.Minute)
				w.after(24 * time.Hour)
				if n := w.told(c.part); n != 2 && c.rule != "a steady state" {
					t.Errorf("told %d times, and it is over:\n%s", n, w.events(0))
				}
			})
		})
	}
}

func TestTimeScaleDividesTheSixHours(t *testing.T) {
	scenario(t, func(w *world) {
		w.c.Scale = 60
		w.ready(1)
		w.after(7 * time.Minute)
		if n := w.told("has reached a steady state."); n != 2 {
			t.Errorf("told %d times", n)
		}
	})
}
