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
	labelPorts     = "io.drydock.host-ports"   // ports of a container in host mode, "80/tcp 81/udp"
	labelSpans     = "io.drydock.port-ranges"  // container port ranges, "8080-8090/tcp"
	labelHealth    = "io.drydock.health-check" // the definition has a health check, so its result counts
	labelRestarts  = "io.drydock.restarts"     // it may be started again, with another address of its own
	labelPause     = "io.drydock.pause"        // the container is the pause container of that task
	labelPlug      = "io.drydock.task-network" // the pause container holds the network of its task
	labelTaskPorts = "io.drydock.task-ports"   // ports of a container in the network of its task, "- 80/tcp 8080-8090/udp"
	labelShares    = "io.drydock.shares"       // the container uses the pause container of its task
)

// name is the container's name on the engine.
func (r *Runtime) name(task, container string) string {
	return r.prefix(task) + container
}

func (r *Runtime) prefix(task string) string {
	return "drydock-" + r.owner + "-" + task[:min(12, len(task))] + "-"
}

// labels are the definition's own, what the real agent adds, and ours: in this order of force.
func (r *Runtime) labels(s engine.Spec) map[string]string {
	ls := map[string]string{}
	maps.Copy(ls, s.Doc.DockerLabels)
	maps.Copy(ls, s.Labels)
	maps.Copy(ls, map[string]string{labelOwner: r.owner, labelAccount: s.Scope.Account, labelRegion: s.Scope.Region,
		labelTask: s.Task, labelContainer: s.Container, labelHost: s.Host})
	if s.Network == "host" && len(s.Ports) > 0 {
		ls[labelPorts] = hostPorts(s.Ports)
	}
	if s.Network == engine.NetworkTask {
		ls[labelTaskPorts] = taskPorts(s.Ports)
	}
	if spans := spanLabel(s.Ports); spans != "" {
		ls[labelSpans] = spans
	}
	if s.Doc.HealthCheck != nil {
		ls[labelHealth] = "true"
	}
	if restarts(s) {
		ls[labelRestarts] = "true"
	}
	if shares(s) {
		ls[labelShares] = "true"
	}
	return ls
}

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
