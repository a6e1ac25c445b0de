package docker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/container"
)

// The times that the ECS agent gives the engine.
//
// Source: amazon-ecs-agent, agent/dockerclient/timeout.go and ECS_CONTAINER_START_TIMEOUT.
const (
	createTimeout  = 4 * time.Minute
	startTimeout   = 3 * time.Minute
	inspectTimeout = 30 * time.Second
	removeTimeout  = 5 * time.Minute
)

// Start creates and starts the container and says what the engine made of it. Where a container of
// that name is already there, it is adopted: one that runs is left alone, one that was only
// created is started, one that ended is told as such. When ctx ends, a pull ends with it; a
// container that is being created is started all the same, so that no answer is lost.
//
// An *engine.Error is the engine's refusal, and leaves no container behind. After any other error
// the engine could not be asked: what became of the container is told by Watch, or by another Start.
//
// These members of a container definition act: command, cpu, disableNetworking, dnsSearchDomains,
// dnsServers, dockerLabels, dockerSecurityOptions, entryPoint, environment, extraHosts,
// healthCheck, hostname, image (public, there already, or pulled with repositoryCredentials), interactive, links,
// linuxParameters (capabilities, devices, initProcessEnabled, maxSwap, sharedMemorySize,
// swappiness, tmpfs), logConfiguration (any driver of the engine's and its options; of awslogs its buffer),
// memory, memoryReservation, mountPoints (host volumes, with or without a path, and Docker
// volumes), portMappings (containerPort, containerPortRange, hostPort, protocol), privileged,
// pseudoTerminal, readonlyRootFilesystem,
// stopTimeout, systemControls, ulimits, user, volumesFrom, workingDirectory. Network modes are
// bridge, host, none and that of the task; in host mode and the last, dnsSearchDomains, dnsServers, extraHosts,
// hostname and links are refused by the engine. What the agent acts on itself (name, essential, dependsOn, startTimeout)
// is not read here; links and volumesFrom need the other container to be started, or created, before.
//
// These do not act: credentialSpecs, environmentFiles, firelensConfiguration,
// the log driver awsfirelens, portMappings.appProtocol, resourceRequirements, and versionConsistency. The values of
// secrets, logConfiguration.secretOptions and repositoryCredentials come from Spec.Secrets.
func (r *Runtime) Start(ctx context.Context, s engine.Spec) (engine.Started, error) {
	st, err := r.startImage(ctx, s)
	if err != nil {
		r.abandon(ctx, s)
	}
	return st, err
}

// startImage starts s, of the built-in image or of another.
func (r *Runtime) startImage(ctx context.Context, s engine.Spec) (engine.Started, error) {
	switch {
	case r.isBuiltIn(s.Image):
	case s.Doc.RepositoryCredentials != nil:
		return r.startPrivate(ctx, s)
	default:
		return r.start(ctx, s, func(ctx context.Context, image string) error { return r.pull(ctx, image, engine.Login{}) })
	}
	ref, err := r.EnsureProbe(ctx)
	if err != nil {
		return engine.Started{}, named(engine.CannotPull, err)
	}
	s.Image = ref
	s = withMetadata(s)
	st, err := r.start(ctx, s, r.reimport)
	if err == nil && st.State == engine.Running && s.Env[metadataEnv] != "" {
		r.sendMetadata(s, st)
	}
	return st, err
}

// start brings s up, after fetching its image when the engine turns out not to have it. Asking
// before would cost a call for every container.
func (r *Runtime) start(ctx context.Context, s engine.Spec, fetch func(context.Context, string) error) (engine.Started, error) {
	st, err := r.bring(ctx, s)
	if !errors.Is(err, errNoImage) {
		return st, err
	}
	began := time.Now().UTC()
	if err := fetch(ctx, s.Image); err != nil {
		return engine.Started{PullStarted: began}, named(engine.CannotPull, err)
	}
	ended := time.Now().UTC()
	if ctx.Err() != nil {
		return engine.Started{PullStarted: began, PullStopped: ended}, ctx.Err()
	}
	st, err = r.bring(ctx, s)
	if errors.Is(err, errNoImage) {
		err = named(engine.CannotPull, fmt.Errorf("the engine pulled %s and does not have it", s.Image))
	}
	st.PullStarted, st.PullStopped = began, ended
	return st, err
}

// bring creates and starts, within the cgroup of the task where that has limits.
func (r *Runtime) bring(ctx context.Context, s engine.Spec) (engine.Started, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots; r.topUp() }()
	case <-ctx.Done():
		return engine.Started{}, ctx.Err()
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	g := r.taskGroups(ctx)
	if g == nil || !sized(s) {
		return r.run(ctx, s)
	}
	defer g.leave(s.Task)
	if err := g.enter(s); err != nil {
		return engine.Started{}, named(engine.CannotCreate, err)
	}
	return r.run(ctx, s)
}

