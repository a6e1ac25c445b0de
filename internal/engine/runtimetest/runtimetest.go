// Package runtimetest is the contract of a container engine as tests: whatever the agent drives
// passes them, the Docker engine and the simulated one alike.
package runtimetest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Runtime is what the agent needs of an engine.
type Runtime interface {
	Start(ctx context.Context, s engine.Spec) (engine.Started, error)
	Stop(ctx context.Context, runtimeID string, grace time.Duration) error
	Remove(ctx context.Context, runtimeID string) error
	Watch(ctx context.Context, tell func(engine.Event)) error
}

// Kit is an engine under test.
type Kit struct {
	Runtime Runtime
	Image   string        // runs until SIGTERM, then ends with 0; listens on 80
	Missing string        // cannot be pulled, and says so without a network
	Hosts   []engine.Host // machines of two instances that stand, in one VPC
	// Ready returns once what was started heeds SIGTERM: a process that has only begun does not yet.
	// Nil when it does from the start.
	Ready func(*testing.T, engine.Started)
	// End makes a container end by itself.
	End func(*testing.T, engine.Spec, engine.Started)
	// Unplug ends the network namespace of a task from outside.
	Unplug func(t *testing.T, task string)
}

// limit is how long one step may take on a busy machine.
const limit = time.Minute

// Scope is that of all containers of the suite.
var Scope = model.Scope{Account: "123456789012", Region: "eu-west-1"}

// Run runs the suite; newKit returns an engine without containers, which it cleans up itself.
func Run(t *testing.T, newKit func(t *testing.T) Kit) {
	for _, rule := range []struct {
		name string
		test func(*testing.T, *bench)
	}{
		{"a started container runs, with host ports of its own", startBinds},
		{"starting what is there adopts it", startAdopts},
		{"starting what ended tells how it ended", startTellsTheEnd},
		{"a fixed host port is free on every instance, once", fixedPorts},
		{"a freed host port can be taken at once", portIsFreed},
		{"an image that cannot be pulled is refused in the agent's words", missingImage},
		{"a start nobody waits for is no refusal", startCancelled},
		{"stop ends a container, and tells so", stopEnds},
		{"stopping and removing what is gone is no error", goneIsNoError},
		{"watch tells what is there before it tells changes", watchTellsAll},
		{"watch ends with its context and returns nil", watchEnds},
		{"a removed container is not seen again", removedIsGone},
		{"a passing health check is told", healthIsTold},
		{"in host mode ports are the container's own, on the instance", hostMode},
		{"containers of a task share its network, each task has its own", taskNetwork},
		{"the network of a task is told anew, and outlives what ended in it", taskNetworkIsTold},
		{"the network of a task goes with its last container", taskNetworkGoes},
		{"a container started again keeps the network of its task", taskNetworkStays},
		{"a network that ends before its task is told", unplugged},
	} {
		t.Run(rule.name, func(t *testing.T) {
			rule.test(t, &bench{T: t, Kit: newKit(t)})
		})
	}
}

// bench is one test at work.
type bench struct {
	*testing.T
	Kit
	ports int // given, above those of the tests themselves
	nics  int // given
}

// port is a host port that no other container has.
func (b *bench) port() int {
	b.ports++
	return 49152 + b.ports
}

// nic is a network interface of the VPC that nobody has; none of the first addresses.
func (b *bench) nic() *engine.NIC {
	b.nics++
	ip := b.Hosts[0].VPC.CIDR.Masked().Addr()
	for range 50 + b.nics {
		ip = ip.Next()
	}
	all := []engine.Pass{{Protocol: -1, Peers: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}}
	return &engine.NIC{ID: "eni-" + ids.Hex(17), IP: ip, MAC: fmt.Sprintf("0a:00:00:00:00:%02x", b.nics),
		Firewall: engine.Firewall{In: all, Out: all}}
}

// spec is a container on a host that publishes port 80 as the given host port; one of its own for 0.
func (b *bench) spec(host, port int) engine.Spec {
	if port == 0 {
		port = b.port()
	}
	h := b.Hosts[host]
	return engine.Spec{Scope: Scope, Task: ids.Hex(32), Container: "web", Image: b.Image, Network: "bridge",
		Host: h.NIC.IP.String(), Instance: h.ID, VPC: h.VPC, Ports: []engine.PortSpec{{ContainerPort: 80, HostPort: port, Protocol: "tcp"}},
		Labels: map[string]string{"com.amazonaws.ecs.container-name": "web"}, Memory: 64 << 20}
}

