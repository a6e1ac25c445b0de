package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	cerrdefs "github.com/containerd/errdefs"
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

// portWaits are the pauses between attempts to bind a fixed host port. A container that just ended
// holds its ports for about 100 ms after its end was told.
var portWaits = []time.Duration{40 * time.Millisecond, 80 * time.Millisecond, 160 * time.Millisecond, 320 * time.Millisecond}

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
// healthCheck, hostname, image (public, or there already), interactive, links,
// linuxParameters (capabilities, devices, initProcessEnabled, maxSwap, sharedMemorySize,
// swappiness, tmpfs), logConfiguration (any driver of the engine's and its options; of awslogs its buffer),
// memory, memoryReservation, mountPoints (host volumes, with or without a path, and Docker
// volumes), portMappings (containerPort, containerPortRange, hostPort, protocol), privileged,
// pseudoTerminal, readonlyRootFilesystem,
// stopTimeout, systemControls, ulimits, user, volumesFrom, workingDirectory. Network modes are
// bridge, host, none and that of the task; in the last, dnsSearchDomains, dnsServers, extraHosts,
// hostname and links are refused by the engine. What the agent acts on itself (name, essential, dependsOn, startTimeout)
// is not read here, but that ports are kept for a restartPolicy; links and volumesFrom need the other container to be started, or created, before.
//
// These do not act: credentialSpecs, environmentFiles, firelensConfiguration,
// the log driver awsfirelens, portMappings.appProtocol, repositoryCredentials, resourceRequirements, and
// versionConsistency. Of secrets and logConfiguration.secretOptions the values come from Spec.Secrets.
func (r *Runtime) Start(ctx context.Context, s engine.Spec) (engine.Started, error) {
	st, err := r.startImage(ctx, s)
	if err != nil {
		r.abandon(ctx, s)
	}
	return st, err
}

