// Package lb is the data plane of the Application Load Balancers: it listens, proxies, probes and
// drains. It acts on what is written (load balancers, listeners, target groups, targets, tasks) and
// writes back what it alone knows: Listener.Bound and BindError, Target.Health and Drained. Which
// targets there are and when one leaves is decided by others; which action a listener takes is
// rule's business.
//
// One goroutine, the keeper, owns everything that changes. Requests see immutable values that it
// swaps: a table of listeners, and for each target group the rotation of targets that get requests.
// So a commit that takes a target away acts within microseconds of the store's telling, and no
// request ever waits for a lock.
//
// All load balancers of all accounts and regions share one socket a port, on Config.Address. The
// Host header, or for HTTPS the server name of the handshake, that equals a DNSName chooses; the
// oldest load balancer answers for other names. Where a port cannot be bound (privileged, or
// taken), port+8000 is tried, then the ports from Config.FallbackPorts up; Bound and BindError
// say so, redirects lead to the port really bound, and the real port is tried again whenever
// listeners change.
//
// Clients on that address are let in as the inbound rules of the load balancer's security groups say;
// others get no answer. Each load balancer also listens at its addresses in its VPC, where the kernel
// asks the rules, and dials its targets from there.
//
// A target gets requests while it is registered (not draining), its task, if ECS registered it, is
// RUNNING and shall stay so, and its probes pass. When a group has no healthy target, every
// registered one gets requests, new ones too: it fails open.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
package lb

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/tempo"
	"github.com/drydock-ecs/drydock/lb/rule"
)

// Config is what a Proxy needs from outside.
type Config struct {
	Scale   tempo.Scale                           // divides the intervals of health checks
	Address string                                // where listeners bind: 127.0.0.1 when empty
	CA      *Authority                            // signs for HTTPS listeners; without one they are not served
	Metrics func(Sample)                          // told of every request, on the request's goroutine; may be nil
	Refused func(sc model.Scope, listener string) // told of every client that security groups keep out; may be nil
	Log     *slog.Logger                          // state changes of targets and ports; slog's default when nil
	Network Network                               // where targets are; nil for none: none is reached
	// FallbackPorts is the first port for listeners whose own port and port+8000 cannot be bound:
	// 18000 when 0.
	FallbackPorts int
}

// Proxy is the data plane of every load balancer in a store.
type Proxy struct {
	store    *store.Store
	scale    tempo.Scale
	host     string
	ca       *Authority
	fallback int
	metrics  func(Sample)
	refused  func(model.Scope, string)
	held     atomic.Int64 // clients that wait without an answer
	log      *slog.Logger
	table    atomic.Pointer[table]

	stopping context.Context // ends when Run does: no new connections, no probes
	stop     context.CancelFunc
	requests context.Context // ends when requests had time to end
	cut      context.CancelFunc
	work     sync.WaitGroup // everything that Run started

	listen func(address string) (net.Listener, error)
	net    Network
	probe  probe
}

// New returns a Proxy over s; Run starts it.
func New(s *store.Store, c Config) *Proxy {
	p := &Proxy{store: s, scale: c.Scale, host: c.Address, ca: c.CA, fallback: c.FallbackPorts, metrics: c.Metrics, refused: c.Refused, log: c.Log, net: c.Network, probe: httpProbe}
	if p.host == "" {
		p.host = "127.0.0.1"
	}
	if p.fallback == 0 {
		p.fallback = 18000
	}
	if p.log == nil {
		p.log = slog.Default()
	}
	p.table.Store(newTable(nil))
	p.stopping, p.stop = context.WithCancel(context.Background())
	p.requests, p.cut = context.WithCancel(context.Background())
	p.listen = func(address string) (net.Listener, error) { return net.Listen("tcp", address) }
	if p.net == nil {
		p.net = none{}
	}
	return p
}