func (b *bench) start(s engine.Spec) engine.Started {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), limit)
	defer cancel()
	st, err := b.Runtime.Start(ctx, s)
	if err != nil {
		b.Fatalf("start: %v", err)
	}
	return st
}

// stop ends a container that has come as far as to heed it.
func (b *bench) stop(st engine.Started) {
	b.Helper()
	if b.Ready != nil {
		b.Ready(b.T, st)
	}
	if err := b.Runtime.Stop(b.Context(), st.RuntimeID, 10*time.Second); err != nil {
		b.Fatal(err)
	}
}

// refused starts s and wants the named error.
func (b *bench) refused(s engine.Spec, name string) *engine.Error {
	b.Helper()
	st, err := b.Runtime.Start(b.Context(), s)
	var e *engine.Error
	if !errors.As(err, &e) || e.Name != name {
		b.Fatalf("start = %+v, %v; want %s", st, err, name)
	}
	return e
}

// watch begins to watch, and takes what is there up to Synced.
func (b *bench) watch() (events <-chan engine.Event, seen []engine.Event) {
	b.Helper()
	c := make(chan engine.Event, 1024)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- b.Runtime.Watch(ctx, func(ev engine.Event) { c <- ev }) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Errorf("watch: %v", err)
		}
	})
	for {
		ev := b.next(c)
		switch ev.Kind {
		case engine.Seen, engine.Unplugged:
			seen = append(seen, ev)
		case engine.Synced:
			return c, seen
		default:
			b.Fatalf("before Synced: %+v", ev)
		}
	}
}

func (b *bench) next(c <-chan engine.Event) engine.Event {
	b.Helper()
	select {
	case ev := <-c:
		return ev
	case <-time.After(limit):
		b.Fatal("no event")
		return engine.Event{}
	}
}

// await takes events until one says that the container is in the state.
func (b *bench) await(c <-chan engine.Event, id string, s engine.State) engine.Event {
	b.Helper()
	for {
		if ev := b.next(c); ev.RuntimeID == id && ev.State == s {
			return ev
		}
	}
}

func startBinds(t *testing.T, b *bench) {
	s := b.spec(0, 0)
	s.Ports = append(s.Ports, engine.PortSpec{ContainerPort: 81, HostPort: b.port()}, engine.PortSpec{ContainerPort: 53, HostPort: s.Ports[0].HostPort, Protocol: "udp"})
	one, two := b.start(s), b.start(b.spec(0, 0))
	if one.State != engine.Running || one.RuntimeID == "" || one.RuntimeID == two.RuntimeID {
		t.Errorf("started %+v and %+v", one, two)
	}
	if !one.PullStarted.IsZero() && one.PullStopped.Before(one.PullStarted) {
		t.Errorf("pulled from %v to %v", one.PullStarted, one.PullStopped)
	}
	used := map[model.HostPort]bool{}
	for _, bd := range append(slices.Clone(one.Bindings), two.Bindings...) {
		p := model.HostPort{Port: bd.HostPort, Protocol: bd.Protocol}
		if bd.HostPort < 1024 || used[p] || bd.BindIP != "0.0.0.0" || !strings.Contains(bd.Dial, ":") {
			t.Errorf("binding %+v", bd)
		}
		used[p] = true
	}
	if len(used) != 4 {
		t.Errorf("%d ports bound, want 4", len(used))
	}
}

func startAdopts(t *testing.T, b *bench) {
	s := b.spec(0, 0)
	first, again := b.start(s), b.start(s)
	if first.RuntimeID != again.RuntimeID || again.State != engine.Running || !slices.Equal(first.Bindings, again.Bindings) {
		t.Errorf("first %+v, again %+v", first, again)
	}
}

func startTellsTheEnd(t *testing.T, b *bench) {
	s := b.spec(0, 0)
	st := b.start(s)
	b.stop(st)
	if again := b.start(s); again.State != engine.Exited || again.Exit != 0 || again.RuntimeID != st.RuntimeID {
		t.Errorf("again %+v", again)
	}
}

