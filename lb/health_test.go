package lb

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/lb/rule"
)

func TestHealthSteps(t *testing.T) {
	c := model.HealthCheck{Healthy: 3, Unhealthy: 2}
	results := map[byte]result{'+': passed, '-': mismatch(503), 't': timedOut, 'x': unreached}
	for _, x := range []struct{ rule, probes, want string }{
		{"one pass makes a new target healthy", "+", "healthy"},
		{"a first failure leaves it initial", "-", "initial Elb.InitialHealthChecking: Initial health checks in progress"},
		{"a pass after a failure makes it healthy still", "-+", "healthy"},
		{"Unhealthy failures in a row make it unhealthy", "--", "unhealthy Target.ResponseCodeMismatch: Health checks failed with these codes: [503]"},
		{"a healthy one takes as many", "+-", "healthy"},
		{"and is then unhealthy, for the last reason", "+-t", "unhealthy Target.Timeout: Request timed out"},
		{"a pass in between starts the count anew", "+-+-", "healthy"},
		{"an unhealthy one needs Healthy passes", "--++", "unhealthy Target.ResponseCodeMismatch: Health checks failed with these codes: [503]"},
		{"then it is healthy", "--+++", "healthy"},
		{"passes must be in a row", "--++x++", "unhealthy Target.FailedHealthChecks: Health checks failed"},
		{"an unhealthy one shows its last reason", "--x", "unhealthy Target.FailedHealthChecks: Health checks failed"},
	} {
		var h health
		for i := range len(x.probes) {
			h = h.step(results[x.probes[i]], c)
		}
		if got := show(h.TargetHealth); got != x.want {
			t.Errorf("%s (%s): got %q, want %q", x.rule, x.probes, got, x.want)
		}
	}
}

func show(h model.TargetHealth) string {
	if h.Reason == "" {
		return h.State
	}
	return h.State + " " + h.Reason + ": " + h.Description
}

// bubble is a world without a network: its one target answers probes as outcome says.
type bubble struct {
	*world
	g       model.TargetGroup
	x       model.Target
	outcome atomic.Pointer[result]
	probes  atomic.Int64
}

