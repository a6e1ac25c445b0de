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
		if err := h.take(&want, s.Host); err != nil {
			h.release(bs)
			return nil, err
		}
		bs = append(bs, model.Binding{ContainerPort: p.ContainerPort, HostPort: want.Port, Protocol: want.Protocol,
			BindIP: s.Host, Dial: net.JoinHostPort(s.Host, strconv.Itoa(want.Port))})
	}
	return bs, nil
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
		delete(h.used, model.HostPort{Port: b.HostPort, Protocol: b.Protocol})
	}
}

// free gives back the ports of a container that ended.
func (r *Runtime) free(b *box) {
	if h := r.hosts[b.host]; h != nil {
		h.release(b.bindings)
	}
}
