package runtimetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/ids"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// inTask is a container of a task that has a network of its own. Its siblings listen elsewhere.
func (b *bench) inTask(name, port string) engine.Spec {
	s := b.spec(0, 80)
	s.Network, s.Container, s.Env, s.NIC = engine.NetworkTask, name, map[string]string{"PORT": port}, b.nic()
	s.Ports[0].HostPort = 0
	return s
}

// pair starts two containers of one task.
func (b *bench) pair() (one, two engine.Spec, first, second engine.Started) {
	b.Helper()
	one, two = b.inTask("web", "80"), b.inTask("side", "81")
	two.Task, two.NIC, two.Ports = one.Task, one.NIC, nil
	return one, two, b.start(one), b.start(two)
}

func taskNetwork(t *testing.T, b *bench) {
	one, _, first, second := b.pair()
	other := b.start(b.inTask("web", "80"))
	if first.Net != second.Net || first.Net.IP != one.NIC.IP.String() || first.Net.MAC != one.NIC.MAC || first.Net.ID == "" {
		t.Errorf("containers of one task: %+v and %+v, want those of %+v", first.Net, second.Net, one.NIC)
	}
	if n := other.Net; n.IP == first.Net.IP || n.MAC == first.Net.MAC || n.ID == first.Net.ID {
		t.Errorf("two tasks: %+v and %+v", first.Net, n)
	}
	if len(first.Bindings) != 1 || len(second.Bindings) != 0 {
		t.Fatalf("bindings %+v and %+v", first.Bindings, second.Bindings)
	}
	if bd := first.Bindings[0]; bd.HostPort != 0 || bd.BindIP != "" || bd.ContainerPort != 80 || bd.Protocol != "tcp" || !strings.HasSuffix(bd.Dial, ":80") {
		t.Errorf("binding %+v", bd)
	}
}

func taskNetworkIsTold(t *testing.T, b *bench) {
	one, _, first, second := b.pair()
	b.stopOnly(second)
	if again := b.start(one); again.Net != first.Net || !slices.Equal(again.Bindings, first.Bindings) {
		t.Errorf("first %+v, again %+v", first, again)
	}
	_, seen := b.watch()
	if len(seen) != 2 {
		t.Fatalf("seen %+v", seen)
	}
	for _, ev := range seen {
		if ev.Net != first.Net {
			t.Errorf("seen %+v, want %+v", ev, first.Net)
		}
		if ev.State == engine.Running && !slices.Equal(ev.Bindings, first.Bindings) {
			t.Errorf("seen %+v, started %+v", ev.Bindings, first.Bindings)
		}
	}
	b.stop(first)
	_, seen = b.watch()
	for _, ev := range seen {
		if ev.Net != (engine.Net{}) || ev.State != engine.Exited {
			t.Errorf("after the last stop: %+v", ev)
		}
	}
}

// stopOnly ends a container whose port nobody is told of.
func (b *bench) stopOnly(st engine.Started) {
	b.Helper()
	if err := b.Runtime.Stop(b.Context(), st.RuntimeID, time.Second); err != nil {
		b.Fatal(err)
	}
}

func taskNetworkGoes(t *testing.T, b *bench) {
	one, two, first, second := b.pair()
	for _, st := range []engine.Started{first, second} {
		if err := b.Runtime.Remove(t.Context(), st.RuntimeID); err != nil {
			t.Fatal(err)
		}
	}
	if _, seen := b.watch(); len(seen) != 0 {
		t.Errorf("seen %+v", seen)
	}
	again := b.start(one)
	if again.Net.ID == first.Net.ID || again.Net.IP == "" {
		t.Errorf("the next network of the task: %+v, the first %+v", again.Net, first.Net)
	}
	missing := two
	missing.Container, missing.Image = "missing", b.Missing
	b.refused(missing, engine.CannotPull)
	if st := b.start(two); st.Net != again.Net {
		t.Errorf("after a failed start of another: %+v, want %+v", st.Net, again.Net)
	}
}

func taskNetworkStays(t *testing.T, b *bench) {
	s := b.inTask("web", "80")
	s.Doc.RestartPolicy = &types.ContainerRestartPolicy{Enabled: new(true)}
	events, _ := b.watch()
	first := b.start(s)
	b.await(events, first.RuntimeID, engine.Running)
	b.End(t, s, first)
	b.await(events, first.RuntimeID, engine.Exited)
	s.Again = first.RuntimeID
	if again := b.start(s); again.Net != first.Net || !slices.Equal(again.Bindings, first.Bindings) {
		t.Errorf("first %+v, again %+v", first, again)
	}
}

func unplugged(t *testing.T, b *bench) {
	one, _, first, second := b.pair()
	events, _ := b.watch()
	b.Unplug(t, one.Task)
	ev := b.next(events)
	for ev.Kind != engine.Unplugged {
		ev = b.next(events)
	}
	if ev.Task != one.Task || ev.Scope != Scope || ev.Net.ID != first.Net.ID {
		t.Errorf("event %+v", ev)
	}
	third := one
	third.Container = "late"
	b.refused(third, engine.CannotStart)
	if again := b.start(one); again.Net.ID != first.Net.ID || again.Net.IP != "" {
		t.Errorf("what runs without a network: %+v", again)
	}
	b.seesUnplugged(first.Net.ID)
	for _, st := range []engine.Started{first, second} {
		if err := b.Runtime.Remove(t.Context(), st.RuntimeID); err != nil {
			t.Fatal(err)
		}
	}
	if st := b.start(third); st.Net.ID == first.Net.ID || st.Net.IP == "" {
		t.Errorf("the next network of the task: %+v", st.Net)
	}
}

// seesUnplugged wants a new watch to tell, before Synced, that the namespace is gone.
func (b *bench) seesUnplugged(id string) {
	b.Helper()
	told := false
	_, seen := b.watch()
	for _, ev := range seen {
		told = told || ev.Kind == engine.Unplugged && ev.Net.ID == id
	}
	if !told {
		b.Errorf("seen %+v", seen)
	}
}

func hostMode(t *testing.T, b *bench) {
	s := b.spec(0, 80)
	s.Network, s.Env = "host", map[string]string{"PORT": "8083"}
	s.Ports = []engine.PortSpec{{ContainerPort: 8083, HostPort: 8083, Protocol: "tcp"}}
	st := b.start(s)
	if len(st.Bindings) != 1 || st.Bindings[0].HostPort != 8083 || st.Bindings[0].ContainerPort != 8083 || st.Bindings[0].BindIP != "0.0.0.0" || st.Net != (engine.Net{}) {
		t.Errorf("started %+v", st)
	}
	s.Task, s.Instance, s.Host = ids.Hex(32), b.Hosts[1].ID, b.Hosts[1].NIC.IP.String()
	other := b.start(s)
	_, seen := b.watch()
	for _, ev := range seen {
		if ev.RuntimeID == st.RuntimeID && !slices.Equal(ev.Bindings, st.Bindings) || ev.RuntimeID == other.RuntimeID && !slices.Equal(ev.Bindings, other.Bindings) {
			t.Errorf("seen %+v, started %+v and %+v", ev, st, other)
		}
	}
}
