package docker_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
)

// inTask is a container on port 80 of a task that has a network of its own.
func inTask() engine.Spec {
	s, nic := spec(0), nicIn(private, address())
	s.Network, s.Host, s.Instance, s.NIC = engine.NetworkTask, "", "", &nic
	s.Ports[0].HostPort = 0
	return s
}

// sibling is another container of the task of s, on another port.
func sibling(s engine.Spec) engine.Spec {
	s.Container, s.Env, s.Ports = "side", map[string]string{"PORT": "81"}, []engine.PortSpec{{ContainerPort: 81}}
	return s
}

// count counts the owner's containers but for machines, and network namespaces that are made in advance.
func count(t *testing.T, cli *client.Client, owner string) int {
	t.Helper()
	cs, err := cli.ContainerList(t.Context(), container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", "io.drydock.owner="+owner))})
	if err != nil {
		t.Fatal(err)
	}
	return len(slices.DeleteFunc(cs, func(c container.Summary) bool {
		return c.Labels["io.drydock.box"] == netbox.RoleInstance || strings.Contains(c.Names[0], "-spare-")
	}))
}

// eventually waits until the owner has so many containers.
func eventually(t *testing.T, cli *client.Client, owner string, want int) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); ; <-tick.C {
		got := count(t, cli, owner)
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d containers, want %d", got, want)
		}
	}
}

func TestContainersOfATaskShareLocalhost(t *testing.T) {
	cli, owner := raw(t), "test-"+ids.Hex(8)
	r := openAs(t, "", owner)
	web, other := inTask(), inTask()
	a, b, c := start(t, r, web), start(t, r, sibling(web)), start(t, r, other)
	fetch := func(st engine.Started, from string) string {
		return get(t, st.Bindings[0].Dial, "/fetch?url="+url.QueryEscape(from))
	}
	for _, st := range []engine.Started{a, b, c} {
		get(t, st.Bindings[0].Dial, "/healthz") // listens
	}
	if got := fetch(a, "http://127.0.0.1:81/healthz"); !strings.Contains(got, "ok") {
		t.Errorf("from one container of the task to the other: %q", got)
	}
	if got := fetch(b, "http://localhost:80/healthz"); !strings.Contains(got, "ok") {
		t.Errorf("and back: %q", got)
	}
	if got := fetch(a, "http://"+c.Net.IP+"/healthz"); !strings.Contains(got, "ok") {
		t.Errorf("from task to task: %q", got)
	}
	if n := count(t, cli, owner); n != 5 {
		t.Errorf("%d containers, want 3 and 2 that hold the networks", n)
	}
	for _, st := range []engine.Started{a, b, c} {
		if err := r.Remove(t.Context(), st.RuntimeID); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, cli, owner); n != 0 {
		t.Errorf("%d containers are left", n)
	}
}

func TestASettingOfTheSharedNetworkIsRefused(t *testing.T) {
	cli, owner := raw(t), "test-"+ids.Hex(8)
	r := openAs(t, "", owner)
	s := inTask()
	s.Doc.Hostname = new("web")
	if _, err := r.Start(t.Context(), s); err == nil || !strings.HasPrefix(err.Error(), engine.CannotCreate) {
		t.Errorf("start = %v", err)
	}
	if n := count(t, cli, owner); n != 0 {
		t.Errorf("%d containers are left of a start that failed", n)
	}
}

// TestNetworksOfTasksAreMadeSideBySide would take eight times as long if one task waited for another.
func TestNetworksOfTasksAreMadeSideBySide(t *testing.T) {
	raw(t)
	r := open(t, "")
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[string]bool{}
	for range 8 {
		wg.Go(func() {
			st, err := r.Start(t.Context(), inTask())
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if seen[st.Net.IP] || seen[st.Net.MAC] {
				t.Errorf("%+v is another task's too", st.Net)
			}
			seen[st.Net.IP], seen[st.Net.MAC] = true, true
		})
	}
	wg.Wait()
}

// TestWhatADeadDaemonLeftGoes has a daemon that was killed between making, or removing, a task's
// network and its container.
func TestWhatADeadDaemonLeftGoes(t *testing.T) {
	cli, owner := raw(t), "test-"+ids.Hex(8)
	r := openAs(t, "", owner)
	s := inTask()
	st := start(t, r, s)
	if err := cli.ContainerRemove(t.Context(), st.RuntimeID, container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, cli, owner); n != 1 {
		t.Fatalf("%d containers, want the one that holds the network", n)
	}
	watching(t, openAs(t, "", owner))
	eventually(t, cli, owner, 0)
}

func TestWhatOthersRemoveTakesTheNetworkAlong(t *testing.T) {
	cli, owner := raw(t), "test-"+ids.Hex(8)
	r := openAs(t, "", owner)
	watching(t, r)
	st := start(t, r, inTask())
	if err := cli.ContainerRemove(t.Context(), st.RuntimeID, container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	eventually(t, cli, owner, 0)
}

// watching watches until the test ends, and returns once all there is was told.
func watching(t *testing.T, r interface {
	Watch(context.Context, func(engine.Event)) error
}) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	synced, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- r.Watch(ctx, func(ev engine.Event) {
			if ev.Kind == engine.Synced {
				close(synced)
			}
		})
	}()
	<-synced
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestMoreOpenFilesThanTheEngineHas asks for what no engine can give, as one that may have few itself is
// asked by every container on Fargate.
func TestMoreOpenFilesThanTheEngineHas(t *testing.T) {
	raw(t)
	r := open(t, "")
	s := inTask()
	s.Files = 1 << 40
	for _, s := range []engine.Spec{s, sibling(s)} {
		if st := start(t, r, s); st.State != engine.Running || st.Net.IP == "" {
			t.Errorf("started %+v", st)
		}
	}
}
