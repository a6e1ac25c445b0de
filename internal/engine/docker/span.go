package docker

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
)

// The engine binds any free port for one container port, but not as many in a row for a range, and
// it binds another one when a container is started again. Where either matters, the host ports are
// chosen here, downwards from the end of the ephemeral range, where the engine's own choice, which
// goes upwards, comes last.
const (
	firstPort  = 32768
	lastPort   = 60999
	spanChoice = 16 // how many choices are tried
)

// spans remembers where the next choice begins, for each address.
type spans struct {
	mu   sync.Mutex
	next map[string]int
}

// take returns the first of n ports in a row.
func (p *spans) take(host string, n int) (int, bool) {
	if n > lastPort-firstPort+1 {
		return 0, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		p.next = map[string]int{}
	}
	last, ok := p.next[host]
	if !ok || last-n+1 < firstPort {
		last = lastPort
	}
	p.next[host] = last - n
	return last - n + 1, true
}

// keepsPorts reports whether s is a container whose dynamic ports the engine must not choose.
func keepsPorts(s engine.Spec) bool {
	again := restarts(s)
	return s.Network == "bridge" && slices.ContainsFunc(s.Ports, func(p engine.PortSpec) bool {
		return p.HostPort == 0 && (again || p.Last > 0)
	})
}

// restarts reports whether s may be started again after it ended.
func restarts(s engine.Spec) bool {
	return s.Doc.RestartPolicy != nil && is(s.Doc.RestartPolicy.Enabled)
}

// choose gives every dynamic port of s a host port.
func (r *Runtime) choose(s engine.Spec) (engine.Spec, error) {
	s.Ports = slices.Clone(s.Ports)
	for i := range s.Ports {
		p := &s.Ports[i]
		if p.HostPort != 0 {
			continue
		}
		first, ok := r.spans.take(s.Host, count(*p))
		if !ok {
			return s, fmt.Errorf("error retrieving host port range for container %s: the range %d-%d has more ports than the ephemeral range", s.Container, p.ContainerPort, p.Last)
		}
		p.HostPort = first
	}
	return s, nil
}

// count is how many ports p asks for.
func count(p engine.PortSpec) int { return max(1, p.Last-p.ContainerPort+1) }

// keeping starts s with host ports that are chosen here, and others when one of them is taken.
func (r *Runtime) keeping(s engine.Spec, start func(engine.Spec) (engine.Started, error)) (engine.Started, error) {
	for n := 1; ; n++ {
		chosen, err := r.choose(s)
		if err != nil {
			return engine.Started{}, named(engine.CannotCreate, err)
		}
		st, err := start(chosen)
		if err == nil || n == spanChoice || !portTaken(err) {
			return st, err
		}
	}
}

// spanLabel writes down the ranges of s, so that their ports are told as one binding.
func spanLabel(ps []engine.PortSpec) string {
	var all []string
	for _, p := range ps {
		if p.Last > 0 {
			all = append(all, fmt.Sprintf("%d-%d/%s", p.ContainerPort, p.Last, protocol(p.Protocol)))
		}
	}
	return strings.Join(all, " ")
}

// fold makes one binding of the ports of each range in label. bs is sorted by container port.
func fold(bs []model.Binding, label string) []model.Binding {
	for _, span := range strings.Fields(label) {
		var first, last int
		var proto string
		if n, _ := fmt.Sscanf(span, "%d-%d/%s", &first, &last, &proto); n != 3 {
			continue
		}
		kept := bs[:0:0]
		for _, b := range bs {
			switch {
			case b.Protocol != proto || b.ContainerPort < first || b.ContainerPort > last:
				kept = append(kept, b)
			case b.ContainerPort == first:
				b.Last = last
				kept = append(kept, b)
			}
		}
		bs = kept
	}
	return bs
}
