package lb

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

const (
	// closeGrace is how long requests of a listener that was deleted may still run.
	closeGrace = 60 * time.Second
	// exitGrace is the same when the daemon stops.
	exitGrace = 2 * time.Second
	// maxHeader is how large the header of a request may be.
	maxHeader = 64 << 10
	// maxStreams is how many requests one HTTP/2 connection may have under way.
	maxStreams = 128
)

// socket is one bound port, and answers for the listeners of a door.
type socket struct {
	p     *Proxy
	door  func() *door // as the table has it now; nil when the last of its listeners was deleted
	vpc   bool         // it is within a VPC
	want  int          // the listeners' port
	port  int          // the port really bound
	ln    net.Listener
	srv   *http.Server
	conns chan net.Conn // accepted, on their way to srv
	done  chan struct{} // closed with ln
	once  sync.Once
}

// openSocket binds port for the listeners of want and serves them until closed.
func (p *Proxy) openSocket(want, port int) (*socket, error) {
	ln, err := p.listen(p.address(port))
	if err != nil {
		return nil, err
	}
	s := &socket{p: p, want: want, port: port, door: func() *door { return p.table.Load().doors[want] }}
	s.serveOn(ln)
	p.work.Go(s.accept)
	return s, nil
}

// serveOn makes s answer what it accepts on ln.
func (s *socket) serveOn(ln net.Listener) {
	p := s.p
	s.ln, s.conns, s.done = ln, make(chan net.Conn), make(chan struct{})
	s.srv = &http.Server{
		Handler:                      http.HandlerFunc(s.serve),
		ReadHeaderTimeout:            defaultIdle,
		MaxHeaderBytes:               maxHeader,
		ConnState:                    watchIdle,
		ConnContext:                  withClient,
		BaseContext:                  func(net.Listener) context.Context { return p.requests },
		TLSConfig:                    s.tlsConfig(),
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	p.work.Go(func() { _ = s.srv.Serve(s) }) // always ends with the socket
}

func (s *socket) serve(w http.ResponseWriter, r *http.Request) {
	d := s.door()
	if d == nil {
		w.Header().Set("Connection", "close") // the last listener here was deleted
		page(w, r, nil, http.StatusServiceUnavailable)
		return
	}
	l := d.find(r)
	if l == nil {
		page(w, r, nil, http.StatusBadRequest) // plain HTTP where only HTTPS listens, or the reverse
		return
	}
	if !admitted(r, l) {
		l = s.p.hold(r.Context(), l, r.RemoteAddr, func() (*listener, bool) {
			l := s.door().find(r)
			return l, l != nil && admitted(r, l)
		})
	}
	if l == nil {
		panic(http.ErrAbortHandler) // no answer at all
	}
	if c := clientOf(r); c != nil {
		c.idle.Store(int64(l.idle))
	}
	s.p.serve(w, r, l)
}

// accept takes connections until the socket is closed; one within a VPC ends with its gateway.
func (s *socket) accept() {
	for pause := time.Millisecond; ; {
		c, err := s.ln.Accept()
		if err == nil {
			pause = time.Millisecond
			s.hand(c)
			continue
		}
		if s.vpc {
			return
		}
		select {
		case <-s.done:
			return
		case <-time.After(pause): // out of file descriptors, most likely
			pause = min(2*pause, time.Second)
		}
	}
}

// hand gives a connection to the server, decrypting if it must. Where HTTP and HTTPS listeners
// share a port the first byte tells them apart.
func (s *socket) hand(c net.Conn) {
	d := s.door()
	switch {
	case d == nil || d.secure.oldest == nil:
		s.give(newClientConn(c, s.vpc))
	case d.plain.oldest == nil:
		s.give(tls.Server(newClientConn(c, s.vpc), s.srv.TLSConfig))
	default:
		s.p.work.Go(func() { s.sniff(c) })
	}
}

func (s *socket) sniff(c net.Conn) {
	stop := context.AfterFunc(s.p.stopping, func() { _ = c.Close() })
	defer stop()
	p, secure, err := peekTLS(c)
	switch {
	case err != nil:
		_ = c.Close()
	case secure:
		s.give(tls.Server(newClientConn(p, s.vpc), s.srv.TLSConfig))
	default:
		s.give(newClientConn(p, s.vpc))
	}
}

func (s *socket) give(c net.Conn) {
	select {
	case s.conns <- c:
	case <-s.done:
		_ = c.Close()
	}
}

// Accept, Close and Addr make s the net.Listener of its server.
func (s *socket) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.done:
		return nil, net.ErrClosed
	}
}

