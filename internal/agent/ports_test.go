package agent

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// bound prints the host ports of a task's containers, in the order of its definition.
func (w *world) bound(task string) string {
	var all []string
	for _, c := range w.task(task).Containers {
		for _, b := range c.Bindings {
			all = append(all, fmt.Sprintf("%d-%d/%s", b.HostPort, b.HostPort+b.Count()-1, b.Protocol))
		}
	}
	return strings.Join(all, " ")
}

// mapped is a container with these port mappings: "80", "80:8080", "8000-8003", with "/udp" or without.
func mapped(name string, mappings ...string) types.ContainerDefinition {
	d := types.ContainerDefinition{Name: &name, Image: ptr("nginx"), Essential: ptr(true)}
	for _, text := range mappings {
		ports, protocol, _ := strings.Cut(text, "/")
		m := types.PortMapping{Protocol: types.TransportProtocol(protocol)}
		var first, host int32
		switch n, _ := fmt.Sscanf(ports, "%d:%d", &first, &host); {
		case strings.Contains(ports, "-"):
			m.ContainerPortRange = &ports
		case n == 2:
			m.HostPort = &host
			fallthrough
		default:
			m.ContainerPort = &first
		}
		d.PortMappings = append(d.PortMappings, m)
	}
	return d
}

func TestHostPortsAreChosen(t *testing.T) {
	for _, c := range []struct {
		rule  string
		cs    []types.ContainerDefinition
		first string // of one task
		next  string // of another one on the instance
	}{
		{"a dynamic port is the next of the ephemeral range", []types.ContainerDefinition{mapped("web", "80", "81")}, "32768-32768/tcp 32769-32769/tcp", "32770-32770/tcp 32771-32771/tcp"},
		{"both protocols count for themselves, and go on together", []types.ContainerDefinition{mapped("dns", "53", "53/udp")}, "32768-32768/tcp 32769-32769/udp", "32770-32770/tcp 32771-32771/udp"},
		{"a range is as many ports in a row", []types.ContainerDefinition{mapped("web", "8000-8003", "9000")}, "32768-32771/tcp 32772-32772/tcp", "32773-32776/tcp 32777-32777/tcp"},
		{"the containers of a task share one port space", []types.ContainerDefinition{mapped("web", "80"), mapped("side", "80")}, "32768-32768/tcp 32769-32769/tcp", "32770-32770/tcp 32771-32771/tcp"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			bubble(t, sim.Config{Start: time.Second}, func(t *testing.T, w *world) {
				w.define("ports", c.cs...)
				w.place("ports", "a")
				w.place("ports", "b") // before the first one's ports are in its row
				time.Sleep(time.Minute)
				if a, b := w.bound("a"), w.bound("b"); a != c.first || b != c.next {
					t.Errorf("%s and %s, want %s and %s", a, b, c.first, c.next)
				}
			})
		})
	}
}

func TestHostPortsThatAreTaken(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		w.tx(func(tx *store.Tx) {
			ci, _ := store.ContainerInstances.Get(tx, "ci")
			ci.Ports = []model.HostPort{{Port: 32768, Protocol: "tcp"}} // its own
			store.ContainerInstances.Put(tx, ci)
		})
		w.define("fixed", mapped("web", "80:32769"))
		w.place("fixed", "a")
		w.place("web", "b")
		if got := w.bound("a") + " " + w.bound("b"); got != "32769-32769/tcp 32770-32770/tcp" {
			t.Errorf("bound %s", got)
		}
		w.stop()
		w.run() // a new agent begins at the beginning, and sees what there is
		w.place("web", "c")
		if got := w.bound("c"); got != "32771-32771/tcp" {
			t.Errorf("after a restart %s", got)
		}
		w.halt("b", "c")
		w.place("web", "d")
		if got := w.bound("d"); got != "32772-32772/tcp" {
			t.Errorf("a port that was just freed is given again: %s", got)
		}
	})
}

func TestDynamicPortsAreOfTheInstancesRange(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		w.tx(func(tx *store.Tx) {
			ci, _ := store.ContainerInstances.Get(tx, "ci")
			ci.Dynamic = model.PortRange{First: 101, Last: 103}
			ci.Ports = []model.HostPort{{Port: 102, Protocol: "tcp"}} // its own
			store.ContainerInstances.Put(tx, ci)
		})
		w.place("web", "a", "b")
		if got := w.bound("a") + " " + w.bound("b"); got != "101-101/tcp 103-103/tcp" {
			t.Errorf("bound %s", got)
		}
		w.place("web", "c")
		if got := w.task("c").Stop.Reason; got != "CannotStartContainerError: Error response from daemon: all ports are allocated" {
			t.Errorf("a task for which no port is left: %s", got)
		}
		w.halt("a")
		w.place("web", "d")
		if got := w.bound("d"); got != "101-101/tcp" {
			t.Errorf("bound %s once one is free again", got)
		}
	})
}

func TestAContainerFoundKeepsItsPorts(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		w.place("web", "a", "b")
		before := w.bound("b")
		w.stop()
		w.run()
		if after := w.bound("b"); after != before || after == w.bound("a") {
			t.Errorf("%s, before %s", after, before)
		}
	})
}

func TestHostMode(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		w.tx(func(tx *store.Tx) {
			store.TaskDefs.Put(tx, model.TaskDef{Family: "host", Revision: 1, Status: "ACTIVE", Doc: types.TaskDefinition{
				NetworkMode: types.NetworkModeHost, ContainerDefinitions: []types.ContainerDefinition{mapped("web", "8080", "53/udp")}}})
		})
		w.place("host", "a")
		if got := w.bound("a"); got != "8080-8080/tcp 53-53/udp" {
			t.Errorf("bound %s", got)
		}
	})
}
