package daemon

import (
	"context"
	"errors"
	"hash/fnv"
	"iter"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/agent"
	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/docker"
	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// machine is a container engine with what only the daemon asks of it.
type machine interface {
	agent.Runtime
	Check(ctx context.Context) (engine.Info, error)
	Logs(ctx context.Context, runtimeID string, o engine.LogOptions) iter.Seq2[engine.LogLine, error]
	RemoveAll(ctx context.Context) error
	Forget(ctx context.Context) error
	Close() error
}

// readied is an engine that starts a container only once nobody has anything against it.
type readied struct {
	machine
	network, log ready
}

// ready returns once a container may be started.
type ready = func(context.Context, engine.Spec) error

// Start makes the log of a container that has an execution role once that was asked what it may: when its secrets
// are read, which engines do before they make it.
func (r readied) Start(ctx context.Context, s engine.Spec) (engine.Started, error) {
	if err := r.network(ctx, s); err != nil {
		return engine.Started{}, err
	}
	read := s.Secrets
	if read == nil || s.Again != "" {
		if err := r.log(ctx, s); err != nil {
			return engine.Started{}, err
		}
		return r.machine.Start(ctx, s)
	}
	made := s
	made.Secrets = func() (engine.Secrets, error) {
		got, err := read()
		if err == nil {
			err = r.log(ctx, s)
		}
		return got, err
	}
	return r.machine.Start(ctx, made)
}

// openEngine returns the engine that the settings name, once it has answered.
func (d *daemon) openEngine(ctx context.Context) (machine, error) {
	if d.Engine == "sim" {
		d.info = engine.Info{Arch: runtime.GOARCH}
		return sim.New(sim.Config{}), nil
	}
	c, err := d.dockerConfig()
	if err != nil {
		return nil, err
	}
	m, err := docker.New(c)
	if err != nil {
		return nil, err
	}
	info, err := m.Check(ctx)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	d.info = info
	d.Log.Info("container engine", "version", info.Version, "host", info.Host, "cpus", info.CPUs, "memory", info.Memory)
	for _, c := range info.Caveats {
		d.Log.Warn("container engine: " + c)
	}
	return m, nil
}

// stopGrace is how long containers get to end by themselves when the daemon stops them.
const stopGrace = 10 * time.Second

// stopAll asks every running container to end, and removes them all.
func (d *daemon) stopAll(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, id := range d.running() {
		wg.Go(func() {
			if err := d.engine.Stop(ctx, id, stopGrace); err != nil {
				d.Log.Warn("a container did not stop and is removed as it is", "container", id, "err", err)
			}
		})
	}
	wg.Wait()
	return d.engine.RemoveAll(ctx)
}

// running returns the engine's ids of the containers of live tasks, in all scopes.
func (d *daemon) running() (ids []string) {
	_ = d.store.View(d.scope(), func(tx *store.Tx) error {
		for _, sc := range tx.Scopes() {
			for t := range store.Tasks.All(tx.In(sc)) {
				for _, c := range t.Containers {
					if t.Live() && c.RuntimeID != "" && c.Is == model.Running {
						ids = append(ids, c.RuntimeID)
					}
				}
			}
		}
		return nil
	})
	return ids
}

// hosts are the loopback addresses that this daemon gives to its instances. Real containers bind
// ports there, so daemons that share a machine must not meet: each has one of 4,096 blocks of 1,022
// addresses between 127.64.0.0 and 127.128.0.0, by its owner name.
func (d *daemon) hosts() netip.Prefix {
	if d.Engine == "sim" {
		return netip.MustParsePrefix("127.64.0.0/10")
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(d.owner))
	block := h.Sum32() % 4096
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{127, 64 + byte(block/64), byte(block%64) * 4, 0}), 22)
}
