package firewall

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

func TestRulesAsTheKernelIsToHaveThem(t *testing.T) {
	rule := func(r model.SecurityGroupRule) model.SecurityGroupRule {
		r.ID, r.Group = fmt.Sprintf("sgr-%v", r), "sg-a"
		return r
	}
	for _, c := range []struct {
		name  string
		rules []model.SecurityGroupRule
		want  string
	}{
		{"a group without rules lets nothing through", nil, "in [] out []"},
		{"a range of addresses, without its host bits", []model.SecurityGroupRule{rule(model.SecurityGroupRule{Protocol: "tcp", From: 80, To: 81, CIDR: "10.0.0.7/8"})},
			"in [{6 80 81 [10.0.0.0/8]}] out []"},
		{"egress", []model.SecurityGroupRule{rule(model.SecurityGroupRule{Egress: true, Protocol: "udp", From: 53, To: 53, CIDR: "0.0.0.0/0"})},
			"in [] out [{17 53 53 [0.0.0.0/0]}]"},
		{"a group stands for the addresses of its members", []model.SecurityGroupRule{rule(model.SecurityGroupRule{Protocol: "icmp", From: 8, To: -1, Peer: "sg-b"})},
			"in [{1 8 -1 [10.0.0.9/32 10.0.0.10/32]}] out []"},
		{"a group stands for itself", []model.SecurityGroupRule{rule(model.SecurityGroupRule{Protocol: "-1", From: -1, To: -1, Peer: "sg-a"})},
			"in [{-1 -1 -1 [10.0.0.4/32]}] out []"},
		{"a group without members lets nothing through", []model.SecurityGroupRule{rule(model.SecurityGroupRule{Protocol: "47", Peer: "sg-c"})}, "in [] out []"},
		{"IPv6 has no packets here", []model.SecurityGroupRule{rule(model.SecurityGroupRule{Protocol: "tcp", From: 80, To: 80, CIDR6: "::/0"})}, "in [] out []"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(tx *store.Tx) {
				for i, n := range []model.NetworkInterface{{IP: "10.0.0.4", Groups: []string{"sg-a"}}, {IP: "10.0.0.10", Groups: []string{"sg-b", "sg-d"}}, {IP: "10.0.0.9", Groups: []string{"sg-b"}}} {
					n.ID = fmt.Sprint("eni-", i)
					store.NetworkInterfaces.Put(tx, n)
				}
				for _, r := range c.rules {
					store.SecurityGroupRules.Put(tx, r)
				}
				f := Of(tx, []string{"sg-a"})
				if got := fmt.Sprintf("in %v out %v", f.In, f.Out); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
			})
		})
	}
}

func TestAGroupIsBornOpenOutwards(t *testing.T) {
	for name, want := range map[string]string{"default": "in [{-1 -1 -1 [10.0.0.4/32]}] out [{-1 -1 -1 [0.0.0.0/0]}]", "web": "in [] out [{-1 -1 -1 [0.0.0.0/0]}]"} {
		in(t, func(tx *store.Tx) {
			store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-1", IP: "10.0.0.4", Groups: []string{"sg-a"}})
			for _, r := range DefaultRules(model.SecurityGroup{ID: "sg-a", Name: name}) {
				store.SecurityGroupRules.Put(tx, r)
			}
			f := Of(tx, []string{"sg-a"})
			if got := fmt.Sprintf("in %v out %v", f.In, f.Out); got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		})
	}
}

func in(t *testing.T, fn func(*store.Tx)) {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Update(model.Scope{Account: "1", Region: "r"}, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestMembersAreInAsFewRangesAsHoldThem(t *testing.T) {
	for _, c := range []struct{ rule, addresses, want string }{
		{"none", "", "[]"},
		{"one stands for itself", "10.0.0.4", "[10.0.0.4/32]"},
		{"halves are one", "10.0.0.4 10.0.0.5", "[10.0.0.4/31]"},
		{"neighbours that are no halves are not", "10.0.0.5 10.0.0.6", "[10.0.0.5/32 10.0.0.6/32]"},
		{"halves of halves are", "10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8", "[10.0.0.4/30 10.0.0.8/32]"},
		{"the end of the space is no trouble", "255.255.255.254 255.255.255.255", "[255.255.255.254/31]"},
	} {
		var all []netip.Addr
		for _, a := range strings.Fields(c.addresses) {
			all = append(all, netip.MustParseAddr(a))
		}
		if got := fmt.Sprint(ranges(all)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.rule, got, c.want)
		}
	}
}

func TestRangesHoldTheMembersAndNothingElse(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		in := map[netip.Addr]bool{}
		for range rnd.IntN(300) {
			in[netip.AddrFrom4([4]byte{10, 0, byte(rnd.IntN(2)), byte(rnd.IntN(256))})] = true
		}
		all := slices.SortedFunc(maps.Keys(in), netip.Addr.Compare)
		rs, n := ranges(all), 0
		for i, r := range rs {
			n += 1 << (32 - r.Bits())
			if r != r.Masked() || i > 0 && !rs[i-1].Addr().Less(r.Addr()) {
				t.Fatalf("seed %d: %v", seed, rs)
			}
		}
		for a := range in {
			if !slices.ContainsFunc(rs, func(r netip.Prefix) bool { return r.Contains(a) }) {
				t.Fatalf("seed %d: %v is in none of %v", seed, a, rs)
			}
		}
		if n != len(in) {
			t.Fatalf("seed %d: %d addresses, the ranges hold %d", seed, len(in), n)
		}
	}
}
