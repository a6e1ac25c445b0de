package ec2

import (
	"cmp"
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// fold returns the rules of one direction as permissions: those with one protocol and the same ports
// are one.
func fold(tx *store.Tx, rules []model.SecurityGroupRule) []Permission {
	slices.SortFunc(rules, func(a, b model.SecurityGroupRule) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To),
			cmp.Compare(a.CIDR, b.CIDR), cmp.Compare(a.CIDR6, b.CIDR6), cmp.Compare(a.Peer, b.Peer))
	})
	out := []Permission{}
	for i, r := range rules {
		if before := max(0, i-1); i == 0 || rules[before].Protocol != r.Protocol || rules[before].From != r.From || rules[before].To != r.To {
			out = append(out, permission(r))
		}
		addPeer(tx, &out[len(out)-1], r)
	}
	return out
}

// permission has the protocol and ports of a rule. Protocols that have none show none.
func permission(r model.SecurityGroupRule) Permission {
	p := Permission{IpProtocol: &r.Protocol, UserIdGroupPairs: []GroupPair{}, IpRanges: []IPRange{}, Ipv6Ranges: []IPv6Range{}, PrefixListIds: []PrefixList{}}
	switch r.Protocol {
	case "tcp", "udp", "icmp", "icmpv6":
		p.FromPort, p.ToPort = ptr(int32(r.From)), ptr(int32(r.To))
	}
	return p
}

func addPeer(tx *store.Tx, p *Permission, r model.SecurityGroupRule) {
	var description *string
	if r.Description != "" {
		description = &r.Description
	}
	switch {
	case r.Peer != "":
		p.UserIdGroupPairs = append(p.UserIdGroupPairs, GroupPair{Description: description, GroupId: &r.Peer, UserId: ptr(tx.Scope().Account)})
	case r.CIDR6 != "":
		p.Ipv6Ranges = append(p.Ipv6Ranges, IPv6Range{description, &r.CIDR6})
	default:
		p.IpRanges = append(p.IpRanges, IPRange{description, &r.CIDR})
	}
}

// rulesIn are the rules of a group in one direction.
func rulesIn(tx *store.Tx, group string, egress bool) (all []model.SecurityGroupRule) {
	for r := range store.RulesByGroup.Each(tx, group) {
		if r.Egress == egress {
			all = append(all, r)
		}
	}
	return all
}