func fixedPorts(t *testing.T, b *bench) {
	for host := range b.Hosts {
		st := b.start(b.spec(host, 8081))
		if len(st.Bindings) != 1 || st.Bindings[0].HostPort != 8081 {
			t.Errorf("bindings %+v", st.Bindings)
		}
	}
	late := b.spec(0, 8081)
	if e := b.refused(late, engine.CannotStart); !strings.Contains(e.Message, "Bind for 0.0.0.0:8081 failed: port is already allocated") {
		t.Errorf("message %q", e.Message)
	}
	_, seen := b.watch()
	if i := slices.IndexFunc(seen, func(ev engine.Event) bool { return ev.Task == late.Task }); i >= 0 {
		t.Errorf("a failed start left %+v", seen[i])
	}
}

func portIsFreed(t *testing.T, b *bench) {
	st := b.start(b.spec(0, 8082))
	if err := b.Runtime.Stop(t.Context(), st.RuntimeID, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	b.start(b.spec(0, 8082))
}

func missingImage(t *testing.T, b *bench) {
	s := b.spec(0, 0)
	s.Image = b.Missing
	if e := b.refused(s, engine.CannotPull); e.Message == "" {
		t.Error("no message")
	}
}

func startCancelled(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := b.spec(0, 0)
	s.Image = b.Missing
	_, err := b.Runtime.Start(ctx, s)
	var e *engine.Error
	if err == nil || errors.As(err, &e) {
		t.Errorf("start = %v, want an error that is no *engine.Error", err)
	}
}

func stopEnds(t *testing.T, b *bench) {
	events, _ := b.watch()
	s := b.spec(0, 0)
	st := b.start(s)
	b.await(events, st.RuntimeID, engine.Running)
	b.stop(st)
	ev := b.await(events, st.RuntimeID, engine.Exited)
	if ev.Exit != 0 || ev.OOM || ev.Task != s.Task || ev.Container != s.Container || ev.Scope != Scope || ev.At.IsZero() {
		t.Errorf("event %+v", ev)
	}
}

func goneIsNoError(t *testing.T, b *bench) {
	st := b.start(b.spec(0, 0))
	for range 2 {
		if err := b.Runtime.Stop(t.Context(), st.RuntimeID, time.Second); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
	for range 2 {
		if err := b.Runtime.Remove(t.Context(), st.RuntimeID); err != nil {
			t.Errorf("remove: %v", err)
		}
	}
	if err := b.Runtime.Stop(t.Context(), strings.Repeat("0", 64), time.Second); err != nil {
		t.Errorf("stop of what never was: %v", err)
	}
}

func watchTellsAll(t *testing.T, b *bench) {
	running, ended := b.start(b.spec(0, 0)), b.start(b.spec(1, 0))
	b.stop(ended)
	_, seen := b.watch()
	if len(seen) != 2 {
		t.Fatalf("seen %+v", seen)
	}
	for _, ev := range seen {
		switch ev.RuntimeID {
		case running.RuntimeID:
			if ev.State != engine.Running || !slices.Equal(ev.Bindings, running.Bindings) {
				t.Errorf("seen %+v, started %+v", ev, running)
			}
		case ended.RuntimeID:
			if ev.State != engine.Exited || ev.Exit != 0 || ev.OOM {
				t.Errorf("seen %+v", ev)
			}
		default:
			t.Errorf("seen %+v", ev)
		}
	}
}

func watchEnds(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(t.Context())
	err := b.Runtime.Watch(ctx, func(ev engine.Event) {
		if ev.Kind == engine.Synced {
			cancel()
		}
	})
	cancel()
	if err != nil {
		t.Errorf("watch = %v", err)
	}
}

func removedIsGone(t *testing.T, b *bench) {
	events, _ := b.watch()
	st := b.start(b.spec(0, 0))
	if err := b.Runtime.Remove(t.Context(), st.RuntimeID); err != nil {
		t.Fatal(err)
	}
	b.await(events, st.RuntimeID, engine.Removed)
	if _, seen := b.watch(); len(seen) != 0 {
		t.Errorf("seen %+v", seen)
	}
}

func healthIsTold(_ *testing.T, b *bench) {
	events, _ := b.watch()
	s := b.spec(0, 0)
	s.Doc.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "/drydock", "probe", "check"}, Interval: new(int32(5))}
	st := b.start(s)
	for {
		if ev := b.await(events, st.RuntimeID, engine.Running); ev.Health == model.HealthHealthy {
			return
		}
	}
}
