package box

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// space is a network namespace of a test.
type space struct {
	t  testing.TB
	ns *os.File
	k  *kernel
}

func newSpace(t testing.TB) *space {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces are made by root")
	}
	s := &space{t: t}
	var err error
	threaded(func() {
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			s.ns, err = os.Open("/proc/thread-self/ns/net")
		}
		if err == nil {
			s.k, err = newKernel()
		}
	})
	if errors.Is(err, unix.EPERM) {
		t.Skip("this root may not make network namespaces: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.k.hosts, s.k.resolv = filepath.Join(t.TempDir(), "hosts"), filepath.Join(t.TempDir(), "resolv.conf")
	t.Cleanup(func() { _ = s.ns.Close() })
	return s
}

// threaded runs f on a thread of its own, which ends with it.
func threaded(f func()) {
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(done)
		f()
	}()
	<-done
}

// in runs f in the namespace.
func (s *space) in(f func() error) error {
	s.t.Helper()
	var err error
	threaded(func() {
		if err = unix.Setns(int(s.ns.Fd()), unix.CLONE_NEWNET); err == nil {
			err = f()
		}
	})
	return err
}

func (s *space) must(f func() error) {
	s.t.Helper()
	if err := s.in(f); err != nil {
		s.t.Fatal(err)
	}
}

// set is an order to the space's own kernel.
func (s *space) set(c netbox.Config) {
	s.t.Helper()
	s.must(func() error { return s.k.set(c) })
}

// sysctl writes a setting that an engine would give the container.
func (s *space) sysctl(path, value string) {
	s.t.Helper()
	s.must(func() error { return os.WriteFile("/proc/sys/net/ipv4/"+path, []byte(value), 0o644) })
}

// lan is a switch in a namespace of its own, as an engine's network is: with an address of the
// machine's on it.
type lan struct{ *space }

// plugs counts the cables, so that each has a name of its own.
var plugs atomic.Int32

func newLAN(t testing.TB, addr string) *lan {
	l := &lan{newSpace(t)}
	l.must(func() error {
		b := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}
		return errors.Join(netlink.LinkAdd(b), up(b, addr))
	})
	return l
}

func up(l netlink.Link, addr string) error {
	a, err := netlink.ParseAddr(addr)
	if err != nil {
		return err
	}
	return errors.Join(netlink.AddrAdd(l, a), netlink.LinkSetUp(l))
}

// plug connects s, and gives it an address and a default route as an engine does.
func (l *lan) plug(s *space, addr, gateway string) {
	l.t.Helper()
	n := plugs.Add(1)
	here, there := fmt.Sprintf("port%d", n), fmt.Sprintf("eth%d", n)
	l.must(func() error {
		br, err := netlink.LinkByName("br0")
		if err != nil {
			return err
		}
		v := &netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: here, MasterIndex: br.Attrs().Index},
			PeerName:  there, PeerNamespace: netlink.NsFd(int(s.ns.Fd())),
		}
		return errors.Join(netlink.LinkAdd(v), netlink.LinkSetUp(v))
	})
	s.must(func() error {
		eth, err := netlink.LinkByName(there)
		if err != nil {
			return err
		}
		if err := up(eth, addr); err != nil || gateway == "" {
			return err
		}
		return netlink.RouteReplace(&netlink.Route{Dst: everywhere, Gw: net.ParseIP(gateway)})
	})
}

// serve answers each connection to addr with the address that it came from, then echoes.
func (s *space) serve(addr string) {
	s.t.Helper()
	s.must(func() error {
		l, err := net.Listen("tcp4", addr)
		if err != nil {
			return err
		}
		s.t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					from, _ := netip.ParseAddrPort(c.RemoteAddr().String())
					fmt.Fprintln(c, from.Addr())
					_, _ = io.Copy(c, c)
				}()
			}
		}()
		return nil
	})
}

// patienceHere is how long a packet that is dropped is waited for: on a quiet link an answer takes
// less than a millisecond.
const patienceHere = 300 * time.Millisecond

// dial connects to addr.
func (s *space) dial(addr string) (c net.Conn, err error) { return s.dialFrom("", addr) }

// dialFrom connects to addr from an address of the namespace; from any without one.
func (s *space) dialFrom(from, addr string) (c net.Conn, err error) {
	s.t.Helper()
	d := net.Dialer{Timeout: patienceHere}
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	err = s.in(func() (err error) {
		c, err = d.Dial("tcp4", addr)
		return err
	})
	if err == nil {
		s.t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	}
	return c, err
}

// ask is whom the server at addr saw.
func (s *space) ask(addr string) string { return s.askFrom("", addr) }

func (s *space) askFrom(own, addr string) string {
	s.t.Helper()
	c, err := s.dialFrom(own, addr)
	if err == nil {
		var from string
		if _, err = fmt.Fscanln(c, &from); err == nil {
			return from
		}
	}
	var late net.Error
	switch {
	case errors.As(err, &late) && late.Timeout():
		return "timeout"
	case errors.Is(err, unix.ECONNREFUSED):
		return "refused"
	}
	return err.Error()
}

func (s *space) want(addr, from string) {
	s.t.Helper()
	if got := s.ask(addr); got != from {
		s.t.Errorf("%s: %s, want %s", addr, got, from)
	}
}
