package docker

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/hashicorp/yamux"
)

// relay is the way to a gateway whose socket is not on this machine: a process beside it, whose input
// and output the engine carries, with a stream for each connection.
type relay struct {
	*yamux.Session

	mu  sync.Mutex
	ins map[netip.AddrPort]*relayed // listeners, by their address
}

// relay returns the gateway's relay, and starts it when it does not run.
func (g *gate) relay(ctx context.Context) (*relay, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.session != nil && !g.session.IsClosed() {
		return g.session, nil
	}
	cli := g.r.cli
	e, err := cli.ContainerExecCreate(ctx, g.id, container.ExecOptions{AttachStdin: true, AttachStdout: true, AttachStderr: true,
		Cmd: []string{"/drydock", "netbox", "relay"}})
	if err != nil {
		return nil, err
	}
	conn, err := hijack(ctx, func(ctx context.Context) (types.HijackedResponse, error) {
		return cli.ContainerExecAttach(ctx, e.ID, container.ExecAttachOptions{})
	})
	if err != nil {
		return nil, err
	}
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	s, err := yamux.Client(newPipe(conn), cfg)
	if err != nil {
		conn.Close()
		return nil, err
	}
	rl := &relay{Session: s, ins: map[netip.AddrPort]*relayed{}}
	context.AfterFunc(g.life, func() { s.Close() })
	g.r.notes.Go(rl.accept)
	g.session = rl
	return rl, nil
}

// pipe is the input and output of a process that the engine runs.
type pipe struct {
	frames
	conn types.HijackedResponse
}

func newPipe(conn types.HijackedResponse) *pipe {
	return &pipe{frames{from: conn.Reader, stderr: func([]byte) {}}, conn}
}

func (p *pipe) Write(b []byte) (int, error) { return p.conn.Conn.Write(b) }
func (p *pipe) Close() error                { p.conn.Close(); return nil }

// call opens a stream and puts a Call through.
func (s *relay) call(ctx context.Context, c netbox.Call) (*streamed, error) {
	stream, err := s.OpenStream()
	if err != nil {
		return nil, err
	}
	st := &streamed{Stream: stream, in: bufio.NewReader(stream)}
	_ = st.SetDeadline(time.Now().Add(callPatience + time.Duration(c.Timeout)*time.Millisecond))
	stop := context.AfterFunc(ctx, func() { _ = st.SetDeadline(time.Unix(1, 0)) })
	var gift netbox.Gift
	text, err := json.Marshal(c)
	if err == nil {
		_, err = st.Write(append(text, '\n'))
	}
	if err == nil {
		err = st.line(&gift)
	}
	if err == nil {
		err = refused(gift)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		st.Close()
		return nil, err
	}
	st.local, st.remote = gift.Local, c.To
	return st, st.SetDeadline(time.Time{})
}

func (s *relay) dial(ctx context.Context, c netbox.Call) (net.Conn, error) {
	st, err := s.call(ctx, c)
	if err == nil && c.Network == "udp" {
		return datagrams{st}, nil
	}
	return st, err
}

func (s *relay) listen(ctx context.Context, c netbox.Call) (net.Listener, error) {
	l := &relayed{s: s, at: c.At, come: make(chan net.Conn, 64), closed: make(chan struct{})}
	s.mu.Lock()
	old := s.ins[c.At]
	if old == nil {
		s.ins[c.At] = l
	}
	s.mu.Unlock()
	if old != nil {
		return nil, refusal{syscall.EADDRINUSE}
	}
	st, err := s.call(ctx, c)
	if err != nil {
		l.end()
		return nil, err
	}
	l.stream = st
	return l, nil
}

// accept hands connections that came in to their listeners.
func (s *relay) accept() {
	for {
		stream, err := s.AcceptStream()
		if err != nil {
			return
		}
		st := &streamed{Stream: stream, in: bufio.NewReader(stream)}
		var a netbox.Arrival
		if st.line(&a) != nil {
			st.Close()
			continue
		}
		st.local, st.remote = a.At, a.From
		if !s.hand(a.At, st) {
			st.Close()
		}
	}
}

// hand gives a connection to who listens at an address; false when too many wait there, or nobody does
// any more.
func (s *relay) hand(at netip.AddrPort, c net.Conn) bool {
	s.mu.Lock() // a listener that ends closes what it was given
	defer s.mu.Unlock()
	l := s.ins[at]
	if l == nil {
		return false
	}
	select {
	case l.come <- c:
		return true
	default:
		return false
	}
}

// relayed is a listener behind a relay.
type relayed struct {
	s      *relay
	at     netip.AddrPort
	stream *streamed
	come   chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *relayed) Accept() (net.Conn, error) {
	select {
	case c := <-l.come:
		return c, nil
	case <-l.closed:
	case <-l.s.CloseChan():
	}
	return nil, net.ErrClosed
}

func (l *relayed) Close() error {
	l.end()
	return l.stream.Close()
}

func (l *relayed) end() {
	l.once.Do(func() {
		close(l.closed)
		l.s.mu.Lock()
		defer l.s.mu.Unlock()
		delete(l.s.ins, l.at)
		for len(l.come) > 0 { // nobody accepts them
			select {
			case c := <-l.come:
				_ = c.Close()
			default:
			}
		}
	})
}

func (l *relayed) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }

// streamed is a connection that a stream carries.
type streamed struct {
	*yamux.Stream
	in            *bufio.Reader
	local, remote netip.AddrPort
}

// line reads one JSON value.
func (c *streamed) line(v any) error {
	text, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

func (c *streamed) Read(p []byte) (int, error) { return c.in.Read(p) }
func (c *streamed) LocalAddr() net.Addr        { return net.TCPAddrFromAddrPort(c.local) }
func (c *streamed) RemoteAddr() net.Addr       { return net.TCPAddrFromAddrPort(c.remote) }

// CloseWrite says that nothing more comes; what the other side still says is read.
func (c *streamed) CloseWrite() error { return c.Stream.Close() }

// datagrams are those of a connected UDP socket.
type datagrams struct{ *streamed }

func (c datagrams) Read(p []byte) (int, error) {
	var size [2]byte
	if _, err := io.ReadFull(c.in, size[:]); err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint16(size[:]))
	m, err := io.ReadFull(c.in, p[:min(n, len(p))])
	if err == nil && m < n {
		_, err = c.in.Discard(n - m)
	}
	return m, err
}

func (c datagrams) Write(p []byte) (int, error) {
	if len(p) > 0xffff {
		return 0, errors.New("message too long")
	}
	if _, err := c.Stream.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(p))), p...)); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c datagrams) LocalAddr() net.Addr  { return net.UDPAddrFromAddrPort(c.local) }
func (c datagrams) RemoteAddr() net.Addr { return net.UDPAddrFromAddrPort(c.remote) }
