package rollout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

var now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// copyOf reads a copy from words such as "a old ready z:b i:2".
func copyOf(words string) Copy {
	fs := strings.Fields(words)
	c := Copy{ID: fs[0], Deployment: "new", Zone: "z", Instance: "i", Created: now.Add(-time.Hour), Balanced: true}
	for _, f := range fs[1:] {
		switch key, value, _ := strings.Cut(f, ":"); key {
		case "old":
			c.Deployment = "old"
		case "ready":
			c.Running, c.Serving, c.Started = true, true, now.Add(-time.Hour)
		case "running":
			c.Running, c.Started = true, now.Add(-time.Minute)
		case "failing":
			c.Running, c.Failing, c.Started = true, true, now.Add(-time.Minute)
		case "sick":
			c.Running, c.Serving, c.Checked, c.Health, c.Started = true, true, true, model.HealthUnhealthy, now.Add(-time.Minute)
		case "stopping":
			c.Stopping = true
		case "leaving":
			c.Leaving = true
		case "alone": // no load balancer, runs for so many seconds
			d, _ := time.ParseDuration(value)
			c.Balanced, c.Running, c.Started = false, true, now.Add(-d)
		case "z":
			c.Zone = value
		case "i":
			c.Instance = value
		case "at":
			c.Spots = strings.Split(value, ",")
		case "free":
			_, _ = fmt.Sscan(value, &c.Free)
			c.Needs = 10
		case "young":
			c.Created = now
		case "last":
			c.Last = true
		case "protected":
			c.Protected = now.Add(time.Minute)
		}
	}
	return c
}

func service(desired, least, most int) Service {
	return Service{Desired: desired, MinPercent: least, MaxPercent: most, Primary: "new", Settling: Settling}
}

func show(p Plan) string {
	s := fmt.Sprintf("start %d", p.Start)
	if len(p.On) > 0 {
		s += " on " + strings.Join(p.On, ",")
	}
	if len(p.Into) > 0 {
		s += " into " + strings.Join(p.Into, ",")
	}
	if len(p.Kept) > 0 {
		s += " kept " + strings.Join(p.Kept, ",")
	}
	if len(p.Stop) > 0 {
		s += " stop " + strings.Join(p.Stop, ",")
	}
	if len(p.Failed) > 0 {
		s += " failed " + strings.Join(p.Failed, ",")
	}
	for _, w := range []struct {
		is   bool
		word string
	}{{p.Steady, " steady"}, {p.Stuck, " stuck"}, {p.Held, " held"}} {
		if w.is {
			s += w.word
		}
	}
	if !p.Again.IsZero() {
		s += " again " + p.Again.Sub(now).String()
	}
	return s
}

func halted(desired, least, most int) Service {
	s := service(desired, least, most)
	s.Halted = true
	return s
}

// packed is a service of so many that packs, spread over zones before that or not.
func packed(desired int, spread bool) Service {
	s := service(desired, 100, 200)
	s.Chain = []Step{Pack}
	if spread {
		s.Chain = []Step{Spread, Pack}
	}
	return s
}

// racked is a service of so many that spreads over racks.
func racked(desired int) Service {
	s := service(desired, 100, 200)
	s.Chain = []Step{Spread}
	return s
}

// balanced is a service of so many that rebalances over zones.
func balanced(desired, most int, moving bool, zones ...string) Service {
	s := service(desired, 100, most)
	s.Zones, s.Moving = zones, moving
	return s
}

var held, grace, ending = Service{Desired: 1, MinPercent: 100, MaxPercent: 200, Primary: "new", Until: now.Add(9 * time.Second)},
	Service{Desired: 1, MinPercent: 100, MaxPercent: 200, Primary: "new", Grace: 90 * time.Second},
	Service{Desired: 2, MinPercent: 100, MaxPercent: 200, Primary: "new", Ending: true}

