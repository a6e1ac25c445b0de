package lb

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"
)

// Why an exchange was ended before its answer was complete.
var (
	errIdle = errors.New("no byte for as long as the idle timeout")
	errLeft = errors.New("the client left")
)

// maxTries bounds the targets that one request is sent to after it was written to the first. Dials
// that fail do not count: they end when the group has no target left.
const maxTries = 3

// How long a request waits for a connection when no target answers a dial: an ALB's 10 seconds, as
// so many rounds over the targets. One that refuses is not asked again.
const (
	connectTimeout = 10 * time.Second
	maxRounds      = int(connectTimeout / dialTimeout)
)

// exchange is one request on its way to a target and back. It is the engine of the data plane:
// what comes before it (which listener, which group) knows nothing of HTTP connections.
type exchange struct {
	w http.ResponseWriter
	r *http.Request
	l *listener
	g *group

	ctx    context.Context
	cancel context.CancelCauseFunc
	last   atomic.Int64 // UnixNano of the last byte in either direction
	timer  atomic.Pointer[time.Timer]
	body   *requestBody // nil when the request has none
	target *target      // counted in flight
	tried  []*target
	silent []*target // those of tried whose dial timed out
	rounds int       // over targets that were silent
	sample *Sample
}

// forward sends r to a target of g and answers with what that says.
func forward(w http.ResponseWriter, r *http.Request, l *listener, g *group, s *Sample) {
	x := &exchange{w: w, r: r, l: l, g: g, sample: s}
	x.ctx, x.cancel = context.WithCancelCause(r.Context())
	defer x.cancel(nil)
	x.touch()
	x.watch()
	defer func() { x.timer.Load().Stop() }()
	defer func() {
		if x.target != nil {
			x.target.release()
		}
	}()
	res, err := x.send()
	if err != nil {
		x.fail(err)
		return
	}
	x.target.served.Add(1)
	s.TargetCode, s.TargetElapsed = res.StatusCode, time.Since(s.start)
	if res.StatusCode == http.StatusSwitchingProtocols {
		x.upgrade(res)
		return
	}
	x.answer(res)
}

// touch notes that a byte moved.
func (x *exchange) touch() { x.last.Store(time.Now().UnixNano()) }

// watch ends the exchange when no byte moved for the load balancer's idle timeout. Moving bytes
// costs no timer: one is set again only when the last one fires.
func (x *exchange) watch() {
	rest := x.l.idle - time.Duration(time.Now().UnixNano()-x.last.Load())
	if rest <= 0 {
		x.cancel(errIdle)
		return
	}
	x.timer.Store(time.AfterFunc(rest, x.watch))
}

// send returns the first answer that comes: from the target whose turn it is, or, where that
// harms nobody, from another one.
//
// A dial that fails has sent nothing, so any request goes on to the next target. A request that
// was written and then failed before the first byte of an answer goes on only if it is GET, HEAD or
// OPTIONS without a body, which may be made twice. (An unused connection that the target had closed
// is net/http's affair: it tries the same target again, by the same rule.) An ALB answers 502 in
// the second case. Here the local engine tells of a container's death some 30 ms after it, and
// within that window the row still says that the target is there; to lose reads to the
// emulator's own delay would show failures that the user's system does not have.
func (x *exchange) send() (*http.Response, error) {
	out := x.request()
	for sent := 0; ; {
		t := x.g.pick(x.tried)
		if t == nil {
			switch {
			case len(x.tried) == 0:
				return nil, errNobody
			case x.again():
				continue
			}
			return nil, errExhausted
		}
		if x.target != nil {
			x.target.release()
		}
		x.target, x.tried = t, append(x.tried, t)
		res, err := t.transport.RoundTrip(at(out, t))
		if err == nil {
			x.touch()
			return res, nil
		}
		if x.ctx.Err() != nil {
			return nil, context.Cause(x.ctx)
		}
		var undialled *dialError
		if errors.As(err, &undialled) {
			if timedOutBy(err) {
				x.silent = append(x.silent, t)
			}
			t.rest()
			x.sample.Retries++
			x.sample.err = err
			continue
		}
		sent++
		if !x.repeatable() || t.gone.Load() || sent >= maxTries {
			return nil, err
		}
		t.rest()
		x.sample.Retries++
		x.sample.err = err
	}
}

