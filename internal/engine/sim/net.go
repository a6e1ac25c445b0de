package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"strconv"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
)

// plug is the network namespace of one task.
type plug struct {
	engine.Net
	scope          model.Scope
	task           string
	boxes, running int  // containers in it
	gone           bool // it ended before them
	released       bool // it ended after them
}

// plugKey names a task.
type plugKey struct {
	scope model.Scope
	task  string
}

// plugs are the namespaces of tasks.
type plugs struct {
	of   map[plugKey]*plug
	made int // ever
}

// join returns the namespace of s's task, which comes with the first container.
func (p *plugs) join(s engine.Spec) (*plug, error) {
	k := plugKey{s.Scope, s.Task}
	if g := p.of[k]; g != nil {
		return g, g.refusal()
	}
	if s.NIC == nil {
		return nil, &engine.Error{Name: engine.CannotCreate, Message: "the task has no network interface"}
	}
	p.made++
	sum := sha256.Sum256([]byte("namespace " + strconv.Itoa(p.made)))
	g := &plug{scope: s.Scope, task: s.Task, Net: engine.Net{ID: hex.EncodeToString(sum[:]), IP: s.NIC.IP.String(), MAC: s.NIC.MAC}}
	p.of[k] = g
	return g, nil
}

// refusal is why nothing can start in g any more; nil when it can.
func (g *plug) refusal() error {
	if !g.gone && !g.released {
		return nil
	}
	return &engine.Error{Name: engine.CannotStart, Message: "Error response from daemon: cannot join network of a non running container: " + g.ID}
}

// release ends a namespace that nothing runs in; all says that even what ended there must be gone.
func (p *plugs) release(g *plug, all bool) {
	if g == nil || g.released || g.running > 0 || all && g.boxes > 0 {
		return
	}
	g.released = true
	delete(p.of, plugKey{g.scope, g.task})
}

// answers says where the ports of s answer in g.
func (g *plug) answers(s engine.Spec) (bs []model.Binding) {
	for _, p := range s.Ports {
		b := model.Binding{ContainerPort: p.ContainerPort, Last: p.Last, Protocol: p.Protocol}
		if b.Protocol == "" {
			b.Protocol = "tcp"
		}
		b.Dial = net.JoinHostPort(nowhere, strconv.Itoa(p.ContainerPort))
		bs = append(bs, b)
	}
	return bs
}

// told is the event that g is gone.
func (g *plug) told() engine.Event {
	return engine.Event{Kind: engine.Unplugged, At: time.Now().UTC(), Scope: g.scope, Task: g.task, Net: g.Net}
}

// Unplug ends the network namespaces of the task, in whatever scope, while its containers run on, and
// reports how many there were.
func (r *Runtime) Unplug(task string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, g := range r.plugs.of {
		if k.task == task && !g.gone {
			g.gone = true
			r.tell(g.told())
			n++
		}
	}
	return n
}

// Addresses counts the namespaces of tasks that stand.
func (r *Runtime) Addresses() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.plugs.of)
}

// enter counts b in its namespace, as one that runs.
func (b *box) enter() {
	if b.plug != nil {
		b.plug.running++
	}
}

// namespace is what the engine tells of the namespace of b.
func (b *box) namespace() engine.Net {
	switch {
	case b.plug == nil || b.plug.released:
		return engine.Net{}
	case b.plug.gone:
		return engine.Net{ID: b.plug.ID}
	}
	return b.plug.Net
}