var rules = []struct {
	rule   string
	s      Service
	copies []string
	want   string
}{
	{"a new service starts all", service(4, 100, 200), nil, "start 4"},
	{"a service of none is steady", service(0, 100, 200), nil, "start 0 steady"},
	{"all ready is steady", service(2, 100, 200), []string{"a ready", "b ready"}, "start 0 steady"},
	{"not healthy yet is not steady", service(2, 100, 200), []string{"a ready", "b running"}, "start 0"},
	{"a copy that still stops is not steady", service(1, 100, 200), []string{"a ready", "b old stopping"}, "start 0"},
	{"what was asked to stop is replaced at once", service(2, 100, 200), []string{"a ready", "b ready stopping"}, "start 1"},
	{"an update starts up to the maximum", service(2, 100, 200), []string{"a old ready", "b old ready"}, "start 2"},
	{"the maximum is rounded down", service(3, 100, 150), []string{"a old ready", "b old ready", "c old ready"}, "start 1"},
	{"the minimum is rounded up", service(3, 50, 100), []string{"a old ready", "b old ready", "c old ready"}, "start 0 stop a"},
	{"old ones go as new ones become ready", service(2, 100, 200), []string{"a old ready", "b old ready", "c ready", "d running"}, "start 0 stop a"},
	{"old ones that do not run go first", service(2, 100, 200), []string{"a old ready", "b old"}, "start 2 stop b"},
	{"old ones still warming up stay while they may be needed", service(1, 100, 200), []string{"a old running"}, "start 1"},
	{"old ones still warming up go once others are ready", service(1, 100, 200), []string{"a old running", "b ready"}, "start 0 stop a"},
	{"percents that forbid every step are told", service(1, 100, 100), []string{"a old ready"}, "start 0 stuck"},
	{"a leaving copy is replaced before it stops", service(1, 100, 200), []string{"a ready leaving"}, "start 1"},
	{"a leaving copy stops once it is replaced", service(1, 100, 200), []string{"a ready leaving", "b ready"}, "start 0 stop a"},
	{"a leaving copy that does not run stops at once", service(1, 100, 200), []string{"a leaving"}, "start 1 stop a"},
	{"leaving ones go before old ones", service(2, 50, 100), []string{"a old ready", "b ready leaving"}, "start 0 stop b"},
	{"a failing copy is replaced before it stops", service(1, 100, 200), []string{"a failing"}, "start 1"},
	{"a failing copy stops once it is replaced", service(1, 100, 200), []string{"a failing", "b ready"}, "start 0 stop a failed a"},
	{"a failing copy stops first where the maximum leaves no room", service(1, 0, 100), []string{"a failing"}, "start 0 stop a failed a"},
	{"a failing copy of an old deployment stops at once", service(1, 100, 200), []string{"a old failing"}, "start 1 stop a failed a"},
	{"a copy whose container check fails is failing", service(1, 100, 200), []string{"a sick", "b ready"}, "start 0 stop a failed a"},
	{"in the grace period failing is overlooked", grace, []string{"a failing"}, "start 0 again 30s"},
	{"without checks a task counts after 40 seconds", service(1, 100, 200), []string{"a alone:10s"}, "start 0 again 30s"},
	{"without checks a task is ready after 40 seconds", service(1, 100, 200), []string{"a alone:41s"}, "start 0 steady"},
	{"the throttle holds starts back", held, nil, "start 0 held again 9s"},
	{"scale-in takes what is of least use", service(1, 100, 200), []string{"a ready", "b running", "c"}, "start 0 stop c,b"},
	{"scale-in takes from the fullest zone", service(2, 100, 200), []string{"a ready z:x", "b ready z:x", "c ready z:y"}, "start 0 stop a"},
	{"scale-in takes from the fullest instance of the zone", service(3, 100, 200), []string{"a ready i:1", "b ready i:2", "c ready i:2", "d ready z:y"}, "start 0 stop b"},
	{"a packed service leaves the emptiest instance", packed(3, false), []string{"a ready i:1 free:50", "b ready i:2 free:70", "c ready i:1 free:50", "d ready i:2 free:70"}, "start 0 stop b"},
	{"and clears it", packed(2, false), []string{"a ready i:1 free:50", "b ready i:2 free:45", "c ready i:1 free:50"}, "start 0 stop a"},
	{"what went before counts", packed(1, false), []string{"a ready i:1 free:50", "b ready i:2 free:45", "c ready i:1 free:50"}, "start 0 stop a,c"},
	{"unless zones come first", packed(2, true), []string{"a ready z:x at:x,- i:1 free:50", "b ready z:x at:x,- i:1 free:50", "c ready z:y at:y,- i:2 free:90"}, "start 0 stop a"},
	{"scale-in takes from the fullest value of an attribute", racked(2), []string{"a ready z:x at:r1", "b ready z:x at:r2", "c ready z:y at:r2"}, "start 0 stop b"},
	{"what went before counts there, too", racked(2), []string{"a ready z:x at:r1", "b ready z:x at:r2", "c ready z:y at:r2", "d ready z:w at:r2"}, "start 0 stop b,c"},
	{"of equal values, the fullest zone goes", racked(3), []string{"a ready z:x at:r1", "b ready z:y at:r2", "c ready z:y at:r1", "d ready z:y at:r2"}, "start 0 stop b"},
	{"of equals the youngest goes", service(1, 100, 200), []string{"a ready", "b ready young"}, "start 0 stop b"},
	{"protection keeps a copy from scale-in", service(1, 100, 200), []string{"a ready protected", "b ready"}, "start 0 stop b again 1m0s"},
	{"protected copies beyond the desired count stay", service(1, 100, 200), []string{"a ready protected", "b ready protected"}, "start 0 kept a,b again 1m0s"},
	{"protection keeps an old copy", service(1, 100, 200), []string{"a old ready protected", "b ready"}, "start 0 kept a again 1m0s"},
	{"protected old copies count towards the maximum", service(1, 0, 100), []string{"a old ready protected"}, "start 0 kept a again 1m0s"},
	{"a draining instance waits for protected copies", service(1, 100, 200), []string{"a ready leaving protected", "b ready"}, "start 0 kept a again 1m0s"},
	{"a protected copy that fails is replaced", service(1, 100, 200), []string{"a failing protected", "b ready"}, "start 0 stop a failed a"},
	{"a deployment that failed starts nothing", halted(2, 50, 200), []string{"a old ready", "b old ready"}, "start 0"},
	{"for a deployment that failed none makes way", halted(2, 0, 200), []string{"a old ready", "b old", "c ready"}, "start 0"},
	{"failing copies of a deployment that failed go", halted(2, 100, 200), []string{"a old ready", "b failing"}, "start 0 stop b failed b"},
	{"a deployment that failed is scaled in", halted(0, 100, 200), []string{"a ready"}, "start 0 stop a"},
	{"balance starts where none are", balanced(2, 200, false, "x", "y"), []string{"a ready z:x", "b ready z:x"}, "start 0 into y"},
	{"several at once, in the emptiest zones", balanced(6, 200, false, "x", "y", "w"),
		[]string{"a ready z:x", "b ready z:x", "c ready z:x", "d ready z:x", "e ready z:x", "f ready z:y"}, "start 0 into w,w,y"},
	{"within the maximum", balanced(4, 125, false, "x", "y"), []string{"a ready z:x", "b ready z:x", "c ready z:x", "d ready z:x"}, "start 0 into y"},
	{"not at all without room above the desired count", balanced(2, 100, false, "x", "y"), []string{"a ready z:x", "b ready z:x"}, "start 0 steady"},
	{"one apart is balance", balanced(3, 200, false, "x", "y"), []string{"a ready z:x", "b ready z:x", "c ready z:y"}, "start 0 steady"},
	{"a zone without room is no goal", balanced(2, 200, false, "x"), []string{"a ready z:x", "b ready z:x"}, "start 0 steady"},
	{"only a settled service rebalances", balanced(2, 200, false, "x", "y"), []string{"a ready z:x", "b running z:x"}, "start 0"},
	{"nobody makes way for a newcomer before it is ready", balanced(2, 200, true, "x", "y"), []string{"a ready z:x", "b ready z:x", "c running z:y"}, "start 0"},
	{"the fullest zone makes way for one that is", balanced(2, 200, true, "x", "y"), []string{"a ready z:x", "b ready z:x", "c ready z:y"}, "start 0 stop a"},
	{"what ends meanwhile is replaced by the newcomer", balanced(2, 200, true, "x", "y"), []string{"a ready z:x", "c running z:y"}, "start 0"},
	{"scale-in during a rebalance leaves the newcomer", balanced(1, 200, true, "x", "y"), []string{"a ready z:x", "b ready z:x", "c z:y"}, "start 0 stop a"},
	{"a service of none needs no newcomer", balanced(0, 200, true, "x", "y"), []string{"a ready z:x", "c z:y"}, "start 0 stop c,a"},
	{"protected copies do not move", balanced(2, 200, false, "x", "y"), []string{"a ready z:x protected", "b ready z:x protected"}, "start 0 steady again 1m0s"},
	{"a service that ends stops all", ending, []string{"a ready", "b", "c stopping"}, "start 0 stop a,b"},
}

