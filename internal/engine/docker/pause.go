package docker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// pauseName is the container that holds what all containers of a task share, as the ECS agent has
// it. It is no container of the task: nobody is told of it, and it goes with the last one.
const pauseName = "internal-ecs-pause"

// shares reports whether s lives in namespaces of its task.
func shares(s engine.Spec) bool { return s.PID == engine.ShareTask || s.IPC == engine.ShareTask }

// pause makes sure that the task of s has its pause container and that it runs.
func (r *Runtime) pause(ctx context.Context, s engine.Spec) error {
	ref, err := r.EnsureProbe(ctx)
	if err != nil {
		return err
	}
	labels := r.labels(engine.Spec{Scope: s.Scope, Task: s.Task, Container: pauseName, Labels: s.Labels})
	labels[labelPause] = s.Task
	labels["com.amazonaws.ecs.container-name"] = "~internal~ecs~pause"
	host := &container.HostConfig{NetworkMode: "none", IpcMode: container.IPCModeShareable,
		Resources: container.Resources{CPUShares: minShares}}
	name := r.name(s.Task, pauseName)
	_, err = r.cli.ContainerCreate(ctx, &container.Config{Image: ref, Cmd: []string{"pause"}, Labels: labels}, host, nil, nil, name)
	if err != nil && !nameTaken(err) {
		return err
	}
	return r.cli.ContainerStart(ctx, name, container.StartOptions{}) // of what runs: no change
}

// share puts a container into the namespaces of its task or of the machine.
func (r *Runtime) share(s engine.Spec, h *container.HostConfig) {
	pause := "container:" + r.name(s.Task, pauseName)
	switch s.PID {
	case engine.ShareTask:
		h.PidMode = container.PidMode(pause)
	case engine.ShareHost:
		h.PidMode = "host"
	}
	switch s.IPC {
	case engine.ShareTask:
		h.IpcMode = container.IpcMode(pause)
	case engine.ShareHost:
		h.IpcMode = container.IPCModeHost
	case engine.ShareNone:
		h.IpcMode = container.IPCModeNone
	}
}

// unshare lets go of what a container that ended, or is gone, shared with its task.
func (r *Runtime) unshare(ctx context.Context, in container.InspectResponse, all bool) {
	if in.Config == nil || in.Config.Labels[labelShares] == "" {
		return
	}
	if err := r.release(ctx, in.Config.Labels[labelTask], all); err != nil {
		r.log.Warn("a pause container stays behind", "task", in.Config.Labels[labelTask], "err", err)
	}
}

// release removes the pause container of a task, unless another container of the task is there.
// Running ones keep it, and so do ended ones when all is false.
func (r *Runtime) release(ctx context.Context, task string, all bool) error {
	select {
	case r.sharing <- struct{}{}:
		defer func() { <-r.sharing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	cs, err := r.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: r.ours(filters.Arg("label", labelTask+"="+task))})
	if err != nil {
		return err
	}
	for _, c := range cs {
		if c.Labels[labelPause] != "" {
			continue
		}
		in, there, err := r.own(ctx, c.ID) // the list lags behind
		if err != nil || there && (all || in.State.Running) {
			return err
		}
	}
	err = r.cli.ContainerRemove(ctx, r.name(task, pauseName), container.RemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !cerrdefs.IsNotFound(err) && !underWay(err) {
		return fmt.Errorf("remove the pause container of task %s: %w", task, err)
	}
	return nil
}

// strayAge is how long a pause container may be without the container it was made for.
const strayAge = 10 * time.Minute

// stray removes a pause container whose task has nothing else on the engine: a daemon ended between
// making the two.
func (r *Runtime) stray(c container.Summary, all []container.Summary) {
	task := c.Labels[labelTask]
	if time.Since(time.Unix(c.Created, 0)) < strayAge || slices.ContainsFunc(all, func(o container.Summary) bool {
		return o.ID != c.ID && o.Labels[labelTask] == task
	}) {
		return
	}
	r.notes.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := r.release(ctx, task, true); err != nil {
			r.log.Warn("a pause container stays behind", "task", task, "err", err)
		}
	})
}
