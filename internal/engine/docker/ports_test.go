package docker

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
)

func TestPortsOnLabels(t *testing.T) {
	ps := []engine.PortSpec{{ContainerPort: 80, HostPort: 49153, Protocol: "tcp"}, {ContainerPort: 8080, Last: 8083, HostPort: 50000, Protocol: "udp"}, {ContainerPort: 81, Protocol: "tcp"}}
	label := portsLabel(ps)
	if label != "80>49153/tcp 8080-8083>50000/udp 81/tcp" || !slices.Equal(portsOf(label), ps) || portsOf("") != nil {
		t.Errorf("%q reads as %+v", label, portsOf(label))
	}
}

func TestBindings(t *testing.T) {
	for _, c := range []struct {
		rule    string
		network string
		net     engine.Net
		want    []model.Binding
	}{
		{"host ports answer on the instance", "bridge", engine.Net{ID: "n", IP: "198.18.0.3"},
			[]model.Binding{{ContainerPort: 80, HostPort: 8080, Last: 82, Protocol: "tcp", BindIP: "0.0.0.0", Dial: "10.0.0.5:8080"}}},
		{"those in host mode too", "host", engine.Net{}, []model.Binding{{ContainerPort: 80, HostPort: 8080, Last: 82, Protocol: "tcp", BindIP: "0.0.0.0", Dial: "10.0.0.5:8080"}}},
		{"a task's own answer on its interface, and bind nothing", "task", engine.Net{ID: "n", IP: "10.0.0.9"}, []model.Binding{{ContainerPort: 80, Last: 82, Protocol: "tcp", Dial: "10.0.0.9:80"}}},
		{"and nowhere when its namespace is gone", "task", engine.Net{ID: "n"}, nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got := bindings(map[string]string{labelNetwork: c.network, labelHost: "10.0.0.5", labelPorts: "80-82>8080/tcp"}, c.net)
			if !slices.Equal(got, c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestForwards(t *testing.T) {
	to := netip.MustParseAddr("198.18.0.3")
	got, err := forwards([]engine.PortSpec{{ContainerPort: 80, Last: 83, HostPort: 8080}}, to)
	if want := []netbox.Forward{{Protocol: "tcp", Port: 8080, Count: 4, To: netip.MustParseAddrPort("198.18.0.3:80")}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for rule, p := range map[string]engine.PortSpec{"a port that nobody chose": {ContainerPort: 80}, "a port beyond the range": {ContainerPort: 70000, HostPort: 1},
		"a range beyond it": {ContainerPort: 65530, Last: 65540, HostPort: 1}} {
		if fs, err := forwards([]engine.PortSpec{p}, to); err == nil {
			t.Errorf("%s leads to %+v", rule, fs)
		}
	}
}

func TestVariablesOfALink(t *testing.T) {
	l := link{alias: "my-db", ip: netip.MustParseAddr("198.18.0.3"), to: container.InspectResponse{Config: &container.Config{
		Env: []string{"PATH=/bin", "MODE=fast"}, ExposedPorts: nat.PortSet{"5432/tcp": {}}, Labels: map[string]string{labelPorts: "80>8080/udp"}}}}
	got := l.variables("web")
	for name, want := range map[string]string{"MY_DB_NAME": "/web/my-db", "MY_DB_PORT": "udp://198.18.0.3:80", "MY_DB_PORT_5432_TCP": "tcp://198.18.0.3:5432",
		"MY_DB_PORT_5432_TCP_ADDR": "198.18.0.3", "MY_DB_PORT_5432_TCP_PORT": "5432", "MY_DB_PORT_5432_TCP_PROTO": "tcp", "MY_DB_ENV_MODE": "fast"} {
		if got[name] != want {
			t.Errorf("%s = %q, want %q", name, got[name], want)
		}
	}
	l.to.Config = &container.Config{Image: builtInRepository + ":0123456789ab"}
	if got := l.variables("web")["MY_DB_PORT"]; got != "tcp://198.18.0.3:80" {
		t.Errorf("the built-in image answers at %q", got)
	}
	if _, there := got["MY_DB_ENV_PATH"]; there {
		t.Error("the other's PATH is told")
	}
}
