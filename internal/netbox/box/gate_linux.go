package box

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path"
	"syscall"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

const (
	// callPatience is how long who connected may take to say what it wants.
	callPatience = 10 * time.Second
	// dialPatience is how long a dial may take that sets no limit.
	dialPatience = 30 * time.Second
	// longestCall bounds a Call, in bytes.
	longestCall = 4096
)

// openGate answers Calls at GateSocket until ctx ends. Where that cannot be there is the relay still.
func (b *box) openGate(ctx context.Context) error {
	l, err := listenGate(netbox.GateSocket)
	if err != nil {
		b.warn(fmt.Errorf("the gateway has no socket: %w", err))
		return nil
	}
	context.AfterFunc(ctx, func() { l.Close() })
	go func() {
		for {
			conn, err := l.AcceptUnix()
			if err != nil {
				return
			}
			go give(ctx, conn)
		}
	}()
	return nil
}

// listenGate makes the socket anew. Whoever gets at its directory may use it.
func listenGate(at string) (*net.UnixListener, error) {
	if err := os.MkdirAll(path.Dir(at), 0o777); err != nil {
		return nil, err
	}
	if err := os.Remove(at); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: at, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(at, 0o666)
}

// give answers one Call with a socket.
func give(ctx context.Context, conn *net.UnixConn) {
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(callPatience))
	var c netbox.Call
	if err := readCall(bufio.NewReaderSize(conn, longestCall), &c); err != nil {
		return
	}
	s, gift := open(ctx, c)
	text, err := json.Marshal(gift)
	if err != nil {
		return
	}
	text = append(text, '\n')
	_ = conn.SetWriteDeadline(time.Now().Add(callPatience))
	if s == nil {
		_, _ = conn.Write(text)
		return
	}
	defer s.Close()
	raw, err := s.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _, _, _ = conn.WriteMsgUnix(text, syscall.UnixRights(int(fd)), nil) })
}

func readCall(r *bufio.Reader, c *netbox.Call) error {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, c)
}

// socket is what a Call makes.
type socket interface {
	syscall.Conn
	Close() error
}

// open makes the socket that is asked for; nil when the kernel refuses it, or it is not known.
func open(ctx context.Context, c netbox.Call) (socket, netbox.Gift) {
	switch c.Op {
	case netbox.CallDial:
		conn, err := dial(ctx, c)
		if err != nil {
			return nil, netbox.Gift{Err: plain(err)}
		}
		s, _ := conn.(socket)
		return s, netbox.Gift{Local: addrPort(conn.LocalAddr())}
	case netbox.CallListen:
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", c.At.String())
		if err != nil {
			return nil, netbox.Gift{Err: plain(err)}
		}
		s, _ := l.(socket)
		return s, netbox.Gift{}
	}
	return nil, netbox.Gift{Err: fmt.Sprintf("no operation %q", c.Op)}
}

func dial(ctx context.Context, c netbox.Call) (net.Conn, error) {
	d := net.Dialer{Timeout: dialPatience}
	if c.Timeout > 0 {
		d.Timeout = time.Duration(c.Timeout) * time.Millisecond
	}
	if c.Network == "udp" {
		if c.From.IsValid() {
			d.LocalAddr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(c.From, 0))
		}
		return d.DialContext(ctx, "udp4", c.To.String())
	}
	if c.From.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(c.From, 0))
	}
	return d.DialContext(ctx, "tcp4", c.To.String())
}

// plain is an error in the kernel's words; the daemon knows what it asked for.
func plain(err error) string {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return syscall.ETIMEDOUT.Error()
	}
	var kernels syscall.Errno
	if errors.As(err, &kernels) {
		return kernels.Error()
	}
	return err.Error()
}

func addrPort(a net.Addr) netip.AddrPort {
	p, _ := netip.ParseAddrPort(a.String())
	return p
}
