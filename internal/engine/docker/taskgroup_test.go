package docker_test

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/docker"
	"github.com/drydock-ecs/drydock/internal/ids"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// together skips the test where the limits of tasks are those of each container.
func together(t testing.TB, r *docker.Runtime) {
	t.Helper()
	info, err := r.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range info.Caveats {
		if strings.Contains(c, "instead of all together") {
			t.Skip(c)
		}
	}
}

// left returns the cgroups of an owner's tasks, of all hierarchies.
func left(t testing.TB, owner string) (dirs []string) {
	t.Helper()
	const root = "/sys/fs/cgroup"
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.Contains(path, "drydock-"+owner+"/") {
			dirs = append(dirs, path)
		}
		return nil // what others make and remove meanwhile is not ours
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// of returns a container of a task with limits of its own.
func of(task, name string) engine.Spec {
	s := spec(0)
	s.Task, s.Container, s.CPUs, s.TaskMemory = task, name, 512, 96<<20
	return s
}

func removeByHand(t testing.TB, cli *client.Client, id string) {
	t.Helper()
	if err := cli.ContainerRemove(t.Context(), id, container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
}

// eat takes so many MiB in a container, which may not live to answer.
func eat(st engine.Started, mb int) {
	c, err := net.Dial("tcp", st.Bindings[0].Dial)
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = fmt.Fprintf(c, "GET /alloc?mb=%d&seconds=60 HTTP/1.0\r\n\r\n", mb)
	_, _ = io.Copy(io.Discard, c)
}

func TestLimitsOfATaskBindItsContainersTogether(t *testing.T) {
	raw(t)
	owner := "test-" + ids.Hex(8)
	r := openAs(t, "", owner)
	together(t, r)
	task := ids.Hex(32)
	one, two := start(t, r, of(task, "one")), start(t, r, of(task, "two"))
	next := watch(t, r)
	for next().Kind != engine.Synced {
	}
	get(t, one.Bindings[0].Dial, "/healthz")
	if got := get(t, one.Bindings[0].Dial, "/alloc?mb=60&seconds=60"); !strings.Contains(got, "60") {
		t.Fatal(got)
	}
	get(t, two.Bindings[0].Dial, "/healthz")
	go eat(two, 60)
	if ev := next(); ev.State != engine.Exited || ev.Exit != 137 || !ev.OOM {
		t.Errorf("60 and 60 MiB of 96: %+v", ev)
	}
	for _, st := range []engine.Started{one, two} {
		if err := r.Remove(t.Context(), st.RuntimeID); err != nil {
			t.Fatal(err)
		}
	}
	if dirs := left(t, owner); len(dirs) > 0 {
		t.Errorf("left behind: %v", dirs)
	}
}

func TestTheCgroupOfATaskHasItsLimits(t *testing.T) {
	raw(t)
	owner := "test-" + ids.Hex(8)
	r := openAs(t, "", owner)
	together(t, r)
	s := of(ids.Hex(32), "web")
	s.Memory = 32 << 20
	st := start(t, r, s)
	read := func(one, two string) string {
		for _, path := range []string{one, two} {
			dir, name := filepath.Split(path)
			if got, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", dir, "drydock-"+owner, s.Task, name)); err == nil {
				return strings.TrimSpace(string(got))
			}
		}
		return ""
	}
	if got := read("cpu/cpu.cfs_quota_us", "cpu.max"); got != "50000" && got != "50000 100000" {
		t.Errorf("cpu of the task: %q", got)
	}
	if got := read("memory/memory.limit_in_bytes", "memory.max"); got != "100663296" {
		t.Errorf("memory of the task: %q", got)
	}
	if got := cgroup(t, st, "memory/memory.limit_in_bytes", "memory.max"); got != "33554432" {
		t.Errorf("memory of the container: %q", got)
	}
	if got := cgroup(t, st, "cpu/cpu.cfs_quota_us", "cpu.max"); got != "-1" && got != "max 100000" {
		t.Errorf("cpu of the container: %q", got)
	}
}

func TestNoCgroupIsLeftBehind(t *testing.T) {
	cli, owner := raw(t), "test-"+ids.Hex(8)
	r := openAs(t, "", owner)
	together(t, r)
	none := func(when string) {
		t.Helper()
		if dirs := left(t, owner); len(dirs) > 0 {
			t.Errorf("%s: %v", when, dirs)
		}
	}
	s := of(ids.Hex(32), "web")
	s.Image = missing
	if _, err := r.Start(t.Context(), s); err == nil {
		t.Error("it starts")
	}
	none("after an image that is missing")
	s = of(ids.Hex(32), "web")
	s.Command = []string{"/nothing"}
	s.Doc.EntryPoint = []string{"/nothing"}
	if _, err := r.Start(t.Context(), s); err == nil {
		t.Error("it starts")
	}
	none("after a command that is missing")

	start(t, r, of(ids.Hex(32), "web"))
	start(t, r, of(ids.Hex(32), "web"))
	if len(left(t, owner)) == 0 {
		t.Error("there are no cgroups")
	}
	if err := r.RemoveAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	none("after a reset")

	raise(t, r, machine(0))
	st := start(t, r, of(ids.Hex(32), "web"))
	removeByHand(t, cli, st.RuntimeID) // and nobody watches, as when the daemon was killed
	if len(left(t, owner)) == 0 {
		t.Error("the cgroup of the task goes by itself")
	}
	later := openAs(t, "", owner)
	next := watch(t, later)
	for next().Kind != engine.Synced {
	}
	none("once another daemon has looked around")

	st = start(t, later, of(ids.Hex(32), "web"))
	removeByHand(t, cli, st.RuntimeID)
	for ev := next(); ev.State != engine.Removed || ev.RuntimeID != st.RuntimeID; ev = next() {
	}
	none("after a removal past the daemon")
}
