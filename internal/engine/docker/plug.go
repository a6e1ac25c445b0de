package docker

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/docker/docker/api/types/container"
)

// joined returns the id of the container whose network another one joined.
func joined(h *container.HostConfig) string {
	if h == nil || !h.NetworkMode.IsContainer() {
		return ""
	}
	return h.NetworkMode.ConnectedContainer()
}

// joinedBy returns the namespace that an inspected container joined, as it is told; only its id when it
// is gone. That of an instance is not told of.
func (r *Runtime) joinedBy(ctx context.Context, in container.InspectResponse) (engine.Net, error) {
	id := joined(in.HostConfig)
	if id == "" || in.Config.Labels[labelNetwork] == "host" {
		return engine.Net{}, nil
	}
	pause, there, err := r.own(ctx, id)
	if err != nil || !there || !pause.State.Running {
		return engine.Net{ID: id}, err
	}
	ip := ""
	if a, err := addressIn(pause); err == nil {
		ip = a.String()
	}
	return netOf(in.Config.Labels, id, ip), nil
}

// addressIn returns the address of an inspected container on its network of the engine.
func addressIn(in container.InspectResponse) (netip.Addr, error) {
	if in.NetworkSettings != nil {
		for _, n := range in.NetworkSettings.Networks {
			if a, err := netip.ParseAddr(n.IPAddress); err == nil {
				return a, nil
			}
		}
	}
	return netip.Addr{}, fmt.Errorf("the engine gave container %s no address", in.Name)
}

// netOf is a namespace that stands: that of a task has the address of its interface, whatever the engine
// gave its pause.
func netOf(ls map[string]string, id, ip string) engine.Net {
	if ls[labelNetwork] != engine.NetworkTask {
		return engine.Net{ID: id, IP: ip}
	}
	return engine.Net{ID: id, IP: ls[labelIP], MAC: ls[labelMAC]}
}

// plugs are the addresses of the listed pauses that run, by id.
func plugs(cs []container.Summary) map[string]string {
	all := map[string]string{}
	for _, c := range cs {
		if c.Labels[labelBox] == "" || c.State != container.StateRunning || c.NetworkSettings == nil {
			continue
		}
		all[c.ID] = ""
		for _, n := range c.NetworkSettings.Networks {
			all[c.ID] = n.IPAddress
		}
	}
	return all
}

// plugged returns the namespace of a listed container among those that stand.
func plugged(c container.Summary, standing map[string]string) engine.Net {
	id, ok := strings.CutPrefix(c.HostConfig.NetworkMode, "container:")
	if !ok || c.Labels[labelNetwork] == "host" {
		return engine.Net{}
	}
	ip, stands := standing[id]
	if !stands {
		return engine.Net{ID: id}
	}
	return netOf(c.Labels, id, ip)
}

// unplugged tells of a listed container that runs without the network that it joined.
func unplugged(ev engine.Event) (engine.Event, bool) {
	lost := ev.State == engine.Running && ev.Net.ID != "" && ev.Net.IP == ""
	return engine.Event{Kind: engine.Unplugged, At: time.Now().UTC(), Scope: ev.Scope, Task: ev.Task, Net: engine.Net{ID: ev.Net.ID}}, lost
}
