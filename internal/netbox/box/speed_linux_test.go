package box

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"
)

// BenchmarkHostPort is what gets through a host port of an instance, and, side by side, through the own
// address of a container that is on a network of the engine: each from the far end of a switch.
func BenchmarkHostPort(b *testing.B) {
	vpc, other, alone := newLAN(b, "10.9.0.1/16"), newLAN(b, "10.78.1.1/24"), newSpace(b)
	machine, container, cfg := instance(b, vpc)
	cfg.Forwards[0].To = netip.MustParseAddrPort("172.17.0.2:81")
	machine.set(cfg)
	container.pour(":81")
	other.plug(alone, "10.78.1.10/24", "10.78.1.1")
	alone.pour(":81")
	for _, c := range []struct {
		name, addr string
		from       *space
	}{
		{"own address", "10.78.1.10:81", other.space},
		{"host port", "10.9.1.10:32768", vpc.space},
	} {
		b.Run(c.name, func(b *testing.B) {
			conn, err := c.from.dial(c.addr)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(time.Minute))
			buf := make([]byte, 1<<20)
			b.SetBytes(int64(len(buf)))
			for b.Loop() {
				if _, err := io.ReadFull(conn, buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// pour writes to each connection to addr until it closes.
func (s *space) pour(addr string) {
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
					for buf := make([]byte, 1<<17); err == nil; {
						_, err = c.Write(buf)
					}
				}()
			}
		}()
		return nil
	})
}
