package box

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	"golang.org/x/sys/unix"
)

// tcp lets a port through, to or from peers.
func tcp(from, to int, peers ...string) engine.Pass {
	p := engine.Pass{Protocol: 6, From: from, To: to}
	for _, s := range peers {
		p.Peers = append(p.Peers, prefix(s))
	}
	return p
}

func TestSecurityGroupsDecide(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a, b, c := member(t, vpc, "10.9.200.1", "10.9.1.10"), member(t, vpc, "10.9.200.2", "10.9.2.20"), member(t, vpc, "10.9.200.3", "10.9.3.30")
	for _, p := range []string{":80", ":81", ":8000", ":8010"} {
		a.serve(p)
	}
	c.serve(":80")
	for rule, k := range map[string]struct {
		f    engine.Firewall
		b, c map[string]string
	}{
		"what no rule names is dropped": {engine.Firewall{},
			map[string]string{"10.9.1.10:80": "timeout"}, nil},
		"one address": {engine.Firewall{In: []engine.Pass{tcp(80, 80, "10.9.2.20/32")}},
			map[string]string{"10.9.1.10:80": "10.9.2.20", "10.9.1.10:81": "timeout", "10.9.1.10:90": "timeout"},
			map[string]string{"10.9.1.10:80": "timeout"}},
		"a range of ports, two of addresses": {engine.Firewall{In: []engine.Pass{tcp(8000, 8009, "10.9.2.0/24", "10.9.4.0/24")}},
			map[string]string{"10.9.1.10:8000": "10.9.2.20", "10.9.1.10:8010": "timeout", "10.9.1.10:8009": "refused"},
			map[string]string{"10.9.1.10:8000": "timeout"}},
		"addresses that overlap": {engine.Firewall{In: []engine.Pass{tcp(80, 80, "10.9.2.0/24", "10.9.2.20/32", "10.9.3.30/32", "255.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12")}},
			map[string]string{"10.9.1.10:80": "10.9.2.20"},
			map[string]string{"10.9.1.10:80": "10.9.3.30"}},
		"everything": {anything,
			map[string]string{"10.9.1.10:80": "10.9.2.20", "10.9.1.10:9": "refused"}, nil},
		"another protocol": {engine.Firewall{In: []engine.Pass{{Protocol: 17, From: 80, To: 80, Peers: []netip.Prefix{prefix("0.0.0.0/0")}}}},
			map[string]string{"10.9.1.10:80": "timeout"}, nil},
	} {
		t.Run(rule, func(t *testing.T) {
			a.set(eni("10.9.1.10", k.f))
			for addr, want := range k.b {
				b.want(addr, want)
			}
			for addr, want := range k.c {
				c.want(addr, want)
			}
		})
	}
	t.Run("out", func(t *testing.T) {
		a.set(eni("10.9.1.10", engine.Firewall{Out: []engine.Pass{tcp(80, 80, "10.9.3.0/24")}}))
		a.want("10.9.3.30:80", "10.9.1.10")
		a.want("10.9.3.30:81", "timeout")
		a.want("10.9.2.20:80", "timeout")
		a.want("127.0.0.1:80", "127.0.0.1")
		a.want("10.9.1.10:81", "10.9.1.10") // lo
	})
}

func TestEstablishedConnectionsOutliveTheirRule(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a, b := member(t, vpc, "10.9.200.1", "10.9.1.10"), member(t, vpc, "10.9.200.2", "10.9.2.20")
	a.serve(":80")
	a.set(eni("10.9.1.10", engine.Firewall{In: []engine.Pass{tcp(80, 80, "10.9.0.0/16")}}))
	c, err := b.dial("10.9.1.10:80")
	if err != nil {
		t.Fatal(err)
	}
	a.set(eni("10.9.1.10", engine.Firewall{}))
	b.want("10.9.1.10:80", "timeout")
	if _, err := c.Write([]byte("still\n")); err != nil {
		t.Fatal(err)
	}
	var from, echo string
	if _, err := fmt.Fscan(c, &from, &echo); err != nil || echo != "still" {
		t.Error(from, echo, err)
	}
	a.set(eni("10.9.1.10", anything))
	b.want("10.9.1.10:80", "10.9.2.20")
}

