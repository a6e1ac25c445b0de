package docker_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/docker"
	"github.com/drydock-ecs/drydock/internal/engine/runtimetest"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/probe"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// missing is refused by a registry that does not listen: no network is needed to find out.
const missing = "127.0.0.1:1/missing/web:1"

// program builds the binary of the image once. It is a test's own, so it never is the image of a
// daemon that uses the engine at the same time.
var program = sync.OnceValues(func() (engine.Image, error) {
	path := filepath.Join(scratch, "program")
	build := exec.Command("go", "build", "-o", path, "../../probe/testdata/program")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return engine.Image{}, fmt.Errorf("%w: %s", err, out)
	}
	return probe.ImageOf(path)
})

var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "drydock-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	if img, err := os.Stat(filepath.Join(scratch, "program")); err == nil && img.Size() > 0 {
		forget()
	}
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// forget removes the image that the tests imported, and the tag latest when it means that one.
func forget() {
	img, err := program()
	if err != nil {
		return
	}
	cli, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return
	}
	defer cli.Close()
	ctx, ref := context.Background(), img.Repository+":"+img.Tag
	ours, err := cli.ImageInspect(ctx, ref)
	if err != nil {
		return
	}
	if latest, err := cli.ImageInspect(ctx, img.Repository+":latest"); err == nil && latest.ID == ours.ID {
		_, _ = cli.ImageRemove(ctx, img.Repository+":latest", image.RemoveOptions{})
	}
	_, _ = cli.ImageRemove(ctx, ref, image.RemoveOptions{})
}

// raw returns a client of the engine, and skips the test where none answers.
func raw(t testing.TB) *client.Client {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a Docker engine")
	}
	cli, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err == nil {
		_, err = cli.Ping(t.Context())
	}
	if err != nil {
		if os.Getenv("DRYDOCK_TEST_ENGINE") == "required" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() { cli.Close() })
	return cli
}

// open returns a runtime with an owner of its own, whose containers go with the test.
func open(t testing.TB, host string) *docker.Runtime {
	t.Helper()
	return openAs(t, host, "test-"+ids.Hex(8))
}

func openAs(t testing.TB, host, owner string) *docker.Runtime {
	t.Helper()
	r := openBare(t, host, owner)
	raise(t, r, machine(0))
	return r
}

// openBare returns one without a machine.
func openBare(t testing.TB, host, owner string) *docker.Runtime {
	t.Helper()
	r, err := docker.New(docker.Config{Host: host, Owner: owner, Probe: program})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.RemoveAll(context.Background()); err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// spec is a container of the built-in image on the first machine that publishes port 80, as one of its own
// for 0.
func spec(at int) engine.Spec {
	if at == 0 {
		at = port()
	}
	h := machine(0)
	return engine.Spec{Scope: h.VPC.Scope, Task: ids.Hex(32), Container: "web", Image: "drydock/probe", Network: "bridge",
		Host: h.NIC.IP.String(), Instance: h.ID, VPC: h.VPC, Ports: []engine.PortSpec{{ContainerPort: 80, HostPort: at}}}
}

func start(t testing.TB, r *docker.Runtime, s engine.Spec) engine.Started {
	t.Helper()
	st, err := r.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestRuntime(t *testing.T) {
	cli := raw(t)
	runtimetest.Run(t, func(t *testing.T) runtimetest.Kit {
		r := open(t, "")
		raise(t, r, machine(1))
		return runtimetest.Kit{Runtime: r, Image: "drydock/probe:any", Missing: missing, Hosts: []engine.Host{machine(0), machine(1)},
			Ready:  func(t *testing.T, st engine.Started) { get(t, st.Bindings[0].Dial, "/healthz") },
			End:    func(t *testing.T, _ engine.Spec, st engine.Started) { get(t, st.Bindings[0].Dial, "/exit?code=7") },
			Unplug: func(t *testing.T, task string) { kill(t, cli, pauseOf(t, cli, task)) }}
	})
}

// pauseOf returns the id of the pause that the first container of a task joined.
func pauseOf(t *testing.T, cli *client.Client, task string) string {
	t.Helper()
	cs, err := cli.ContainerList(t.Context(), container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", "io.drydock.task="+task))})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cs {
		if id, ok := strings.CutPrefix(c.HostConfig.NetworkMode, "container:"); ok {
			return id
		}
	}
	t.Fatalf("no container of task %s joined a network: %v", task, cs)
	return ""
}

func kill(t *testing.T, cli *client.Client, id string) {
	t.Helper()
	if err := cli.ContainerKill(t.Context(), id, "KILL"); err != nil {
		t.Fatal(err)
	}
}