// startImage starts s, of the built-in image or of another.
func (r *Runtime) startImage(ctx context.Context, s engine.Spec) (engine.Started, error) {
	probe := r.isBuiltIn(s.Image)
	if !probe {
		return r.start(ctx, s, r.pull)
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

// start launches s, after fetching its image when the engine turns out not to have it. Asking
// before would cost a call for every container.
func (r *Runtime) start(ctx context.Context, s engine.Spec, fetch func(context.Context, string) error) (engine.Started, error) {
	st, err := r.launch(ctx, s)
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
	st, err = r.launch(ctx, s)
	if errors.Is(err, errNoImage) {
		err = named(engine.CannotPull, fmt.Errorf("the engine pulled %s and does not have it", s.Image))
	}
	st.PullStarted, st.PullStopped = began, ended
	return st, err
}

// launch creates and starts a container, with host ports that last where they have to.
func (r *Runtime) launch(ctx context.Context, s engine.Spec) (engine.Started, error) {
	if s.Again != "" || !keepsPorts(s) {
		return r.bring(ctx, s)
	}
	return r.keeping(s, func(s engine.Spec) (engine.Started, error) { return r.bring(ctx, s) })
}

// bring creates, starts and inspects, within the cgroup of the task where that has limits.
func (r *Runtime) bring(ctx context.Context, s engine.Spec) (engine.Started, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
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

// once makes three calls, the only ones on the way to RUNNING.
func (r *Runtime) once(ctx context.Context, s engine.Spec) (engine.Started, error) {
	id, fresh, err := r.make(ctx, s)
	if err != nil {
		return engine.Started{}, err
	}
	if fresh {
		err := limit(ctx, startTimeout, "started", func(ctx context.Context) error { return r.begin(ctx, id, s) })
		if err = named(engine.CannotStart, err); err != nil && s.Again != "" {
			return engine.Started{}, err // what it wrote stays
		}
		if err != nil {
			return engine.Started{}, r.undo(ctx, id, err)
		}
	}
	in, err := r.inspect(ctx, id)
	if err == nil && in.State.Status == container.StateCreated {
		err = fmt.Errorf("the engine says that %s did not start: %s", in.Name, in.State.Error)
	}
	var own engine.Net
	if err == nil {
		own, err = r.plug(ctx, in)
	}
	if err != nil {
		return engine.Started{}, r.undo(ctx, id, named(engine.CannotInspect, err))
	}
	return r.started(ctx, s, in, own), nil
}

// make creates the container and what it needs, or finds the one that is to be started again.
func (r *Runtime) make(ctx context.Context, s engine.Spec) (id string, fresh bool, err error) {
	if s.Again != "" {
		return r.ended(ctx, s)
	}
	if err := r.provide(ctx, s); err != nil {
		return "", false, err
	}
	if !shares(s) {
		return r.create(ctx, s)
	}
	done, err := r.turns.take(ctx, s.Task)
	if err != nil {
		return "", false, err
	}
	defer done()
	err = r.pause(ctx, s)
	if errors.Is(err, errPauseEnded) { // what runs without is there all the same
		if id, fresh, missing := r.adopt(ctx, s, r.name(s.Task, s.Container)); missing == nil && !fresh {
			return id, false, nil
		}
	}
	if err != nil {
		return "", false, named(engine.CannotCreate, err)
	}
	return r.create(ctx, s)
}

// ended finds the container that is to be started again; fresh says that this is still to be done.
func (r *Runtime) ended(ctx context.Context, s engine.Spec) (id string, fresh bool, err error) {
	in, there, err := r.own(ctx, s.Again)
	if err == nil && !there {
		err = &engine.Error{Name: engine.CannotStart, Message: "Error response from daemon: No such container: " + s.Again}
	}
	if err != nil {
		return "", false, named(engine.CannotStart, err)
	}
	return in.ID, !in.State.Running, nil
}

// create makes the container, or finds the one that is already there; fresh says that it is not
// started yet.
func (r *Runtime) create(ctx context.Context, s engine.Spec) (id string, fresh bool, err error) {
	name := r.name(s.Task, s.Container)
	s, err = r.withSecrets(ctx, s, name)
	if errors.Is(err, errThere) {
		return r.adopt(ctx, s, name)
	}
	if err != nil {
		return "", false, err
	}
	cfg, host, err := r.settings(s)
	if err != nil {
		return "", false, named(engine.CannotCreate, err)
	}
	err = limit(ctx, createTimeout, "created", func(ctx context.Context) error {
		made, err := r.cli.ContainerCreate(ctx, cfg, host, nil, nil, name)
		id = made.ID
		return err
	})
	switch {
	case err == nil:
		return id, true, nil
	case noImage(err):
		return "", false, errNoImage
	case cerrdefs.IsInvalidArgument(err) && strings.Contains(err.Error(), "invalid reference format"): // the ECS agent pulls first
		return "", false, named(engine.CannotPull, err)
	case nameTaken(err):
		return r.adopt(ctx, s, name)
	}
	return "", false, named(engine.CannotCreate, err)
}

// adopt finds the container that has the name.
func (r *Runtime) adopt(ctx context.Context, s engine.Spec, name string) (id string, fresh bool, err error) {
	in, err := r.inspect(ctx, name)
	if err != nil {
		return "", false, named(engine.CannotCreate, err)
	}
	l := in.Config.Labels
	if l[labelOwner] != r.owner || l[labelTask] != s.Task || l[labelContainer] != s.Container {
		return "", false, named(engine.CannotCreate, fmt.Errorf("the name %s is taken by a container of something else; remove it with: docker rm -f %[1]s", name))
	}
	return in.ID, in.State.Status == container.StateCreated, nil
}

// begin starts a created container. A fixed host port gets a moment to become free.
func (r *Runtime) begin(ctx context.Context, id string, s engine.Spec) error {
	err := r.cli.ContainerStart(ctx, id, container.StartOptions{})
	for _, wait := range portWaits {
		if err == nil || !portTaken(err) || s.Network != "bridge" {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
		err = r.cli.ContainerStart(ctx, id, container.StartOptions{})
	}
	return err
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

// started says what the engine made of s, in the network own of its task if it has one.
func (r *Runtime) started(ctx context.Context, s engine.Spec, in container.InspectResponse, own engine.Net) engine.Started {
	st := engine.Started{RuntimeID: in.ID, State: engine.Running, Digest: r.digest(ctx, s.Image, in.Image), Net: own}
	if !in.State.Running {
		st.State, st.Exit, st.OOM = engine.Exited, in.State.ExitCode, outOfMemory(in.State)
	}
	switch s.Network {
	case "host":
		st.Bindings = r.hostBindings(s.Host, hostPorts(s.Ports))
	case engine.NetworkTask:
		st.Bindings = answers(taskPorts(s.Ports), own.IP)
	default:
		st.Bindings = r.bindings(ctx, in.NetworkSettings, in.Config.Labels)
	}
	return st
}
