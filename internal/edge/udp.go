package edge

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// How long a UDP flow lasts without a datagram: shorter while nothing came back.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html#connection-tracking-timeouts
const (
	unanswered = 30 * time.Second
	answered   = 180 * time.Second
)

const (
	maxDatagram = 64 << 10
	maxFlows    = 1024 // of one port
	maxQueued   = 16   // datagrams of a flow that wait until it is connected
)

// flows are the UDP flows of one door, by client.
type flows struct {
	e    *Edge
	d    door
	sock net.PacketConn
	all  sync.Map // netip.AddrPort → *flow
	n    atomic.Int64
}

// flow is what one client sends.
type flow struct {
	of     *flows
	client netip.AddrPort
	queue  chan []byte // what the client sent
	back   atomic.Bool // something came back
}

// serveUDP relays datagrams until sock is closed.
func (e *Edge) serveUDP(ctx context.Context, d door, sock net.PacketConn) {
	ctx, stop := context.WithCancel(ctx)
	fs := &flows{e: e, d: d, sock: sock}
	var work sync.WaitGroup
	defer work.Wait()
	defer stop()
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := sock.ReadFrom(buf)
		if err != nil {
			return // closed; serve takes the port again otherwise
		}
		f, fresh := fs.of(from)
		if f == nil {
			continue // one too many: datagrams get lost
		}
		select {
		case f.queue <- append([]byte(nil), buf[:n]...):
		default:
		}
		if fresh {
			work.Go(func() { f.run(ctx) })
		}
	}
}

// of returns the flow of a client, and whether it is a fresh one; nil when there are too many.
func (fs *flows) of(from net.Addr) (f *flow, fresh bool) {
	u, ok := from.(*net.UDPAddr)
	if !ok {
		return nil, false
	}
	client := u.AddrPort()
	if f, ok := fs.all.Load(client); ok {
		return f.(*flow), false
	}
	if fs.n.Load() >= maxFlows || !fs.e.admit() {
		return nil, false
	}
	f = &flow{of: fs, client: client, queue: make(chan []byte, maxQueued)}
	fs.n.Add(1)
	fs.all.Store(client, f)
	return f, true
}

// run relays a flow until nothing comes any more.
func (f *flow) run(ctx context.Context) {
	defer f.of.e.done()
	defer f.forget()
	inner, err := f.of.e.reach(ctx, f.of.d)
	if err != nil {
		return
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	defer context.AfterFunc(ctx, func() { _ = inner.Close() })()
	idle := time.AfterFunc(unanswered, end)
	defer idle.Stop()
	var back sync.WaitGroup
	defer back.Wait()
	defer end()
	back.Go(func() {
		defer end()
		f.answer(inner, idle)
	})
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-f.queue:
			_, _ = inner.Write(b) // one that is refused is lost, as others
			idle.Reset(f.rest())
		}
	}
}

// rest is how long the flow may be idle now.
func (f *flow) rest() time.Duration {
	if f.back.Load() {
		return answered
	}
	return unanswered
}

// answer relays what comes back.
func (f *flow) answer(inner net.Conn, idle *time.Timer) {
	buf := make([]byte, maxDatagram)
	to := net.UDPAddrFromAddrPort(f.client)
	for {
		n, err := inner.Read(buf)
		if err != nil {
			return
		}
		f.back.Store(true)
		idle.Reset(f.rest())
		if _, err := f.of.sock.WriteTo(buf[:n], to); err != nil {
			return
		}
	}
}

// forget takes the flow off the table.
func (f *flow) forget() {
	f.of.all.Delete(f.client)
	f.of.n.Add(-1)
}
