package docker

import (
	"bytes"
	"context"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

const (
	// doorsOpen bounds how many requests of one namespace are answered at the same time.
	doorsOpen = 64
	// doorTimeout is how long an answer may take.
	doorTimeout = 30 * time.Second
)

// hear hands on what came from inside. It never waits: the engine holds up a process whose output
// nobody takes.
func (c *channel) hear(l *line, rep netbox.Report) {
	d := c.r.doors
	switch {
	case rep.Ev == netbox.EvWarn:
		c.r.log.Warn("a network namespace is not as it should be", "container", c.id, "role", c.role, "err", rep.Err)
	case rep.Ev == netbox.EvFlows && d.Flows != nil: // as many as are told in an interval, so they need no bound
		c.r.notes.Go(func() {
			if d.Flows(*c.place.Load(), rep.Flows); rep.Lost > 0 {
				c.skipped()
			}
		})
	case rep.Ev == netbox.EvHTTP && rep.HTTP != nil:
		c.answer(l, rep.ID, func(ctx context.Context, o *netbox.Order) { o.HTTP = c.http(ctx, l, rep.ID, *rep.HTTP) })
	case rep.Ev == netbox.EvTaken:
		c.took(rep)
	case rep.Ev == netbox.EvDNS && d.DNS != nil:
		c.answer(l, rep.ID, func(ctx context.Context, o *netbox.Order) { o.DNS = d.DNS(ctx, *c.place.Load(), rep.TCP, rep.DNS) })
	}
}

// answer writes what fill makes of an answer. While too many are being made there is none: the box
// gives up on it, as on a packet that got lost.
func (c *channel) answer(l *line, id int64, fill func(context.Context, *netbox.Order)) {
	select {
	case c.doors <- struct{}{}:
	default:
		return
	}
	c.r.notes.Go(func() {
		defer func() { <-c.doors }()
		ctx, cancel := context.WithTimeout(c.r.life, doorTimeout)
		defer cancel()
		o := netbox.Order{ID: id, Op: netbox.OpAnswer}
		c.safely(func() { fill(ctx, &o) })
		_ = l.write(o) // who asked over a line that broke asks again
	})
}

// safely runs what makes an answer: a panic costs that answer, as with any other server, and not the
// daemon.
func (c *channel) safely(fill func()) {
	defer func() {
		if p := recover(); p != nil {
			c.r.log.Error("no answer to what comes from inside", "container", c.id, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	fill()
}

// http answers a request from inside: what is returned is the whole answer, or its last part.
func (c *channel) http(ctx context.Context, l *line, id int64, in netbox.Request) *netbox.Response {
	if c.r.doors.HTTP == nil {
		return &netbox.Response{Status: http.StatusNotFound}
	}
	r, err := http.NewRequestWithContext(ctx, in.Method, in.URI, bytes.NewReader(in.Body))
	if err != nil {
		return &netbox.Response{Status: http.StatusBadRequest}
	}
	r.RequestURI, r.URL.Host, r.Host, r.RemoteAddr = in.URI, in.Address, in.Host, in.Remote
	if in.Host == "" {
		r.Host = in.Address
	}
	if in.Header != nil {
		r.Header = in.Header
	}
	w := written{header: http.Header{}}
	if !in.Parts {
		c.r.doors.HTTP(&w, r, *c.place.Load())
		return w.response()
	}
	ctx, end := context.WithCancel(c.r.life)
	defer end()
	late := time.AfterFunc(doorTimeout, end)
	defer late.Stop()
	p := &parts{written: w, id: id, line: l, ctx: ctx, end: end, begun: func() { late.Stop() }, taken: make(chan netbox.Report, 1)}
	c.parts.Store(id, p)
	defer c.parts.Delete(id)
	c.r.doors.HTTP(p, r.WithContext(ctx), *c.place.Load())
	return p.response()
}

// written keeps a response.
type written struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// response is what was written and not told yet.
func (w *written) response() *netbox.Response {
	w.WriteHeader(http.StatusOK)
	return &netbox.Response{Status: w.status, Header: w.header, Body: w.body.Bytes()}
}

func (w *written) Header() http.Header { return w.header }

func (w *written) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *written) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}