// packets is a UDP socket of s at addr.
func (s *space) packets(addr string) (c *net.UDPConn) {
	s.t.Helper()
	s.must(func() error {
		p, err := net.ListenPacket("udp4", addr)
		if err == nil {
			c = p.(*net.UDPConn)
			s.t.Cleanup(func() { _ = c.Close() })
		}
		return err
	})
	return c
}

// send is a packet to another, and whether it came.
func send(from *net.UDPConn, to string, at *net.UDPConn) (came bool, err error) {
	if _, err := from.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort(to)); err != nil {
		return false, err
	}
	_ = at.SetReadDeadline(time.Now().Add(patienceHere))
	_, _, err = at.ReadFromUDPAddrPort(make([]byte, 1))
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		return false, nil
	}
	return err == nil, err
}

// Who may open raw sockets may mark packets as the box does: no flow log would tell of them.
func TestAProcessHidesNothingByAMark(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a, b := member(t, vpc, "10.9.200.1", "10.9.1.10"), member(t, vpc, "10.9.200.2", "10.9.2.20")
	from, at := a.packets("10.9.1.10:4000"), b.packets("10.9.2.20:5000")
	for rule, f := range map[string]engine.Firewall{"where everything is let out": anything, "where not": {Out: []engine.Pass{tcp(80, 80, "0.0.0.0/0")}}} {
		a.set(eni("10.9.1.10", f))
		raw, err := from.SyscallConn()
		if err == nil {
			err = mark("", "", raw)
		}
		if err != nil {
			t.Fatal(err)
		}
		if came, err := send(from, "10.9.2.20:5000", at); came || !errors.Is(err, unix.EPERM) {
			t.Errorf("%s: came %v, %v", rule, came, err)
		}
	}
}

func TestSenderDoesNotHearOfWhatIsRefused(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a, b := member(t, vpc, "10.9.200.1", "10.9.1.10"), member(t, vpc, "10.9.200.2", "10.9.2.20")
	from, at := a.packets("10.9.1.10:4000"), b.packets("10.9.2.20:5000")
	expect := func(what string, want bool, from *net.UDPConn, to string, at *net.UDPConn) {
		t.Helper()
		if came, err := send(from, to, at); err != nil || came != want {
			t.Errorf("%s: came %v, %v", what, came, err)
		}
	}
	a.set(eni("10.9.1.10", engine.Firewall{}))
	if a.k.loud {
		t.Skip("this kernel has no egress hook")
	}
	expect("refused", false, from, "10.9.2.20:5000", at)
	expect("what looks like its answer", false, at, "10.9.1.10:4000", from)
	a.set(eni("10.9.1.10", engine.Firewall{Out: anything.Out}))
	expect("let through", true, from, "10.9.2.20:5000", at)
	expect("its answer", true, at, "10.9.1.10:4000", from)
}

func TestPing(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a, b := member(t, vpc, "10.9.200.1", "10.9.1.10"), member(t, vpc, "10.9.200.2", "10.9.2.20")
	b.sysctl("ping_group_range", "0 0")
	for rule, c := range map[string]struct {
		from, to int
		answers  bool
	}{
		"all of ICMP":       {-1, -1, true},
		"echo requests":     {8, -1, true},
		"code 0 of them":    {8, 0, true},
		"code 1 of them":    {8, 1, false},
		"echo replies only": {0, -1, false},
	} {
		a.set(eni("10.9.1.10", engine.Firewall{In: []engine.Pass{{Protocol: 1, From: c.from, To: c.to, Peers: []netip.Prefix{prefix("10.9.2.20/32")}}}}))
		if got := b.ping("10.9.1.10"); got != c.answers {
			t.Errorf("%s: answered %v", rule, got)
		}
	}
}

