package agent

import (
	"context"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// Runtime runs containers: what the agent needs of a container engine, and no more. Nothing here
// says that the engine is on this machine or quick to answer.
//
// An error that is an *engine.Error is the engine's answer. Any other error means that the engine
// could not be asked; the agent then asks again.
type Runtime interface {
	// Start pulls, creates and starts the container that spec names, and returns once it runs.
	// It is idempotent: a container of that name that exists already is started if it never was,
	// else only told, with its end if it ended. Cancelling ctx gives up. Whoever gives up or fails
	// leaves no container behind, but for one that Watch tells of.
	Start(ctx context.Context, spec engine.Spec) (engine.Started, error)
	// Stop sends the stop signal and, after grace, SIGKILL. It returns once the container has
	// ended and its host ports are free again; so it does for one that ended by itself, and at
	// once for one that does not exist.
	Stop(ctx context.Context, runtimeID string, grace time.Duration) error
	// Remove removes a container with its volumes, running or not. Removing what does not exist
	// is no error.
	Remove(ctx context.Context, runtimeID string) error
	// Ephemeral is the range of ports, its first and its last one, from which dynamic host ports of
	// instances are taken.
	Ephemeral() (first, last int)
	// Watch tells what happens until ctx ends: every container of ours as Seen, then Synced, then
	// each change as it comes. When the engine goes away it tells Lost, and begins again with
	// Seen and Synced once it answers. It calls fn from one goroutine; fn may block.
	Watch(ctx context.Context, fn func(engine.Event)) error
}
