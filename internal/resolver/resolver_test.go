package resolver

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/miekg/dns"
)

var (
	home = model.Scope{Account: "111122223333", Region: "us-east-1"}
	away = model.Scope{Account: "111122223333", Region: "eu-central-1"}
	inA  = engine.Place{Scope: home, VPC: "vpc-a", Task: "t"}
	inB  = engine.Place{Scope: home, VPC: "vpc-b", Instance: "i"}
	far  = engine.Place{Scope: away, VPC: "vpc-c"}
)

// world is a store with two VPCs of the same addresses, and one in another region.
func world(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	fill := func(sc model.Scope, rows func(*store.Tx)) {
		if err := s.Update(sc, func(tx *store.Tx) error { rows(tx); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	network := func(tx *store.Tx, vpc, subnet string) {
		store.VPCs.Put(tx, model.VPC{ID: vpc, CIDR: "172.31.0.0/16", Hostnames: true})
		store.Subnets.Put(tx, model.Subnet{ID: subnet, VPC: vpc, CIDR: "172.31.0.0/20"})
	}
	nic := func(tx *store.Tx, n model.NetworkInterface) { store.NetworkInterfaces.Put(tx, n) }
	fill(home, func(tx *store.Tx) {
		network(tx, "vpc-a", "subnet-a")
		network(tx, "vpc-b", "subnet-b")
		nic(tx, model.NetworkInterface{ID: "eni-1", VPC: "vpc-a", Subnet: "subnet-a", IP: "172.31.0.5", Instance: "i-1", Public: "127.64.0.9"})
		nic(tx, model.NetworkInterface{ID: "eni-2", VPC: "vpc-b", Subnet: "subnet-b", IP: "172.31.0.6", Task: "t"})
		store.LoadBalancers.Put(tx, model.LoadBalancer{ID: "app/web/1", Name: "web", Scheme: "internet-facing", VPC: "vpc-a", DNSName: "web-1.us-east-1.elb.localhost"})
		nic(tx, model.NetworkInterface{ID: "eni-3", VPC: "vpc-a", Subnet: "subnet-a", IP: "172.31.0.20", LoadBalancer: "app/web/1", Public: "127.64.0.20"})
		nic(tx, model.NetworkInterface{ID: "eni-4", VPC: "vpc-a", Subnet: "subnet-a", IP: "172.31.0.21", LoadBalancer: "app/web/1"})
		store.LoadBalancers.Put(tx, model.LoadBalancer{ID: "app/us-east-1/3", VPC: "vpc-a", DNSName: "us-east-1-3.us-east-1.elb.localhost"})
		store.LoadBalancers.Put(tx, model.LoadBalancer{ID: "app/in/2", Name: "in", Scheme: "internal", VPC: "vpc-a", DNSName: "in-2.us-east-1.elb.localhost"})
		nic(tx, model.NetworkInterface{ID: "eni-5", VPC: "vpc-a", Subnet: "subnet-a", IP: "172.31.0.30", LoadBalancer: "app/in/2"})
	})
	fill(away, func(tx *store.Tx) {
		network(tx, "vpc-c", "subnet-c")
		nic(tx, model.NetworkInterface{ID: "eni-9", VPC: "vpc-c", Subnet: "subnet-c", IP: "172.31.0.5", Task: "t"})
	})
	return s
}

// serve is a resolver of another machine on loopback, on UDP and TCP.
func serve(t testing.TB, h dns.HandlerFunc) string {
	t.Helper()
	p, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", p.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, srv := range []*dns.Server{{PacketConn: p, Handler: h}, {Listener: l, Handler: h}} {
		up := make(chan struct{})
		srv.NotifyStartedFunc = func() { close(up) }
		go func() { _ = srv.ActivateAndServe() }()
		<-up
		t.Cleanup(func() { _ = srv.Shutdown() })
	}
	return p.LocalAddr().String()
}

// nowhere is a file that names no resolver: what is forwarded fails.
func nowhere(t testing.TB) Config {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(path, []byte("# none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Config{Servers: path}
}

// ask returns an answer as one line.
func ask(t testing.TB, r *Resolver, from engine.Place, name, kind string) string {
	t.Helper()
	q := new(dns.Msg)
	q.SetQuestion(name, dns.StringToType[kind])
	raw, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	got := r.Answer(t.Context(), from, true, raw)
	if got == nil {
		return "silence"
	}
	m := new(dns.Msg)
	if err := m.Unpack(got); err != nil {
		t.Fatal(err)
	}
	if m.Id != q.Id || !m.Response || !m.RecursionAvailable || len(m.Question) != 1 || m.Question[0] != q.Question[0] {
		t.Errorf("the header or the question of the answer is not that of the query: %v", m)
	}
	return line(m)
}

func line(m *dns.Msg) string {
	words := []string{dns.RcodeToString[m.Rcode]}
	var all []string
	for _, rr := range m.Answer {
		text := strings.TrimPrefix(rr.String(), rr.Header().String())
		all = append(all, fmt.Sprint(dns.TypeToString[rr.Header().Rrtype], " ", text, " ", rr.Header().Ttl))
	}
	slices.Sort(all)
	for _, rr := range m.Ns {
		all = append(all, "SOA of "+rr.Header().Name)
	}
	return strings.Join(append(words, all...), ", ")
}

func TestNames(t *testing.T) {
	r := New(world(t), nowhere(t))
	const forwarded = "SERVFAIL"
	for _, c := range []struct {
		rule       string
		from       engine.Place
		name, kind string
		want       string
	}{
		{"a load balancer has the addresses of its interfaces", inA, "web-1.us-east-1.elb.localhost.", "A", "NOERROR, A 172.31.0.20 60, A 172.31.0.21 60"},
		{"also by the name that it would have on AWS", inA, "web-1.us-east-1.elb.amazonaws.com.", "A", "NOERROR, A 172.31.0.20 60, A 172.31.0.21 60"},
		{"also by its dualstack name", inA, "dualstack.web-1.us-east-1.elb.amazonaws.com.", "A", "NOERROR, A 172.31.0.20 60, A 172.31.0.21 60"},
		{"case does not matter, and comes back", inA, "Web-1.US-east-1.elb.localhost.", "A", "NOERROR, A 172.31.0.20 60, A 172.31.0.21 60"},
		{"it has no IPv6 address", inA, "web-1.us-east-1.elb.localhost.", "AAAA", "NOERROR, SOA of elb.localhost."},
		{"its zone is no part of its own name", inA, "us-east-1-3.us-east-1.elb.localhost.", "AAAA", "NOERROR, SOA of elb.localhost."},
		{"from elsewhere, one of the internet has its public addresses", inB, "web-1.us-east-1.elb.localhost.", "A", "NOERROR, A 127.64.0.20 60"},
		{"also from another region", far, "web-1.us-east-1.elb.localhost.", "A", "NOERROR, A 127.64.0.20 60"},
		{"from elsewhere, an internal one has its private addresses", inB, "in-2.us-east-1.elb.localhost.", "A", "NOERROR, A 172.31.0.30 60"},
		{"a load balancer that is not there does not exist", inA, "gone-1.us-east-1.elb.localhost.", "A", "NXDOMAIN, SOA of localhost."},
		{"but a real one may", inA, "gone-1.us-east-1.elb.amazonaws.com.", "A", forwarded},
		{"the beginning of a name is not the name", inA, "web.us-east-1.elb.localhost.", "A", "NXDOMAIN, SOA of localhost."},
		{"localhost is local", inA, "localhost.", "A", "NOERROR, A 127.0.0.1 60"},
		{"in both families", inA, "localhost.", "AAAA", "NOERROR, AAAA ::1 60"},

		{"an instance has a private name", inA, "ip-172-31-0-5.ec2.internal.", "A", "NOERROR, A 172.31.0.5 60"},
		{"a task too", inB, "ip-172-31-0-6.ec2.internal.", "A", "NOERROR, A 172.31.0.6 60"},
		{"but not in another VPC", inA, "ip-172-31-0-6.ec2.internal.", "A", "NXDOMAIN, SOA of ec2.internal."},
		{"an address that nobody has has no name", inA, "ip-172-31-0-99.ec2.internal.", "A", "NXDOMAIN, SOA of ec2.internal."},
		{"what is no address does not exist", inA, "ip-172-31-0.ec2.internal.", "A", "NXDOMAIN, SOA of ec2.internal."},
		{"dots do not stand for hyphens", inA, "ip-172.31-0-5.ec2.internal.", "A", "NXDOMAIN, SOA of ec2.internal."},
		{"other regions have their own zone", far, "ip-172-31-0-5.eu-central-1.compute.internal.", "A", "NOERROR, A 172.31.0.5 60"},
		{"the instance metadata has a name", inA, "instance-data.ec2.internal.", "A", "NOERROR, A 169.254.169.254 60"},
		{"a public name means the private address within the VPC", inA, "ec2-127-64-0-9.compute-1.amazonaws.com.", "A", "NOERROR, A 172.31.0.5 60"},
		{"and the public one elsewhere", inB, "ec2-127-64-0-9.compute-1.amazonaws.com.", "A", "NOERROR, A 127.64.0.9 60"},
		{"others' public names are real ones", inA, "ec2-1-2-3-4.compute-1.amazonaws.com.", "A", forwarded},

		{"an address leads back to its name", inA, "5.0.31.172.in-addr.arpa.", "PTR", "NOERROR, PTR ip-172-31-0-5.ec2.internal. 60"},
		{"one of another VPC does not", inB, "5.0.31.172.in-addr.arpa.", "PTR", "NXDOMAIN, SOA of 31.172.in-addr.arpa."},
		{"nobody is asked for private addresses", inA, "1.0.0.10.in-addr.arpa.", "PTR", "NXDOMAIN, SOA of 10.in-addr.arpa."},
		{"others are asked for public ones", inA, "8.8.8.8.in-addr.arpa.", "PTR", forwarded},
		{"loopback is localhost", inA, "1.0.0.127.in-addr.arpa.", "PTR", "NOERROR, PTR localhost. 60"},
		{"everything else is asked elsewhere", inA, "example.com.", "A", forwarded},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if got := ask(t, r, c.from, c.name, c.kind); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTheAttributesOfAVPC(t *testing.T) {
	s := world(t)
	r := New(s, nowhere(t))
	set := func(v model.VPC) {
		if err := s.Update(home, func(tx *store.Tx) error { store.VPCs.Put(tx, v); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	want := func(rule, name, kind, want string) {
		t.Helper()
		if got := ask(t, r, inA, name, kind); got != want {
			t.Errorf("%s: got %q, want %q", rule, got, want)
		}
	}
	set(model.VPC{ID: "vpc-a", CIDR: "172.31.0.0/16"})
	want("without DNS hostnames there are no private names", "ip-172-31-0-5.ec2.internal.", "A", "SERVFAIL")
	want("nor public ones", "ec2-127-64-0-9.compute-1.amazonaws.com.", "A", "SERVFAIL")
	want("nor names of addresses", "5.0.31.172.in-addr.arpa.", "PTR", "SERVFAIL")
	want("load balancers have theirs", "in-2.us-east-1.elb.localhost.", "A", "NOERROR, A 172.31.0.30 60")
	set(model.VPC{ID: "vpc-a", CIDR: "172.31.0.0/16", NoDNS: true, Hostnames: true})
	want("without DNS support nothing is answered", "in-2.us-east-1.elb.localhost.", "A", "silence")
	want("nor asked elsewhere", "example.com.", "A", "silence")
}

func TestWhatIsNoPlainQueryIsRefused(t *testing.T) {
	r := New(world(t), nowhere(t))
	for rule, c := range map[string]struct {
		edit func(*dns.Msg)
		want int
	}{
		"another class":         {func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }, dns.RcodeRefused},
		"another opcode":        {func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }, dns.RcodeNotImplemented},
		"two questions":         {func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }, dns.RcodeFormatError},
		"none":                  {func(m *dns.Msg) { m.Question = nil }, dns.RcodeFormatError},
		"an answer is no query": {func(m *dns.Msg) { m.Response = true }, -1},
	} {
		q := new(dns.Msg)
		q.SetQuestion("localhost.", dns.TypeA)
		c.edit(q)
		raw, err := q.Pack()
		if err != nil {
			t.Fatal(err)
		}
		got := r.Answer(t.Context(), inA, false, raw)
		m := new(dns.Msg)
		switch {
		case c.want < 0 && got != nil:
			t.Errorf("%s: got an answer", rule)
		case c.want < 0:
		case m.Unpack(got) != nil || m.Rcode != c.want || m.Id != q.Id:
			t.Errorf("%s: got %v", rule, m)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"web-1.us-east-1.elb.localhost.", "ip-172-31-0-5.ec2.internal.", "5.0.31.172.in-addr.arpa.", "localhost."} {
		q := new(dns.Msg)
		q.SetQuestion(name, dns.TypeA)
		q.SetEdns0(4096, true)
		raw, err := q.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		f.Add(raw[:len(raw)-3])
	}
	r := New(world(f), nowhere(f))
	f.Fuzz(func(t *testing.T, query []byte) {
		got := r.Answer(t.Context(), inA, len(query)%2 == 0, query)
		if got == nil {
			return
		}
		m := new(dns.Msg)
		if err := m.Unpack(got); err != nil {
			t.Fatalf("the answer is no message: %v", err)
		}
		if !m.Response || m.Id != uint16(query[0])<<8|uint16(query[1]) {
			t.Errorf("it answers something else: %v", m)
		}
	})
}
