package resolver

import (
	"net/netip"

	"github.com/miekg/dns"
)

// ttl is that of load balancers' names and of private names, and how long it may be remembered that
// there is none.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
const ttl = 60

// answer is what the rows say to a question. The zero value says that the name exists, without
// what is asked for.
type answer struct {
	silent, forward bool
	missing         bool         // the name does not exist
	zone            string       // that the name is in
	hosts           []netip.Addr // addresses of the name
	name            string       // that an address has
}

// to is a as the reply to q.
func (a answer) to(q *dns.Msg) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(q)
	m.RecursionAvailable = true
	question := q.Question[0]
	for _, h := range a.hosts {
		if rr := address(question, h); rr != nil {
			m.Answer = append(m.Answer, rr)
		}
	}
	if a.name != "" && asks(question, dns.TypePTR) {
		m.Answer = append(m.Answer, &dns.PTR{Hdr: header(question.Name, dns.TypePTR), Ptr: a.name})
	}
	if a.missing {
		m.Rcode = dns.RcodeNameError
	}
	if len(m.Answer) == 0 && a.zone != "" {
		m.Ns = []dns.RR{soa(a.zone)}
	}
	if opt := q.IsEdns0(); opt != nil {
		m.SetEdns0(udpSize, false)
	}
	return m
}

// udpSize is what is taken in one datagram of UDP.
const udpSize = 1232

// address is a resource record with an address, if that is what is asked for.
func address(q dns.Question, a netip.Addr) dns.RR {
	switch {
	case a.Is4() && asks(q, dns.TypeA):
		return &dns.A{Hdr: header(q.Name, dns.TypeA), A: a.AsSlice()}
	case a.Is6() && asks(q, dns.TypeAAAA):
		return &dns.AAAA{Hdr: header(q.Name, dns.TypeAAAA), AAAA: a.AsSlice()}
	}
	return nil
}

func asks(q dns.Question, kind uint16) bool { return q.Qtype == kind || q.Qtype == dns.TypeANY }

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
}

// soa says how long it may be remembered that something is not in a zone.
func soa(zone string) dns.RR {
	return &dns.SOA{Hdr: header(zone, dns.TypeSOA), Ns: "ns0." + zone, Mbox: "hostmaster.amazon.com.",
		Serial: 2012103100, Refresh: 3600, Retry: 3600, Expire: 3600, Minttl: ttl}
}
