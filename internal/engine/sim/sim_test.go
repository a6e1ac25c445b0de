package sim_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/runtimetest"
	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestRuntime(t *testing.T) {
	runtimetest.Run(t, func(*testing.T) runtimetest.Kit {
		r := sim.New(sim.Config{})
		return runtimetest.Kit{Runtime: r, Image: "web:1", Missing: "missing/web:1", Hosts: []engine.Host{machine(1), machine(2)},
			End:    func(_ *testing.T, s engine.Spec, _ engine.Started) { r.End(s.Task, s.Container, 7) },
			Unplug: func(_ *testing.T, task string) { r.Unplug(task) }}
	})
}

func machine(n int) engine.Host {
	v := engine.VPC{Scope: runtimetest.Scope, ID: "vpc-1", CIDR: netip.MustParsePrefix("10.0.0.0/16")}
	return engine.Host{VPC: v, ID: fmt.Sprint("i-", n), NIC: engine.NIC{ID: fmt.Sprint("eni-", n), IP: netip.AddrFrom4([4]byte{10, 0, 0, byte(n)})}}
}

// spec is a container on the instance that is named like its task.
func spec(task string) engine.Spec {
	return engine.Spec{Task: task, Container: "web", Image: "web:1", Host: "10.0.0.1", Instance: "i-" + task, Network: "bridge",
		Ports: []engine.PortSpec{{ContainerPort: 80, HostPort: 8080}}, Doc: types.ContainerDefinition{HealthCheck: &types.HealthCheck{}}}
}

// picture watches in the bubble and draws each event as one word.
func picture(t *testing.T, r *sim.Runtime) func() string {
	var words []string
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- r.Watch(ctx, func(ev engine.Event) { words = append(words, word(ev)) })
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	synctest.Wait()
	return func() string {
		synctest.Wait()
		s := strings.Join(words, " ")
		words = nil
		return s
	}
}

func word(ev engine.Event) string {
	switch ev.Kind {
	case engine.Synced:
		return "synced"
	case engine.Lost:
		return "lost"
	}
	w := ev.Task + ":" + []string{"created", "running", "exited", "removed"}[ev.State]
	if ev.Kind == engine.Seen {
		w = "saw-" + w
	}
	if ev.State == engine.Exited {
		w += fmt.Sprint(ev.Exit)
	}
	if ev.OOM {
		w += "/oom"
	}
	if ev.Health != "" {
		w += "/" + string(ev.Health)
	}
	return w
}

func TestWhatIsTold(t *testing.T) {
	for _, c := range []struct {
		rule string
		do   func(*sim.Runtime)
		want string
	}{
		{"an end by itself carries the exit code", func(r *sim.Runtime) { r.End("a", "web", 3) }, "a:exited3"},
		{"an end for memory is told as such", func(r *sim.Runtime) { r.KillForMemory("a", "web") }, "a:exited137/oom"},
		{"health changes are told once", func(r *sim.Runtime) {
			r.SetHealth("a", "web", model.HealthUnhealthy)
			r.SetHealth("a", "web", model.HealthUnhealthy)
		}, "a:running/UNHEALTHY"},
		{"what happens while the engine is lost is seen when it returns", func(r *sim.Runtime) {
			r.Lose(errors.New("gone"))
			r.End("a", "web", 1)
			r.Return()
		}, "lost saw-a:exited1 synced"},
		{"removing what runs tells both", func(r *sim.Runtime) { _ = r.RemoveAll(context.Background()) }, "a:exited137 a:removed"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := sim.New(sim.Config{})
				told := picture(t, r)
				if _, err := r.Start(t.Context(), spec("a")); err != nil {
					t.Fatal(err)
				}
				if got := told(); got != "synced a:running a:running/HEALTHY" {
					t.Fatalf("at first: %s", got)
				}
				c.do(r)
				if got := told(); got != c.want {
					t.Errorf("told %q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestThingsTakeTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := sim.New(sim.Config{Pull: 5 * time.Second, Start: time.Second, Stop: 3 * time.Second})
		took := func(do func()) time.Duration {
			began := time.Now()
			do()
			return time.Since(began)
		}
		var st engine.Started
		if d := took(func() { st, _ = r.Start(t.Context(), spec("a")) }); d != 6*time.Second || st.PullStopped.Sub(st.PullStarted) != 5*time.Second {
			t.Errorf("the first start took %v: %+v", d, st)
		}
		if d := took(func() { _, _ = r.Start(t.Context(), spec("b")) }); d != time.Second {
			t.Errorf("the second start took %v", d)
		}
		if d := took(func() { _ = r.Stop(t.Context(), st.RuntimeID, 30*time.Second) }); d != 3*time.Second {
			t.Errorf("stop took %v", d)
		}
		b, _ := r.Start(t.Context(), spec("b"))
		if d := took(func() { _ = r.Stop(t.Context(), b.RuntimeID, time.Second) }); d != time.Second {
			t.Errorf("stop with a short grace took %v", d)
		}
		if b, _ = r.Start(t.Context(), spec("b")); b.Exit != 137 {
			t.Errorf("killed after the grace period: %+v", b)
		}
	})
}

func TestALostEngineRefusesNothing(t *testing.T) {
	r := sim.New(sim.Config{})
	r.Lose(errors.New("gone"))
	_, err := r.Start(t.Context(), spec("a"))
	var refusal *engine.Error
	if err == nil || errors.As(err, &refusal) {
		t.Errorf("start = %v", err)
	}
}

func BenchmarkStart(b *testing.B) {
	r := sim.New(sim.Config{})
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		s := spec(fmt.Sprint(n))
		if _, err := r.Start(b.Context(), s); err != nil {
			b.Fatal(err)
		}
	}
}
