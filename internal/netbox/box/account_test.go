package box

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// on is the namespace of an instance whose bridge is 198.18.1.0/24.
var on = viewOf(scene{
	NICs: []engine.NIC{{ID: "eni-1", IP: netip.MustParseAddr("172.31.16.5")}}, Kept: netip.MustParseAddr("198.18.0.9"),
	VPC: netip.MustParsePrefix("172.31.0.0/16"), Bridge: netip.MustParsePrefix("198.18.1.0/24"),
})

// tup reads "172.31.16.5:80>10.0.0.1:5000", TCP unless a protocol follows.
func tup(s string) tuple {
	s, protocol, _ := strings.Cut(s, "/")
	from, to, _ := strings.Cut(s, ">")
	t := tuple{netip.MustParseAddrPort(from), netip.MustParseAddrPort(to), protoTCP}
	if protocol != "" {
		_, _ = fmt.Sscan(protocol, &t.protocol)
	}
	return t
}

func text(f engine.Flow) string {
	way, action := "in", "REJECT"
	if f.Egress {
		way = "out"
	}
	if f.Accept {
		action = "ACCEPT"
	}
	return fmt.Sprintf("%s %s %s:%d>%s:%d/%d %d/%d flags %d", action, way, f.Src, f.SrcPort, f.Dst, f.DstPort, f.Protocol, f.Packets, f.Bytes, f.TCPFlags)
}

func texts(fs []engine.Flow) string {
	var lines []string
	for _, f := range fs {
		lines = append(lines, text(f))
	}
	return strings.Join(lines, "; ")
}

