package lb

import (
	"context"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/drydock-ecs/drydock/internal/firewall"
)

// How many clients that no rule lets in are held without an answer, and for how long. Then they are
// dropped.
const (
	maxHeld = 1024
	holdFor = 2 * time.Minute
)

// tellEvery is how often the log says of one listener that clients are held.
const tellEvery = time.Minute

// guard is what stays of a listener when it is built anew: who was let in to it is let in until the
// connection ends, whatever becomes of the rules, as tracked connections are on EC2.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
type guard struct {
	told atomic.Int64 // UnixNano
}

// lets reports whether the security groups of l's load balancer let a client in. Within the VPC the
// kernel asks them instead.
func (l *listener) lets(client netip.Addr) bool {
	return firewall.Allows(l.in, firewall.TCP, client, l.row.Port)
}

// admitted reports whether r may reach l.
func admitted(r *http.Request, l *listener) bool {
	c := clientOf(r)
	switch {
	case c == nil:
		return l.lets(addressOf(r.RemoteAddr))
	case c.inside || c.in.Load() == l.guard:
		return true
	case !l.lets(addressOf(r.RemoteAddr)):
		return false
	}
	c.in.Store(l.guard)
	return true
}

// addressOf is the address in "address:port"; the zero one if there is none.
func addressOf(s string) netip.Addr {
	a, _ := netip.ParseAddrPort(s)
	return a.Addr()
}

// hold keeps a client of l waiting without an answer, which is what dropped packets come to, until
// again gives a listener that it may reach, or ctx ends. It returns nil for a client that is to be
// dropped.
func (p *Proxy) hold(ctx context.Context, l *listener, client string, again func() (*listener, bool)) *listener {
	p.tell(l, client)
	defer p.held.Add(-1)
	if p.held.Add(1) > maxHeld {
		return nil
	}
	late := time.NewTimer(holdFor)
	defer late.Stop()
	for {
		t := p.table.Load() // before again looks: no change is missed
		if l, ok := again(); ok || l == nil {
			return l
		}
		select {
		case <-t.over:
		case <-late.C:
			return nil
		case <-ctx.Done():
			return nil
		case <-p.stopping.Done():
			return nil
		}
	}
}

// tell counts a client that is held, and says now and then how to let it in.
func (p *Proxy) tell(l *listener, client string) {
	if p.refused != nil {
		p.refused(l.id.scope, l.id.key)
	}
	now, last := time.Now().UnixNano(), l.guard.told.Load()
	if last != 0 && now-last < int64(tellEvery) || !l.guard.told.CompareAndSwap(last, now) {
		return
	}
	group := ""
	if len(l.lb.Groups) > 0 {
		group = l.lb.Groups[0]
	}
	p.log.Warn("client gets no answer: no inbound rule of the load balancer's security groups lets it in", "loadbalancer", l.lb.Name,
		"port", l.row.Port, "client", client, "groups", l.lb.Groups, "open", firewall.Opening(l.id.scope, group, l.row.Port))
}