// again reports whether the targets that let a dial time out may be dialled once more. A dial sends
// nothing, and on a machine that is out of breath it may fail for a target that is well.
func (x *exchange) again() bool {
	x.rounds++
	if len(x.silent) == 0 || x.rounds >= maxRounds || time.Since(x.sample.start) >= connectTimeout {
		return false
	}
	x.tried = slices.DeleteFunc(x.tried, func(t *target) bool { return slices.Contains(x.silent, t) })
	x.silent = nil
	return true
}

func timedOutBy(err error) bool {
	var slow net.Error
	return errors.As(err, &slow) && slow.Timeout()
}

// errNobody says that a group has no target that may be asked; errExhausted that all were tried.
var (
	errNobody    = errors.New("the target group has no registered target in service")
	errExhausted = errors.New("no target could be reached")
)

// repeatable reports whether the request may be made twice.
func (x *exchange) repeatable() bool {
	switch x.r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return x.body == nil
	}
	return false
}

// request is what goes to a target, but for the target.
func (x *exchange) request() *http.Request {
	r := x.r
	out := &http.Request{
		Method: r.Method, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL:    &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery, ForceQuery: r.URL.ForceQuery},
		Header: backHeader(r, x.l), Host: backHost(r.Host, x.l),
		ContentLength: r.ContentLength, Trailer: r.Trailer,
	}
	if r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
		// Without full duplex the server would read a body to its end before the first byte of an
		// answer, and an early refusal of a large upload would never arrive.
		_ = http.NewResponseController(x.w).EnableFullDuplex() // HTTP/2 has it anyway
		x.body = &requestBody{x: x}
		out.Body, out.GetBody = x.body, x.body.again
	}
	return out.WithContext(x.ctx)
}

// at is out, addressed to t. Each try gets a copy: what went before may still be read.
func at(out *http.Request, t *target) *http.Request {
	o, u := *out, *out.URL
	u.Scheme, u.Host = "http", t.dial
	if t.transport.TLSClientConfig != nil {
		u.Scheme = "https"
	}
	o.URL = &u
	return &o
}

// requestBody is the client's body as targets read it. Closing it does nothing: the next target
// may need it.
type requestBody struct {
	x    *exchange
	read atomic.Bool
}

func (b *requestBody) Read(p []byte) (int, error) {
	b.read.Store(true)
	n, err := b.x.r.Body.Read(p)
	b.x.touch()
	return n, err
}

func (b *requestBody) Close() error { return nil }

// again gives the body to another connection, as long as nothing of it is gone.
func (b *requestBody) again() (io.ReadCloser, error) {
	if b.read.Load() {
		return nil, errors.New("the body was sent in part")
	}
	return b, nil
}

// fail answers for a request that no target answered.
func (x *exchange) fail(err error) {
	x.sample.err = errors.Join(err, x.sample.err)
	switch {
	case x.r.Context().Err() != nil:
		x.sample.Code = codeClientLeft
		// To return would be to answer 200: to a client that only ended its half, or to everybody when the
		// daemon stops.
		panic(http.ErrAbortHandler)
	case errors.Is(err, errNobody):
		x.sample.Code = http.StatusServiceUnavailable
	case errors.Is(err, errIdle), errors.Is(err, errExhausted) && timedOutBy(x.sample.err):
		x.sample.Code = http.StatusGatewayTimeout
	default:
		x.sample.Code = http.StatusBadGateway
	}
	page(x.w, x.r, x.l, x.sample.Code)
}