// run runs s, with as many open files as the engine can give: one that may not have as many itself
// refuses to start the container at all.
func (r *Runtime) run(ctx context.Context, s engine.Spec) (engine.Started, error) {
	if r.fewFiles.Load() {
		s.Files = 0
	}
	st, err := r.once(ctx, s)
	if err == nil || s.Files == 0 || !tooManyFiles(err) {
		return st, err
	}
	if !r.fewFiles.Swap(true) {
		r.log.Warn("the engine cannot give containers as many open files as they have on Fargate; they get what it has", "files", s.Files)
	}
	s.Files = 0
	return r.once(ctx, s)
}

// made is a container on the engine.
type made struct {
	id    string
	plug  plug
	known *container.InspectResponse // as it was found, when it was there already
}

// once makes two calls, the only ones on the way to RUNNING, where a namespace is ready to be joined.
func (r *Runtime) once(ctx context.Context, s engine.Spec) (engine.Started, error) {
	m, err := r.make(ctx, s)
	if err != nil {
		return engine.Started{}, err
	}
	if m.known != nil && m.known.State.Status != container.StateCreated && (s.Again == "" || m.known.State.Running) {
		return r.stands(ctx, s, m)
	}
	digest := r.digestOf(ctx, s)
	err = limit(ctx, startTimeout, "started", func(ctx context.Context) error { return r.begin(ctx, s, m) })
	switch err = named(engine.CannotStart, err); {
	case err != nil && s.Again != "":
		return engine.Started{}, err // what it wrote stays
	case err != nil:
		return engine.Started{}, r.undo(ctx, m.id, err)
	case m.known != nil:
		return r.stands(ctx, s, m)
	}
	return engine.Started{RuntimeID: m.id, State: engine.Running, Digest: <-digest, Net: m.plug.net,
		Bindings: bindings(r.labels(s, m.plug), m.plug.net)}, nil
}

// begin starts a created container, after its host ports lead to where it listens.
func (r *Runtime) begin(ctx context.Context, s engine.Spec, m made) error {
	if err := m.plug.space.wait(ctx); err != nil {
		_ = m.plug.led.wait(ctx) // as make does: else whoever cleans up finds no host ports yet
		return err
	}
	if len(m.plug.forwards) > 0 {
		if err := r.lead(ctx, s, m.plug); err != nil {
			//lint:ignore ST1005 the words are the engine's
			return fmt.Errorf("Error response from daemon: driver failed programming external connectivity on endpoint %s: %w", r.name(s.Task, s.Container), err)
		}
	}
	return r.cli.ContainerStart(ctx, m.id, container.StartOptions{})
}

// lead has the host ports of a container lead to its namespace.
func (r *Runtime) lead(ctx context.Context, s engine.Spec, p plug) error {
	if p.led != nil {
		return p.led.wait(ctx)
	}
	h, err := r.hostOf(ctx, s.Instance)
	if err != nil {
		return err
	}
	return h.forward(ctx, nil, p.forwards)
}

// unforward takes the host ports off that lead to an address behind an instance. They go with a machine
// that does not stand any more.
func (r *Runtime) unforward(ctx context.Context, s engine.Spec, to netip.Addr) {
	h, err := r.hostOf(ctx, s.Instance)
	if err != nil {
		return
	}
	off := slices.DeleteFunc(slices.Clone(h.config().Forwards), func(f netbox.Forward) bool { return f.To.Addr() != to })
	if len(off) == 0 {
		return
	}
	err = h.forward(ctx, off, nil)
	if err != nil && h.life.Err() == nil { // they go with it
		r.log.Warn("host ports of a container that is gone still lead somewhere", "task", s.Task, "container", s.Container, "err", err)
	}
}

func (r *Runtime) inspect(ctx context.Context, id string) (in container.InspectResponse, err error) {
	err = limit(ctx, inspectTimeout, "inspecting", func(ctx context.Context) error {
		in, err = r.cli.ContainerInspect(ctx, id)
		return err
	})
	return in, err
}

// undo removes a container that the engine refused to start, and returns why.
func (r *Runtime) undo(ctx context.Context, id string, why error) error {
	var refusal *engine.Error
	if !errors.As(why, &refusal) {
		return why
	}
	if err := r.Remove(ctx, id); err != nil {
		r.log.Warn("a container that failed to start stays behind", "container", id, "err", err)
	}
	return why
}

// stands says how a container stands that was there already.
func (r *Runtime) stands(ctx context.Context, s engine.Spec, m made) (engine.Started, error) {
	in, err := r.inspect(ctx, m.id)
	if err == nil && in.State.Status == container.StateCreated {
		err = fmt.Errorf("the engine says that %s did not start: %s", in.Name, in.State.Error)
	}
	var n engine.Net
	if err == nil {
		n, err = r.joinedBy(ctx, in)
	}
	if err != nil {
		return engine.Started{}, named(engine.CannotInspect, err)
	}
	st := engine.Started{RuntimeID: in.ID, State: engine.Running, Digest: r.digest(ctx, s.Image, in.Image), Net: n,
		Bindings: bindings(in.Config.Labels, n)}
	if !in.State.Running {
		st.State, st.Exit, st.OOM = engine.Exited, in.State.ExitCode, outOfMemory(in.State)
	}
	return st, nil
}
