package docker_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/docker"
	"github.com/drydock-ecs/drydock/internal/ids"

	"github.com/docker/docker/client"
)

// dockerd is an engine of the test's own, on a bridge of its own, that can be stopped.
type dockerd struct {
	t         *testing.T
	dir, link string
	cmd       *exec.Cmd
}

func engineOf(t *testing.T) *dockerd {
	t.Helper()
	raw(t).Close() // skips where there is none
	if os.Geteuid() != 0 {
		t.Skip("an engine of one's own is started by root")
	}
	dir, err := os.MkdirTemp("", "dd") // short: a socket's path has a limit
	if err != nil {
		t.Fatal(err)
	}
	e := &dockerd{t: t, dir: dir, link: "ddh" + ids.Hex(8)}
	e.sh("ip", "link", "add", "name", e.link, "type", "bridge")
	e.sh("ip", "addr", "add", "10.213.78.1/24", "dev", e.link)
	e.sh("ip", "link", "set", e.link, "up")
	t.Cleanup(func() {
		e.stop()
		e.sh("ip", "link", "del", e.link)
		_ = os.RemoveAll(dir)
	})
	e.run()
	return e
}

func (e *dockerd) sh(name string, args ...string) {
	e.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		e.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func (e *dockerd) host() string { return "unix://" + e.dir + "/d.sock" }

func (e *dockerd) run() {
	e.t.Helper()
	e.cmd = exec.Command("dockerd", "--host", e.host(), "--data-root", filepath.Join(e.dir, "data"), "--exec-root", filepath.Join(e.dir, "exec"),
		"--pidfile", filepath.Join(e.dir, "pid"), "--bridge", e.link)
	if err := e.cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	cli, err := client.NewClientWithOpts(client.WithHost(e.host()), client.WithAPIVersionNegotiation())
	if err != nil {
		e.t.Fatal(err)
	}
	defer cli.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-tick.C {
		if _, err := cli.Ping(context.Background()); err == nil {
			return
		}
		if time.Now().After(deadline) {
			e.t.Fatal("the engine did not start")
		}
	}
}

func (e *dockerd) stop() {
	if e.cmd == nil {
		return
	}
	_ = e.cmd.Process.Signal(os.Interrupt)
	_ = e.cmd.Wait()
	e.cmd = nil
	mounts, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[1], e.dir+"/") {
			_ = syscall.Unmount(f[1], syscall.MNT_DETACH)
		}
	}
}

func TestMachinesComeBackWithTheEngine(t *testing.T) {
	e := engineOf(t)
	g := &grounds{t: t, owner: "test-" + ids.Hex(8), dir: t.TempDir()}
	var err error
	if g.cli, err = client.NewClientWithOpts(client.WithHost(e.host()), client.WithAPIVersionNegotiation()); err != nil {
		t.Fatal(err)
	}
	if g.r, err = docker.New(docker.Config{Host: e.host(), Owner: g.owner, Probe: program, Dir: g.dir}); err != nil {
		t.Fatal(err)
	}
	a := at(vpc("a"), 5, open80("0.0.0.0/0"))
	g.raise(a)
	g.serve(a)
	if g.ask(a, a.NIC.IP, "/healthz") != "" || g.ask(a, noAddr, "/healthz") == "" {
		t.Fatal("it does not answer, or at an address that the gateway has not")
	}
	events := make(chan engine.Event, 100)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = g.r.Watch(ctx, func(ev engine.Event) { events <- ev }) })
	until := func(kind engine.EventKind) {
		t.Helper()
		for ev := range events {
			if ev.Kind == engine.HostDown {
				t.Error("the machine is told to be down")
			}
			if ev.Kind == kind {
				return
			}
		}
	}
	until(engine.Synced)
	e.stop()
	until(engine.Lost)
	e.run()
	until(engine.Synced)
	g.serve(a)
	if got := g.ask(a, noAddr, "/healthz"); got == "" {
		t.Error("it does not answer after the engine came back")
	}
	cancel()
	wg.Wait()
	if err := g.r.RemoveAll(context.Background()); err != nil {
		t.Error(err)
	}
	g.empty(context.Background())
	if err := g.r.Close(); err != nil {
		t.Error(err)
	}
}
