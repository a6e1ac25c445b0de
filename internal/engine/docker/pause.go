package docker

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
)

// A pause holds what containers share: the network of a task, or of one container in bridge mode, and
// the processes and the shared memory of a task. It is no container of the task: nobody is told of it,
// and it goes with the last that needs it. Its name is the ECS agent's, and the container's with a
// suffix that no container of a definition can have.
const (
	pauseName   = "internal-ecs-pause"
	pauseSuffix = ".pause"
)

// errPauseEnded refuses to start one more container of a task whose pause ended.
var errPauseEnded = &engine.Error{Name: engine.CannotStart, Message: "the pause container of the task, which holds what its containers share, ended"}

// shares reports whether s lives in namespaces of its task.
func shares(s engine.Spec) bool {
	return s.Network == engine.NetworkTask || s.PID == engine.ShareTask || s.IPC == engine.ShareTask
}

// turnOf names what is made or removed by one at a time: what the containers of a task share, or what a
// container has for itself.
func turnOf(s engine.Spec) string {
	if shares(s) {
		return s.Task
	}
	return s.Task + "/" + s.Container
}

// pause makes sure that the task of s has its pause container and that it runs, where it holds no
// network. The caller has the turn of s.
func (r *Runtime) pause(ctx context.Context, s engine.Spec) error {
	if s.Network == engine.NetworkTask || !shares(s) {
		return nil
	}
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
			return errPauseEnded
		}
	} else if err != nil {
		return err
	}
	return r.cli.ContainerStart(ctx, name, container.StartOptions{})
}

func (r *Runtime) createPause(ctx context.Context, s engine.Spec, ref string) error {
	labels := map[string]string{labelOwner: r.owner, labelPause: s.Task, labelTask: s.Task,
		labelAccount: s.Scope.Account, labelRegion: s.Scope.Region}
	host := &container.HostConfig{NetworkMode: "none", IpcMode: container.IPCModeShareable,
		LogConfig: container.LogConfig{Type: "none"}, Resources: container.Resources{CPUShares: minShares}}
	_, err := r.cli.ContainerCreate(ctx, &container.Config{Image: ref, Cmd: []string{"pause"}, Labels: labels}, host, nil, nil, r.name(s.Task, pauseName))
	return err
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

// letGo removes what s had for itself or shared: its pauses, unless another container needs them, and the
// host ports that lead there. Running ones need them, and so do ended ones when all is true.
func (r *Runtime) letGo(ctx context.Context, s engine.Spec, all bool) {
	if !shares(s) && !behind(s) {
		return
	}
	done, err := r.turns.take(ctx, turnOf(s))
	if err == nil {
		_, err = r.release(ctx, s, all)
		done()
	}
	if err != nil && !client.IsErrConnectionFailed(err) { // else it is found when the engine is there again
		r.log.Warn("a pause container stays behind", "task", s.Task, "container", s.Container, "err", err)
	}
}

// release reports besides whether something needs them. The caller has the turn of s.
func (r *Runtime) release(ctx context.Context, s engine.Spec, all bool) (used bool, err error) {
	if behind(s) {
		used, err = r.lives(ctx, r.name(s.Task, s.Container), all)
		if err == nil && !used {
			err = r.removeBehind(ctx, s)
		}
	}
	if err != nil || !shares(s) {
		return used, err
	}
	peopled, err := r.peopled(ctx, s.Task, all)
	if err == nil && !peopled {
		err = r.dropPause(ctx, r.name(s.Task, pauseName))
	}
	return used || peopled, err
}

// abandon lets go of it after a start that failed; later, when nobody waits for that.
func (r *Runtime) abandon(ctx context.Context, s engine.Spec) {
	if ctx.Err() != nil {
		r.later(s)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	r.letGo(ctx, s, true)
}

// peopled reports whether a container of the task runs or, with all, is there.
func (r *Runtime) peopled(ctx context.Context, task string, all bool) (bool, error) {
	cs, err := r.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: r.ours(filters.Arg("label", labelTask+"="+task))})
	if err != nil {
		return false, err
	}
	for _, c := range cs {
		if helps(c.Labels) {
			continue
		}
		if used, err := r.lives(ctx, c.ID, all); err != nil || used { // the list lags behind
			return used, err
		}
	}
	return false, nil
}

func (r *Runtime) lives(ctx context.Context, id string, all bool) (bool, error) {
	in, there, err := r.own(ctx, id)
	return there && (all || in.State.Running), err
}

// removeBehind removes the pause of a container in bridge mode. When its machine is gone, so are its
// host ports.
func (r *Runtime) removeBehind(ctx context.Context, s engine.Spec) error {
	name := r.name(s.Task, s.Container+pauseSuffix)
	in, there, err := r.own(ctx, name)
	if err != nil {
		return err
	}
	ip := r.lastAddress(name)
	if there {
		if c := r.channels.of(in.ID); c != nil {
			ip = c.config().Address.Addr()
		}
	}
	if ip.IsValid() {
		r.unforward(ctx, s, ip)
	}
	return r.dropPause(ctx, name)
}

// lastAddress is where a pause was that ended, or was removed, by itself: host ports still lead there. It
// is zero once another one behind the same machine has the address.
func (r *Runtime) lastAddress(name string) netip.Addr {
	known, ok := r.spaces.Load(name)
	if !ok {
		return netip.Addr{}
	}
	was := known.(*space)
	ip := was.ip
	r.spaces.Range(func(other, at any) bool {
		if s := at.(*space); other != name && s.ip == ip && s.instance() == was.instance() && s.life.Err() == nil {
			ip = netip.Addr{}
		}
		return ip.IsValid()
	})
	return ip
}

func (r *Runtime) dropPause(ctx context.Context, name string) error {
	r.spaces.Delete(name)
	if err := r.dropBox(ctx, name); err != nil && !cerrdefs.IsNotFound(err) && !underWay(err) {
		return fmt.Errorf("remove the pause container %s: %w", name, err)
	}
	return nil
}

// specOf is as much of the spec of a container as its labels tell.
func specOf(ls map[string]string) engine.Spec {
	s := engine.Spec{Scope: scopeOf(ls), Task: ls[labelTask], Container: ls[labelContainer], Instance: ls[labelInstance],
		Network: ls[labelNetwork], Ports: portsOf(ls[labelPorts])}
	if ls[labelShares] != "" {
		s.PID = engine.ShareTask
	}
	return s
}

// later lets go, while others go on, of what a container had that is gone.
func (r *Runtime) later(s engine.Spec) {
	r.notes.Go(func() {
		ctx, cancel := finish(r.life)
		defer cancel()
		ctx, done := context.WithTimeout(ctx, time.Minute)
		defer done()
		r.letGo(ctx, s, true)
	})
}
