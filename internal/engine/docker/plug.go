package docker

import (
	"context"
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
	return netOf(in.Config.Labels, id), nil
}

// netOf is a namespace that stands, with the address that its container was made with.
func netOf(ls map[string]string, id string) engine.Net {
	return engine.Net{ID: id, IP: ls[labelIP], MAC: ls[labelMAC]}
}

// plugs are the listed pauses that run, by id.
func plugs(cs []container.Summary) map[string]bool {
	all := map[string]bool{}
	for _, c := range cs {
		if c.Labels[labelBox] != "" && c.State == container.StateRunning {
			all[c.ID] = true
		}
	}
	return all
}

// plugged returns the namespace of a listed container among those that stand.
func plugged(c container.Summary, standing map[string]bool) engine.Net {
	id, ok := strings.CutPrefix(c.HostConfig.NetworkMode, "container:")
	if !ok || c.Labels[labelNetwork] == "host" {
		return engine.Net{}
	}
	if !standing[id] {
		return engine.Net{ID: id}
	}
	return netOf(c.Labels, id)
}

// unplugged tells of a listed container that runs without the network that it joined.
func unplugged(ev engine.Event) (engine.Event, bool) {
	lost := ev.State == engine.Running && ev.Net.ID != "" && ev.Net.IP == ""
	return engine.Event{Kind: engine.Unplugged, At: time.Now().UTC(), Scope: ev.Scope, Task: ev.Task, Net: engine.Net{ID: ev.Net.ID}}, lost
}
