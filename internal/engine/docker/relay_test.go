package docker

import (
	"net"
	"net/netip"
	"testing"
)

func TestAListenerThatEndsClosesWhoWaits(t *testing.T) {
	at := netip.MustParseAddrPort("172.31.0.9:80")
	s := &relay{ins: map[netip.AddrPort]*relayed{}}
	l := &relayed{s: s, at: at, come: make(chan net.Conn, 1), closed: make(chan struct{})}
	s.ins[at] = l
	ours, theirs := net.Pipe()
	if !s.hand(at, ours) {
		t.Fatal("the first one is refused")
	}
	if s.hand(at, ours) {
		t.Error("one too many waits")
	}
	l.end()
	if _, err := theirs.Read(make([]byte, 1)); err == nil {
		t.Error("the connection goes on")
	}
	if s.hand(at, ours) {
		t.Error("nobody listens")
	}
}