// Run serves until ctx ends; running requests get a moment to finish. It is called once.
func (p *Proxy) Run(ctx context.Context) error {
	feed := p.store.Subscribe(store.LoadBalancers.Name(), store.Listeners.Name(), store.TargetGroups.Name(), store.Targets.Name(), store.Tasks.Name(),
		store.NetworkInterfaces.Name(), store.SecurityGroupRules.Name())
	defer p.store.Unsubscribe(feed)
	k := newKeeper(p)
	p.work.Go(func() { p.write(k.out) })
	err := k.run(ctx, feed)
	p.stop()
	for _, s := range k.sockets {
		s.retire()
	}
	for _, s := range k.inside {
		s.stop()
	}
	late := time.AfterFunc(exitGrace, p.cut)
	p.work.Wait()
	late.Stop()
	p.cut()
	k.hangUp()
	return err
}

func (p *Proxy) address(port int) string { return net.JoinHostPort(p.host, strconv.Itoa(port)) }

// ServeHost serves r if its Host is the DNS name of a load balancer, whatever port r came to, and
// reports whether it is. The load balancer's HTTP listener with the lowest port answers; if it has
// HTTPS listeners only, the lowest of those.
func (p *Proxy) ServeHost(w http.ResponseWriter, r *http.Request) bool {
	l, ok := p.table.Load().hosts[hostName(r.Host)]
	if !ok {
		return false
	}
	if l == nil {
		page(w, r, nil, http.StatusServiceUnavailable)
		return true
	}
	if !admitted(r, l) {
		l = p.hold(r.Context(), l, r.RemoteAddr, func() (*listener, bool) {
			l := p.table.Load().hosts[hostName(r.Host)]
			return l, l != nil && admitted(r, l)
		})
	}
	if l == nil {
		panic(http.ErrAbortHandler) // no answer at all
	}
	p.serve(w, r, l)
	return true
}

// serve answers a request that came to l.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request, l *listener) {
	s := &Sample{start: time.Now(), Scope: l.id.scope, LoadBalancer: l.lb.ID, Listener: l.id.key}
	defer p.report(s)
	code := 0
	switch {
	case l.broken != nil:
		s.err, code = l.broken, http.StatusServiceUnavailable
	case r.Method == http.MethodTrace || r.Method == http.MethodConnect:
		code = http.StatusMethodNotAllowed
	case tooManyFor(r.Header):
		code = codeTooManyFor
	}
	if code != 0 {
		s.Code = code
		page(w, r, l, code)
		return
	}
	p.act(w, r, l, s)
}

// act takes the action that the listener's rules give.
func (p *Proxy) act(w http.ResponseWriter, r *http.Request, l *listener, s *Sample) {
	q := rule.Request{Protocol: l.scheme(), Host: bareHost(r.Host), Port: l.row.Port, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery}
	a := l.rules.Match(q)
	switch {
	case a.Forward != nil:
		g := l.next(a.Forward)
		if g == nil {
			s.Code = http.StatusServiceUnavailable
			page(w, r, l, s.Code)
			return
		}
		s.Group = g.id.key
		forward(w, r, l, g, s)
	case a.Redirect != nil:
		s.Code = a.Redirect.Code
		to := a.Redirect.To(q)
		if c := clientOf(r); c == nil || !c.inside {
			to = p.reachable(l, to)
		}
		w.Header().Set("Location", to.String())
		page(w, r, l, s.Code)
	case a.Fixed != nil:
		s.Code = a.Fixed.Code
		own(w, r, l, s.Code, a.Fixed.ContentType, a.Fixed.Body)
	}
}

// reachable turns the port of a listener of the same load balancer into the one really bound: a
// redirect to a port where nobody listens would lead nowhere.
func (p *Proxy) reachable(l *listener, to rule.Location) rule.Location {
	port, err := strconv.Atoi(to.Port)
	if err != nil {
		return to
	}
	t := p.table.Load()
	d := t.doors[port]
	if d == nil || t.bound[port] == 0 || d.plain.byHost[l.host] == nil && d.secure.byHost[l.host] == nil {
		return to
	}
	to.Port = strconv.Itoa(t.bound[port])
	return to
}
