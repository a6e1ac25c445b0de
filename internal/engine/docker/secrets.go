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
	switch _, err := r.inspect(ctx, name); {
	case err == nil:
		return s, errThere
	case !cerrdefs.IsNotFound(err):
		return s, named(engine.CannotCreate, err)
	}
	got, err := s.Secrets()
	if err != nil {
		return s, err
	}
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
	return s, nil
}
