package box

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/hashicorp/yamux"
)

// stdio is one stream out of two.
type stdio struct {
	io.Reader
	io.Writer
}

// Close leaves both to the process's end.
func (stdio) Close() error { return nil }

// relay answers Calls on the streams of a session over in and out, until that ends.
func relay(ctx context.Context, in io.Reader, out io.Writer) error {
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	s, err := yamux.Server(stdio{in, out}, cfg)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { s.Close() })
	for {
		stream, err := s.AcceptStream()
		if errors.Is(err, io.EOF) || errors.Is(err, yamux.ErrSessionShutdown) {
			return nil
		}
		if err != nil {
			return err
		}
		go carry(ctx, s, stream)
	}
}

// carry answers the Call on one stream, and then carries what passes its socket.
func carry(ctx context.Context, s *yamux.Session, stream *yamux.Stream) {
	defer stream.Close()
	_ = stream.SetReadDeadline(time.Now().Add(callPatience))
	r := bufio.NewReaderSize(stream, longestCall)
	var c netbox.Call
	if readCall(r, &c) != nil {
		return
	}
	_ = stream.SetReadDeadline(time.Time{})
	made, gift := open(ctx, c)
	if made != nil {
		defer made.Close()
	}
	if say(stream, gift) != nil || made == nil {
		return
	}
	switch {
	case c.Op == netbox.CallListen:
		go func() { _, _ = io.Copy(io.Discard, r); made.Close() }() // it ends with the stream
		arrive(s, made.(net.Listener), c)
	case c.Network == "udp":
		datagrams(made.(net.Conn), stream, r)
	default:
		splice(made.(*net.TCPConn), stream, r)
	}
}

func say(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	return err
}

// arrive opens a stream for each connection that comes in.
func arrive(s *yamux.Session, l net.Listener, c netbox.Call) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			stream, err := s.OpenStream()
			if err != nil {
				return
			}
			defer stream.Close()
			if say(stream, netbox.Arrival{At: c.At, From: addrPort(conn.RemoteAddr())}) == nil {
				splice(conn.(*net.TCPConn), stream, stream)
			}
		}()
	}
}

// splice copies both ways, and passes on that one side has nothing more to say.
func splice(conn *net.TCPConn, stream *yamux.Stream, from io.Reader) {
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = io.Copy(conn, from); _ = conn.CloseWrite() })
	wg.Go(func() { _, _ = io.Copy(stream, conn); stream.Close() })
	wg.Wait()
}

// datagrams carries those of a connected socket, each after its length, until the stream ends.
func datagrams(conn net.Conn, stream *yamux.Stream, from *bufio.Reader) {
	go func() {
		b := make([]byte, 2+0xffff)
		for {
			n, err := conn.Read(b[2:])
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue // a port that was told to be unreachable
			}
			binary.BigEndian.PutUint16(b, uint16(n))
			if _, err := stream.Write(b[:2+n]); err != nil {
				return
			}
		}
	}()
	b := make([]byte, 0xffff)
	for {
		var size [2]byte
		if _, err := io.ReadFull(from, size[:]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(from, b[:n]); err != nil {
			return
		}
		_, _ = conn.Write(b[:n])
	}
}
