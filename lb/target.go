package lb

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// dialTimeout bounds connecting to a target. An ALB waits 10 seconds; here targets are on this
	// machine, where one lost packet (the kernel repeats it after a second) is all that can be waited
	// for. A dial to a target that leaves ends at once, see abandon.
	dialTimeout = 2 * time.Second
	// restAfterDial is how long a target that could not be dialled is passed over while the group
	// has others, unless a probe passes before.
	restAfterDial = time.Second
	// idleBackend is how long an unused connection to a target is kept: the load balancer's default
	// idle timeout.
	idleBackend = 60 * time.Second
	// maxIdle bounds the unused connections kept to one target.
	maxIdle = 512
)

var errCut = errors.New("the deregistration delay is over")

// target is the data-plane side of one registration: a target row from its Registered on. The
// request path touches atomics only.
type target struct {
	id   rowID
	dial string // IP:port
	net  Network
	way  atomic.Pointer[way]

	inflight atomic.Int64  // requests that chose it and are not done
	served   atomic.Uint64 // requests it answered
	leaving  atomic.Bool   // the keeper wants to hear when inflight falls to 0
	resting  atomic.Int64  // UnixNano until which others are preferred; 0 for not at all
	gone     atomic.Bool   // its deregistration delay is over: nothing may run on it

	dials     atomic.Pointer[dials]
	transport *http.Transport
	probing   *http.Client    // for health checks
	conns     sync.Map        // *backConn → struct{}: what cut has to close
	freed     chan<- struct{} // told when the last request of a leaving target is done
}

func newTarget(id rowID, dial, scheme string, n Network, freed chan<- struct{}) *target {
	t := &target{id: id, dial: dial, net: n, freed: freed}
	t.dials.Store(newDials())
	t.way.Store(&way{})
	t.transport = &http.Transport{
		DialContext:           t.connect,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   maxIdle,
		IdleConnTimeout:       idleBackend,
		ExpectContinueTimeout: time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		TLSNextProto:          map[string]func(string, *tls.Conn) http.RoundTripper{}, // targets are spoken to in HTTP/1.1
	}
	t.probing = probing(t)
	if scheme == "https" {
		// An ALB does not validate the certificates of its targets.
		t.transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	}
	return t
}

// connect dials t and keeps hold of the connection.
func (t *target) connect(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	defer context.AfterFunc(t.dials.Load().under, cancel)()
	c, err := t.reach(ctx, network, address)
	if err != nil {
		return nil, &dialError{err}
	}
	b := &backConn{Conn: c, of: t}
	t.conns.Store(b, struct{}{})
	if t.gone.Load() {
		return nil, &dialError{errors.Join(errCut, b.Close())}
	}
	return b, nil
}

// reach dials an address of t's machine. What took too long is told as such, whatever the network
// calls it.
func (t *target) reach(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	w := t.way.Load()
	c, err := t.net.Dial(ctx, w.vpc, network, w.from, to)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, errors.Join(ctx.Err(), err)
	}
	return c, err
}

// dials are attempts to connect that may be given up together.
type dials struct {
	under  context.Context
	giveUp context.CancelFunc
}

func newDials() *dials {
	d := &dials{}
	d.under, d.giveUp = context.WithCancel(context.Background())
	return d
}

// abandon gives up every dial that is under way: the requests go on to other targets. The address
// of a container that is gone does not refuse, it is silent.
func (t *target) abandon() { t.dials.Swap(newDials()).giveUp() }

// dialError says that a request never left: its target could not be connected to.
type dialError struct{ error }

func (e *dialError) Unwrap() error { return e.error }

// backConn is a connection to a target.
type backConn struct {
	net.Conn
	of *target
}

func (b *backConn) Close() error {
	b.of.conns.Delete(b)
	return b.Conn.Close()
}

// CloseWrite ends our half, so that upgraded protocols may half-close.
func (b *backConn) CloseWrite() error {
	if c, ok := b.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return b.Close()
}

// release ends one request's stay. The keeper hears of the last one of a leaving target.
func (t *target) release() {
	if t.inflight.Add(-1) == 0 && t.leaving.Load() {
		select {
		case t.freed <- struct{}{}:
		default: // it is told already
		}
	}
}

// rest makes t the last choice for a moment.
func (t *target) rest() { t.resting.Store(time.Now().Add(restAfterDial).UnixNano()) }

func (t *target) rests() bool {
	until := t.resting.Load()
	return until != 0 && time.Now().UnixNano() < until
}

// cut ends every request that still runs on t.
func (t *target) cut() {
	t.gone.Store(true)
	t.conns.Range(func(b, _ any) bool {
		_ = b.(*backConn).Close()
		return true
	})
}
