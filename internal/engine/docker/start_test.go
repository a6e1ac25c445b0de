package docker_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/ids"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
)

// get asks a container at an address where it was said to answer. Its server may need a moment.
func get(t testing.TB, dial, path string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+dial+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			if ctx.Err() != nil {
				t.Fatal(err)
			}
			continue
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
}

func TestAFailedStartIsNamedAndLeavesNothing(t *testing.T) {
	cli, owner := raw(t), "test-"+ids.Hex(8)
	r := openAs(t, "", owner)
	start(t, r, spec(8080))
	taken := spec(8080)
	unchosen, homeless := spec(0), spec(0)
	unchosen.Ports[0].HostPort, homeless.Instance = 0, "i-none"
	nothing := spec(0)
	nothing.Doc.EntryPoint = []string{"/nope"}
	badLog := spec(0)
	badLog.Doc.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverJsonFile, Options: map[string]string{"nonsense": "1"}}
	unnamed := spec(0)
	unnamed.Image = "UPPER/case"
	unknown := spec(0)
	unknown.Binds = []engine.Bind{{Volume: "v", Target: "/v", Docker: &types.DockerVolumeConfiguration{Driver: new("nonsense")}}}
	absent := spec(0)
	absent.Binds = []engine.Bind{{Volume: "drydock-no-such", Target: "/v", Docker: &types.DockerVolumeConfiguration{Scope: types.ScopeShared}}}
	deaf := spec(0)
	deaf.Doc.LogConfiguration = &types.LogConfiguration{LogDriver: "nonsense"}
	unlinked := spec(0)
	unlinked.Links = []string{"absent:db"}
	for _, c := range []struct {
		rule       string
		spec       engine.Spec
		name, says string
	}{
		{"a port that another container holds", taken, engine.CannotStart, "Bind for 0.0.0.0:8080 failed: port is already allocated"},
		{"a port that nobody chose", unchosen, engine.CannotCreate, "nobody chose a host port for container port 80"},
		{"a machine that does not stand", homeless, engine.CannotStart, "does not run"},
		{"a command that is not there", nothing, engine.CannotStart, "no such file or directory"},
		{"a log option that is not there", badLog, engine.CannotCreate, "nonsense"},
		{"an image name that is none", unnamed, engine.CannotPull, "repository name must be lowercase"},
		{"a volume driver that is not there", unknown, engine.CannotVolume, "nonsense"},
		{"a shared volume that is not there", absent, engine.CannotVolume, "volume 'drydock-no-such' does not exist and autoprovision is set to false"},
		{"a log driver that is not there", deaf, engine.CannotCreate, "nonsense"},
		{"a link to what is not there", unlinked, engine.CannotCreate, "absent"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			_, err := r.Start(t.Context(), c.spec)
			var e *engine.Error
			if !errors.As(err, &e) || e.Name != c.name || !strings.Contains(e.Message, c.says) {
				t.Errorf("start = %v", err)
			}
			if _, err := cli.ContainerInspect(t.Context(), "drydock-"+owner+"-"+c.spec.Task[:12]+"-web"); !cerrdefs.IsNotFound(err) {
				t.Errorf("left behind: %v", err)
			}
		})
	}
}

func TestAContainerThatEndsAtOnceIsTold(t *testing.T) {
	raw(t)
	s := spec(0)
	s.Command = []string{"nonsense"}
	s.Ports = nil
	r := open(t, "")
	if st := start(t, r, s); st.State == engine.Running { // it may have been seen alive
		ev := seenAs(t, r, st.RuntimeID, engine.Exited)
		st.Exit = ev.Exit
		if st.Exit != 2 {
			t.Errorf("exit %d", st.Exit)
		}
	} else if st.Exit != 2 {
		t.Errorf("started %+v", st)
	}
}

