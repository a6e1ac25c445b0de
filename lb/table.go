package lb

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/lb/rule"
)

// rowID names a row of any scope.
type rowID struct {
	scope model.Scope
	key   string
}

// table says which listener a request came to. It is never edited: changed tables replace it.
type table struct {
	doors  map[int]*door        // by listener port
	inside map[insideKey]*door  // by address within a VPC
	hosts  map[string]*listener // by DNS name, for the gateway port; nil for a load balancer without listeners
	bound  map[int]int          // listener port → port really bound
	over   chan struct{}        // closed when another table is in its place
}

func newTable(bound map[int]int) *table {
	return &table{doors: map[int]*door{}, inside: map[insideKey]*door{}, hosts: map[string]*listener{}, bound: bound, over: make(chan struct{})}
}

// use puts a table in force.
func (p *Proxy) use(t *table) { close(p.table.Swap(t).over) }

// door is everything that listens on one port: load balancers of all accounts and regions.
type door struct{ plain, secure names }

func (d *door) add(l *listener) {
	if l.secure {
		d.secure.add(l)
	} else {
		d.plain.add(l)
	}
}

// find returns the listener of d that a request is for.
func (d *door) find(r *http.Request) *listener {
	switch {
	case d == nil:
		return nil
	case r.TLS != nil:
		return d.secure.find(hostName(r.Host), hostName(r.TLS.ServerName))
	}
	return d.plain.find(hostName(r.Host))
}

// names are the listeners of one protocol on one port.
type names struct {
	byHost map[string]*listener
	oldest *listener
}

func (n *names) add(l *listener) {
	if n.byHost == nil {
		n.byHost = map[string]*listener{}
	}
	n.byHost[l.host] = l
	if n.oldest == nil || l.before(n.oldest) {
		n.oldest = l
	}
}

// find returns the listener whose load balancer has one of the names; the oldest answers for other
// names. It is nil when nobody listens here in this protocol.
func (n *names) find(hosts ...string) *listener {
	for _, h := range hosts {
		if l, ok := n.byHost[h]; ok {
			return l
		}
	}
	return n.oldest
}

// listener is one listener as requests meet it. It is never edited.
type listener struct {
	id     rowID
	row    model.Listener // but for Bound and BindError
	lb     model.LoadBalancer
	host   string // DNS name, as hostName gives it
	secure bool
	in     engine.Firewall // whom of this machine it lets in
	guard  *guard
	rules  rule.Rules
	broken error             // why its rules cannot be taken
	groups map[string]*group // by key: all that its rules forward to

	idle, keepAlive time.Duration
	turn            atomic.Uint64 // of its forward action
}

// before orders listeners by the age of their load balancers.
func (l *listener) before(o *listener) bool {
	if !l.lb.Created.Equal(o.lb.Created) {
		return l.lb.Created.Before(o.lb.Created)
	}
	return l.id.scope.String()+l.id.key < o.id.scope.String()+o.id.key
}

// scheme is the protocol as URLs and X-Forwarded-Proto write it.
func (l *listener) scheme() string {
	if l.secure {
		return "https"
	}
	return "http"
}

// next returns the group whose turn it is, nil when no group has a weight.
func (l *listener) next(f *rule.Forward) *group {
	n := uint64(len(f.Turns))
	if n == 0 {
		return nil
	}
	i := uint64(0)
	if n > 1 {
		i = (l.turn.Add(1) - 1) % n
	}
	return l.groups[f.Groups[f.Turns[i]]]
}

// forGateway reports whether l rather than o answers for its load balancer on the gateway port,
// which speaks plain HTTP: an HTTP listener before an HTTPS one, then the lowest port.
func (l *listener) forGateway(o *listener) bool {
	if o == nil || l.secure != o.secure {
		return o == nil || o.secure
	}
	return l.row.Port < o.row.Port
}
