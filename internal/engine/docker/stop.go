package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/volume"
)

// Stop sends the container its image's stop signal (SIGTERM unless the image says otherwise) and,
// when it still runs after grace, SIGKILL. It returns when the container ended and its ports are
// free. One that ended or is gone is no error. The engine counts grace in whole seconds: parts of
// one are rounded up, and zero kills at once.
func (r *Runtime) Stop(ctx context.Context, runtimeID string, grace time.Duration) error {
	in, there, err := r.own(ctx, runtimeID)
	if err != nil || !there {
		return named(engine.CannotStop, err)
	}
	err = r.cli.ContainerStop(ctx, runtimeID, container.StopOptions{Timeout: new(seconds(max(grace, 0)))})
	if err != nil && !cerrdefs.IsNotFound(err) {
		return named(engine.CannotStop, err)
	}
	r.letGo(ctx, specOf(in.Config.Labels), false)
	return nil
}

// Remove removes the container, running or not, with its log and with the volumes of its task that
// no other container uses. One that is gone is no error.
func (r *Runtime) Remove(ctx context.Context, runtimeID string) error {
	in, there, err := r.own(ctx, runtimeID)
	if err != nil || !there {
		return named(engine.CannotRemove, err)
	}
	err = limit(ctx, removeTimeout, "removing", func(ctx context.Context) error { return r.force(ctx, in.ID) })
	if err != nil && !cerrdefs.IsNotFound(err) && !underWay(err) {
		return named(engine.CannotRemove, err)
	}
	for _, m := range in.Mounts {
		if m.Type == mount.TypeVolume && strings.HasPrefix(m.Name, r.prefix(in.Config.Labels[labelTask])+"vol-") {
			if err := r.cli.VolumeRemove(ctx, m.Name, false); err != nil && !cerrdefs.IsNotFound(err) && !cerrdefs.IsConflict(err) {
				return named(engine.CannotRemove, err)
			}
		}
	}
	r.letGo(ctx, specOf(in.Config.Labels), true)
	r.taskGroups(ctx).drop(in.Config.Labels[labelTask])
	return nil
}

// Pauses between attempts to remove what is busy: how many, and the first; each is twice the last.
const (
	busyTries = 6
	busyPause = 100 * time.Millisecond
)

// force removes a container. While another container starts, the kernel may hold the file system of
// one that ended for a moment; the engine then gives up at once, so it is asked again.
func (r *Runtime) force(ctx context.Context, id string) error {
	pause := busyPause
	for n := 1; ; n++ {
		err := r.cli.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
		if err == nil || n == busyTries || !strings.Contains(err.Error(), "device or resource busy") {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		pause *= 2
	}
}

// underWay reports whether someone else is removing the container already.
func underWay(err error) bool {
	return cerrdefs.IsConflict(err) && strings.Contains(err.Error(), "already in progress")
}

// own inspects a container, refuses one of another owner, and says whether it is there at all.
func (r *Runtime) own(ctx context.Context, id string) (in container.InspectResponse, there bool, err error) {
	if id == "" {
		return in, false, nil
	}
	in, err = r.inspect(ctx, id)
	if cerrdefs.IsNotFound(err) {
		return in, false, nil
	}
	if err == nil && in.Config.Labels[labelOwner] != r.owner {
		err = fmt.Errorf("container %s belongs to another owner", id)
	}
	return in, err == nil, err
}

// Forget is RemoveAll and the removal of what outlives tasks: shared volumes that were provisioned
// for them, and the built-in images of other builds, whosesoever, that nothing uses.
func (r *Runtime) Forget(ctx context.Context) error {
	if ref := r.builtIn.Load(); ref != nil {
		defer r.sweep(ctx, *ref, 0)
	}
	return errors.Join(r.RemoveAll(ctx), r.removeVolumes(ctx, func(volume.Volume) bool { return true }))
}

// RemoveAll removes every container of this owner, running or not, and the volumes of its tasks.
// Volumes that tasks share stay, as they do on an instance.
func (r *Runtime) RemoveAll(ctx context.Context) error {
	r.closePools(ctx, "") // what they have is listed
	err := r.removeOnce(ctx)
	for range 2 { // what was just being made when it was listed
		if err == nil || ctx.Err() != nil {
			return err
		}
		err = r.removeOnce(ctx)
	}
	return err
}

// removeOnce removes what is there of this owner now.
func (r *Runtime) removeOnce(ctx context.Context) error {
	cs, err := r.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: r.ours()})
	if err != nil {
		return r.unanswered(err)
	}
	errs := make([]error, len(cs))
	var wg sync.WaitGroup
	turns := make(chan struct{}, starts)
	for i, c := range cs {
		r.channels.leave(c.ID)
		wg.Go(func() {
			turns <- struct{}{}
			errs[i] = r.Remove(ctx, c.ID)
			<-turns
		})
	}
	wg.Wait()
	r.taskGroups(ctx).sweep()
	errs = append(errs, r.removeVolumes(ctx, func(v volume.Volume) bool { return v.Labels[labelTask] != "" }), r.removeNetworks(ctx), r.removeGates())
	return errors.Join(errs...)
}

// removeVolumes removes those of this owner's volumes that are asked for.
func (r *Runtime) removeVolumes(ctx context.Context, asked func(volume.Volume) bool) error {
	vs, err := r.cli.VolumeList(ctx, volume.ListOptions{Filters: r.ours()})
	if err != nil {
		return err
	}
	var errs []error
	for _, v := range vs.Volumes {
		if !asked(*v) {
			continue
		}
		if err := r.cli.VolumeRemove(ctx, v.Name, false); err != nil && !cerrdefs.IsNotFound(err) {
			errs = append(errs, named(engine.CannotRemove, err))
		}
	}
	return errors.Join(errs...)
}
