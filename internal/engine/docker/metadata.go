package docker

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
)

// A container of the built-in image reads what is known only once it runs, its host ports above
// all, as one line on its standard input: that needs no file system, no network and, unlike a copy
// into the container, hardly any time of the engine.
const metadataEnv = "DRYDOCK_METADATA"

// metadata is named as in the file that the ECS agent writes.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-metadata.html
type metadata struct {
	Cluster, TaskARN, ContainerID, ContainerName string
	PortMappings                                 []portMapping
}

type portMapping struct {
	ContainerPort, HostPort int
	BindIP                  string `json:"BindIp"`
	Protocol                string
}

// withMetadata makes the container expect the line. One with a terminal would show it in its log,
// so it goes without.
func withMetadata(s engine.Spec) engine.Spec {
	if is(s.Doc.PseudoTerminal) {
		return s
	}
	env := maps.Clone(s.Env)
	if env == nil {
		env = map[string]string{}
	}
	env[metadataEnv] = "stdin"
	s.Env, s.Doc.Interactive = env, new(true)
	return s
}

// sendMetadata sends the line, off the way to RUNNING: a request may come before it, and the
// container lives without it.
func (r *Runtime) sendMetadata(s engine.Spec, st engine.Started) {
	r.notes.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.sendLine(ctx, st.RuntimeID, metadataOf(s, st)); err != nil {
			r.log.Debug("no metadata", "task", s.Task, "container", s.Container, "err", err)
		}
	})
}

func (r *Runtime) sendLine(ctx context.Context, id string, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	to, err := hijack(ctx, func(ctx context.Context) (types.HijackedResponse, error) {
		return r.cli.ContainerAttach(ctx, id, container.AttachOptions{Stream: true, Stdin: true})
	})
	if err != nil {
		return err
	}
	defer to.Close()
	_ = to.Conn.SetWriteDeadline(time.Now().Add(writePatience))
	_, err = to.Conn.Write(append(line, '\n'))
	return err
}

func metadataOf(s engine.Spec, st engine.Started) metadata {
	m := metadata{Cluster: s.Labels["com.amazonaws.ecs.cluster"], TaskARN: s.Labels["com.amazonaws.ecs.task-arn"],
		ContainerID: st.RuntimeID, ContainerName: s.Container}
	for _, b := range st.Bindings {
		m.PortMappings = append(m.PortMappings, portMapping{b.ContainerPort, b.HostPort, b.BindIP, b.Protocol})
	}
	return m
}