// Close frees the port. Connections that were accepted stay.
func (s *socket) Close() (err error) {
	s.once.Do(func() {
		close(s.done)
		err = s.ln.Close()
	})
	return err
}

// Addr is where s is bound.
func (s *socket) Addr() net.Addr { return s.ln.Addr() }

// retire frees the port at once and lets running requests end, for a while.
func (s *socket) retire() {
	_ = s.Close()
	s.p.work.Go(func() {
		grace := closeGrace
		if s.p.stopping.Err() != nil {
			grace = exitGrace
		}
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		defer context.AfterFunc(s.p.stopping, func() { time.AfterFunc(exitGrace, cancel) })()
		if s.srv.Shutdown(ctx) != nil {
			_ = s.srv.Close()
		}
	})
}

// tlsConfig is for the HTTPS listeners on a port: the name that the client asks for chooses the
// listener, whose load balancer and security policy choose the protocols.
func (s *socket) tlsConfig() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return s.certificate(hello)
	}
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		d := s.door()
		if d == nil {
			return nil, nil
		}
		l := d.secure.find(hostName(hello.ServerName))
		if l == nil {
			return nil, nil
		}
		if l = s.greet(hello, l); l == nil {
			return nil, errKeptOut
		}
		return forPolicy(c, l), nil
	}
	return c
}

var errKeptOut = errors.New("no rule of the security groups lets the client in")

// greet returns the listener for a handshake once it lets the client in; nil for one that is to be
// dropped.
func (s *socket) greet(hello *tls.ClientHelloInfo, l *listener) *listener {
	from := hello.Conn.RemoteAddr().String()
	if s.vpc || l.lets(addressOf(from)) {
		return l
	}
	return s.p.hold(hello.Context(), l, from, func() (*listener, bool) {
		d := s.door()
		if d == nil {
			return nil, false
		}
		l := d.secure.find(hostName(hello.ServerName))
		return l, l != nil && l.lets(addressOf(from))
	})
}

// forPolicy narrows c to what l's security policy and attributes allow.
// TLS 1.0 and 1.1, which old policies still allow at AWS, are never spoken.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
func forPolicy(c *tls.Config, l *listener) *tls.Config {
	policy, _ := model.TLSPolicyNamed(l.row.SSLPolicy)
	n := c.Clone()
	n.GetConfigForClient = nil
	if policy.Lowest == 3 {
		n.MinVersion = tls.VersionTLS13
	}
	if policy.Highest == 2 {
		n.MaxVersion = tls.VersionTLS12
	}
	if !policy.CBC {
		n.CipherSuites = withoutCBC
	}
	if !l.lb.HTTP2() {
		n.NextProtos = []string{"http/1.1"}
	}
	return n
}

// withoutCBC are the suites of TLS 1.2 for the keys of our leaves that policies without AES-CBC allow.
var withoutCBC = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}

// certificate answers a handshake: for the name that the client asks for, else for the oldest load
// balancer on the port.
func (s *socket) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if name := hostName(hello.ServerName); name != "" {
		return s.p.ca.Certificate(name)
	}
	name := "localhost"
	if d := s.door(); d != nil && d.secure.oldest != nil {
		name = d.secure.oldest.host
	}
	return s.p.ca.Certificate(name)
}
