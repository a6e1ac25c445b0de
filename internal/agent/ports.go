package agent

import (
	"fmt"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// choose gives every dynamic host port of s, a container in bridge mode, a port of the instance's
// dynamic range that nothing there has. A container that has its ports already keeps them.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html (hostPort)
func (a *Agent) choose(tx *store.Tx, j job, s *engine.Spec) error {
	f := a.work[j.task].fact(j.name)
	if s.Network != "bridge" || f.keeps(s.Ports) {
		return nil
	}
	t, _ := store.Tasks.Get(tx, j.task.id)
	var taken map[model.HostPort]bool
	var from model.PortRange
	for i := range s.Ports {
		p := &s.Ports[i]
		if p.HostPort != 0 {
			continue
		}
		if taken == nil {
			taken, from = a.taken(tx, t.Instance), a.dynamic(tx, t.Instance)
		}
		first := a.search(key{j.task.scope, t.Instance}, taken, from, *p)
		if first == 0 {
			return noPort(s.Container, *p)
		}
		p.HostPort = first
		hold(taken, first, p.Count(), p.Protocol)
	}
	f.ports = s.Ports
	return nil
}

func noPort(container string, p engine.PortSpec) error {
	if p.Count() == 1 {
		return &engine.Error{Name: engine.CannotStart, Message: "Error response from daemon: all ports are allocated"}
	}
	return &engine.Error{Name: engine.CannotCreate, Message: fmt.Sprintf("error retrieving host port range for container %s: no %d ports in a row are free", container, p.Count())}
}

// keeps fills in the host ports that the container has, if it has some.
func (f *fact) keeps(ps []engine.PortSpec) bool {
	if len(ps) == len(f.ports) {
		copy(ps, f.ports)
		return true
	}
	if len(ps) != len(f.made.Bindings) {
		return false
	}
	for i, b := range f.made.Bindings {
		if p := &ps[i]; p.ContainerPort == b.ContainerPort && p.HostPort == 0 {
			p.HostPort = b.HostPort
		}
	}
	return true
}

// taken are the host ports of an instance that it has itself, that its tasks hold by their rows, and
// that were given, or found, since. They are put together once in a turn.
func (a *Agent) taken(tx *store.Tx, instance string) map[model.HostPort]bool {
	k := key{tx.Scope(), instance}
	if all := a.held[k]; all != nil {
		return all
	}
	all := map[model.HostPort]bool{}
	a.held[k] = all
	ci, _ := store.ContainerInstances.Get(tx, instance)
	for _, p := range ci.Ports {
		all[p] = true
	}
	for t := range store.TasksByInstance.Each(tx, instance) {
		for _, p := range t.HostPorts() {
			all[p] = true
		}
		w := a.work[key{tx.Scope(), t.ID}]
		if w == nil || t.ENI != nil {
			continue
		}
		for _, f := range w.facts {
			for _, p := range f.ports {
				hold(all, p.HostPort, p.Count(), p.Protocol)
			}
			for _, b := range f.made.Bindings {
				hold(all, b.HostPort, b.Count(), b.Protocol)
			}
		}
	}
	return all
}

func hold(all map[model.HostPort]bool, first, n int, protocol string) {
	for i := range n {
		all[model.HostPort{Port: first + i, Protocol: protocol}] = true
	}
}

// dynamic is the range that the dynamic host ports of an instance are from: what its agent's configuration
// says, else the ephemeral one of the kernel.
//
// Source: https://github.com/aws/amazon-ecs-agent (README.md, ECS_DYNAMIC_HOST_PORT_RANGE)
func (a *Agent) dynamic(tx *store.Tx, instance string) (r model.PortRange) {
	if ci, _ := store.ContainerInstances.Get(tx, instance); ci.Dynamic != r {
		return ci.Dynamic
	}
	r.First, r.Last = a.rt.Ephemeral()
	return r
}

// search returns the first of as many free ports in a row as p asks for; 0 when there are none. It goes
// on where the last search on the instance ended, so that a port is not given again at once.
func (a *Agent) search(instance key, taken map[model.HostPort]bool, in model.PortRange, p engine.PortSpec) int {
	low, high := in.First, in.Last
	n, size := p.Count(), high-low+1
	from := max(low, a.nextPort[instance])
	for i := range size {
		first := low + (from-low+i)%size
		if first+n-1 <= high && free(taken, first, n, p.Protocol) {
			a.nextPort[instance] = first + n
			return first
		}
	}
	return 0
}

func free(taken map[model.HostPort]bool, first, n int, protocol string) bool {
	for i := range n {
		if taken[model.HostPort{Port: first + i, Protocol: protocol}] {
			return false
		}
	}
	return true
}
