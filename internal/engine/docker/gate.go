package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// callPatience is how long a gateway may take to answer, besides the time that a dial may take.
const callPatience = 5 * time.Second

// dialTimeout is how long a dial may take whose caller sets no limit.
const dialTimeout = 30 * time.Second

// left is how many milliseconds a dial may take.
func left(ctx context.Context) int {
	d := dialTimeout
	if at, ok := ctx.Deadline(); ok {
		d = max(min(d, time.Until(at)), time.Millisecond)
	}
	return int(d / time.Millisecond)
}

// dial asks the gateway to connect. The connection breaks with the gateway.
func (g *gate) dial(ctx context.Context, c netbox.Call) (net.Conn, error) {
	f, err := g.ask(ctx, c)
	if errors.Is(err, errFar) {
		s, err := g.relay(ctx)
		if err != nil {
			return nil, err
		}
		return s.dial(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	return g.hold(conn), nil
}

// listen asks the gateway to listen. The listener breaks with the gateway.
func (g *gate) listen(ctx context.Context, c netbox.Call) (net.Listener, error) {
	f, err := g.ask(ctx, c)
	if errors.Is(err, errFar) {
		s, err := g.relay(ctx)
		if err != nil {
			return nil, err
		}
		return s.listen(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	return &held{Listener: l, g: g, stop: context.AfterFunc(g.life, func() { l.Close() })}, nil
}

// errFar means that the gateway's socket is not where we look for it.
var errFar = errors.New("the gateway's directory is not one that both see")

// ask sends a Call to the gateway's socket and receives the socket that it made.
func (g *gate) ask(ctx context.Context, c netbox.Call) (*os.File, error) {
	conn, err := g.knock(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(callPatience + time.Duration(c.Timeout)*time.Millisecond))
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	text, err := json.Marshal(c)
	if err == nil {
		_, err = conn.Write(append(text, '\n'))
	}
	var f *os.File
	if err == nil {
		f, err = receive(conn)
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return f, err
}

// knock connects to the gateway's socket.
func (g *gate) knock(ctx context.Context) (*net.UnixConn, error) {
	g.mu.Lock()
	far := g.far || g.dir == ""
	g.mu.Unlock()
	if far {
		return nil, errFar
	}
	dir, err := os.Open(g.dir) // whose path may be longer than a socket's may be
	if err != nil {
		return nil, errFar
	}
	defer dir.Close()
	at := filepath.Join(g.dir, path.Base(netbox.GateSocket))
	if len(at) > longestSocket {
		at = fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), path.Base(netbox.GateSocket))
	}
	conn, err := (&net.Dialer{Timeout: callPatience}).DialContext(ctx, "unix", at)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.far = true
		return nil, errFar
	}
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

// longestSocket is how long the path of a Unix socket may be.
const longestSocket = 100

// refusal is what the kernel in the gateway has against a Call.
type refusal struct{ error }

func refused(g netbox.Gift) error {
	if err := g.Failure(); err != nil {
		return refusal{err}
	}
	return nil
}

// longestGift bounds the answer to a Call.
const longestGift = 4096

// receive reads the answer to a Call, and the socket that comes with it.
func receive(conn *net.UnixConn) (f *os.File, err error) {
	text, rights := make([]byte, 0, longestGift), make([]byte, syscall.CmsgSpace(4))
	for len(text) == 0 || text[len(text)-1] != '\n' {
		n, m, _, _, err := conn.ReadMsgUnix(text[len(text):cap(text)], rights)
		if err == nil && n == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return f, fmt.Errorf("the gateway did not answer: %w", err)
		}
		text = text[:len(text)+n]
		if got := fileOf(rights[:m]); got != nil {
			f = got
		}
	}
	var gift netbox.Gift
	if err = json.Unmarshal(text, &gift); err == nil {
		err = refused(gift)
	}
	if err == nil && f == nil {
		err = errors.New("the gateway sent no socket")
	}
	if err != nil && f != nil {
		f.Close()
	}
	return f, err
}

// fileOf is the socket in a control message; nil for none.
func fileOf(control []byte) *os.File {
	ms, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return nil
	}
	for _, m := range ms {
		if fds, err := syscall.ParseUnixRights(&m); err == nil && len(fds) > 0 {
			syscall.CloseOnExec(fds[0])
			return os.NewFile(uintptr(fds[0]), "gateway")
		}
	}
	return nil
}

// hold returns conn as one that breaks with the gateway: a socket outlives the links of its namespace.
func (g *gate) hold(conn net.Conn) net.Conn {
	stop := context.AfterFunc(g.life, func() { conn.Close() })
	if t, ok := conn.(*net.TCPConn); ok {
		return heldTCP{t, stop}
	}
	return heldConn{conn, stop}
}

type heldTCP struct {
	*net.TCPConn
	stop func() bool
}

func (c heldTCP) Close() error { c.stop(); return c.TCPConn.Close() }

type heldConn struct {
	net.Conn
	stop func() bool
}

func (c heldConn) Close() error { c.stop(); return c.Conn.Close() }

// held is a listener whose connections break with the gateway.
type held struct {
	net.Listener
	g    *gate
	stop func() bool
}

func (l *held) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.g.hold(conn), nil
}

func (l *held) Close() error { l.stop(); return l.Listener.Close() }
