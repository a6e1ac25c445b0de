package resolver

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// says is a server that gives one address for every name.
func says(ip string) dns.HandlerFunc {
	return func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		m.RecursionAvailable = true
		m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 7}, A: net.ParseIP(ip)}}
		_ = w.WriteMsg(m)
	}
}

func fails(code int) dns.HandlerFunc {
	return func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetRcode(q, code)
		m.RecursionAvailable = true
		_ = w.WriteMsg(m)
	}
}

// asking is a resolver that asks those servers, in that order.
func asking(t *testing.T, servers ...string) *Resolver {
	t.Helper()
	r := New(world(t), nowhere(t))
	info, err := os.Stat(r.up.path)
	if err != nil {
		t.Fatal(err)
	}
	r.up.known.Store(&known{at: info.ModTime(), size: info.Size(), addrs: servers})
	return r
}

func TestOthersAreAskedForTheRest(t *testing.T) {
	good, bad, refuses, none := serve(t, says("192.0.2.1")), serve(t, fails(dns.RcodeServerFailure)), serve(t, fails(dns.RcodeRefused)), serve(t, fails(dns.RcodeNameError))
	gone, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := gone.LocalAddr().String()
	_ = gone.Close()
	for _, c := range []struct {
		rule    string
		servers []string
		want    string
	}{
		{"the answer is the server's, with its time to live", []string{good}, "NOERROR, A 192.0.2.1 7"},
		{"the next one is asked when one does not answer", []string{dead, good}, "NOERROR, A 192.0.2.1 7"},
		{"and when one fails", []string{bad, good}, "NOERROR, A 192.0.2.1 7"},
		{"and when one refuses", []string{refuses, good}, "NOERROR, A 192.0.2.1 7"},
		{"a name that does not exist is an answer", []string{none, good}, "NXDOMAIN"},
		{"when none answers it is a failure", []string{dead}, "SERVFAIL"},
		{"and when there is none", nil, "SERVFAIL"},
		{"a refusal by all is a refusal", []string{refuses}, "REFUSED"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if got := ask(t, asking(t, c.servers...), inA, "example.com.", "A"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestWhatDoesNotFitIsFetchedByTCP(t *testing.T) {
	server := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		m.RecursionAvailable = true
		if w.RemoteAddr().Network() == "udp" {
			m.Truncated = true
		} else {
			for i := range 100 {
				m.Answer = append(m.Answer, &dns.TXT{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: []string{fmt.Sprint("line ", i)}})
			}
		}
		_ = w.WriteMsg(m)
	})
	r := asking(t, server)
	if got := ask(t, r, inA, "long.example.com.", "TXT"); strings.Count(got, "TXT") != 100 {
		t.Errorf("got %q", got)
	}
	q := new(dns.Msg)
	q.SetQuestion("long.example.com.", dns.TypeTXT)
	for _, size := range []uint16{dns.MinMsgSize, 1232} {
		if size > dns.MinMsgSize {
			q.SetEdns0(size, false)
		}
		raw, err := q.Pack()
		if err != nil {
			t.Fatal(err)
		}
		m, got := new(dns.Msg), r.Answer(t.Context(), inA, false, raw)
		if err := m.Unpack(got); err != nil || !m.Truncated || len(got) > int(size) || len(m.Answer) == 0 {
			t.Errorf("over UDP: %d bytes, %v %v", len(got), err, m)
		}
	}
}

func TestTheFileIsReadAgainWhenItChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	write := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Unix(1_700_000_000, 0)
	u := newUpstream(path)
	want := func(rule, want string) {
		t.Helper()
		if got := fmt.Sprint(u.servers()); got != want {
			t.Errorf("%s: got %s, want %s", rule, got, want)
		}
	}
	want("there may be no file", "[]")
	write("nameserver 192.0.2.1\nnameserver 127.0.0.53\n", now)
	want("it is read once it is there", "[192.0.2.1:53 127.0.0.53:53]")
	write("nameserver 192.0.2.2\nnameserver 127.0.0.53\n", now.Add(time.Second))
	want("it is read when it changed", "[192.0.2.2:53 127.0.0.53:53]")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	want("what was read last stays", "[192.0.2.2:53 127.0.0.53:53]")
}
