package agent

import (
	"context"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// startOn starts a container and takes the secrets that it got out of what the engine says about it:
// an error becomes the reason of a task, and a line of the log.
func startOn(ctx context.Context, rt Runtime, s engine.Spec) (engine.Started, error) {
	var got engine.Secrets
	if read := s.Secrets; read != nil {
		s.Secrets = func() (engine.Secrets, error) {
			var err error
			got, err = read()
			return got, err
		}
	}
	st, err := rt.Start(ctx, s)
	return st, got.Hide(err)
}
