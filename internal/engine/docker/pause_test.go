package docker

import (
	"context"
	"net/netip"
	"testing"
)

func TestTheLastAddressOfAPause(t *testing.T) {
	a, b := netip.MustParseAddr("198.18.0.3"), netip.MustParseAddr("198.18.0.4")
	var r Runtime
	at := func(ip netip.Addr, stands bool) *space {
		c := &channel{}
		c.life, c.die = context.WithCancel(t.Context())
		if !stands {
			c.die()
		}
		return &space{channel: c, ip: ip}
	}
	r.spaces.Store("ended", at(a, false))
	r.spaces.Store("stands", at(b, true))
	r.spaces.Store("reused", at(b, false))
	for name, want := range map[string]netip.Addr{"ended": a, "stands": b, "reused": {}, "unknown": {}} {
		if got := r.lastAddress(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
