package ec2

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Permission is rules of a security group that have protocol and ports in common.
type Permission struct {
	IpProtocol       *string
	FromPort, ToPort *int32
	UserIdGroupPairs []GroupPair `wire:"groups"`
	IpRanges         []IPRange
	Ipv6Ranges       []IPv6Range
	PrefixListIds    []PrefixList `acts:"no"`
}

// GroupPair is a security group as the source or destination of a rule.
type GroupPair struct {
	Description, GroupId, GroupName, UserId, VpcId *string

	VpcPeeringConnectionId, PeeringStatus *string `acts:"no"`
}

// IPRange is a range of IPv4 addresses as the source or destination of a rule.
type IPRange struct{ Description, CidrIp *string }

// IPv6Range is a range of IPv6 addresses. No interface here has one, so its rules let nothing through.
type IPv6Range struct{ Description, CidrIpv6 *string }

// PrefixList is a prefix list as the source or destination of a rule.
type PrefixList struct{ Description, PrefixListId *string }

// rulesOf are the rules that permissions describe for a group, without ids. Each may be there once.
func rulesOf(tx *store.Tx, g model.SecurityGroup, egress bool, permissions []Permission) (all []model.SecurityGroupRule, err error) {
	for i, p := range permissions {
		base := model.SecurityGroupRule{Group: g.ID, Egress: egress}
		if base, err = traffic(base, p.IpProtocol, p.FromPort, p.ToPort); err != nil {
			return nil, err
		}
		before := len(all)
		if all, err = withPeers(tx, g, all, base, p); err != nil {
			return nil, err
		}
		if len(all) == before {
			return nil, missing("IpPermissions." + strconv.Itoa(i+1) + ".IpRanges")
		}
	}
	for i, r := range all {
		if slices.ContainsFunc(all[:i], func(o model.SecurityGroupRule) bool { return same(o, r) }) {
			return nil, fail("InvalidParameterValue", "The same permission must not appear multiple times")
		}
	}
	return all, nil
}

