package lb

import (
	"context"
	"net/netip"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// How long it takes until a listener that could not be had within a VPC is asked for again.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 5 * time.Second
)

// insideKey is an address within a VPC where a load balancer listens. The port is always the
// listener's own.
type insideKey struct {
	vpc engine.VPC
	at  netip.AddrPort
}

// addInside adds a listener at each of its load balancer's addresses.
func (t *table) addInside(l *listener, h *home) {
	if h == nil {
		return
	}
	for _, a := range h.at {
		key := insideKey{h.vpc, netip.AddrPortFrom(a.ip, uint16(l.row.Port))}
		if t.inside[key] == nil {
			t.inside[key] = &door{}
		}
		t.inside[key].add(l)
	}
}

// inside keeps listening at one address, whatever becomes of the gateway that has it.
type inside struct {
	p    *Proxy
	key  insideKey
	stop context.CancelFunc
}

// bindInside brings the listeners within VPCs in line with a table.
func (k *keeper) bindInside(t *table) {
	for key, s := range k.inside {
		if t.inside[key] == nil {
			s.stop()
			delete(k.inside, key)
		}
	}
	for key := range t.inside {
		if k.inside[key] != nil {
			continue
		}
		ctx, stop := context.WithCancel(k.p.stopping)
		s := &inside{k.p, key, stop}
		k.inside[key] = s
		k.p.work.Go(func() { s.listen(ctx) })
	}
}

// listen serves at the address until ctx ends, and listens anew when the gateway was lost.
func (s *inside) listen(ctx context.Context) {
	pause, told := firstPause, false
	for {
		ln, err := s.p.net.Listen(ctx, s.key.vpc, s.key.at)
		switch {
		case err == nil:
			s.p.log.Info("listener open within the VPC", "vpc", s.key.vpc.ID, "address", s.key.at)
			pause, told = firstPause, false
			sock := &socket{p: s.p, vpc: true, want: int(s.key.at.Port()), port: int(s.key.at.Port()),
				door: func() *door { return s.p.table.Load().inside[s.key] }}
			sock.serveOn(ln)
			end := context.AfterFunc(ctx, func() { _ = sock.Close() })
			sock.accept()
			end()
			sock.retire()
		case pause == maxPause && !told:
			told = true
			s.p.log.Warn("listener does not answer within the VPC", "vpc", s.key.vpc.ID, "address", s.key.at, "err", err)
		}
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, maxPause)
	}
}