func TestTheBuiltInImageSaysWhatItRunsAs(t *testing.T) {
	raw(t)
	r := open(t, "")
	s := spec(0)
	s.Env = map[string]string{"DRYDOCK_INSTANCE_ID": "i-1"}
	s.Labels = map[string]string{"com.amazonaws.ecs.task-arn": "arn:task", "com.amazonaws.ecs.cluster": "demo"}
	st := start(t, r, s)
	b := st.Bindings[0]
	type answer struct {
		Container, Instance, Task, Cluster, Name string
		HostPort                                 int
	}
	want := answer{st.RuntimeID, "i-1", "arn:task", "demo", "web", b.HostPort}
	for _, dial := range []string{b.Dial, net.JoinHostPort(s.Host, strconv.Itoa(b.HostPort))} {
		var who answer
		for began := time.Now(); who != want && time.Since(began) < 30*time.Second; { // it is told after the start
			if err := json.Unmarshal([]byte(get(t, dial, "/")), &who); err != nil {
				t.Fatal(err)
			}
		}
		if who != want {
			t.Errorf("by %s: %+v, want %+v", dial, who, want)
		}
	}
}

func TestTheBuiltInImageComesBack(t *testing.T) {
	cli := raw(t)
	r := openBare(t, "", "test-"+ids.Hex(8)) // nothing runs of it
	ref, err := r.EnsureProbe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in, err := cli.ImageInspect(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cli.ImageRemove(t.Context(), in.ID, image.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	s := spec(0)
	s.Network, s.Ports = "none", nil
	if st := start(t, r, s); st.PullStopped.Before(st.PullStarted) || st.PullStarted.IsZero() {
		t.Errorf("started %+v", st)
	}
}

func TestSettingsAct(t *testing.T) {
	cli := raw(t)
	r := open(t, "")
	db := spec(0)
	db.Container, db.Env = "db", map[string]string{"ROLE": "primary"}
	db.Binds = []engine.Bind{{Volume: "shared", Target: "/shared"}}
	start(t, r, db)
	s := spec(0)
	s.Task = db.Task
	s.Env = map[string]string{"COLOUR": "blue"}
	s.Links = []string{"db:database"}
	s.Binds = []engine.Bind{{Volume: "shared", Target: "/shared"}, {Source: t.TempDir(), Target: "/host", ReadOnly: true}}
	s.CPUShares, s.Memory, s.Reserve, s.StopGrace = 256, 64<<20, 32<<20, 20*time.Second
	s.Doc = types.ContainerDefinition{
		User: new("nobody"), WorkingDirectory: new("/tmp"), Hostname: new("here"), ReadonlyRootFilesystem: new(true),
		DnsServers: []string{"127.0.0.1"}, DnsSearchDomains: []string{"local"}, DockerLabels: map[string]string{"a": "b"},
		DockerSecurityOptions: []string{"no-new-privileges"}, ExtraHosts: []types.HostEntry{{Hostname: new("other"), IpAddress: new("127.0.0.1")}},
		Interactive: new(true), PseudoTerminal: new(true),
		Ulimits:        []types.Ulimit{{Name: types.UlimitNameNofile, SoftLimit: 1024, HardLimit: 2048}},
		SystemControls: []types.SystemControl{{Namespace: new("net.core.somaxconn"), Value: new("77")}},
		LinuxParameters: &types.LinuxParameters{InitProcessEnabled: new(true), SharedMemorySize: new(int32(8)), MaxSwap: new(int32(0)), Swappiness: new(int32(5)),
			Capabilities: &types.KernelCapabilities{Add: []string{"SYS_PTRACE"}, Drop: []string{"MKNOD"}},
			Tmpfs:        []types.Tmpfs{{ContainerPath: new("/run"), Size: 4}}, Devices: []types.Device{{HostPath: new("/dev/null"), ContainerPath: new("/dev/nil")}}},
		VolumesFrom: []types.VolumeFrom{{SourceContainer: new("db"), ReadOnly: new(true)}},
	}
	s.Binds = s.Binds[1:] // the volume comes from the other container
	st := start(t, r, s)
	dial := st.Bindings[0].Dial
	if got := get(t, dial, "/env?name=COLOUR"); got != "blue" {
		t.Errorf("environment %q", got)
	}
	if got := get(t, dial, "/fetch?url=http://database/healthz"); !strings.Contains(got, `"status": 200`) {
		t.Errorf("by the link: %s", got)
	}
	if got := get(t, dial, "/fetch?url=http://other/healthz"); !strings.Contains(got, `"status": 200`) {
		t.Errorf("by the extra host: %s", got)
	}
	for name, want := range map[string]string{"DATABASE_PORT_80_TCP_PORT": "80", "DATABASE_PORT_80_TCP_PROTO": "tcp", "DATABASE_ENV_ROLE": "primary"} {
		if got := get(t, dial, "/env?name="+name); got != want {
			t.Errorf("%s of the link: %q, want %q", name, got, want)
		}
	}
	if got := file(t, st, "/etc/resolv.conf"); !strings.Contains(got, "search local") {
		t.Errorf("where it asks for names: %s", got)
	}
	if got := file(t, st, "/proc/sys/net/core/somaxconn"); got != "77\n" {
		t.Errorf("a control of its network: %s", got)
	}
	in, err := cli.ContainerInspect(t.Context(), st.RuntimeID)
	if err != nil {
		t.Fatal(err)
	}
	if in.Config.User != "nobody" || in.Config.Hostname != "here" || in.HostConfig.CPUShares != 256 || in.HostConfig.MemorySwap != 64<<20 || len(in.Mounts) != 2 {
		t.Errorf("settings %+v %+v %+v", in.Config, in.HostConfig, in.Mounts)
	}
	if err := r.RemoveAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range in.Mounts {
		if m.Name == "" {
			continue
		}
		if _, err := cli.VolumeInspect(t.Context(), m.Name); !cerrdefs.IsNotFound(err) {
			t.Errorf("volume %s stays: %v", m.Name, err)
		}
	}
}

func TestNetworkModes(t *testing.T) {
	raw(t)
	r := open(t, "")
	const port = 8099
	host := spec(0)
	host.Network, host.Env = "host", map[string]string{"PORT": strconv.Itoa(port)}
	host.Ports = []engine.PortSpec{{ContainerPort: port, HostPort: port}}
	st := start(t, r, host)
	if len(st.Bindings) != 1 || st.Bindings[0].HostPort != port || get(t, st.Bindings[0].Dial, "/healthz") != "ok\n" {
		t.Errorf("host mode: %+v", st.Bindings)
	}
	if ev := seenAs(t, r, st.RuntimeID, engine.Running); !slices.Equal(ev.Bindings, st.Bindings) {
		t.Errorf("host mode, seen: %+v", ev.Bindings)
	}
	none := spec(0)
	none.Network, none.Ports = "none", nil
	if st := start(t, r, none); len(st.Bindings) != 0 || st.State != engine.Running {
		t.Errorf("none: %+v", st)
	}
	off := spec(0)
	off.Doc.DisableNetworking, off.Ports = new(true), nil
	if st := start(t, r, off); st.State != engine.Running {
		t.Errorf("disableNetworking: %+v", st)
	}
}

// seenAs watches until the container is in the state.
func seenAs(t *testing.T, r interface {
	Watch(context.Context, func(engine.Event)) error
}, id string, state engine.State) (got engine.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := r.Watch(ctx, func(ev engine.Event) {
		if ev.RuntimeID == id && ev.State == state && ctx.Err() == nil {
			got = ev
			cancel()
		}
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

// seenHealth watches until the container's health is told.
func seenHealth(t *testing.T, r interface {
	Watch(context.Context, func(engine.Event)) error
}, id, health string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	told := false
	if err := r.Watch(ctx, func(ev engine.Event) {
		if ev.RuntimeID == id && string(ev.Health) == health {
			told = true
			cancel()
		}
	}); err != nil {
		t.Fatal(err)
	}
	if !told {
		t.Errorf("%s was never told", health)
	}
}