// ping is whether an echo request is answered.
func (s *space) ping(to string) (answered bool) {
	s.t.Helper()
	s.must(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		wait := unix.NsecToTimeval(patienceHere.Nanoseconds())
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
			return err
		}
		echo := []byte{8, 0, 0, 0, 0, 0, 0, 1}
		if err := unix.Sendto(fd, echo, 0, &unix.SockaddrInet4{Addr: addr(to).As4()}); err != nil {
			return err
		}
		_, _, err = unix.Recvfrom(fd, make([]byte, 64), 0)
		answered = err == nil
		return nil
	})
	return answered
}

// sixty are rules as different as they can be.
func sixty(seed int) (ps []engine.Pass) {
	for i := range 60 {
		ps = append(ps, tcp(1000+i, 1000+i, fmt.Sprintf("10.%d.%d.0/24", i, seed%256), fmt.Sprintf("192.168.%d.7/32", i)))
	}
	return ps
}

// BenchmarkSixtyRules is how long it takes until other rules act, in both directions.
func BenchmarkSixtyRules(b *testing.B) {
	vpc := newLAN(b, "10.9.0.1/16")
	a := member(b, vpc, "10.9.200.1", "10.9.1.10")
	a.must(func() error {
		for i := 0; b.Loop(); i++ {
			if err := a.k.set(eni("10.9.1.10", engine.Firewall{In: sixty(i), Out: sixty(i + 1)})); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestGatewayOfManyInterfaces(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a, b := member(t, vpc, "10.9.200.1", "10.9.1.10"), member(t, vpc, "10.9.200.2", "10.9.2.20")
	c := eni("10.9.1.10", anything)
	for i := range 100 {
		f := engine.Firewall{In: sixty(i % 4), Out: sixty(i % 4)}
		if i == 70 {
			f.In = append(f.In, tcp(80, 80, "10.9.2.20/32"))
		}
		c.NICs = append(c.NICs, engine.NIC{ID: fmt.Sprint("eni-", i), IP: addr(fmt.Sprint("10.9.4.", i)), Firewall: f})
	}
	a.serve(":80")
	a.set(c)
	b.want("10.9.1.10:80", "10.9.2.20")
	b.want("10.9.4.70:80", "10.9.2.20")
	b.want("10.9.4.71:80", "timeout")
}

// TestInterfacesOfOneNamespace: load balancers of a VPC are neighbours in its gateway, and their groups
// decide between them as anywhere.
func TestInterfacesOfOneNamespace(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a := newSpace(t)
	vpc.plug(a, "10.9.200.1/16", "10.9.0.1")
	c := eni("10.9.1.10", engine.Firewall{Out: anything.Out})
	c.NICs = append(c.NICs,
		engine.NIC{ID: "eni-b", IP: addr("10.9.1.11"), Firewall: engine.Firewall{In: []engine.Pass{tcp(80, 80, "10.9.1.10/32")}}},
		engine.NIC{ID: "eni-c", IP: addr("10.9.1.12"), Firewall: anything})
	a.set(c)
	a.serve(":80")
	a.serve(":81")
	for rule, k := range map[string]struct{ from, to, want string }{
		"what a rule names":             {"10.9.1.10", "10.9.1.11:80", "10.9.1.10"},
		"another port":                  {"10.9.1.10", "10.9.1.11:81", "timeout"},
		"another source":                {"10.9.1.12", "10.9.1.11:80", "timeout"},
		"what may not leave":            {"10.9.1.11", "10.9.1.12:80", "timeout"},
		"an interface and itself":       {"10.9.1.11", "10.9.1.11:81", "10.9.1.11"},
		"lo":                            {"127.0.0.1", "127.0.0.1:81", "127.0.0.1"},
		"what may come in from anybody": {"10.9.1.10", "10.9.1.12:81", "10.9.1.10"},
	} {
		if got := a.askFrom(k.from, k.to); got != k.want {
			t.Errorf("%s: %s, want %s", rule, got, k.want)
		}
	}
}
