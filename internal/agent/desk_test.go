package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/sim"
)

// desk is the simulated engine with a list of what it was asked.
type desk struct {
	*sim.Runtime
	mu    sync.Mutex
	names map[string]string // task/container by runtime id
	calls []string
}

func newDesk(c sim.Config) *desk { return &desk{Runtime: sim.New(c), names: map[string]string{}} }

func (d *desk) note(what, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, what+" "+name)
}

func (d *desk) Start(ctx context.Context, s engine.Spec) (engine.Started, error) {
	name := s.Task + "/" + s.Container
	d.note("start", name)
	st, err := d.Runtime.Start(ctx, s)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names[st.RuntimeID] = name
	return st, err
}

func (d *desk) name(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[id]
}

func (d *desk) Stop(ctx context.Context, id string, grace time.Duration) error {
	d.note("stop", d.name(id))
	return d.Runtime.Stop(ctx, id, grace)
}

func (d *desk) Remove(ctx context.Context, id string) error {
	d.note("remove", d.name(id))
	return d.Runtime.Remove(ctx, id)
}

// asked returns the calls made since the last time it was asked.
func (d *desk) asked() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := strings.Join(d.calls, ", ")
	d.calls = nil
	return all
}

// list prints what is on the engine, as task/container:state.
func (d *desk) list() []string {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all []string
	_ = d.Watch(ctx, func(e engine.Event) {
		if e.Kind == engine.Seen {
			all = append(all, fmt.Sprintf("%s/%s:%s", e.Task, e.Container, [...]string{"created", "running", "exited", "removed"}[e.State]))
		} else {
			cancel()
		}
	})
	slices.Sort(all)
	return all
}

// erase removes a container behind the agent's back.
func (d *desk) erase(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, n := range d.names {
		if n == name {
			_ = d.Runtime.Remove(context.Background(), id)
		}
	}
}
