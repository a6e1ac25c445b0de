package lb

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
)

// moved is how far from a listener's port its first fallback lies: 80 becomes 8080, 443 8443.
const moved = 8000

// maxFallbacks is how many further ports are tried.
const maxFallbacks = 200

// bind brings the sockets in line with a table: closes what nobody listens on, opens what is missing,
// and tries the real port again where a fallback stands in. It returns listener port → bound port.
func (k *keeper) bind(t *table) map[int]int {
	wanted := map[int]bool{}
	for port, d := range t.doors {
		wanted[port] = d.plain.oldest != nil || d.secure.oldest != nil
	}
	for port, s := range k.sockets {
		if !wanted[port] {
			k.p.log.Info("listener port closed", "port", port, "bound", s.port)
			s.retire()
			delete(k.sockets, port)
		}
	}
	errs := map[int]string{}
	// A real port may be held by a fallback of ours, which then moves; its turn comes again.
	for again := true; again; {
		again = false
		for _, port := range slices.Sorted(maps.Keys(wanted)) {
			if wanted[port] {
				again = k.bindOne(port, wanted, errs) || again
			}
		}
	}
	bound := make(map[int]int, len(k.sockets))
	for port, s := range k.sockets {
		bound[port] = s.port
	}
	k.noteBound(errs)
	return bound
}

// bindOne sees to the socket of one listener port, and reports whether another one lost its port.
func (k *keeper) bindOne(want int, wanted map[int]bool, errs map[int]string) (moved bool) {
	s := k.sockets[want]
	if s != nil && s.port == want {
		return false
	}
	for other, o := range k.sockets {
		if other != want && o.port == want {
			o.retire()
			delete(k.sockets, other)
			moved = true
		}
	}
	real, err := k.p.openSocket(want, want)
	if err == nil {
		k.put(real, s)
		delete(errs, want)
		return moved
	}
	errs[want] = fmt.Sprintf("port %d cannot be bound on %s: %s", want, k.p.host, reason(err))
	if s == nil {
		s = k.openFallback(want, wanted)
		if s != nil {
			k.put(s, nil)
		}
	}
	if s == nil {
		errs[want] += "; no fallback port is free either"
	} else {
		errs[want] += fmt.Sprintf("; port %d stands in for it", s.port)
	}
	return moved
}

// put puts a new socket in place of an old one.
func (k *keeper) put(s, old *socket) {
	k.p.log.Info("listener port open", "port", s.want, "bound", s.port)
	k.sockets[s.want] = s
	if old != nil {
		old.retire()
	}
}

// openFallback opens the first port that may stand in for want; nil when none is free. A port that
// listeners want themselves is not taken.
func (k *keeper) openFallback(want int, wanted map[int]bool) *socket {
	for _, port := range fallbacks(want, k.p.fallback) {
		if wanted[port] {
			continue
		}
		if s, err := k.p.openSocket(want, port); err == nil {
			return s
		}
	}
	return nil
}

// fallbacks are the ports that may stand in for want, in order.
func fallbacks(want, first int) (ports []int) {
	if want+moved <= maxPort {
		ports = append(ports, want+moved)
	}
	for p := first; p < first+maxFallbacks && p <= maxPort; p++ {
		ports = append(ports, p)
	}
	return ports
}

const maxPort = 65535

// reason is the operating system's word for why a port cannot be bound.
func reason(err error) string {
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Err.Error()
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}
