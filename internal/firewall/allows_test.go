package firewall

import (
	"net/netip"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
)

func let(protocol, from, to int, peers []netip.Prefix) engine.Pass {
	return engine.Pass{Protocol: protocol, From: from, To: to, Peers: peers}
}

func TestAllows(t *testing.T) {
	all, local := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8")}
	for _, c := range []struct {
		rule   string
		in     []engine.Pass
		client string
		port   int
		want   bool
	}{
		{"nothing comes in without a rule", nil, "127.0.0.1", 80, false},
		{"a port that is named", []engine.Pass{let(TCP, 80, 80, all)}, "127.0.0.1", 80, true},
		{"another port", []engine.Pass{let(TCP, 80, 80, all)}, "127.0.0.1", 81, false},
		{"a port of a range", []engine.Pass{let(TCP, 8000, 8100, all)}, "127.0.0.1", 8100, true},
		{"another protocol", []engine.Pass{let(UDP, 80, 80, all)}, "127.0.0.1", 80, false},
		{"all protocols have no ports", []engine.Pass{let(-1, -1, -1, all)}, "127.0.0.1", 80, true},
		{"one of several peers", []engine.Pass{let(TCP, 80, 80, local)}, "127.0.0.1", 80, true},
		{"a client that is no peer", []engine.Pass{let(TCP, 80, 80, local)}, "192.0.2.1", 80, false},
		{"any of several rules", []engine.Pass{let(TCP, 80, 80, nil), let(TCP, 80, 80, all)}, "192.0.2.1", 80, true},
		{"an IPv4 client in IPv6 writing", []engine.Pass{let(TCP, 80, 80, local)}, "::ffff:127.0.0.1", 80, true},
	} {
		if got := Allows(engine.Firewall{In: c.in}, TCP, netip.MustParseAddr(c.client), c.port); got != c.want {
			t.Errorf("%s: got %v", c.rule, got)
		}
	}
}