// inBubble runs fn in a synctest bubble, on a real store.
func inBubble(t *testing.T, first result, fn func(b *bubble)) {
	path := filepath.Join(t.TempDir(), "state.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		b := &bubble{world: &world{t: t, s: s, p: New(s, Config{Log: slog.New(slog.DiscardHandler)})}}
		b.outcome.Store(&first)
		b.p.listen = listenNowhere
		b.p.probe = func(context.Context, *target, model.HealthCheck, rule.Matcher) result {
			b.probes.Add(1)
			return *b.outcome.Load()
		}
		b.write(func(tx *store.Tx) { store.Regions.Put(tx, model.Region{Opened: tx.Now()}) })
		lb := b.balancer("web", nil)
		b.g = b.group("web")
		b.listener(lb, "HTTP", 80, forwardTo(b.g))
		b.x = b.target(b.g, "10.0.0.1:80")
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- b.p.Run(ctx) }()
		synctest.Wait()
		fn(b)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// after lets time pass, then compares the written health.
func (b *bubble) after(d time.Duration, want string) {
	b.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	if got := show(b.health()); got != want {
		b.t.Errorf("after %v more: %q, want %q", d, got, want)
	}
}

func (b *bubble) health() (h model.TargetHealth) {
	_ = b.s.View(scope, func(tx *store.Tx) error {
		row, _ := store.Targets.Get(tx, b.x.Key())
		h = row.Health
		return nil
	})
	return h
}

func (b *bubble) now(r result) { b.outcome.Store(&r) }

const failed503 = "unhealthy Target.ResponseCodeMismatch: Health checks failed with these codes: [503]"

func TestProbing(t *testing.T) {
	inBubble(t, passed, func(b *bubble) {
		b.after(0, "healthy") // the first probe is due at once
		b.now(mismatch(503))
		b.after(31*time.Second, "healthy")
		b.after(30*time.Second, failed503)
		b.now(passed)
		b.after(4*30*time.Second, failed503)
		b.after(30*time.Second, "healthy")
	})
}

func TestNewTargetThatCannotBeReached(t *testing.T) {
	inBubble(t, unreached, func(b *bubble) {
		b.after(0, show(checking))
		b.after(650*time.Millisecond, show(checking))
		if n := b.probes.Load(); n != 3 {
			t.Errorf("%d probes after 650 ms, want those at 0, 100 and 300 ms", n)
		}
		b.now(passed)
		b.after(100*time.Millisecond, "healthy") // the one at 700 ms
	})
	inBubble(t, unreached, func(b *bubble) {
		b.after(29*time.Second, show(checking)) // early probes do not count
		b.after(2*time.Second, "unhealthy Target.FailedHealthChecks: Health checks failed")
	})
}

func TestSettledSystemIsQuiet(t *testing.T) {
	inBubble(t, passed, func(b *bubble) {
		b.after(time.Second, "healthy")
		commits, probes := b.s.Commits(), b.probes.Load()
		b.after(time.Hour, "healthy")
		if n := b.s.Commits() - commits; n != 0 {
			t.Errorf("an idle hour made %d commits", n)
		}
		if n := b.probes.Load() - probes; n != 120 {
			t.Errorf("an hour had %d probes, want one every 30 s", n)
		}
	})
}

func TestChangedHealthCheck(t *testing.T) {
	inBubble(t, passed, func(b *bubble) {
		b.g.Check.Interval, b.g.Check.Unhealthy = 5*time.Second, 3
		b.now(timedOut)
		b.write(func(tx *store.Tx) { store.TargetGroups.Put(tx, b.g) }) // probed anew, at once
		b.after(9*time.Second, "healthy")
		b.after(2*time.Second, "unhealthy Target.Timeout: Request timed out")
	})
}

func TestGroupOutOfUse(t *testing.T) {
	inBubble(t, passed, func(b *bubble) {
		var l model.Listener
		b.write(func(tx *store.Tx) {
			for l = range store.Listeners.All(tx) {
				store.Listeners.Delete(tx, l.ID)
			}
		})
		b.after(0, "")
		n := b.probes.Load()
		b.after(time.Hour, "")
		if b.probes.Load() != n {
			t.Error("a group that no listener uses was probed")
		}
		b.write(func(tx *store.Tx) { store.Listeners.Put(tx, l) })
		b.after(0, "healthy")
	})
}

func TestDisabledHealthCheck(t *testing.T) {
	inBubble(t, unreached, func(b *bubble) {
		b.g.Check.Enabled = false
		b.write(func(tx *store.Tx) { store.TargetGroups.Put(tx, b.g) })
		b.after(0, show(unchecked))
	})
}

func TestDrainingTargetWithoutRequests(t *testing.T) {
	inBubble(t, passed, func(b *bubble) {
		b.drain(b.x, time.Hour)
		n := b.probes.Load()
		b.after(time.Minute, "healthy")
		b.not("not drained", func(tx *store.Tx) bool { row, _ := store.Targets.Get(tx, b.x.Key()); return !row.Drained })
		if b.probes.Load() != n {
			t.Error("a draining target was probed")
		}
	})
}

func TestCheckURL(t *testing.T) {
	for want, c := range map[string]model.HealthCheck{
		"http://10.0.0.1:8080/":       {Port: "traffic-port"},
		"https://10.0.0.1:9/a?b=c":    {Protocol: "HTTPS", Port: "9", Path: "/a?b=c"},
		"http://10.0.0.1:8080/health": {Protocol: "HTTP", Path: "/health"},
	} {
		if got := checkURL("10.0.0.1:8080", c); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := checkURL("[::1]:80", model.HealthCheck{}); !strings.HasPrefix(got, "http://[::1]:80/") {
		t.Error(got)
	}
}
