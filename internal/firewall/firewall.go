// Package firewall says from the rows what the security groups of a network interface let through,
// as the kernel is to have it.
package firewall

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// NIC returns n as the engine is to have it.
func NIC(tx *store.Tx, n model.NetworkInterface) engine.NIC {
	ip, _ := netip.ParseAddr(n.IP)
	return engine.NIC{ID: n.ID, IP: ip, MAC: n.MAC, Firewall: Routed(tx, n, Of(tx, n.Groups))}
}

// Of returns what groups let through together: a packet that a rule of any of them allows.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
func Of(tx *store.Tx, groups []string) (f engine.Firewall) {
	for _, g := range groups {
		for r := range store.RulesByGroup.Each(tx, g) {
			p, ok := pass(tx, r)
			switch {
			case !ok:
			case r.Egress:
				f.Out = append(f.Out, p)
			default:
				f.In = append(f.In, p)
			}
		}
	}
	return f
}

// pass translates one rule; ok is false for one that can let nothing of IPv4 through.
func pass(tx *store.Tx, r model.SecurityGroupRule) (p engine.Pass, ok bool) {
	p = engine.Pass{Protocol: number(r.Protocol), From: r.From, To: r.To}
	if r.Peer != "" {
		p.Peers = members(tx, r.Peer)
		return p, len(p.Peers) > 0
	}
	cidr, err := netip.ParsePrefix(r.CIDR)
	p.Peers = []netip.Prefix{cidr.Masked()}
	return p, err == nil
}

// members are the private addresses of the interfaces that have the group, in as few ranges as hold
// them and nothing else: each member of a group that refers to itself is told all of them, and addresses
// are given one after the other.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html#security-group-referencing
func members(tx *store.Tx, group string) []netip.Prefix {
	var all []netip.Addr
	for n := range store.NetworkInterfacesByGroup.Each(tx, group) {
		if a, err := netip.ParseAddr(n.IP); err == nil {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return ranges(slices.Compact(all))
}

// ranges are the fewest prefixes that hold the addresses, which are sorted, and no other.
func ranges(sorted []netip.Addr) (all []netip.Prefix) {
	for _, a := range sorted {
		all = append(all, netip.PrefixFrom(a, a.BitLen()))
		for n := len(all); n > 1 && halves(all[n-2], all[n-1]); n-- {
			all[n-2] = netip.PrefixFrom(all[n-2].Addr(), all[n-2].Bits()-1)
			all = all[:n-1]
		}
	}
	return all
}

// halves reports whether a and b, the next one, make up one range.
func halves(a, b netip.Prefix) bool {
	if a.Bits() != b.Bits() {
		return false
	}
	whole := netip.PrefixFrom(a.Addr(), a.Bits()-1)
	return whole == whole.Masked() && whole.Contains(b.Addr())
}

// number is a protocol's IANA number, -1 for all.
func number(protocol string) int {
	switch protocol {
	case "tcp":
		return 6
	case "udp":
		return 17
	case "icmp":
		return 1
	case "icmpv6":
		return 58
	}
	n, err := strconv.Atoi(protocol)
	if err != nil {
		return -1
	}
	return n
}
