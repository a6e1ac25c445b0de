// Package sim is a container engine that lives in memory: the same contract as the Docker engine,
// without processes. A container runs until it is stopped, or until End says that it ended; its
// health check, if it has one, passes. It serves tests in fake time, and --engine sim for learning
// the API and for clusters larger than the machine. It keeps no goroutine for a container.
package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
)

// Config says how long things take. The zero value makes everything happen at once.
type Config struct {
	Pull  time.Duration // of an image that was not used before
	Start time.Duration // of a container
	Stop  time.Duration // from the stop signal to the end, at most the grace period
}

// Runtime is a simulated engine. All its methods may be called at the same time.
type Runtime struct {
	c Config

	// The mutex stands for the engine's own: here is the outside world, not a part of the daemon.
	mu         sync.Mutex
	containers map[string]*box // by runtime id, which follows from the name
	hosts      map[hostKey]host
	plugs      plugs
	images     map[string]bool
	watchers   map[*watcher]struct{}
	lost       error // why the engine does not answer; nil when it does
}

// name is what makes a container unique.
type name struct {
	scope           model.Scope
	task, container string
}

// box is one container.
type box struct {
	name
	id       string
	image    string
	host     hostKey
	state    engine.State // Running or Exited
	exit     int
	oom      bool
	began    time.Time
	ended    time.Time
	health   model.Health
	checked  bool
	bindings []model.Binding
	plug     *plug // nil but in engine.NetworkTask
}

// New returns an engine without containers.
func New(c Config) *Runtime {
	return &Runtime{c: c, containers: map[string]*box{}, hosts: map[hostKey]host{},
		plugs: plugs{of: map[plugKey]*plug{}}, images: map[string]bool{}, watchers: map[*watcher]struct{}{}}
}

