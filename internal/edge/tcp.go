package edge

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// patience is how long a client waits for an answer that does not come: as long as Linux repeats the
// first packet of a connection.
const patience = 2 * time.Minute

// breath is how long accepting pauses when it failed: out of file descriptors, most likely.
const breath = 50 * time.Millisecond

// serveTCP takes connections until l is closed.
func (e *Edge) serveTCP(ctx context.Context, d door, l net.Listener) {
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		c, err := l.Accept()
		switch {
		case err == nil && !e.admit():
			reset(c)
		case err == nil:
			conns.Go(func() {
				defer e.done()
				e.relay(ctx, d, c)
			})
		case errors.Is(err, net.ErrClosed):
			return
		default:
			select {
			case <-ctx.Done():
				return
			case <-time.After(breath):
			}
		}
	}
}

// relay connects a client with where d leads, until both ended or one broke. A client that security
// groups keep out gets no answer; where nothing listens it is refused, as far as that can still be.
func (e *Edge) relay(ctx context.Context, d door, client net.Conn) {
	inner, err := e.reach(ctx, d)
	if err != nil {
		reset(client)
		return
	}
	defer context.AfterFunc(ctx, func() {
		_ = client.Close()
		_ = inner.Close()
	})()
	var up sync.WaitGroup
	up.Go(func() { pipe(inner, client) })
	pipe(client, inner)
	up.Wait()
	_ = client.Close()
	_ = inner.Close()
}

// reach dials where d leads, and again while nothing answers at all.
func (e *Edge) reach(ctx context.Context, d door) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		start := time.Now()
		c, err := e.net.Dial(ctx, d.vpc, d.network, netip.Addr{}, d.to)
		if err == nil || ctx.Err() != nil || !slow(err) || time.Since(start) < time.Second {
			return c, err
		}
	}
}

// slow reports whether err says that nothing answered.
func slow(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// pipe copies until from ends, and then ends to's incoming half; when either breaks it breaks both.
func pipe(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		if half.CloseWrite() == nil {
			return
		}
	}
	_ = to.Close()
	_ = from.Close()
}

// reset closes a connection so that its client hears of a refusal.
func reset(c net.Conn) {
	if t, ok := c.(interface{ SetLinger(int) error }); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}
