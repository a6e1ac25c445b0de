package sim

import (
	"cmp"
	"fmt"
	"net"
	"strconv"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
)

// Ephemeral is the range of dynamic host ports.
//
// Source: /proc/sys/net/ipv4/ip_local_port_range on Amazon Linux.
func (r *Runtime) Ephemeral() (first, last int) { return 32768, 60999 }

// hostKey names an instance.
type hostKey struct {
	scope    model.Scope
	instance string
}

// nowhere is a loopback address on which nothing listens: what is dialled there is refused at once.
const nowhere = "127.127.255.254"

// host is the port space of one instance.
type host map[model.HostPort]struct{}

// bind takes the ports that s asks for on its instance, all or none.
func (r *Runtime) bind(s engine.Spec) ([]model.Binding, error) {
	if s.Network == "none" || len(s.Ports) == 0 {
		return nil, nil
	}
	k := hostKey{s.Scope, s.Instance}
	h := r.hosts[k]
	if h == nil {
		h = host{}
		r.hosts[k] = h
	}
	var bs []model.Binding
	for _, p := range s.Ports {
		if p.HostPort == 0 {
			return nil, &engine.Error{Name: engine.CannotCreate, Message: fmt.Sprintf("nobody chose a host port for container port %d", p.ContainerPort)}
		}
		bs = append(bs, model.Binding{ContainerPort: p.ContainerPort, HostPort: p.HostPort, Last: p.Last, Protocol: cmp.Or(p.Protocol, "tcp"),
			BindIP: "0.0.0.0", Dial: net.JoinHostPort(nowhere, strconv.Itoa(p.HostPort))})
	}
	return bs, h.take(bs)
}

// take takes the ports of a container, all or none.
func (h host) take(bs []model.Binding) error {
	for n, b := range bs {
		for i := range b.Count() {
			if _, taken := h[model.HostPort{Port: b.HostPort + i, Protocol: b.Protocol}]; taken {
				h.release(bs[:n])
				return &engine.Error{Name: engine.CannotStart, Message: fmt.Sprintf("Error response from daemon: driver failed programming external connectivity: Bind for 0.0.0.0:%d failed: port is already allocated", b.HostPort+i)}
			}
		}
		for i := range b.Count() {
			h[model.HostPort{Port: b.HostPort + i, Protocol: b.Protocol}] = struct{}{}
		}
	}
	return nil
}

func (h host) release(bs []model.Binding) {
	for _, b := range bs {
		for i := range b.Count() {
			delete(h, model.HostPort{Port: b.HostPort + i, Protocol: b.Protocol})
		}
	}
}

// hold takes the ports again that a container had.
func (r *Runtime) hold(b *box) error {
	if b.plug != nil {
		return b.plug.refusal()
	}
	return r.hosts[b.host].take(b.bindings)
}

// free gives back the ports of a container that ended.
func (r *Runtime) free(b *box) {
	if b.plug == nil {
		r.hosts[b.host].release(b.bindings)
	}
}
