package docker

import (
	"net/netip"
	"strings"
	"testing"
)

func TestFree(t *testing.T) {
	pool := netip.MustParsePrefix("198.18.0.0/22")
	ps := func(all ...string) (ps []netip.Prefix) {
		for _, p := range all {
			ps = append(ps, netip.MustParsePrefix(p))
		}
		return ps
	}
	for _, c := range []struct {
		rule  string
		bits  int
		last  bool
		taken []netip.Prefix
		want  string
	}{
		{"the first", 24, false, nil, "198.18.0.0/24"},
		{"the last", 24, true, nil, "198.18.3.0/24"},
		{"one beside what is taken", 24, false, ps("198.18.0.128/25", "198.18.1.0/24"), "198.18.2.0/24"},
		{"none where a part of each is taken", 23, false, ps("198.18.1.0/28", "198.18.2.0/28"), ""},
		{"all of the pool at most", 20, false, nil, "198.18.0.0/22"},
	} {
		p, ok := free(pool, c.bits, c.last, c.taken)
		if got := p.String(); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s: %v, %v", c.rule, got, ok)
		}
	}
}

func TestPassing(t *testing.T) {
	for cidr, want := range map[string]string{"172.31.0.0/16": "172.31.192.0/18", "10.1.16.0/20": "10.1.28.0/22", "10.0.0.0/24": "10.0.0.0/24"} {
		if got := passing(netip.MustParsePrefix(cidr)); got.String() != want {
			t.Errorf("of %s: %v, want %s", cidr, got, want)
		}
	}
}

func TestRoutes(t *testing.T) {
	const table = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
eth0	0080A8C0	00000000	0001	0	0	0	0080FFFF	0	0	0
`
	got := readRoutes(strings.NewReader(table))
	if len(got) != 2 || got[0].String() != "172.17.0.0/16" || got[1].String() != "192.168.128.0/17" {
		t.Errorf("%v", got)
	}
}

func TestForwardsOnLabels(t *testing.T) {
	const label = "tcp 32768 1 198.18.0.3:80\nudp 5000 10 198.18.0.4:53\n"
	fs := readForwards(label)
	if len(fs) != 2 || forwardLabel(fs) != label {
		t.Errorf("%v", fs)
	}
}
