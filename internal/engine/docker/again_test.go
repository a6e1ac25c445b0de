package docker_test

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestPortRange(t *testing.T) {
	raw(t)
	r := open(t, "")
	s := spec(0)
	s.Env = map[string]string{"PORT": "8082"}
	s.Ports = []engine.PortSpec{{ContainerPort: 8080, Last: 8083, HostPort: 40000, Protocol: "tcp"}, {ContainerPort: 9000, Last: 9001, HostPort: 40000, Protocol: "udp"}}
	st := start(t, r, s)
	if len(st.Bindings) != 2 {
		t.Fatalf("bindings %+v", st.Bindings)
	}
	b := st.Bindings[0]
	if b.ContainerPort != 8080 || b.Last != 8083 || b.HostPort != 40000 || st.Bindings[1].Last != 9001 || st.Bindings[1].Protocol != "udp" {
		t.Errorf("bindings %+v", st.Bindings)
	}
	if got := get(t, net.JoinHostPort(s.Host, strconv.Itoa(b.HostPort+2)), "/healthz"); got != "ok\n" {
		t.Errorf("the third port of the range answers %q", got)
	}
	if ev := seenAs(t, r, st.RuntimeID, engine.Running); !slices.Equal(ev.Bindings, st.Bindings) {
		t.Errorf("seen %+v, started %+v", ev.Bindings, st.Bindings)
	}
}

func TestAContainerIsStartedAgainInPlace(t *testing.T) {
	raw(t)
	r := open(t, "")
	s := spec(0)
	s.Doc.RestartPolicy = &types.ContainerRestartPolicy{Enabled: new(true)}
	first := start(t, r, s)
	at := first.Bindings[0].Dial
	get(t, at, "/write?path=/note&text=hello")
	get(t, at, "/exit?code=7")
	ended := seenAs(t, r, first.RuntimeID, engine.Exited)
	for ended.Kind != engine.Seen { // whoever comes later is told more
		ended = seenAs(t, r, first.RuntimeID, engine.Exited)
	}
	if ended.Exit != 7 || ended.Began.IsZero() || ended.At.Before(ended.Began) {
		t.Errorf("seen %+v", ended)
	}
	s.Again = first.RuntimeID
	again := start(t, r, s)
	if again.RuntimeID != first.RuntimeID || again.State != engine.Running || !slices.Equal(again.Bindings, first.Bindings) {
		t.Errorf("again %+v, first %+v", again, first)
	}
	if got := get(t, at, "/file?path=/note"); got != "hello" {
		t.Errorf("what it wrote before: %q", got)
	}
	if twice := start(t, r, s); !slices.Equal(twice.Bindings, again.Bindings) {
		t.Errorf("asked twice: %+v", twice)
	}
}

func TestHealthCheckActs(t *testing.T) {
	raw(t)
	r := open(t, "")
	s := spec(0)
	s.Doc.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "/drydock", "probe", "check", "http://127.0.0.1/file?path=/tmp/well"},
		Interval: new(int32(1)), Retries: new(int32(1))}
	st := start(t, r, s)
	get(t, st.Bindings[0].Dial, "/write?path=/tmp/well&text=yes")
	seenHealth(t, r, st.RuntimeID, "HEALTHY")
}

func TestPausedContainersStop(t *testing.T) {
	cli := raw(t)
	r := open(t, "")
	st := start(t, r, spec(0))
	get(t, st.Bindings[0].Dial, "/healthz")
	if err := cli.ContainerPause(t.Context(), st.RuntimeID); err != nil {
		t.Fatal(err)
	}
	if ev := seenAs(t, r, st.RuntimeID, engine.Running); ev.Kind != engine.Seen {
		t.Errorf("a paused container is seen as %+v", ev)
	}
	if err := r.Stop(t.Context(), st.RuntimeID, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if ev := seenAs(t, r, st.RuntimeID, engine.Exited); ev.Exit != 0 && ev.Exit != 137 {
		t.Errorf("ended with %d", ev.Exit)
	}
}

func TestLogDriversGoToTheEngine(t *testing.T) {
	cli := raw(t)
	r := open(t, "")
	s := spec(0)
	s.Doc.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverGelf, Options: map[string]string{"gelf-address": "udp://127.0.0.1:12201", "tag": "t"}}
	st := start(t, r, s)
	in, err := cli.ContainerInspect(t.Context(), st.RuntimeID)
	if err != nil || in.HostConfig.LogConfig.Type != "gelf" || !maps.Equal(in.HostConfig.LogConfig.Config, s.Doc.LogConfiguration.Options) {
		t.Errorf("%+v, %v", in.HostConfig, err)
	}
}
