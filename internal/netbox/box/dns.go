package box

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// datagrams answers queries that come in packets. One without an answer gets none: the client asks
// again, or elsewhere.
func (d *doors) datagrams(ctx context.Context, c net.PacketConn) {
	buf := make([]byte, 64<<10)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		q := append([]byte(nil), buf[:n]...)
		go func() {
			o, err := d.ask(ctx, patience, netbox.Report{Ev: netbox.EvDNS, DNS: q})
			if err == nil && len(o.DNS) > 0 {
				_, _ = c.WriteTo(o.DNS, from)
			}
		}()
	}
}

// streams answers queries over TCP.
func (d *doors) streams(ctx context.Context, l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			for d.queryOver(ctx, c) == nil {
			}
		}()
	}
}

// idle is how long a client may keep a stream of queries open without asking.
const idle = 10 * time.Second

// queryOver answers one query. Both ways, a message's length comes before it.
func (d *doors) queryOver(ctx context.Context, c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(idle + patience)); err != nil {
		return err
	}
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return err
	}
	q := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, q); err != nil {
		return err
	}
	o, err := d.ask(ctx, patience, netbox.Report{Ev: netbox.EvDNS, DNS: q, TCP: true})
	if err != nil {
		return err
	}
	if len(o.DNS) == 0 || len(o.DNS) > 0xffff {
		return io.ErrUnexpectedEOF
	}
	_, err = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(o.DNS))), o.DNS...))
	return err
}
