package box

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// door is a link-local address that the daemon answers. Its packets are led to a listener of the box
// on an address of its own within 127.0.0.0/8: port 80 stays free for what runs here.
type door struct {
	addr netip.AddrPort // as it is known inside
	at   netip.AddrPort // where the box listens
	dns  bool
}

// name is what the daemon is told of a request's address: port 80 goes without saying.
func (d door) name() string {
	if d.addr.Port() == 80 {
		return d.addr.Addr().String()
	}
	return d.addr.String()
}

// bounds are how much of a body the daemon is asked with, and how long it may take. To call an API may
// be more work than to ask who one is, and is not done again because the answer is late.
func (d door) bounds() (body int64, wait time.Duration) {
	if d == apis {
		return 8 << 20, 30 * time.Second
	}
	return 1 << 20, patience
}

var (
	credentials = door{netip.MustParseAddrPort("169.254.170.2:80"), netip.MustParseAddrPort("127.0.170.2:51679"), false}
	apis        = door{netip.MustParseAddrPort(netbox.APIs), netip.MustParseAddrPort("127.0.170.2:51680"), false}
	metadata    = door{netip.MustParseAddrPort("169.254.169.254:80"), netip.MustParseAddrPort("127.0.169.254:51679"), false}
	resolver    = door{netip.MustParseAddrPort("169.254.169.253:53"), netip.MustParseAddrPort("127.0.169.253:51653"), true}
)

// doorsOf are the doors that are open, and those that are not.
func doorsOf(c netbox.Config) (open, shut []door) {
	for _, d := range []struct {
		door
		open bool
	}{{credentials, c.Credentials}, {apis, c.Credentials}, {metadata, c.Metadata}, {resolver, c.DNS}} {
		if d.open {
			open = append(open, d.door)
		} else {
			shut = append(shut, d.door)
		}
	}
	return open, shut
}

// doors listens for requests to the link-local addresses, and hands them to the daemon.
type doors struct {
	ask   func(context.Context, time.Duration, netbox.Report) (netbox.Order, error)
	more  func(context.Context, int64) (netbox.Order, error) // the next part of an answer
	leave func(int64)                                        // nobody listens to an answer
	live  map[door]io.Closer
}

// open listens where c says, and nowhere else.
func (d *doors) open(ctx context.Context, c netbox.Config) error {
	if d.live == nil {
		d.live = map[door]io.Closer{}
	}
	open, shut := doorsOf(c)
	for _, s := range shut {
		if l, ok := d.live[s]; ok {
			_ = l.Close()
			delete(d.live, s)
		}
	}
	for _, o := range open {
		if _, ok := d.live[o]; ok {
			continue
		}
		l, err := d.listen(ctx, o)
		if err != nil {
			return err
		}
		d.live[o] = l
	}
	return nil
}

func (d *doors) listen(ctx context.Context, o door) (io.Closer, error) {
	l, err := net.Listen("tcp4", o.at.String())
	if err != nil {
		return nil, err
	}
	if o.dns {
		u, err := net.ListenPacket("udp4", o.at.String())
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		go d.datagrams(ctx, u)
		go d.streams(ctx, l)
		return both{l, u}, nil
	}
	s := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.http(w, r, o) }),
		ReadHeaderTimeout: patience, IdleTimeout: time.Minute,
	}
	go func() { _ = s.Serve(l) }()
	return s, nil
}

// both closes two.
type both [2]io.Closer

func (b both) Close() error { return errors.Join(b[0].Close(), b[1].Close()) }

// http asks the daemon. Without an answer in time it says what a service that is down says, which
// clients try again.
func (d *doors) http(w http.ResponseWriter, r *http.Request, to door) {
	limit, wait := to.bounds()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		http.Error(w, "the request is too long", http.StatusRequestEntityTooLarge)
		return
	}
	o, err := d.ask(r.Context(), wait, netbox.Report{Ev: netbox.EvHTTP, HTTP: &netbox.Request{
		Method: r.Method, URI: r.RequestURI, Address: to.name(), Host: r.Host, Remote: r.RemoteAddr, Header: r.Header, Body: body, Parts: to == apis,
	}})
	switch {
	case errors.Is(err, errBusy):
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	case err != nil:
		http.Error(w, err.Error(), http.StatusGatewayTimeout)
	case o.HTTP == nil || o.HTTP.Status < 200 || o.HTTP.Status > 599:
		http.Error(w, "the daemon's answer is none", http.StatusBadGateway)
	default:
		for k, v := range o.HTTP.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(o.HTTP.Status)
		d.pass(w, r, o)
	}
}

// pass hands an answer on, part after part. One that breaks off is cut, so that nobody takes it for whole.
func (d *doors) pass(w http.ResponseWriter, r *http.Request, o netbox.Order) {
	for {
		_, err := w.Write(o.HTTP.Body)
		if !o.HTTP.More {
			return
		}
		if err == nil {
			err = http.NewResponseController(w).Flush()
		}
		if err != nil {
			d.leave(o.ID)
			return
		}
		if o, err = d.more(r.Context(), o.ID); err != nil || o.HTTP == nil {
			panic(http.ErrAbortHandler)
		}
	}
}
