package sim

import (
	"fmt"
	"net"
	"strconv"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
)

// The ephemeral port range of an instance.
//
// Source: /proc/sys/net/ipv4/ip_local_port_range on Amazon Linux.
const (
	firstPort = 32768
	lastPort  = 60999
)

// host is the port space of one instance.
type host struct {
	next int // where the search for a free port goes on
	used map[model.HostPort]struct{}
}

// nowhere is a loopback address on which nothing listens: what is dialled there is refused at once.
const nowhere = "127.127.255.254"

// bind takes the ports that s asks for, all or none.
func (r *Runtime) bind(s engine.Spec) ([]model.Binding, error) {
	if s.Network == "none" || len(s.Ports) == 0 {
		return nil, nil
	}
	h := r.hosts[s.Host]
	if h == nil {
		h = &host{next: firstPort, used: map[model.HostPort]struct{}{}}
		r.hosts[s.Host] = h
	}
	var bs []model.Binding
	for _, p := range s.Ports {
		want := model.HostPort{Port: p.HostPort, Protocol: p.Protocol}
		if want.Protocol == "" {
			want.Protocol = "tcp"
		}
		if s.Network == "host" {
			want.Port = p.ContainerPort
		}
		if err := h.takeAll(&want, p, s.Host); err != nil {
			h.release(bs)
			return nil, err
		}
		bs = append(bs, model.Binding{ContainerPort: p.ContainerPort, HostPort: want.Port, Last: p.Last, Protocol: want.Protocol,
			BindIP: s.Host, Dial: net.JoinHostPort(nowhere, strconv.Itoa(want.Port))})
	}
	return bs, nil
}

// takeAll takes the port of p, or as many in a row as its range has.
func (h *host) takeAll(want *model.HostPort, p engine.PortSpec, address string) error {
	n := p.Last - p.ContainerPort + 1
	if p.Last == 0 || want.Port != 0 {
		return h.take(want, address)
	}
	for first := lastPort - n + 1; first >= firstPort; first-- {
		free := true
		for i := range n {
			_, taken := h.used[model.HostPort{Port: first + i, Protocol: want.Protocol}]
			free = free && !taken
		}
		if !free {
			continue
		}
		for i := range n {
			h.used[model.HostPort{Port: first + i, Protocol: want.Protocol}] = struct{}{}
		}
		want.Port = first
		return nil
	}
	return &engine.Error{Name: engine.CannotCreate, Message: fmt.Sprintf("error retrieving host port range for container: no %d ports in a row are free", n)}
}

// take takes one port, any free one for port 0.
func (h *host) take(p *model.HostPort, address string) error {
	if p.Port == 0 {
		for range lastPort - firstPort + 1 {
			p.Port = h.next
			h.next++
			if h.next > lastPort {
				h.next = firstPort
			}
			if _, taken := h.used[*p]; !taken {
				h.used[*p] = struct{}{}
				return nil
			}
		}
		return &engine.Error{Name: engine.CannotStart, Message: "Error response from daemon: all ports are allocated"}
	}
	if _, taken := h.used[*p]; taken {
		return &engine.Error{Name: engine.CannotStart, Message: fmt.Sprintf("Error response from daemon: driver failed programming external connectivity: Bind for %s:%d failed: port is already allocated", address, p.Port)}
	}
	h.used[*p] = struct{}{}
	return nil
}

func (h *host) release(bs []model.Binding) {
	for _, b := range bs {
		for i := range b.Count() {
			delete(h.used, model.HostPort{Port: b.HostPort + i, Protocol: b.Protocol})
		}
	}
}

// hold takes the ports again that a container had.
func (r *Runtime) hold(b *box) error {
	if b.plug != nil {
		return b.plug.refusal()
	}
	h := r.hosts[b.host]
	for _, p := range b.bindings {
		for i := range p.Count() {
			at := model.HostPort{Port: p.HostPort + i, Protocol: p.Protocol}
			if _, taken := h.used[at]; taken {
				return &engine.Error{Name: engine.CannotStart, Message: fmt.Sprintf("Error response from daemon: driver failed programming external connectivity: Bind for %s:%d failed: port is already allocated", b.host, at.Port)}
			}
			h.used[at] = struct{}{}
		}
	}
	return nil
}

// free gives back the ports of a container that ended.
func (r *Runtime) free(b *box) {
	if h := r.hosts[b.host]; h != nil && b.plug == nil {
		h.release(b.bindings)
	}
}
