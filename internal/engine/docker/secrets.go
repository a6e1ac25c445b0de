package docker

import (
	"context"
	"errors"
	"maps"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	cerrdefs "github.com/containerd/errdefs"
)

// errThere says that the container is there already: nobody asks for its secrets again.
var errThere = errors.New("the container is there")

// withSecrets returns s as the container is to be made, with its secrets. One that has secrets is
// looked for first: what runs keeps those that it got, even if they are gone by now.
func (r *Runtime) withSecrets(ctx context.Context, s engine.Spec, name string) (engine.Spec, error) {
	if s.Secrets == nil {
		return s, nil
	}
	got, err := r.secrets(ctx, s, name)
	if err != nil {
		return s, err
	}
	return given(s, got), nil
}

// secrets reads the secrets of a container that is not there yet.
func (r *Runtime) secrets(ctx context.Context, s engine.Spec, name string) (got engine.Secrets, err error) {
	switch _, err := r.inspect(ctx, name); {
	case err == nil:
		return got, errThere
	case !cerrdefs.IsNotFound(err):
		return got, named(engine.CannotCreate, err)
	}
	return s.Secrets()
}

// given is s with its secrets.
func given(s engine.Spec, got engine.Secrets) engine.Spec {
	env := maps.Clone(s.Env)
	if env == nil {
		env = map[string]string{}
	}
	maps.Copy(env, got.Env)
	s.Env = env
	if len(got.LogOptions) > 0 && s.Doc.LogConfiguration != nil {
		options := maps.Clone(s.Doc.LogConfiguration.Options)
		if options == nil {
			options = map[string]string{}
		}
		maps.Copy(options, got.LogOptions)
		s.Doc.LogConfiguration = &types.LogConfiguration{LogDriver: s.Doc.LogConfiguration.LogDriver, Options: options}
	}
	return s
}
