// Package resolver answers the DNS queries of what runs in a VPC, as the resolver at 169.254.169.253
// does on AWS: the names of load balancers, of instances and of tasks from the rows, everything else
// by asking the resolvers of this machine. Who asks decides what a name means; the packets themselves
// come and go through the namespace's own process.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
package resolver

import (
	"context"
	"log/slog"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/miekg/dns"
)

// Config is what a resolver knows besides the rows.
type Config struct {
	Servers string       // the file that names this machine's resolvers; /etc/resolv.conf if empty
	Log     *slog.Logger // nil for the default
}

// Resolver is one store's. It is safe for use by several goroutines.
type Resolver struct {
	store *store.Store
	up    upstream
	log   *slog.Logger
}

// New returns the resolver of a store.
func New(s *store.Store, c Config) *Resolver {
	if c.Servers == "" {
		c.Servers = "/etc/resolv.conf"
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Resolver{store: s, up: newUpstream(c.Servers), log: c.Log}
}

// Answer returns the answer to a query as it came, over UDP no longer than who asks can take. Nil is no
// answer at all, as in a VPC without DNS support.
func (r *Resolver) Answer(ctx context.Context, from engine.Place, tcp bool, query []byte) []byte {
	q := new(dns.Msg)
	if err := q.Unpack(query); err != nil {
		return pack(malformed(query))
	}
	if q.Response {
		return nil
	}
	m := r.reply(ctx, from, q)
	if m != nil && !tcp {
		m.Truncate(room(q))
	}
	return pack(m)
}

// reply decides on the answer to q; nil for none.
func (r *Resolver) reply(ctx context.Context, from engine.Place, q *dns.Msg) *dns.Msg {
	switch {
	case q.Opcode != dns.OpcodeQuery:
		return failure(q, dns.RcodeNotImplemented)
	case len(q.Question) != 1:
		return failure(q, dns.RcodeFormatError)
	case q.Question[0].Qclass != dns.ClassINET:
		return failure(q, dns.RcodeRefused)
	}
	var a answer
	err := r.store.View(from.Scope, func(tx *store.Tx) error {
		a = lookup(tx, from, q.Question[0])
		return nil
	})
	switch {
	case err != nil:
		r.log.Error("resolve", "err", err)
		return failure(q, dns.RcodeServerFailure)
	case a.silent:
		return nil
	case a.forward:
		return r.up.ask(ctx, q)
	}
	return a.to(q)
}

// room is how long a datagram may be for who asks q.
func room(q *dns.Msg) int {
	if opt := q.IsEdns0(); opt != nil {
		return max(dns.MinMsgSize, min(int(opt.UDPSize()), 4096))
	}
	return dns.MinMsgSize
}

// malformed answers what is no DNS message; nil for what has not even the header of a query.
func malformed(query []byte) *dns.Msg {
	const header, response = 12, 0x80
	if len(query) < header || query[2]&response != 0 {
		return nil
	}
	m := new(dns.Msg)
	m.Id = uint16(query[0])<<8 | uint16(query[1])
	m.Response, m.Rcode = true, dns.RcodeFormatError
	return m
}

func failure(q *dns.Msg, code int) *dns.Msg {
	m := new(dns.Msg)
	m.SetRcode(q, code)
	m.RecursionAvailable = true
	return m
}

func pack(m *dns.Msg) []byte {
	if m == nil {
		return nil
	}
	m.Compress = true
	raw, err := m.Pack()
	if err != nil {
		m = &dns.Msg{MsgHdr: dns.MsgHdr{Id: m.Id, Response: true, Rcode: dns.RcodeServerFailure}}
		raw, _ = m.Pack() // a header alone
	}
	return raw
}
