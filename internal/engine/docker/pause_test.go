package docker

import (
	"context"
	"net/netip"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
)

func TestTheLastAddressOfAPause(t *testing.T) {
	a, b := netip.MustParseAddr("198.18.0.3"), netip.MustParseAddr("198.18.0.4")
	var r Runtime
	at := func(instance string, ip netip.Addr, stands bool) *space {
		c := &channel{}
		c.place.Store(&engine.Place{Instance: instance})
		c.life, c.die = context.WithCancel(t.Context())
		if !stands {
			c.die()
		}
		return &space{channel: c, ip: ip}
	}
	r.spaces.Store("ended", at("i-1", a, false))
	r.spaces.Store("elsewhere", at("i-2", a, true))
	r.spaces.Store("stands", at("i-1", b, true))
	r.spaces.Store("reused", at("i-1", b, false))
	for name, want := range map[string]netip.Addr{"ended": a, "stands": b, "reused": {}, "unknown": {}} {
		if got := r.lastAddress(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
