package docker

import (
	"context"
	"errors"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/docker/docker/api/types/registry"
)

// startPrivate starts a container whose image is behind a login. It is pulled each time: whether the
// engine may show the image to this task, only its registry knows. An instance that pulled the image before may
// run what it has when a pull fails, as the ECS agent does by default; Fargate keeps no images.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html (ECS_IMAGE_PULL_BEHAVIOR),
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html
func (r *Runtime) startPrivate(ctx context.Context, s engine.Spec) (engine.Started, error) {
	if s.Again != "" || s.Secrets == nil {
		return r.bring(ctx, s)
	}
	got, err := r.secrets(ctx, s, r.name(s.Task, s.Container))
	if errors.Is(err, errThere) {
		return r.bring(ctx, s)
	}
	if err != nil {
		return engine.Started{}, err
	}
	s, s.Secrets = given(s, got), nil // they are read once
	began := time.Now().UTC()
	err = r.pull(ctx, s.Image, got.Registry)
	ended := time.Now().UTC()
	switch {
	case ctx.Err() != nil:
		return engine.Started{PullStarted: began, PullStopped: ended}, ctx.Err()
	case err == nil:
		r.keep(ctx, s)
	case !r.kept(ctx, s):
		return engine.Started{PullStarted: began}, named(engine.CannotPull, err)
	default:
		r.log.Warn("an image could not be pulled; its instance runs the one that it has", "task", s.Task, "container", s.Container,
			"image", s.Image, "err", got.Hide(named(engine.CannotPull, err)))
	}
	st, err := r.bring(ctx, s)
	if errors.Is(err, errNoImage) {
		err = named(engine.CannotPull, errors.New("the engine does not have "+s.Image+" any more"))
	}
	st.PullStarted, st.PullStopped = began, ended
	return st, err
}

// keep notes that an instance pulled an image behind a login.
func (r *Runtime) keep(ctx context.Context, s engine.Spec) {
	in, err := r.cli.ImageInspect(ctx, s.Image)
	if err == nil && s.Instance != "" {
		r.images.Store(s.Instance+" "+s.Image, in.ID)
	}
}

// kept reports whether the instance of s may run the image that the engine has: one that this instance itself
// pulled, or that comes from no registry. What others pulled is none of its business.
func (r *Runtime) kept(ctx context.Context, s engine.Spec) bool {
	in, err := r.cli.ImageInspect(ctx, s.Image)
	if err != nil || s.Instance == "" {
		return false
	}
	id, pulled := r.images.Load(s.Instance + " " + s.Image)
	return pulled && id == in.ID || repoDigest(s.Image, in.RepoDigests) == ""
}

// encoded is a login as the engine takes it; empty for none.
func encoded(l engine.Login) (string, error) {
	if l == (engine.Login{}) {
		return "", nil
	}
	return registry.EncodeAuthConfig(registry.AuthConfig{Username: l.Username, Password: l.Password})
}
