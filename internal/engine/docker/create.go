package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
)

// make creates the container and what it needs, or finds the one that is there, or is to be started again.
func (r *Runtime) make(ctx context.Context, s engine.Spec) (made, error) {
	if s.Again != "" {
		return r.ended(ctx, s)
	}
	if err := r.provide(ctx, s); err != nil {
		return made{}, err
	}
	done, err := r.turns.take(ctx, turnOf(s))
	if err != nil {
		return made{}, err
	}
	defer done()
	p, err := r.namespaces(ctx, s)
	if errors.Is(err, errPauseEnded) { // what runs without is there all the same
		if m, missing := r.adopt(ctx, s); missing == nil && m.known.State.Status != container.StateCreated {
			return m, nil
		}
		var used bool
		if used, err = r.release(ctx, s, true); err == nil && used {
			err = errPauseEnded
		}
		if err == nil {
			p, err = r.namespaces(ctx, s)
		}
	}
	if err != nil {
		return made{}, named(engine.CannotCreate, err)
	}
	m, err := r.create(ctx, s, p)
	if err != nil || m.known != nil {
		_ = p.led.wait(ctx) // so that whoever cleans up finds all there is
	}
	if err == nil && behind(s) && m.known != nil && joined(m.known.HostConfig) != p.id {
		err = named(engine.CannotCreate, r.removeBehind(ctx, s)) // it was made for nothing
	}
	return m, err
}

// namespaces makes sure of all that a container joins.
func (r *Runtime) namespaces(ctx context.Context, s engine.Spec) (plug, error) {
	if err := r.pause(ctx, s); err != nil {
		return plug{}, err
	}
	return r.join(ctx, s)
}

// ended finds the container that is to be started again.
func (r *Runtime) ended(ctx context.Context, s engine.Spec) (made, error) {
	in, there, err := r.own(ctx, s.Again)
	if err == nil && !there {
		err = &engine.Error{Name: engine.CannotStart, Message: "Error response from daemon: No such container: " + s.Again}
	}
	if err != nil {
		return made{}, named(engine.CannotStart, err)
	}
	return r.found(ctx, in)
}

// create makes the container, or finds the one that is already there.
func (r *Runtime) create(ctx context.Context, s engine.Spec, p plug) (m made, err error) {
	name := r.name(s.Task, s.Container)
	s, err = r.withSecrets(ctx, s, name)
	if errors.Is(err, errThere) {
		return r.adopt(ctx, s)
	}
	if err != nil {
		return m, err
	}
	cfg, host, err := r.settings(s, p)
	if err != nil {
		return m, named(engine.CannotCreate, err)
	}
	m.plug = p
	err = limit(ctx, createTimeout, "created", func(ctx context.Context) error {
		made, err := r.cli.ContainerCreate(ctx, cfg, host, nil, nil, name)
		m.id = made.ID
		return err
	})
	switch {
	case err == nil:
		return m, nil
	case noImage(err):
		return m, errNoImage
	case cerrdefs.IsInvalidArgument(err) && strings.Contains(err.Error(), "invalid reference format"): // the ECS agent pulls first
		return m, named(engine.CannotPull, err)
	case nameTaken(err):
		return r.adopt(ctx, s)
	}
	return m, named(engine.CannotCreate, err)
}

// adopt finds the container that has the name of s.
func (r *Runtime) adopt(ctx context.Context, s engine.Spec) (made, error) {
	name := r.name(s.Task, s.Container)
	in, err := r.inspect(ctx, name)
	if err != nil {
		return made{}, named(engine.CannotCreate, err)
	}
	l := in.Config.Labels
	if l[labelOwner] != r.owner || l[labelTask] != s.Task || l[labelContainer] != s.Container {
		return made{}, named(engine.CannotCreate, fmt.Errorf("the name %s is taken by a container of something else; remove it with: docker rm -f %[1]s", name))
	}
	return r.found(ctx, in)
}

// found is a container as it was left.
func (r *Runtime) found(ctx context.Context, in container.InspectResponse) (made, error) {
	m := made{id: in.ID, known: &in}
	n, err := r.joinedBy(ctx, in)
	if err != nil {
		return m, named(engine.CannotCreate, err)
	}
	m.plug = plug{id: joined(in.HostConfig), net: n, forwards: readForwards(in.Config.Labels[labelForwards])}
	return m, nil
}
