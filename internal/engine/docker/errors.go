package docker

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/client"
)

// errNoImage is the engine's answer to a create that names an image it does not have.
var errNoImage = errors.New("no such image")

// named gives an answer of the engine the name that the ECS agent has for it; the message is the
// engine's own. An error that is no answer stays as it is: the engine could not be asked, or nobody
// waits for the answer any more.
func named(name string, err error) error {
	if err == nil || client.IsErrConnectionFailed(err) || errors.Is(err, context.Canceled) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || cerrdefs.IsUnavailable(err) || ending(err) {
		return err
	}
	var e *engine.Error
	if errors.As(err, &e) {
		return e
	}
	return &engine.Error{Name: name, Message: err.Error()}
}

// ending reports whether the engine answered while it, or its containerd, was going away: that says
// nothing about the container.
func ending(err error) bool {
	for _, says := range []string{"transport is closing", "client connection is closing", "error while dialing",
		"containerd.sock", "ttrpc: closed", "daemon is shutting down"} {
		if strings.Contains(err.Error(), says) {
			return true
		}
	}
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// limit runs do for at most d; transition names what was to be reached, in the agent's words.
//
// Source: amazon-ecs-agent, DockerTimeoutError.
func limit(ctx context.Context, d time.Duration, transition string, do func(context.Context) error) error {
	inner, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	err := do(inner)
	if err != nil && ctx.Err() == nil && errors.Is(inner.Err(), context.DeadlineExceeded) {
		return &engine.Error{Name: engine.Timeout,
			Message: "Could not transition to " + transition + "; timed out after waiting " + d.String()}
	}
	return err
}

// finish returns a context that lives on for patience after ctx ended: what was begun is brought to
// its end, but an engine that hangs does not hold us for ever.
func finish(ctx context.Context) (context.Context, context.CancelFunc) {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(patience, cancel) })
	return inner, func() { stop(); cancel() }
}

// patience is how long a call may go on that nobody waits for any more.
const patience = 10 * time.Second

// noImage reports whether a create failed for want of its image, and of nothing else.
func noImage(err error) bool {
	return cerrdefs.IsNotFound(err) && strings.Contains(err.Error(), "No such image")
}

// nameTaken reports whether a create failed because the name is in use.
func nameTaken(err error) bool {
	return cerrdefs.IsConflict(err) && strings.Contains(err.Error(), "is already in use")
}

// tooManyFiles reports whether a start failed because the engine may not set that limit of open files.
//
// Source: RLIMIT_NOFILE of the kernel is 7 on all that the engine runs on but MIPS and SPARC.
func tooManyFiles(err error) bool {
	return strings.Contains(err.Error(), "error setting rlimit type 7:")
}