// withPeers adds a rule like base for every peer of a permission.
func withPeers(tx *store.Tx, g model.SecurityGroup, all []model.SecurityGroupRule, base model.SecurityGroupRule, p Permission) ([]model.SecurityGroupRule, error) {
	add := func(r model.SecurityGroupRule, description *string, err error) error {
		if err == nil {
			r, err = described(r, description)
		}
		all = append(all, r)
		return err
	}
	for _, v := range p.IpRanges {
		r, err := fromCIDR(base, str(v.CidrIp))
		if err := add(r, v.Description, err); err != nil {
			return nil, err
		}
	}
	for _, v := range p.Ipv6Ranges {
		r, err := fromCIDR6(base, str(v.CidrIpv6))
		if err := add(r, v.Description, err); err != nil {
			return nil, err
		}
	}
	for _, v := range p.UserIdGroupPairs {
		r, err := fromGroup(tx, g, base, v)
		if err := add(r, v.Description, err); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// same reports whether two rules let the same through, whatever they are called.
func same(a, b model.SecurityGroupRule) bool {
	return a.Group == b.Group && a.Egress == b.Egress && a.Protocol == b.Protocol && a.From == b.From && a.To == b.To &&
		a.CIDR == b.CIDR && a.CIDR6 == b.CIDR6 && a.Peer == b.Peer
}

// fromCIDR makes the peer of a rule a range of IPv4 addresses, in canonical form as AWS has it.
func fromCIDR(r model.SecurityGroupRule, cidr string) (model.SecurityGroupRule, error) {
	p, err := netip.ParsePrefix(cidr)
	if err != nil || !p.Addr().Is4() {
		return r, fail("InvalidParameterValue", "CIDR block %s is malformed", cidr)
	}
	r.CIDR = p.Masked().String()
	return r, nil
}

func fromCIDR6(r model.SecurityGroupRule, cidr string) (model.SecurityGroupRule, error) {
	p, err := netip.ParsePrefix(cidr)
	if err != nil || p.Addr().Is4() {
		return r, fail("InvalidParameterValue", "CIDR block %s is malformed", cidr)
	}
	r.CIDR6 = p.Masked().String()
	return r, nil
}

// fromGroup makes the peer of a rule a security group of the same VPC. In the default VPC it may be
// named.
func fromGroup(tx *store.Tx, g model.SecurityGroup, r model.SecurityGroupRule, p GroupPair) (model.SecurityGroupRule, error) {
	id, name := str(p.GroupId), str(p.GroupName)
	if owner := str(p.UserId); owner != "" && owner != tx.Scope().Account {
		return r, fail("UnsupportedOperation", "Drydock does not support security groups of other accounts (UserId %s).", owner)
	}
	if id == "" && name == "" {
		return r, fail("MissingParameter", "Source group ID missing.")
	}
	if id == "" {
		found, err := peerNamed(tx, g, name)
		if err != nil {
			return r, err
		}
		id = found.ID
	}
	found, err := find(tx, store.SecurityGroups, groupKind, []string{id})
	switch {
	case err != nil:
		return r, err
	case found[0].VPC != g.VPC || str(p.VpcId) != "" && *p.VpcId != g.VPC:
		return r, fail("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
	case name != "" && found[0].Name != name:
		return r, fail("InvalidGroup.NotFound", "The security group '%s' has not the name '%s'", id, name)
	}
	r.Peer = id
	return r, nil
}

func peerNamed(tx *store.Tx, g model.SecurityGroup, name string) (model.SecurityGroup, error) {
	if g.VPC != defaultVPC(tx) {
		return g, fail("InvalidParameterValue", "Invalid value '%s' for groupName. You may not reference Amazon VPC security groups by name. Please use the corresponding id for this operation.", name)
	}
	found, ok := groupNamed(tx, g.VPC, name)
	if !ok {
		return g, fail("InvalidGroup.NotFound", "The security group '%s' does not exist in default VPC '%s'", name, g.VPC)
	}
	return found, nil
}

var ruleText = regexp.MustCompile(`^[a-zA-Z0-9 ._:/()#,@\[\]+=&;{}!$*-]{0,255}$`)

func described(r model.SecurityGroupRule, description *string) (model.SecurityGroupRule, error) {
	if r.Description = str(description); !ruleText.MatchString(r.Description) {
		return r, fail("InvalidParameterValue", "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*")
	}
	return r, nil
}

// protocols are the names of numbers that rules with ports have.
var protocols = map[string]string{"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}

// protocol returns a protocol as it is shown.
func protocol(given *string) (string, error) {
	p := strings.ToLower(str(given))
	if name, ok := protocols[p]; ok {
		return name, nil
	}
	if n, err := strconv.Atoi(p); err == nil && n >= -1 && n <= 255 {
		return strconv.Itoa(n), nil
	}
	switch p {
	case "":
		return "", missing("ipProtocol")
	case "tcp", "udp", "icmp", "icmpv6":
		return p, nil
	}
	return "", fail("InvalidParameterValue", "Invalid value '%s' for IP protocol. Unknown protocol.", *given)
}

// traffic gives a rule its protocol and ports. Protocols without ports have all of them, whatever is
// given.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
func traffic(r model.SecurityGroupRule, ipProtocol *string, from, to *int32) (model.SecurityGroupRule, error) {
	var err error
	if r.Protocol, err = protocol(ipProtocol); err != nil {
		return r, err
	}
	r.From, r.To = -1, -1
	switch r.Protocol {
	case "tcp", "udp":
		if from == nil || to == nil {
			return r, fail("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
		}
		r.From, r.To = int(*from), int(*to)
		return r, portRange(r.From, r.To)
	case "icmp":
		if from == nil || to == nil {
			return r, fail("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with ICMP.' for portRange.")
		}
		r.From, r.To = int(*from), int(*to)
		return r, icmpType(r.From, r.To)
	case "icmpv6":
		if from != nil {
			r.From = int(*from)
		}
		if to != nil {
			r.To = int(*to)
		}
		return r, icmpType(r.From, r.To)
	}
	return r, nil
}

func portRange(from, to int) error {
	for _, port := range [...]int{from, to} {
		if port < 0 || port > 65535 {
			return fail("InvalidParameterValue", "TCP/UDP port (%d) out of range", port)
		}
	}
	if from > to {
		return fail("InvalidParameterValue", "Invalid TCP/UDP port range (%d:%d)", from, to)
	}
	return nil
}

func icmpType(typ, code int) error {
	switch {
	case typ < -1 || typ > 255:
		return fail("InvalidParameterValue", "ICMP type (%d) out of range", typ)
	case code < -1 || code > 255:
		return fail("InvalidParameterValue", "ICMP code (%d) out of range", code)
	case typ == -1 && code != -1:
		return fail("InvalidParameterValue", "ICMP code (%d) must be -1 when the ICMP type is -1", code)
	}
	return nil
}
