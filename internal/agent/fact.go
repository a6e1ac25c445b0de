package agent

import (
	"errors"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
)

// phase is where a container stands on the engine, as far as it told.
type phase int8

const (
	absent phase = iota // not there, or not heard of
	created
	running
	ended // it ran; what is left of it is there
	gone  // it ran; nothing is left
)

// call is what the engine is being asked about a container.
type call int8

const (
	idle     call = iota
	queued        // waits for its turn to start
	starting      // until Start answered, nothing is concluded from events
	stopping
	removing
)

const (
	retry     = time.Second     // before a call that was not answered is made again; then twice as long,
	doublings = 5               // and so on up to 32 s
	patience  = 5 * time.Second // for the end of a container after its Stop was answered
	tries     = 5               // starts not answered, by an engine that is there, before giving up
)

// fact is what the agent knows of one container beyond its row. Nothing of it is lost with the
// process: the engine tells it again.
type fact struct {
	name    string
	made    engine.Started
	phase   phase
	found   bool // it runs by an earlier daemon's doing; an event does not tell all that Start does
	call    call
	since   time.Time // when it was first known to run
	over    time.Time // when it ended
	exit    *int
	oom     bool
	health  model.Health
	err     error             // why it cannot start, as the engine put it
	failed  int               // calls in a row that were not answered
	again   time.Time         // no further call before; after a Stop, the end of patience
	restart bool              // its start is one of a container that ended
	freed   bool              // a Stop was answered: its host ports are free, and so is the network of its task
	ports   []engine.PortSpec // with the host ports that were chosen for it; nil before its first start
	round   int64             // the last round of Seen in which it was there
}

// see takes in an event about the container.
func (f *fact) see(e engine.Event, round int64) {
	if f.made.RuntimeID != e.RuntimeID {
		if f.made.RuntimeID != "" && e.State >= engine.Exited {
			return // the end of an older container of that name
		}
		*f = fact{name: f.name, call: f.call, ports: f.ports, made: engine.Started{RuntimeID: e.RuntimeID}}
	}
	f.round = round
	if f.phase == ended && (e.Health == model.HealthHealthy || e.Health == model.HealthUnhealthy) {
		return // a probe that outlived its container
	}
	if e.Health != "" {
		f.health = e.Health
	}
	if len(e.Bindings) > 0 {
		f.made.Bindings = e.Bindings
	}
	if e.Net.ID != "" {
		f.made.Net = e.Net
	}
	switch e.State {
	case engine.Created:
		if f.phase == absent {
			f.phase = created
		}
	case engine.Running:
		f.found = f.found || f.phase != running && f.call != starting
		f.runs(e.At)
	case engine.Exited:
		exit := e.Exit
		f.over = wall(e.At)
		if !e.Began.IsZero() {
			f.since = wall(e.Began)
		}
		f.phase, f.exit, f.oom, f.again = ended, &exit, e.OOM, time.Time{}
		f.freed = f.freed || e.Kind == engine.Seen && e.Net.IP == ""
	case engine.Removed:
		f.vanish()
	}
}

func (f *fact) runs(at time.Time) {
	if f.phase == running {
		return
	}
	if f.restart && f.health != "" {
		f.health = model.HealthUnknown
	}
	f.phase, f.since, f.freed, f.again, f.exit = running, wall(at), false, time.Time{}, nil
}

// vanish notes that the container is not on the engine.
func (f *fact) vanish() {
	switch f.phase {
	case running, ended:
		f.phase, f.freed = gone, true
	case created:
		f.phase, f.made = absent, engine.Started{}
	}
}

// missed notes that a whole round of Seen passed without the container.
func (f *fact) missed(round int64) {
	if f.round < round && f.call != starting {
		f.vanish()
	}
}

// started takes in the answer to a Start that was asked in the given round.
func (f *fact) started(st engine.Started, err error, round int64, now time.Time) {
	f.call, f.round = idle, max(f.round, round)
	st.PullStarted, st.PullStopped = wall(st.PullStarted), wall(st.PullStopped)
	if st.RuntimeID != "" {
		if len(st.Bindings) == 0 {
			st.Bindings = f.made.Bindings
		}
		if f.phase == absent {
			f.phase = created
		}
		f.made = st
	}
	var refusal *engine.Error
	switch {
	case err == nil && st.State == engine.Exited:
		f.phase, f.exit, f.oom, f.freed = ended, &st.Exit, st.OOM, st.Net.IP == ""
		if f.over.IsZero() {
			f.over = wall(now)
		}
	case err == nil:
		f.found, f.failed, f.again, f.restart = false, 0, time.Time{}, false
		if f.phase <= created { // it may have ended meanwhile
			f.runs(now)
		}
	case errors.As(err, &refusal):
		f.err = refusal
		f.made.PullStarted, f.made.PullStopped = st.PullStarted, st.PullStopped
	default:
		f.unanswered(now)
		if f.failed >= tries {
			f.err = &engine.Error{Name: engine.CannotStart, Message: err.Error()}
		}
	}
}

// wall returns t as rows keep times: in UTC, whole microseconds, no monotonic part.
func wall(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// stopped takes in the answer to Stop. The end itself is told by an event.
func (f *fact) stopped(err error, now time.Time) {
	f.call = idle
	if err != nil {
		f.unanswered(now)
		return
	}
	f.failed, f.freed, f.again = 0, true, time.Time{}
	if f.phase == running {
		f.again = wall(now.Add(patience))
	}
}

// removed takes in the answer to Remove.
func (f *fact) removed(err error, now time.Time) {
	f.call = idle
	if err != nil {
		f.unanswered(now)
		return
	}
	f.failed = 0
	f.vanish()
}

func (f *fact) unanswered(now time.Time) {
	f.failed++
	f.again = wall(now.Add(retry << min(f.failed-1, doublings)))
}

// present reports whether something of the container is, or may soon be, on the engine.
func (f *fact) present() bool {
	return f.call != idle || f.phase == created || f.phase == running || f.phase == ended
}
