package box

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
)

func TestSpans(t *testing.T) {
	for rule, c := range map[string]struct {
		in   []string
		want []span
	}{
		"none":                          {nil, nil},
		"one address":                   {[]string{"10.0.0.5/32"}, []span{{0x0a000005, 0x0a000005}}},
		"bits behind the length":        {[]string{"10.0.0.5/8"}, []span{{0x0a000000, 0x0affffff}}},
		"everyone":                      {[]string{"0.0.0.0/0", "10.0.0.0/8"}, []span{everyone}},
		"one within another":            {[]string{"10.0.1.0/24", "10.0.0.0/16", "10.0.2.7/32"}, []span{{0x0a000000, 0x0a00ffff}}},
		"neighbours":                    {[]string{"10.0.1.0/24", "10.0.0.0/24"}, []span{{0x0a000000, 0x0a0001ff}}},
		"apart":                         {[]string{"10.0.2.0/24", "10.0.0.0/24"}, []span{{0x0a000000, 0x0a0000ff}, {0x0a000200, 0x0a0002ff}}},
		"up to the last address of all": {[]string{"255.255.255.255/32", "128.0.0.0/1"}, []span{{0x80000000, ^uint32(0)}}},
		"not of IPv4":                   {[]string{"::/0"}, nil},
	} {
		var ps []netip.Prefix
		for _, p := range c.in {
			ps = append(ps, netip.MustParsePrefix(p))
		}
		if got := spans(ps); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %x, want %x", rule, got, c.want)
		}
	}
}

func TestPassesOfOneKindAreOneRule(t *testing.T) {
	a, b := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}, []netip.Prefix{netip.MustParsePrefix("10.0.1.0/24")}
	got := passes([]engine.Pass{
		{Protocol: 6, From: 80, To: 80, Peers: a},
		{Protocol: 6, From: 80, To: 80, Peers: b},
		{Protocol: 6, From: 0, To: 65535, Peers: b},
		{Protocol: 6, From: -1, To: -1, Peers: b},
		{Protocol: 50, From: 3, To: 4, Peers: a},
		{Protocol: 1, From: 8, To: -1, Peers: a},
		{Protocol: 17, From: 53, To: 53},
	})
	want := []pass{
		{what{1, 8, -1}, []span{{0x0a000000, 0x0a0000ff}}},
		{what{6, -1, -1}, []span{{0x0a000100, 0x0a0001ff}}},
		{what{6, 80, 80}, []span{{0x0a000000, 0x0a0001ff}}},
		{what{50, -1, -1}, []span{{0x0a000000, 0x0a0000ff}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
