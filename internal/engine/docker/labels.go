package docker

import (
	"maps"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/docker/docker/api/types/filters"
)

// The labels of every container of ours. They are what a later daemon adopts it by.
const (
	labelOwner     = "io.drydock.owner"
	labelAccount   = "io.drydock.account"
	labelRegion    = "io.drydock.region"
	labelTask      = "io.drydock.task"
	labelContainer = "io.drydock.container"
	labelHost      = "io.drydock.host"         // address of the instance
	labelNetwork   = "io.drydock.network"      // its network mode: bridge, host, none, task
	labelPorts     = "io.drydock.ports"        // where its ports answer, see portsLabel
	labelIP        = "io.drydock.ip"           // address of its task's network interface, or its own on the bridge
	labelMAC       = "io.drydock.mac"          // MAC of that interface
	labelHealth    = "io.drydock.health-check" // the definition has a health check, so its result counts
	labelPause     = "io.drydock.pause"        // it holds what the containers of that task share, but no network
	labelShares    = "io.drydock.shares"       // the container uses the pause container of its task
)

// name is the container's name on the engine.
func (r *Runtime) name(task, container string) string {
	return r.prefix(task) + container
}

func (r *Runtime) prefix(task string) string {
	return "drydock-" + r.owner + "-" + task[:min(12, len(task))] + "-"
}

// labels are the definition's own, what the real agent adds, and ours: in this order of force. Neither a
// definition nor an image makes a container one of those that help.
func (r *Runtime) labels(s engine.Spec, p plug) map[string]string {
	ls := map[string]string{}
	maps.Copy(ls, s.Doc.DockerLabels)
	maps.Copy(ls, s.Labels)
	maps.Copy(ls, map[string]string{labelOwner: r.owner, labelAccount: s.Scope.Account, labelRegion: s.Scope.Region,
		labelTask: s.Task, labelContainer: s.Container, labelHost: s.Host, labelInstance: s.Instance, labelVPC: p.place.VPC,
		labelNIC: p.place.NIC, labelNetwork: s.Network, labelPorts: portsLabel(s.Ports), labelForwards: forwardLabel(p.forwards),
		labelBox: "", labelPause: ""})
	if is(s.Doc.DisableNetworking) {
		ls[labelNetwork], ls[labelPorts] = "none", ""
	}
	if p.net.IP != "" {
		ls[labelIP], ls[labelMAC] = p.net.IP, p.net.MAC
	}
	if s.Doc.HealthCheck != nil {
		ls[labelHealth] = "true"
	}
	if shares(s) {
		ls[labelShares] = "true"
	}
	return ls
}

// helps reports whether a container is none of a task's own.
func helps(ls map[string]string) bool { return ls[labelBox] != "" || ls[labelPause] != "" }

// event begins an Event about the container that carries the labels.
func event(kind engine.EventKind, id string, labels map[string]string) engine.Event {
	return engine.Event{Kind: kind, RuntimeID: id, Task: labels[labelTask], Container: labels[labelContainer],
		Scope: model.Scope{Account: labels[labelAccount], Region: labels[labelRegion]}}
}

// ours filters for containers and volumes of this owner.
func (r *Runtime) ours(more ...filters.KeyValuePair) filters.Args {
	return filters.NewArgs(append(more, filters.Arg("label", labelOwner+"="+r.owner))...)
}

// health reads the end of a container's status line, "Up 5 seconds (healthy)". Containers without
// a health check in their definition have none: ECS does not look at one that the image brings.
func health(status string, labels map[string]string) model.Health {
	switch {
	case labels[labelHealth] == "":
		return ""
	case strings.HasSuffix(status, "unhealthy)") || status == "unhealthy":
		return model.HealthUnhealthy
	case strings.HasSuffix(status, "healthy)") || status == "healthy":
		return model.HealthHealthy
	}
	return model.HealthUnknown
}
