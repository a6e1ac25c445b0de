package docker

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
)

// taskBridge is the engine's network that the namespaces of tasks are plugged into: the pause
// container of a task has its address there, and the task's containers join it. Addresses are the
// engine's choice, and all tasks reach each other.
const taskBridge = "bridge"

// plug returns the network namespace that an inspected container joined; only its id when that is
// gone.
func (r *Runtime) plug(ctx context.Context, in container.InspectResponse) (engine.Net, error) {
	if in.HostConfig == nil || !in.HostConfig.NetworkMode.IsContainer() {
		return engine.Net{}, nil
	}
	id := in.HostConfig.NetworkMode.ConnectedContainer()
	pause, there, err := r.own(ctx, id)
	if err != nil || !there || !pause.State.Running || pause.NetworkSettings == nil {
		return engine.Net{ID: id}, err
	}
	return plugOf(id, pause.NetworkSettings.Networks), nil
}

// plugOf reads the address of a pause container.
func plugOf(id string, ns map[string]*network.EndpointSettings) engine.Net {
	for _, name := range slices.Sorted(maps.Keys(ns)) {
		if n := ns[name]; n != nil && n.IPAddress != "" {
			return engine.Net{ID: id, IP: n.IPAddress, MAC: n.MacAddress}
		}
	}
	return engine.Net{ID: id}
}

// plugs are the namespaces of the listed pause containers that run.
func plugs(cs []container.Summary) map[string]engine.Net {
	all := map[string]engine.Net{}
	for _, c := range cs {
		if c.Labels[labelPlug] != "" && c.State == container.StateRunning && c.NetworkSettings != nil {
			all[c.ID] = plugOf(c.ID, c.NetworkSettings.Networks)
		}
	}
	return all
}

// joined returns the id of the container whose network a listed one joined.
func joined(c container.Summary) string {
	id, _ := strings.CutPrefix(c.HostConfig.NetworkMode, "container:")
	if c.Labels[labelTaskPorts] == "" {
		return ""
	}
	return id
}

// unplugged tells of a listed container that runs without the network that it joined.
func unplugged(ev engine.Event) (engine.Event, bool) {
	lost := ev.State == engine.Running && ev.Net.ID != "" && ev.Net.IP == ""
	return engine.Event{Kind: engine.Unplugged, At: time.Now().UTC(), Scope: ev.Scope, Task: ev.Task, Net: engine.Net{ID: ev.Net.ID}}, lost
}

// taskPorts writes down where a container listens in the network of its task.
func taskPorts(ps []engine.PortSpec) string {
	all := []string{"-"} // never empty: the label says that there is such a network
	for _, p := range ps {
		if p.Last > 0 {
			all = append(all, fmt.Sprintf("%d-%d/%s", p.ContainerPort, p.Last, protocol(p.Protocol)))
			continue
		}
		all = append(all, fmt.Sprintf("%d/%s", p.ContainerPort, protocol(p.Protocol)))
	}
	return strings.Join(all, " ")
}

// answers reads it: each port on the address of the task, bound nowhere else.
func answers(label, ip string) (bs []model.Binding) {
	if ip == "" {
		return nil
	}
	for _, p := range strings.Fields(label) {
		ports, proto, ok := strings.Cut(p, "/")
		if !ok {
			continue
		}
		first, last, _ := strings.Cut(ports, "-")
		b := model.Binding{Protocol: proto, Dial: net.JoinHostPort(ip, first)}
		b.ContainerPort, _ = strconv.Atoi(first)
		b.Last, _ = strconv.Atoi(last)
		bs = append(bs, b)
	}
	return bs
}
