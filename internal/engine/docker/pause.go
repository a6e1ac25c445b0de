package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// pauseName is the container that holds what all containers of a task share, as the ECS agent has
// it. It is no container of the task: nobody is told of it, and it goes with the last one.
const pauseName = "internal-ecs-pause"

// errPauseEnded refuses to start one more container of a task whose pause container ended.
var errPauseEnded = &engine.Error{Name: engine.CannotStart, Message: "the pause container of the task, which holds what its containers share, ended"}

// shares reports whether s lives in namespaces of its task.
func shares(s engine.Spec) bool {
	return s.Network == engine.NetworkTask || s.PID == engine.ShareTask || s.IPC == engine.ShareTask
}

// pause makes sure that the task of s has its pause container and that it runs. The caller has the
// task's turn.
func (r *Runtime) pause(ctx context.Context, s engine.Spec) error {
	ref, err := r.EnsureProbe(ctx)
	if err != nil {
		return err
	}
	name := r.name(s.Task, pauseName)
	err = r.createPause(ctx, s, ref)
	if nameTaken(err) {
		in, there, err := r.own(ctx, name)
		switch {
		case err != nil:
			return err
		case there && in.State.Running:
			return nil
		case there && in.State.Status != container.StateCreated:
			if err := r.replace(ctx, s, ref); err != nil {
				return err
			}
		}
	} else if err != nil {
		return err
	}
	return r.cli.ContainerStart(ctx, name, container.StartOptions{})
}

func (r *Runtime) createPause(ctx context.Context, s engine.Spec, ref string) error {
	labels := r.labels(engine.Spec{Scope: s.Scope, Task: s.Task, Container: pauseName, Labels: s.Labels})
	labels[labelPause] = s.Task
	labels["com.amazonaws.ecs.container-name"] = "~internal~ecs~pause"
	host := &container.HostConfig{NetworkMode: "none", IpcMode: container.IPCModeShareable,
		LogConfig: container.LogConfig{Type: "none"}, Resources: container.Resources{CPUShares: minShares}}
	if s.Network == engine.NetworkTask {
		host.NetworkMode = taskBridge
		labels[labelPlug] = "true"
	}
	_, err := r.cli.ContainerCreate(ctx, &container.Config{Image: ref, Cmd: []string{"pause"}, Labels: labels}, host, nil, nil, r.name(s.Task, pauseName))
	return err
}

// replace makes a new pause container instead of one that ended. Those that lived in its namespaces
// would not be in the new one's, so while there are any, the task cannot go on.
func (r *Runtime) replace(ctx context.Context, s engine.Spec, ref string) error {
	used, err := r.peopled(ctx, s.Task, true)
	if err != nil {
		return err
	}
	if used {
		return errPauseEnded
	}
	if err := r.removePause(ctx, s.Task); err != nil {
		return err
	}
	return r.createPause(ctx, s, ref)
}

// share puts a container into the namespaces of its task or of the machine.
func (r *Runtime) share(s engine.Spec, h *container.HostConfig) {
	pause := "container:" + r.name(s.Task, pauseName)
	if s.Network == engine.NetworkTask {
		h.NetworkMode = container.NetworkMode(pause)
	}
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
	r.letGo(ctx, in.Config.Labels[labelTask], all)
}

// abandon lets go of it after a start that failed, also when nobody waits for that any more.
func (r *Runtime) abandon(ctx context.Context, s engine.Spec) {
	if !shares(s) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	r.letGo(ctx, s.Task, true)
}

func (r *Runtime) letGo(ctx context.Context, task string, all bool) {
	if err := r.release(ctx, task, all); err != nil {
		r.log.Warn("a pause container stays behind", "task", task, "err", err)
	}
}

// release removes the pause container of a task, unless another container of the task is there.
// Running ones keep it, and so do ended ones when all is true.
func (r *Runtime) release(ctx context.Context, task string, all bool) error {
	done, err := r.turns.take(ctx, task)
	if err != nil {
		return err
	}
	defer done()
	used, err := r.peopled(ctx, task, all)
	if err != nil || used {
		return err
	}
	return r.removePause(ctx, task)
}

// peopled reports whether a container of the task runs beside its pause container or, with all,
// whether there is one.
func (r *Runtime) peopled(ctx context.Context, task string, all bool) (bool, error) {
	cs, err := r.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: r.ours(filters.Arg("label", labelTask+"="+task))})
	if err != nil {
		return false, err
	}
	for _, c := range cs {
		if c.Labels[labelPause] != "" {
			continue
		}
		in, there, err := r.own(ctx, c.ID) // the list lags behind
		if err != nil || there && (all || in.State.Running) {
			return true, err
		}
	}
	return false, nil
}

func (r *Runtime) removePause(ctx context.Context, task string) error {
	err := r.cli.ContainerRemove(ctx, r.name(task, pauseName), container.RemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !cerrdefs.IsNotFound(err) && !underWay(err) {
		return fmt.Errorf("remove the pause container of task %s: %w", task, err)
	}
	return nil
}

// stray removes a pause container whose task has nothing else on the engine, unless something is just
// being made there: a daemon ended between making, or removing, the two.
func (r *Runtime) stray(task string, all []container.Summary) {
	for _, c := range all {
		if c.Labels[labelTask] == task && c.Labels[labelPause] == "" {
			return
		}
	}
	r.later(task)
}

// later lets go of what a task without containers shared, while others go on.
func (r *Runtime) later(task string) {
	r.notes.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		r.letGo(ctx, task, true)
	})
}
