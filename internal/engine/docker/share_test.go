package docker_test

import (
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/ids"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/volume"
)

func TestContainersOfATaskShareWhatTheyAreToldTo(t *testing.T) {
	cli, owner := raw(t), "test-"+ids.Hex(8)
	r := openAs(t, "", owner)
	one, two := spec(0), spec(0)
	two.Task, two.Container = one.Task, "two"
	for _, s := range []*engine.Spec{&one, &two} {
		s.PID, s.IPC = engine.ShareTask, engine.ShareTask
	}
	a, b := start(t, r, one), start(t, r, two)
	for _, st := range []engine.Started{a, b} {
		if p := inside(t, st); p.PID == 1 {
			t.Errorf("it is the first process of a namespace of its own: %+v", p)
		}
		if got := file(t, st, "/proc/1/cmdline"); got != "/drydock\x00probe\x00pause\x00" {
			t.Errorf("the first process is %q", got)
		}
	}
	get(t, a.Bindings[0].Dial, "/write?path=/dev/shm/note&text=hello")
	if got := file(t, b, "/dev/shm/note"); got != "hello" {
		t.Errorf("shared memory of the other: %q", got)
	}
	if ev := seenAs(t, r, b.RuntimeID, engine.Running); ev.Container != "two" {
		t.Errorf("seen %+v", ev)
	}
	if err := r.Remove(t.Context(), a.RuntimeID); err != nil {
		t.Fatal(err)
	}
	if n := count(t, cli, owner); n != 3 {
		t.Errorf("%d containers, want the other one, its network and what it shares", n)
	}
	if got := get(t, b.Bindings[0].Dial, "/healthz"); got != "ok\n" {
		t.Errorf("the other one does not run on: %q", got)
	}
	if err := r.Remove(t.Context(), b.RuntimeID); err != nil {
		t.Fatal(err)
	}
	if n := count(t, cli, owner); n != 0 {
		t.Errorf("%d containers are left", n)
	}
}

func TestDockerVolumes(t *testing.T) {
	cli, own := raw(t), "drydock-test-"+ids.Hex(8)
	r := open(t, "")
	made, err := cli.VolumeCreate(t.Context(), volume.CreateOptions{Name: own})
	if err != nil {
		t.Fatal(err)
	}
	s := spec(0)
	other := machine(2) // whose volumes no other run has
	other.ID = "i-" + ids.Hex(17)
	raise(t, r, other)
	s.Instance, s.Host = other.ID, other.NIC.IP.String()
	s.Binds = []engine.Bind{
		{Volume: "scratch", Target: "/task", Docker: &types.DockerVolumeConfiguration{Scope: types.ScopeTask, Driver: new("local"),
			DriverOpts: map[string]string{"type": "tmpfs", "device": "tmpfs", "o": "size=2m"}, Labels: map[string]string{"purpose": "test"}}},
		{Volume: "data", Target: "/shared", Docker: &types.DockerVolumeConfiguration{Scope: types.ScopeShared, Autoprovision: new(true)}},
		{Volume: own, Target: "/own", ReadOnly: true, Docker: &types.DockerVolumeConfiguration{Scope: types.ScopeShared}}}
	st := start(t, r, s)
	mounts := file(t, st, "/proc/mounts")
	if m := line(mounts, "tmpfs /task"); !strings.Contains(m, "size=2048k") {
		t.Errorf("driver options: %s", mounts)
	}
	if got := get(t, st.Bindings[0].Dial, "/write?path=/own/x&text=x"); !strings.Contains(got, "read-only") {
		t.Errorf("a read-only mount: %s", got)
	}
	get(t, st.Bindings[0].Dial, "/write?path=/shared/note&text=hello")
	in, err := cli.ContainerInspect(t.Context(), st.RuntimeID)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, m := range in.Mounts {
		names[m.Destination] = m.Name
	}
	t.Cleanup(func() {
		for _, n := range []string{names["/shared"], made.Name} {
			if err := cli.VolumeRemove(t.Context(), n, true); err != nil && !cerrdefs.IsNotFound(err) {
				t.Log(err)
			}
		}
	})
	if v, err := cli.VolumeInspect(t.Context(), names["/task"]); err != nil || v.Labels["purpose"] != "test" {
		t.Errorf("the task's volume: %+v, %v", v, err)
	}
	if err := r.Remove(t.Context(), st.RuntimeID); err != nil {
		t.Fatal(err)
	}
	if _, err := cli.VolumeInspect(t.Context(), names["/task"]); !cerrdefs.IsNotFound(err) {
		t.Errorf("the task's volume outlives it: %v", err)
	}
	next := spec(0)
	next.Instance, next.Host, next.Binds = s.Instance, s.Host, s.Binds[1:2]
	st = start(t, r, next)
	if got := file(t, st, "/shared/note"); got != "hello" {
		t.Errorf("what the next task on the instance finds: %q", got)
	}
	if err := r.RemoveAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := cli.VolumeInspect(t.Context(), names["/shared"]); err != nil {
		t.Errorf("a shared volume is gone: %v", err)
	}
	if err := r.Forget(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := cli.VolumeInspect(t.Context(), names["/shared"]); !cerrdefs.IsNotFound(err) {
		t.Errorf("a shared volume outlives a reset: %v", err)
	}
	if err := cli.VolumeRemove(t.Context(), own, true); err != nil {
		t.Error(err)
	}
}
