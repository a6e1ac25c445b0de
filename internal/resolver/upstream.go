package resolver

import (
	"context"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

const (
	patience = 2 * time.Second // with one server
	most     = 256             // queries that are out at once
)

// upstream is the resolvers of this machine, as their file names them. The file is read again when it
// changed. A stub on loopback is as good as any: it is this process that asks.
type upstream struct {
	path  string
	known *atomic.Pointer[known]
	slots chan struct{}
}

// known is what stood in the file at a time.
type known struct {
	at    time.Time // when the file was changed
	size  int64
	addrs []string
}

func newUpstream(path string) upstream {
	u := upstream{path: path, known: new(atomic.Pointer[known]), slots: make(chan struct{}, most)}
	u.servers()
	return u
}

// servers are the addresses to ask, in that order.
func (u upstream) servers() []string {
	was := u.known.Load()
	info, err := os.Stat(u.path)
	if err == nil && was != nil && was.at.Equal(info.ModTime()) && was.size == info.Size() {
		return was.addrs
	}
	c, bad := dns.ClientConfigFromFile(u.path)
	if err != nil || bad != nil {
		if was == nil {
			return nil
		}
		return was.addrs
	}
	now := &known{at: info.ModTime(), size: info.Size()}
	for _, s := range c.Servers {
		now.addrs = append(now.addrs, net.JoinHostPort(s, c.Port))
	}
	u.known.Store(now)
	return now.addrs
}

// ask returns what the first server says that has an answer: a failure or a refusal is the next one's turn.
// Without any answer it is a failure.
func (u upstream) ask(ctx context.Context, q *dns.Msg) *dns.Msg {
	select {
	case u.slots <- struct{}{}:
		defer func() { <-u.slots }()
	case <-ctx.Done():
		return failure(q, dns.RcodeServerFailure)
	}
	last := failure(q, dns.RcodeServerFailure)
	for _, server := range u.servers() {
		m, err := exchange(ctx, q, server)
		if err != nil {
			continue
		}
		m.Id = q.Id
		if !slices.Contains([]int{dns.RcodeServerFailure, dns.RcodeRefused, dns.RcodeNotImplemented}, m.Rcode) {
			return m
		}
		last = m
	}
	return last
}

// exchange asks one server, by TCP for what does not fit into a datagram.
func exchange(ctx context.Context, q *dns.Msg, server string) (*dns.Msg, error) {
	ask := q.Copy()
	ask.Id = dns.Id() // who asks chose its own, and may be guessed
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	for _, network := range []string{"udp", "tcp"} {
		c := dns.Client{Net: network, Timeout: patience}
		m, _, err := c.ExchangeContext(ctx, ask, server)
		if err != nil || !m.Truncated {
			return m, err
		}
	}
	return nil, context.DeadlineExceeded
}