// Start begins a container, after the time that its image and its start take. Images whose name
// begins with "missing/", or has "/missing/" in it, cannot be pulled.
func (r *Runtime) Start(ctx context.Context, s engine.Spec) (engine.Started, error) {
	n := name{s.Scope, s.Task, s.Container}
	st, there, err := r.find(n)
	if s.Again != "" {
		return r.again(ctx, s, n)
	}
	if err != nil || there {
		return st, err
	}
	if s.Secrets != nil {
		if _, err := s.Secrets(); err != nil {
			return st, err
		}
	}
	if st, err = r.pull(ctx, s.Image); err != nil {
		return st, err
	}
	if err := pause(context.WithoutCancel(ctx), r.c.Start); err != nil {
		return st, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost != nil {
		return st, r.away()
	}
	id := runtimeID(n)
	if b := r.containers[id]; b != nil {
		return b.started(), nil
	}
	b := &box{name: n, id: id, image: s.Image, host: hostKey{s.Scope, s.Instance}, state: engine.Running,
		began: time.Now().UTC(), checked: s.Doc.HealthCheck != nil}
	if err := r.connect(b, s); err != nil {
		return st, err
	}
	r.containers[b.id] = b
	r.begun(b)
	made := b.started()
	made.PullStarted, made.PullStopped = st.PullStarted, st.PullStopped
	return made, nil
}

// connect gives b what it needs of the network.
func (r *Runtime) connect(b *box, s engine.Spec) (err error) {
	if s.Network != engine.NetworkTask {
		b.bindings, err = r.bind(s)
		return err
	}
	if b.plug, err = r.plugs.join(s); err != nil {
		return err
	}
	b.bindings = b.plug.answers(s)
	b.plug.boxes++
	return nil
}

// begun tells that b runs, and that it is well.
func (r *Runtime) begun(b *box) {
	b.enter()
	r.tell(b.event(engine.Changed))
	if b.checked {
		b.health = model.HealthHealthy
		r.tell(b.event(engine.Changed))
	}
}

// again starts a container that ended once more, with the host ports it had.
func (r *Runtime) again(ctx context.Context, s engine.Spec, n name) (st engine.Started, err error) {
	if err := pause(context.WithoutCancel(ctx), r.c.Start); err != nil {
		return st, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.containers[runtimeID(n)]
	switch {
	case r.lost != nil:
		return st, r.away()
	case b == nil || b.id != s.Again:
		return st, &engine.Error{Name: engine.CannotStart, Message: "Error response from daemon: No such container: " + s.Again}
	case b.state == engine.Running:
		return b.started(), nil
	}
	if err := r.hold(b); err != nil {
		return st, err
	}
	b.state, b.exit, b.oom, b.began = engine.Running, 0, false, time.Now().UTC()
	r.begun(b)
	return b.started(), nil
}

// find returns the container that is already there.
func (r *Runtime) find(n name) (st engine.Started, there bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost != nil {
		return st, false, r.away()
	}
	b := r.containers[runtimeID(n)]
	if b == nil {
		return st, false, nil
	}
	return b.started(), true, nil
}

// pull takes its time for an image that is not there.
func (r *Runtime) pull(ctx context.Context, image string) (st engine.Started, err error) {
	r.mu.Lock()
	there := r.images[image]
	r.mu.Unlock()
	if there {
		return st, nil
	}
	st.PullStarted = time.Now().UTC()
	if err := pause(ctx, r.c.Pull); err != nil {
		return st, err
	}
	if strings.HasPrefix(image, "missing/") || strings.Contains(image, "/missing/") {
		return st, &engine.Error{Name: engine.CannotPull, Message: "Error response from daemon: pull access denied for " + image +
			", repository does not exist or may require 'docker login': denied: requested access to the resource is denied"}
	}
	st.PullStopped = time.Now().UTC()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.images[image] = true
	return st, nil
}

// Stop ends a container that runs, with exit code 0.
func (r *Runtime) Stop(ctx context.Context, runtimeID string, grace time.Duration) error {
	r.mu.Lock()
	b, lost := r.containers[runtimeID], r.lost
	running := b != nil && b.state == engine.Running
	r.mu.Unlock()
	switch {
	case lost != nil:
		return r.away()
	case b == nil:
		return nil
	case !running:
		r.leave(b)
		return nil
	}
	exit := 0
	if r.c.Stop > grace {
		exit = 137
	}
	if err := pause(ctx, min(r.c.Stop, max(grace, 0))); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost != nil {
		return r.away()
	}
	r.end(b, exit, false)
	r.plugs.release(b.plug, false)
	return nil
}

// leave lets go of the namespace of a container that ended, if nothing else runs there.
func (r *Runtime) leave(b *box) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plugs.release(b.plug, false)
}

// Remove forgets a container, running or not.
func (r *Runtime) Remove(_ context.Context, runtimeID string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost != nil {
		return r.away()
	}
	if b := r.containers[runtimeID]; b != nil {
		r.remove(b)
	}
	return nil
}

// RemoveAll forgets every container.
func (r *Runtime) RemoveAll(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost != nil {
		return r.away()
	}
	for _, b := range r.containers {
		r.remove(b)
	}
	return nil
}

// Forget is RemoveAll: nothing here outlives a container.
func (r *Runtime) Forget(ctx context.Context) error { return r.RemoveAll(ctx) }

func (r *Runtime) remove(b *box) {
	r.end(b, 137, false)
	delete(r.containers, b.id)
	ev := b.event(engine.Changed)
	ev.State, ev.Health = engine.Removed, ""
	r.tell(ev)
	if b.plug != nil {
		b.plug.boxes--
		r.plugs.release(b.plug, true)
	}
}

// end makes a running container an ended one; its ports are free.
func (r *Runtime) end(b *box, exit int, oom bool) {
	if b.state != engine.Running {
		return
	}
	b.state, b.exit, b.oom, b.ended, b.health = engine.Exited, exit, oom, time.Now().UTC(), ""
	r.free(b)
	if b.plug != nil {
		b.plug.running--
	}
	r.tell(b.event(engine.Changed))
}

// Check says what the engine is.
func (r *Runtime) Check(context.Context) (engine.Info, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost != nil {
		return engine.Info{}, r.away()
	}
	return engine.Info{Name: "simulated", Host: "sim", Version: "simulated", OS: "linux", Arch: runtime.GOARCH,
		CPUs: runtime.NumCPU(), Caveats: []string{"containers are simulated: nothing runs, and nothing answers on their ports"}}, nil
}

// Logs reads nothing: without a process there is no log.
func (r *Runtime) Logs(context.Context, string, engine.LogOptions) iter.Seq2[engine.LogLine, error] {
	return func(func(engine.LogLine, error) bool) {}
}

// EnsureProbe does nothing: every image is there.
func (r *Runtime) EnsureProbe(context.Context) (string, error) { return "drydock/probe:latest", nil }

// Close does nothing.
func (r *Runtime) Close() error { return nil }

// away is what every call gets while the engine is lost. It is no *engine.Error: nothing was refused.
func (r *Runtime) away() error { return fmt.Errorf("the simulated engine does not answer: %w", r.lost) }

func (b *box) started() engine.Started {
	return engine.Started{RuntimeID: b.id, State: b.state, Exit: b.exit, OOM: b.oom, Bindings: b.bindings, Net: b.namespace()}
}

func (b *box) event(kind engine.EventKind) engine.Event {
	ev := engine.Event{Kind: kind, At: time.Now().UTC(), Scope: b.scope, Task: b.task, Container: b.container, RuntimeID: b.id,
		State: b.state, Exit: b.exit, OOM: b.oom, Health: b.health}
	if kind == engine.Seen && b.state == engine.Running {
		ev.Bindings = b.bindings
		if b.checked && ev.Health == "" {
			ev.Health = model.HealthUnknown
		}
	}
	if kind == engine.Seen {
		ev.Net = b.namespace()
	}
	if b.state == engine.Exited {
		ev.At = b.ended
		if kind == engine.Seen {
			ev.Began = b.began
		}
	}
	return ev
}

// runtimeID looks like an engine's, and is the same in every run.
func runtimeID(n name) string {
	sum := sha256.Sum256([]byte(n.scope.String() + "/" + n.task + "/" + n.container))
	return hex.EncodeToString(sum[:])
}

// pause waits for d, in fake time where there is one.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