func TestNext(t *testing.T) {
	for _, tt := range rules {
		t.Run(tt.rule, func(t *testing.T) {
			var copies []Copy
			for _, w := range tt.copies {
				copies = append(copies, copyOf(w))
			}
			if got := show(Next(now, tt.s, copies)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestThrottle(t *testing.T) {
	var got []time.Duration
	for n := 1; n <= 12; n++ {
		got = append(got, Delay(n))
	}
	want := "[0s 0s 15s 30s 1m0s 2m0s 4m0s 8m0s 16m0s 27m0s 27m0s 27m0s]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
	none := func(d time.Duration) time.Duration { return d }
	var th model.Throttle
	for attempt := range 4 {
		born := now.Add(time.Duration(attempt) * time.Hour)
		for range 3 { // tasks of one attempt count once
			th = Fail(th, born, born.Add(time.Second), none)
		}
		if Impaired(th) != (attempt >= 2) {
			t.Errorf("after attempt %d: %+v", attempt, th)
		}
	}
	if th.Failures != 4 || th.Until.Sub(th.At) != 30*time.Second {
		t.Errorf("after four attempts: %+v", th)
	}
}

// world applies plans the way control, agent and load balancer do, in random order.
type world struct {
	s      Service
	now    time.Time
	copies []Copy
	born   int
}

func (w *world) apply(p Plan) {
	for i := range w.copies {
		if slices.Contains(p.Stop, w.copies[i].ID) {
			w.copies[i].Stopping = true
		}
	}
	for range p.Start {
		w.born++
		w.copies = append(w.copies, Copy{ID: fmt.Sprintf("t%03d", w.born), Deployment: w.s.Primary, Created: w.now,
			Zone: fmt.Sprint("z", w.born%3), Instance: fmt.Sprint("i", w.born%5), Balanced: w.born%2 == 0})
	}
}

// progress moves some copies one step on.
func (w *world) progress(rnd *rand.Rand) {
	w.now = w.now.Add(20 * time.Second)
	w.copies = slices.DeleteFunc(w.copies, func(c Copy) bool { return c.Stopping && rnd.IntN(2) == 0 })
	for i := range w.copies {
		switch c := &w.copies[i]; {
		case rnd.IntN(3) == 0:
		case !c.Running:
			c.Running, c.Started = true, w.now
		default:
			c.Serving = true
		}
	}
}

// stable checks that a task set would be called steady where nothing is left to do.
func (w *world) stable(t *testing.T, seed uint64) {
	t.Helper()
	if !Stable(w.now, w.s, w.copies) {
		t.Fatalf("seed %d: the plan is steady, but not stable: %+v %+v", seed, w.s, w.copies)
	}
}

func (w *world) counts() (live, ready int) {
	b := newBoard(w.now, w.s, w.copies)
	return b.live, b.ready
}

func TestRolloutKeepsWithinPercentsAndSettles(t *testing.T) {
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		w := &world{now: now, s: service(1+rnd.IntN(9), rnd.IntN(3)*50, 100+rnd.IntN(3)*50)}
		if w.s.MinPercent == 100 && w.s.Desired*w.s.MaxPercent/100 == w.s.Desired {
			w.s.MinPercent = 0 // such percents forbid every update
		}
		if least := (w.s.Desired*w.s.MinPercent + 99) / 100; least == w.s.Desired*w.s.MaxPercent/100 {
			w.s.MaxPercent = 200
		}
		w.s.Primary = "first"
		w.settle(t, seed, rnd)
		w.s.Primary = "second"
		w.settle(t, seed, rnd)
		for i := range w.copies {
			w.copies[i].Leaving = rnd.IntN(2) == 0
		}
		w.settle(t, seed, rnd)
	}
}

// settle runs until the plan is steady, watching the limits in every step.
func (w *world) settle(t *testing.T, seed uint64, rnd *rand.Rand) {
	t.Helper()
	_, before := w.counts()
	least := min((w.s.Desired*w.s.MinPercent+99)/100, before)
	for range 200 {
		live, ready := w.counts()
		p := Next(w.now, w.s, w.copies)
		if p.Steady {
			w.stable(t, seed)
			return
		}
		explains(t, p)
		w.apply(p)
		most := max(w.s.Desired*w.s.MaxPercent/100, live)
		after, still := w.counts()
		if after > most {
			t.Fatalf("seed %d: %d copies live, at most %d allowed", seed, after, most)
		}
		if least = max(least, min(ready, (w.s.Desired*w.s.MinPercent+99)/100)); still < least {
			t.Fatalf("seed %d: %d copies ready, at least %d wanted", seed, still, least)
		}
		w.progress(rnd)
	}
	t.Fatalf("seed %d: not steady after 200 steps: %+v %+v", seed, w.s, w.copies)
}

// TestEveryStateSettles starts from arbitrary states, failing copies among them.
func TestEveryStateSettles(t *testing.T) {
	words := []string{"ready", "running", "failing", "sick", "", "stopping", "old ready", "old running", "old failing", "old",
		"ready leaving", "leaving", "failing leaving", "alone:5s", "old alone:50s", "ready protected", "old ready protected"}
	for seed := range uint64(500) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		w := &world{now: now, s: service(rnd.IntN(6), rnd.IntN(2)*50, 200)}
		for i := range rnd.IntN(10) {
			w.copies = append(w.copies, copyOf(fmt.Sprintf("c%d %s z:%d i:%d", i, words[rnd.IntN(len(words))], rnd.IntN(3), rnd.IntN(4))))
		}
		w.converge(t, seed, rnd)
	}
}

func (w *world) converge(t *testing.T, seed uint64, rnd *rand.Rand) {
	for range 100 {
		p := Next(w.now, w.s, w.copies)
		if p.Steady {
			w.stable(t, seed)
			return
		}
		explains(t, p)
		w.apply(p)
		w.progress(rnd)
		for i := range w.copies { // nothing new fails, and what failed does not recover
			w.copies[i].Serving = w.copies[i].Serving && !w.copies[i].Failing
		}
	}
	t.Fatalf("seed %d: not steady: %+v %+v", seed, w.s, w.copies)
}

func BenchmarkNext(b *testing.B) {
	for _, n := range []int{10, 1000, 5000} {
		b.Run(fmt.Sprintf("copies=%d", n), func(b *testing.B) {
			var copies []Copy
			for i := range n {
				copies = append(copies, copyOf(fmt.Sprintf("c%05d ready z:%d i:%d", i, i%3, i%100)))
			}
			s := service(n, 100, 200)
			for b.Loop() {
				if !Next(now, s, copies).Steady {
					b.Fatal("not steady")
				}
			}
		})
	}
}