func TestTheRecordShowsWhatPassedTheInterface(t *testing.T) {
	for _, tt := range []struct{ rule, orig, reply, want string }{
		{"what comes to the interface", "172.31.16.9:5000>172.31.16.5:80", "",
			"ACCEPT out 172.31.16.5:80>172.31.16.9:5000/6 3/300 flags 18; ACCEPT in 172.31.16.9:5000>172.31.16.5:80/6 2/120 flags 2"},
		{"what leaves by it", "172.31.16.5:5000>172.31.16.9:80", "",
			"ACCEPT out 172.31.16.5:5000>172.31.16.9:80/6 2/120 flags 2; ACCEPT in 172.31.16.9:80>172.31.16.5:5000/6 3/300 flags 18"},
		{"a host port is seen, not the container behind it", "172.31.16.9:5000>172.31.16.5:32768", "198.18.1.7:80>172.31.16.9:5000",
			"ACCEPT out 172.31.16.5:32768>172.31.16.9:5000/6 3/300 flags 18; ACCEPT in 172.31.16.9:5000>172.31.16.5:32768/6 2/120 flags 2"},
		{"a container in bridge mode has its instance's address outside", "198.18.1.7:5000>172.31.16.9:80", "172.31.16.9:80>172.31.16.5:61000",
			"ACCEPT out 172.31.16.5:61000>172.31.16.9:80/6 2/120 flags 2; ACCEPT in 172.31.16.9:80>172.31.16.5:61000/6 3/300 flags 18"},
		{"what leaves the VPC has the interface's address too", "172.31.16.5:5000>192.0.2.1:443", "192.0.2.1:443>198.18.0.9:5000",
			"ACCEPT out 172.31.16.5:5000>192.0.2.1:443/6 2/120 flags 2; ACCEPT in 192.0.2.1:443>172.31.16.5:5000/6 3/300 flags 18"},
		{"a host port that is asked for from the bridge passes no interface", "198.18.1.7:5000>172.31.16.5:32768", "198.18.1.8:80>198.18.1.7:5000", ""},
		{"nor does what a machine says to itself", "172.31.16.5:5000>172.31.16.5:80", "", ""},
		{"nor what stays behind it", "198.18.1.1:5000>198.18.1.7:80", "", ""},
		{"metadata is not recorded", "172.31.16.5:5000>169.254.169.254:80", "127.0.169.254:51679>172.31.16.5:5000", ""},
		{"nor are credentials", "172.31.16.5:5000>169.254.170.2:80", "", ""},
		{"nor is the VPC's resolver", "172.31.16.5:5000>172.31.0.2:53/17", "", ""},
		{"another port of its address is", "172.31.0.2:5000>172.31.16.5:80", "",
			"ACCEPT in 172.31.0.2:5000>172.31.16.5:80/6 2/120 flags 2; ACCEPT out 172.31.16.5:80>172.31.0.2:5000/6 3/300 flags 18"},
		{"nor is DHCP", "172.31.16.5:68>172.31.0.1:67/17", "", ""},
		{"IPv6 has no interface here", "[fe80::1]:5000>[fe80::2]:80", "", ""},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			e := entry{orig: tup(tt.orig), went: sum{2, 120}, came: sum{3, 300}, answered: true, assured: true, tcp: 3}
			if e.reply = e.orig.back(); tt.reply != "" {
				e.reply = tup(tt.reply)
			}
			a := newAccount()
			a.sweep(on, []entry{e}, time.Unix(100, 0))
			if got := texts(a.take()); got != tt.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestFlagsFollowFromTheState(t *testing.T) {
	for _, tt := range []struct {
		rule       string
		e          entry
		orig, back uint8
	}{
		{"not answered", entry{tcp: tcpSynSent}, 2, 0},
		{"answered", entry{tcp: 2, answered: true}, 2, 18},
		{"reset at once", entry{tcp: tcpClose, answered: true}, 2, 4},
		{"reset later, by nobody knows whom", entry{tcp: tcpClose, answered: true, assured: true}, 2, 18},
		{"the client closes first", entry{tcp: 4, assured: true, origCloses: true}, 3, 18},
		{"the server does", entry{tcp: 5, assured: true, backCloses: true}, 2, 19},
		{"the server does, and the client resets", entry{tcp: tcpClose, assured: true, backCloses: true}, 2, 19},
		{"both did", entry{tcp: tcpTimeWait, assured: true}, 3, 19},
	} {
		tt.e.orig.protocol = protoTCP
		if orig, back := flags(tt.e); orig != tt.orig || back != tt.back {
			t.Errorf("%s: got %d and %d", tt.rule, orig, back)
		}
	}
}

func TestEachPacketIsToldOnce(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	e := func(went, came uint64, state uint8) entry {
		o := tup("172.31.16.9:5000>172.31.16.5:80")
		return entry{id: 1, orig: o, reply: o.back(), went: sum{went, went * 50}, came: sum{came, came * 50}, start: at(98), answered: came > 0, assured: came > 0, tcp: state}
	}
	a := newAccount()
	a.begin([]entry{{id: 2, orig: tup("172.31.16.9:5001>172.31.16.5:80"), went: sum{9, 9}, tcp: 3}}, at(97))
	a.sweep(on, []entry{e(3, 2, 3)}, at(100))
	first := a.take()
	if got := texts(first); got != "ACCEPT out 172.31.16.5:80>172.31.16.9:5000/6 2/100 flags 18; ACCEPT in 172.31.16.9:5000>172.31.16.5:80/6 3/150 flags 2" {
		t.Error(got)
	}
	if f := first[1]; !f.Start.Equal(at(98)) || !f.End.Equal(at(100)) {
		t.Errorf("from %v to %v", f.Start.Unix(), f.End.Unix())
	}
	a.sweep(on, []entry{e(0, 0, 3)}, at(101))
	if got := a.take(); len(got) > 0 {
		t.Errorf("silence is told: %s", texts(got))
	}
	a.sweep(on, []entry{e(1, 0, 3)}, at(102))
	last := e(1, 1, tcpTimeWait)
	last.stop = at(103)
	a.end(on, last)
	got := a.take()
	if s := texts(got); s != "ACCEPT in 172.31.16.9:5000>172.31.16.5:80/6 2/100 flags 1; ACCEPT out 172.31.16.5:80>172.31.16.9:5000/6 1/50 flags 1" {
		t.Error(s)
	}
	if f := got[0]; !f.Start.Equal(at(101)) || !f.End.Equal(at(103)) || len(a.conns) != 0 {
		t.Errorf("from %v to %v, %d known", f.Start.Unix(), f.End.Unix(), len(a.conns))
	}
}

func TestWhatIsRefusedIsNotLetThrough(t *testing.T) {
	a := newAccount()
	out := tup("172.31.16.5:5000>172.31.16.9:81")
	p := packet{tuple: out, bytes: 60, flags: flagSYN}
	a.refuse(on, true, p, time.Unix(99, 0))
	a.refuse(on, true, p, time.Unix(100, 0))
	a.sweep(on, []entry{{id: 1, orig: out, reply: out.back(), went: sum{2, 120}, refused: true, tcp: tcpSynSent}}, time.Unix(101, 0))
	in := packet{tuple: tup("172.31.16.9:5000>172.31.16.5:22"), bytes: 40}
	a.refuse(on, false, in, time.Unix(102, 0))
	a.refuse(on, false, packet{tuple: tup("172.31.16.9:5000>172.31.16.6:22")}, time.Unix(102, 0)) // not ours
	if got := texts(a.take()); got != "REJECT out 172.31.16.5:5000>172.31.16.9:81/6 2/120 flags 2; REJECT in 172.31.16.9:5000>172.31.16.5:22/6 1/40 flags 0" {
		t.Error(got)
	}
}

func TestPacketsAreRead(t *testing.T) {
	syn := []byte{0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x13, 0x88, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0xa0, 2}
	p, ok := parsePacket(syn)
	if !ok || p.tuple != tup("10.0.0.1:5000>10.0.0.2:80") || p.bytes != 60 || p.flags != flagSYN {
		t.Errorf("got %+v", p)
	}
	later := append([]byte(nil), syn...)
	later[7] = 1 // an offset
	if p, _ := parsePacket(later); p.tuple != tup("10.0.0.1:0>10.0.0.2:0") || p.flags != 0 {
		t.Errorf("a later fragment has ports: %+v", p)
	}
}

func FuzzParsePacket(f *testing.F) {
	f.Add([]byte{0x4f, 0, 0, 60})
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = parsePacket(b) })
}
