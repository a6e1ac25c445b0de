package docker

import (
	"context"
	"fmt"
	"maps"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/volume"
)

// mounts adds s's volumes: paths of the machine, which the engine makes when they are missing, and
// volumes, which exist by now or, where nothing is asked of them, come with the container.
func (r *Runtime) mounts(s engine.Spec, h *container.HostConfig) {
	for _, b := range s.Binds {
		if b.Source != "" {
			bind := b.Source + ":" + b.Target
			if b.ReadOnly {
				bind += ":ro"
			}
			h.Binds = append(h.Binds, bind)
			continue
		}
		m := mount.Mount{Type: mount.TypeVolume, Source: r.volume(s, b), Target: b.Target, ReadOnly: b.ReadOnly}
		if b.Docker == nil {
			m.VolumeOptions = &mount.VolumeOptions{Labels: r.volumeLabels(s, nil)}
		}
		h.Mounts = append(h.Mounts, m)
	}
}

// volume names a volume on the engine. One that is shared and not provisioned by us is somebody's
// own; one that we provision belongs to the instance, as the real agent's belong to their machine.
func (r *Runtime) volume(s engine.Spec, b engine.Bind) string {
	switch {
	case b.Docker == nil || b.Docker.Scope != types.ScopeShared:
		return r.prefix(s.Task) + "vol-" + b.Volume
	case !is(b.Docker.Autoprovision):
		return b.Volume
	}
	return "drydock-" + r.owner + "-" + s.Instance + "-" + b.Volume
}

// volumeLabels are the definition's and ours. A shared volume carries no task: it stays.
func (r *Runtime) volumeLabels(s engine.Spec, d *types.DockerVolumeConfiguration) map[string]string {
	ls := map[string]string{}
	if d != nil {
		maps.Copy(ls, d.Labels)
	}
	ls[labelOwner] = r.owner
	if d == nil || d.Scope != types.ScopeShared {
		ls[labelTask] = s.Task
	}
	return ls
}

// provide makes the Docker volumes of s, as the ECS agent does before it creates a container.
// Making one that is there changes nothing.
//
// Source: amazon-ecs-agent, agent/api/task (dockerVolumes) and agent/taskresource/volume.
func (r *Runtime) provide(ctx context.Context, s engine.Spec) error {
	for _, b := range s.Binds {
		if b.Docker == nil || b.Source != "" {
			continue
		}
		if err := r.provideOne(ctx, s, b); err != nil {
			return named(engine.CannotVolume, err)
		}
	}
	return nil
}

func (r *Runtime) provideOne(ctx context.Context, s engine.Spec, b engine.Bind) error {
	name := r.volume(s, b)
	if b.Docker.Scope == types.ScopeShared {
		there, err := r.cli.VolumeInspect(ctx, name)
		switch {
		case cerrdefs.IsNotFound(err) && !is(b.Docker.Autoprovision):
			return fmt.Errorf("initialize volume: volume detection failed, volume '%s' does not exist and autoprovision is set to false", b.Volume)
		case cerrdefs.IsNotFound(err):
		case err != nil:
			return err
		case !is(b.Docker.Autoprovision):
			return nil
		case b.Docker.Driver != nil && there.Driver != *b.Docker.Driver || len(b.Docker.DriverOpts) > 0 && !maps.Equal(there.Options, b.Docker.DriverOpts):
			return fmt.Errorf("initialize volume: the existing volume '%s' has other options than the task definition's", b.Volume)
		default:
			return nil
		}
	}
	_, err := r.cli.VolumeCreate(ctx, volume.CreateOptions{Name: name, Driver: str(b.Docker.Driver),
		DriverOpts: b.Docker.DriverOpts, Labels: r.volumeLabels(s, b.Docker)})
	return err
}
