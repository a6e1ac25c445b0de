package control

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// story prints the steps of the service web.
func (w *world) story() string {
	var lines []string
	w.do(func(tx *store.Tx) {
		s, _ := store.Stories.Get(tx, "demo/web")
		for _, step := range s.Steps {
			f := step.Found
			line := fmt.Sprintf("%d/%d live %d ready", f.Live, f.Desired, f.Ready)
			if step.Started.N > 0 {
				line += fmt.Sprintf(", start %d", step.Started.N)
			}
			for _, by := range step.Stopped {
				line += fmt.Sprintf(", stop %d %s", by.Tasks.N, by.Rule)
			}
			for _, h := range step.Holds {
				line += fmt.Sprintf(", %s %d", h.Bar, h.N)
				if !h.Until.IsZero() {
					line += fmt.Sprintf(" for %v", h.Until.Sub(step.At))
				}
			}
			if step.Steady {
				line += ", steady"
			}
			lines = append(lines, line)
		}
	})
	return strings.Join(lines, "\n")
}

func (w *world) wantStory(lines ...string) {
	w.Helper()
	if got, want := w.story(), strings.Join(lines, "\n"); got != want {
		w.Fatalf("\n got %s\nwant %s", strings.ReplaceAll(got, "\n", "\n     "), strings.ReplaceAll(want, "\n", "\n     "))
	}
}

// forget drops the steps so far.
func (w *world) forget() {
	w.do(func(tx *store.Tx) { store.Stories.Delete(tx, "demo/web") })
}

func TestStoryOfAnUpdateThatMaximumPercentHoldsBack(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(2)
		w.forget()
		w.update(func(s *model.Service) {
			s.Spec.MaxPercent = 150
			rollTo(2, true)(s)
		})
		w.after(5 * time.Minute)
		w.wantStory(
			"2/2 live 2 ready, start 1, maximumPercent 1, minimumHealthyPercent 2",
			"3/2 live 2 ready, maximumPercent 1, minimumHealthyPercent 2, health 1",
			"3/2 live 3 ready, stop 1 old, maximumPercent 1, minimumHealthyPercent 1",
			"2/2 live 2 ready, start 1, minimumHealthyPercent 1, stopping 1",
			"3/2 live 2 ready, minimumHealthyPercent 1, health 1",
			"3/2 live 3 ready, stop 1 old",
			"2/2 live 2 ready, stopping 1",
			"2/2 live 2 ready, steady",
		)
	})
}

func TestStoryOfTasksThatDoNotStart(t *testing.T) {
	scenario(t, func(w *world) {
		w.broken = "web:1"
		w.instance("i-1", "us-east-1a")
		w.def(1, 0)
		w.service(1, false)
		w.after(10 * time.Second)
		if got := w.story(); !strings.HasSuffix(got, "0/1 live 0 ready, throttle 1 for 15s") {
			t.Errorf("\n%s", got)
		}
	})
}

func TestStoryOfAServiceWithoutAPlace(t *testing.T) {
	scenario(t, func(w *world) {
		w.def(1, 80)
		w.service(2, false)
		w.after(time.Second)
		w.wantStory("0/2 live 0 ready, place 2")
		w.instance("i-1", "us-east-1a")
		w.after(time.Minute)
		w.wantStory(
			"0/2 live 0 ready, place 2",
			"0/2 live 0 ready, start 1, place 1",
			"1/2 live 1 ready, place 1",
		)
		w.instance("i-2", "us-east-1b")
		w.after(time.Hour)
		if got := w.story(); !strings.HasSuffix(got, "2/2 live 2 ready, steady") {
			t.Errorf("\n%s", got)
		}
		w.do(func(tx *store.Tx) {
			var got []string
			for d := range store.DecisionsBy.Each(tx, store.GroupKey("demo", "service:web")) {
				line := fmt.Sprintf("placed on one of %d", d.Choice.Able)
				if !d.Placed() {
					line = fmt.Sprintf("refused by %d", d.Choice.Candidates)
				}
				for _, c := range d.Choice.Codes {
					line += fmt.Sprintf(", %s %d", c.Code, c.N)
				}
				got = append(got, line)
			}
			want := "refused by 0; placed on one of 1; refused by 1, RESOURCE:PORTS 1; placed on one of 1, RESOURCE:PORTS 1"
			if s := strings.Join(got, "; "); s != want {
				t.Errorf("decisions\n got %s\nwant %s", s, want)
			}
		})
	})
}

func TestStoryOfScalingIn(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(4)
		w.forget()
		w.update(func(s *model.Service) { s.Desired = 1 })
		w.after(time.Minute)
		w.wantStory("4/1 live 4 ready, stop 3 surplus", "1/1 live 1 ready, stopping 3", "1/1 live 1 ready, steady")
	})
}

func TestStoriesAreBounded(t *testing.T) {
	scenario(t, func(w *world) {
		w.ready(1)
		for i := range 2 * stepsKept {
			w.update(func(s *model.Service) { s.Desired = 1 + i%2 })
			w.after(time.Minute)
		}
		if n := strings.Count(w.story(), "\n") + 1; n != stepsKept {
			t.Errorf("%d steps", n)
		}
	})
}
