package agent

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
)

// What a fact may be told, one after the other.
var (
	r1      = engine.Started{RuntimeID: "r1", State: engine.Running}
	starts  = told(engine.Changed, engine.Running)
	ends    = told(engine.Changed, engine.Exited)
	goes    = told(engine.Changed, engine.Removed)
	denied  = replied(engine.Started{}, &engine.Error{Name: engine.CannotPull, Message: "no"})
	silence = replied(engine.Started{}, errors.New("EOF"))
)

func told(kind engine.EventKind, s engine.State) func(*fact) {
	return func(f *fact) {
		f.see(engine.Event{Kind: kind, At: at, RuntimeID: "r1", State: s, Exit: 7}, 0)
	}
}

func probed(h model.Health) func(*fact) {
	return func(f *fact) { f.see(engine.Event{At: at, RuntimeID: "r1", State: engine.Running, Health: h}, 0) }
}

func replied(st engine.Started, err error) func(*fact) {
	return func(f *fact) { f.started(st, err, 0, at) }
}

func stopDone(f *fact) { f.stopped(nil, at) }

func missed(f *fact) { f.missed(1) }

func TestFact(t *testing.T) {
	for _, c := range []struct {
		rule string
		do   []func(*fact)
		want string
	}{
		{"a start that was answered runs", []func(*fact){replied(r1, nil)}, "running since=0s"},
		{"its event may come first", []func(*fact){starts, replied(r1, nil)}, "running since=0s"},
		{"its end may come before its answer", []func(*fact){starts, ends, replied(r1, nil)}, "ended exit=7"},
		{"its end may be the answer", []func(*fact){replied(engine.Started{RuntimeID: "r1", State: engine.Exited, Exit: 3}, nil)}, "ended exit=3 freed"},
		{"an end holds its ports", []func(*fact){starts, ends}, "ended exit=7"},
		{"until a stop is answered", []func(*fact){starts, ends, stopDone}, "ended exit=7 freed"},
		{"an end after the stop was answered holds none", []func(*fact){starts, stopDone, ends}, "ended exit=7 freed"},
		{"an end seen later holds none", []func(*fact){told(engine.Seen, engine.Exited)}, "ended exit=7 freed"},
		{"a stop that was answered waits for the end", []func(*fact){starts, stopDone}, "running since=0s freed again=5s"},
		{"what is removed is gone, its exit code is not", []func(*fact){starts, ends, goes}, "gone exit=7 freed"},
		{"what was never started leaves no trace", []func(*fact){told(engine.Changed, engine.Created), goes}, "absent"},
		{"a round that misses it says that it is gone", []func(*fact){starts, missed}, "gone freed"},
		{"but not while its start is under way", []func(*fact){func(f *fact) { f.call = starting }, starts, missed}, "running since=0s"},
		{"a probe does not outlive its container", []func(*fact){starts, ends, probed(model.HealthHealthy)}, "ended exit=7"},
		{"the last probe counts", []func(*fact){starts, probed(model.HealthHealthy), probed(model.HealthUnhealthy)}, "running since=0s UNHEALTHY"},
		{"a refusal is final", []func(*fact){denied}, "absent CannotPullContainerError: no"},
		{"silence is not", []func(*fact){silence}, "absent again=1s"},
		{"unless it lasts", []func(*fact){silence, silence, silence, silence, silence}, "absent CannotStartContainerError: EOF again=16s"},
		{"the end of an older container means nothing", []func(*fact){replied(engine.Started{RuntimeID: "r2"}, nil), ends, goes}, "running since=0s"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			f := fact{name: "web"}
			for _, do := range c.do {
				do(&f)
			}
			if got := f.picture(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func (f *fact) picture() string {
	s := [...]string{"absent", "created", "running", "ended", "gone"}[f.phase]
	if f.phase == running {
		s += fmt.Sprintf(" since=%v", f.since.Sub(at))
	}
	if f.exit != nil {
		s += fmt.Sprintf(" exit=%d", *f.exit)
	}
	if f.health != "" {
		s += " " + string(f.health)
	}
	if f.err != nil {
		s += " " + f.err.Error()
	}
	if f.freed {
		s += " freed"
	}
	if f.again != (time.Time{}) {
		s += fmt.Sprintf(" again=%v", f.again.Sub(at))
	}
	return s
}
