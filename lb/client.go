package lb

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// defaultIdle bounds a connection that did not say yet which load balancer it is for.
const defaultIdle = 60 * time.Second

// clientConn is a client's connection. Between requests it is closed after the idle timeout of the
// load balancer that it spoke to last.
type clientConn struct {
	net.Conn
	inside bool                  // came within a VPC
	in     atomic.Pointer[guard] // the listener that it was let in to last
	born   time.Time
	idle   atomic.Int64 // a time.Duration
	timer  *time.Timer  // closes it; runs only between requests
}

func newClientConn(c net.Conn, inside bool) *clientConn {
	k := &clientConn{Conn: c, inside: inside, born: time.Now()}
	k.idle.Store(int64(defaultIdle))
	k.timer = time.AfterFunc(defaultIdle, func() { _ = k.Conn.Close() })
	k.timer.Stop()
	return k
}

// CloseWrite ends our half of an upgraded connection.
func (c *clientConn) CloseWrite() error {
	if h, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return errors.ErrUnsupported
}

// worn reports whether the client had the connection for as long as it may.
//
// Source: client_keep_alive.seconds in
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
func (c *clientConn) worn(keepAlive time.Duration) bool { return time.Since(c.born) >= keepAlive }

// watchIdle is the ConnState of a server: it starts and stops the idle timer.
func watchIdle(c net.Conn, s http.ConnState) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	k, ok := c.(*clientConn)
	if !ok {
		return
	}
	if s == http.StateIdle {
		k.timer.Reset(time.Duration(k.idle.Load()))
	} else {
		k.timer.Stop()
	}
}

type clientKey struct{}

// withClient lets requests find their connection.
func withClient(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	return context.WithValue(ctx, clientKey{}, c)
}

// clientOf returns the connection that r came on; nil when it came over the gateway port.
func clientOf(r *http.Request) *clientConn {
	c, _ := r.Context().Value(clientKey{}).(*clientConn)
	return c
}

// peeked is a connection whose first byte was looked at.
type peeked struct {
	net.Conn
	first []byte
}

func (p *peeked) Read(b []byte) (int, error) {
	if len(p.first) > 0 && len(b) > 0 {
		n := copy(b, p.first)
		p.first = p.first[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

// CloseWrite ends our half of an upgraded connection.
func (p *peeked) CloseWrite() error {
	if h, ok := p.Conn.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return errors.ErrUnsupported
}

// tlsRecord is the first byte of every TLS connection.
const tlsRecord = 0x16

// peekTLS reports whether c begins like TLS, and c with that byte put back.
func peekTLS(c net.Conn) (net.Conn, bool, error) {
	first := make([]byte, 1)
	if err := c.SetReadDeadline(time.Now().Add(defaultIdle)); err != nil {
		return c, false, err
	}
	if _, err := c.Read(first); err != nil {
		return c, false, err
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return c, false, err
	}
	return &peeked{c, first}, first[0] == tlsRecord, nil
}
