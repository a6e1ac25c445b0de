package ec2

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// group makes a security group in the default VPC, or in vpc.
func (w *world) group(name, vpc string) string {
	w.t.Helper()
	out, err := call[CreateSecurityGroupOutput](w, "CreateSecurityGroup", &CreateSecurityGroupInput{GroupName: &name, Description: ptr("a group"), VpcId: &vpc})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.GroupId
}

func (w *world) update(change func(*store.Tx)) {
	w.t.Helper()
	if err := w.store.Update(home, func(tx *store.Tx) error { change(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

// second is a VPC besides the default one, with a default group of its own.
func (w *world) second() string {
	w.update(func(tx *store.Tx) { store.VPCs.Put(tx, model.VPC{ID: "vpc-00000000000000002", CIDR: "10.0.0.0/16"}) })
	return "vpc-00000000000000002"
}

func tcp(from, to int32, cidrs ...string) Permission {
	p := Permission{IpProtocol: ptr("tcp"), FromPort: &from, ToPort: &to}
	for _, c := range cidrs {
		p.IpRanges = append(p.IpRanges, IPRange{CidrIp: &c})
	}
	return p
}

func (w *world) authorize(group string, ps ...Permission) (*AuthorizeSecurityGroupOutput, error) {
	return call[AuthorizeSecurityGroupOutput](w, "AuthorizeSecurityGroupIngress", &AuthorizeSecurityGroupIngressInput{GroupId: &group, IpPermissions: ps})
}

// picture draws the rules of a group as DescribeSecurityGroups tells of them.
func (w *world) picture(group string) string {
	w.t.Helper()
	out, err := call[DescribeSecurityGroupsOutput](w, "DescribeSecurityGroups", &DescribeSecurityGroupsInput{GroupIds: []string{group}})
	if err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for arrow, ps := range map[string][]Permission{"<": out.SecurityGroups[0].IpPermissions, ">": out.SecurityGroups[0].IpPermissionsEgress} {
		for _, p := range ps {
			lines = append(lines, arrow+drawn(p))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

func drawn(p Permission) string {
	s := *p.IpProtocol
	if p.FromPort != nil {
		s += fmt.Sprintf(" %d-%d", *p.FromPort, *p.ToPort)
	}
	for _, r := range p.IpRanges {
		s += " " + *r.CidrIp + note(r.Description)
	}
	for _, r := range p.Ipv6Ranges {
		s += " " + *r.CidrIpv6 + note(r.Description)
	}
	for _, r := range p.UserIdGroupPairs {
		s += " group" + note(r.Description)
	}
	return s
}

func note(s *string) string {
	if s == nil {
		return ""
	}
	return "(" + *s + ")"
}

func TestRulesAreAddedFoldedAndTakenAway(t *testing.T) {
	w := newWorld(t)
	web, db := w.group("web", ""), w.group("db", "")
	described := tcp(80, 80, "10.0.0.0/8")
	described.IpRanges[0].Description = ptr("office")
	out, err := w.authorize(web, tcp(80, 80, "100.68.0.18/18"), described,
		Permission{IpProtocol: ptr("6"), FromPort: ptr[int32](80), ToPort: ptr[int32](80), UserIdGroupPairs: []GroupPair{{GroupName: ptr("db")}}},
		Permission{IpProtocol: ptr("ICMPV6"), Ipv6Ranges: []IPv6Range{{CidrIpv6: ptr("2001:db8::1/32")}}},
		Permission{IpProtocol: ptr("50"), FromPort: ptr[int32](1), ToPort: ptr[int32](2), IpRanges: []IPRange{{CidrIp: ptr("0.0.0.0/0")}}})
	if err != nil || len(out.SecurityGroupRules) != 5 || !strings.HasPrefix(out.SecurityGroupRules[0].SecurityGroupRuleId, "sgr-") {
		t.Fatal(out, err)
	}
	if got, want := w.picture(web), "<50 0.0.0.0/0; <icmpv6 -1--1 2001:db8::/32; <tcp 80-80 10.0.0.0/8(office) 100.68.0.0/18 group; >-1 0.0.0.0/0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	revoked, err := call[RevokeSecurityGroupOutput](w, "RevokeSecurityGroupIngress", &RevokeSecurityGroupIngressInput{GroupId: &web, IpPermissions: []Permission{
		tcp(80, 80, "10.0.0.0/8", "9.9.9.9/32"), {IpProtocol: ptr("tcp"), FromPort: ptr[int32](80), ToPort: ptr[int32](80), UserIdGroupPairs: []GroupPair{{GroupId: &db}}}}})
	if err != nil || len(revoked.RevokedSecurityGroupRules) != 2 || len(revoked.UnknownIpPermissions) != 1 || drawn(revoked.UnknownIpPermissions[0]) != "tcp 80-80 9.9.9.9/32" {
		t.Errorf("got %+v, %v", revoked, err)
	}
	if _, err := call[RevokeSecurityGroupOutput](w, "RevokeSecurityGroupIngress", &RevokeSecurityGroupIngressInput{GroupName: ptr("web"),
		SecurityGroupRuleIds: []string{out.SecurityGroupRules[3].SecurityGroupRuleId, out.SecurityGroupRules[4].SecurityGroupRuleId}}); err != nil {
		t.Error(err)
	}
	if got, want := w.picture(web), "<tcp 80-80 100.68.0.0/18; >-1 0.0.0.0/0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, err := call[RevokeSecurityGroupOutput](w, "RevokeSecurityGroupEgress", &RevokeSecurityGroupEgressInput{GroupId: &web,
		IpPermissions: []Permission{{IpProtocol: ptr("-1"), IpRanges: []IPRange{{CidrIp: ptr("0.0.0.0/0")}}}}}); err != nil {
		t.Error(err)
	}
	if _, err := call[AuthorizeSecurityGroupOutput](w, "AuthorizeSecurityGroupEgress", &AuthorizeSecurityGroupEgressInput{GroupId: &web, IpPermissions: []Permission{tcp(443, 443, "0.0.0.0/0")}}); err != nil {
		t.Error(err)
	}
	if got, want := w.picture(web), "<tcp 80-80 100.68.0.0/18; >tcp 443-443 0.0.0.0/0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTheSingleRuleOfARequest(t *testing.T) {
	w := newWorld(t)
	w.group("db", "")
	for _, c := range []struct {
		rule string
		in   AuthorizeSecurityGroupIngressInput
		want string
	}{
		{"a range", AuthorizeSecurityGroupIngressInput{IpProtocol: ptr("udp"), FromPort: ptr[int32](53), ToPort: ptr[int32](53), CidrIp: ptr("10.0.0.0/8")}, "<udp 53-53 10.0.0.0/8; >-1 0.0.0.0/0"},
		{"a group alone is let in with everything", AuthorizeSecurityGroupIngressInput{SourceSecurityGroupName: ptr("db"), SourceSecurityGroupOwnerId: &home.Account},
			"<icmp -1--1 group; <tcp 0-65535 group; <udp 0-65535 group; >-1 0.0.0.0/0"},
		{"a group with a protocol", AuthorizeSecurityGroupIngressInput{SourceSecurityGroupName: ptr("db"), IpProtocol: ptr("tcp")}, "InvalidParameterCombination"},
		{"an owner without a group", AuthorizeSecurityGroupIngressInput{SourceSecurityGroupOwnerId: &home.Account}, "MissingParameter"},
		{"beside permissions", AuthorizeSecurityGroupIngressInput{IpProtocol: ptr("tcp"), IpPermissions: []Permission{tcp(1, 1, "0.0.0.0/0")}}, "InvalidParameterCombination"},
		{"none", AuthorizeSecurityGroupIngressInput{}, "MissingParameter"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			id := w.group(c.rule, "")
			c.in.GroupId = &id
			_, err := call[AuthorizeSecurityGroupOutput](w, "AuthorizeSecurityGroupIngress", &c.in)
			got := code(err)
			if err == nil {
				got = w.picture(id)
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestRulesThatCannotBe(t *testing.T) {
	w := newWorld(t)
	other := w.second()
	web, far := w.group("web", ""), w.group("far", other)
	if _, err := w.authorize(web, tcp(22, 22, "0.0.0.0/0")); err != nil {
		t.Fatal(err)
	}
	proto := func(p string, from, to *int32) Permission {
		return Permission{IpProtocol: &p, FromPort: from, ToPort: to, IpRanges: []IPRange{{CidrIp: ptr("0.0.0.0/0")}}}
	}
	pair := func(g GroupPair) Permission {
		return Permission{IpProtocol: ptr("-1"), UserIdGroupPairs: []GroupPair{g}}
	}
	text := tcp(1, 1, "0.0.0.0/0")
	text.IpRanges[0].Description = ptr("a <b>")
	n := func(n int32) *int32 { return &n }
	for _, c := range []struct {
		rule, group string
		p           []Permission
		want        string
	}{
		{"there already", web, []Permission{tcp(22, 22, "0.0.0.0/0")}, `InvalidPermission.Duplicate: the specified rule "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW" already exists`},
		{"twice", web, []Permission{tcp(1, 1, "10.0.0.0/8", "10.1.0.0/8")}, "InvalidParameterValue: The same permission must not appear multiple times"},
		{"no ports", web, []Permission{proto("tcp", nil, n(1))}, "InvalidParameterValue: Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."},
		{"a port below all", web, []Permission{tcp(-1, 80, "0.0.0.0/0")}, "InvalidParameterValue: TCP/UDP port (-1) out of range"},
		{"a port above all", web, []Permission{tcp(0, 65536, "0.0.0.0/0")}, "InvalidParameterValue: TCP/UDP port (65536) out of range"},
		{"ports the wrong way round", web, []Permission{tcp(81, 80, "0.0.0.0/0")}, "InvalidParameterValue: Invalid TCP/UDP port range (81:80)"},
		{"no type", web, []Permission{proto("icmp", nil, nil)}, "InvalidParameterValue: Invalid value 'Must specify both from and to ports with ICMP.' for portRange."},
		{"a code that is none", web, []Permission{proto("1", n(0), n(65535))}, "InvalidParameterValue: ICMP code (65535) out of range"},
		{"a type that is none", web, []Permission{proto("icmp", n(256), n(0))}, "InvalidParameterValue: ICMP type (256) out of range"},
		{"all types with one code", web, []Permission{proto("icmp", n(-1), n(0))}, "InvalidParameterValue: ICMP code (0) must be -1"},
		{"a protocol that is none", web, []Permission{proto("tcpp", n(1), n(1))}, "InvalidParameterValue: Invalid value 'tcpp' for IP protocol. Unknown protocol."},
		{"a number that is none", web, []Permission{proto("256", nil, nil)}, "InvalidParameterValue: Invalid value '256' for IP protocol"},
		{"no protocol", web, []Permission{{IpRanges: []IPRange{{CidrIp: ptr("0.0.0.0/0")}}}}, "MissingParameter"},
		{"no peer", web, []Permission{tcp(1, 1)}, "MissingParameter: The request must contain the parameter IpPermissions.1.IpRanges"},
		{"an address alone", web, []Permission{tcp(1, 1, "10.0.0.1")}, "InvalidParameterValue: CIDR block 10.0.0.1 is malformed"},
		{"IPv6 among IPv4", web, []Permission{tcp(1, 1, "::/0")}, "InvalidParameterValue: CIDR block ::/0 is malformed"},
		{"a description", web, []Permission{text}, "InvalidParameterValue: Invalid rule description."},
		{"a group that is not there", web, []Permission{pair(GroupPair{GroupId: ptr("sg-00000000000000000")})}, "InvalidGroup.NotFound: The security group 'sg-00000000000000000' does not exist"},
		{"a group's name", web, []Permission{pair(GroupPair{GroupName: ptr("nobody")})}, "InvalidGroup.NotFound"},
		{"no group", web, []Permission{pair(GroupPair{})}, "MissingParameter: Source group ID missing."},
		{"a group of another VPC", web, []Permission{pair(GroupPair{GroupId: &far})}, "InvalidGroup.NotFound: You have specified two resources that belong to different networks."},
		{"a name outside of the default VPC", far, []Permission{pair(GroupPair{GroupName: ptr("web")})}, "InvalidParameterValue: Invalid value 'web' for groupName. You may not reference Amazon VPC security groups by name."},
		{"another account", web, []Permission{pair(GroupPair{GroupId: &web, UserId: ptr("111111111111")})}, "UnsupportedOperation: Drydock does not support security groups of other accounts (UserId 111111111111)."},
		{"a prefix list", web, []Permission{{IpProtocol: ptr("-1"), PrefixListIds: []PrefixList{{PrefixListId: ptr("pl-1")}}}}, "UnsupportedOperation: Drydock does not support the parameter IpPermissions[0].PrefixListIds."},
		{"a peering", web, []Permission{pair(GroupPair{GroupId: &web, VpcPeeringConnectionId: ptr("pcx-1")})}, "UnsupportedOperation: Drydock does not support the parameter"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			before := w.picture(web)
			if _, err := w.authorize(c.group, c.p...); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(c.want, code(err)+": ")) || !strings.HasPrefix(c.want, code(err)) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if w.picture(web) != before {
				t.Error("something was written")
			}
		})
	}
}

func TestAGroupHasSixtyRulesOfEachFamilyAndDirection(t *testing.T) {
	w := newWorld(t)
	web := w.group("web", "")
	var p Permission
	for i := range int32(61) {
		if i == 60 {
			if _, err := w.authorize(web, p); err != nil {
				t.Fatal(err)
			}
		}
		p = tcp(1, 1, append(cidrs(p), fmt.Sprintf("10.0.0.%d/32", i))...)
	}
	if _, err := w.authorize(web, tcp(1, 1, "10.0.1.0/32")); code(err) != "RulesPerSecurityGroupLimitExceeded" {
		t.Error(err)
	}
	self := Permission{IpProtocol: ptr("-1"), UserIdGroupPairs: []GroupPair{{GroupId: &web}}}
	if _, err := w.authorize(web, self); code(err) != "RulesPerSecurityGroupLimitExceeded" {
		t.Error(err)
	}
	if _, err := w.authorize(web, Permission{IpProtocol: ptr("-1"), Ipv6Ranges: []IPv6Range{{CidrIpv6: ptr("::/0")}}}); err != nil {
		t.Error(err)
	}
}

func cidrs(p Permission) (all []string) {
	for _, r := range p.IpRanges {
		all = append(all, *r.CidrIp)
	}
	return all
}

func TestWhatIsNotThereCannotBeRevoked(t *testing.T) {
	w := newWorld(t)
	web, far := w.group("web", ""), w.group("far", w.second())
	out, err := w.authorize(web, tcp(22, 22, "0.0.0.0/0"))
	if err != nil {
		t.Fatal(err)
	}
	rule := out.SecurityGroupRules[0].SecurityGroupRuleId
	for _, c := range []struct {
		rule string
		in   RevokeSecurityGroupIngressInput
		want string
	}{
		{"outside of the default VPC it is an error", RevokeSecurityGroupIngressInput{GroupId: &far, IpPermissions: []Permission{tcp(1, 1, "0.0.0.0/0")}}, "InvalidPermission.NotFound"},
		{"in the default VPC it is told", RevokeSecurityGroupIngressInput{GroupId: &web, IpPermissions: []Permission{tcp(1, 1, "0.0.0.0/0")}}, ""},
		{"a rule of another group", RevokeSecurityGroupIngressInput{GroupId: &far, SecurityGroupRuleIds: []string{rule}}, "InvalidSecurityGroupRuleId.NotFound"},
		{"a rule of the other direction", RevokeSecurityGroupIngressInput{GroupId: &web, SecurityGroupRuleIds: []string{w.egressRule(web)}}, "InvalidSecurityGroupRuleId.NotFound"},
		{"an id that is none", RevokeSecurityGroupIngressInput{GroupId: &web, SecurityGroupRuleIds: []string{"sgr-1"}}, "InvalidSecurityGroupRuleId.Malformed"},
		{"both ways", RevokeSecurityGroupIngressInput{GroupId: &web, SecurityGroupRuleIds: []string{rule}, IpPermissions: []Permission{tcp(22, 22, "0.0.0.0/0")}}, "InvalidParameterCombination"},
		{"neither way", RevokeSecurityGroupIngressInput{GroupId: &web}, "MissingParameter"},
		{"no group", RevokeSecurityGroupIngressInput{SecurityGroupRuleIds: []string{rule}}, "MissingParameter"},
		{"a group's name that is none", RevokeSecurityGroupIngressInput{GroupName: ptr("nobody")}, "InvalidGroup.NotFound"},
	} {
		if _, err := call[RevokeSecurityGroupOutput](w, "RevokeSecurityGroupIngress", &c.in); code(err) != c.want {
			t.Errorf("%s: got %v", c.rule, err)
		}
	}
	if got := w.picture(web); got != "<tcp 22-22 0.0.0.0/0; >-1 0.0.0.0/0" {
		t.Errorf("got %s", got)
	}
}

// egressRule is the id of the rule that a group was born with.
func (w *world) egressRule(group string) string {
	out, err := call[DescribeSecurityGroupRulesOutput](w, "DescribeSecurityGroupRules", &DescribeSecurityGroupRulesInput{Filters: []Filter{{ptr("group-id"), []string{group}}}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range out.SecurityGroupRules {
		if r.IsEgress {
			return r.SecurityGroupRuleId
		}
	}
	return ""
}

func TestRulesAreChangedInPlace(t *testing.T) {
	w := newWorld(t)
	web := w.group("web", "")
	out, err := w.authorize(web, tcp(22, 22, "10.0.0.0/8"), tcp(23, 23, "10.0.0.0/8"))
	if err != nil {
		t.Fatal(err)
	}
	id := out.SecurityGroupRules[0].SecurityGroupRuleId
	modify := func(r RuleRequest) error {
		_, err := call[Done](w, "ModifySecurityGroupRules", &ModifySecurityGroupRulesInput{GroupId: &web, SecurityGroupRules: []RuleUpdate{{&id, &r}}})
		return err
	}
	one := func(port int32, cidr string) RuleRequest {
		return RuleRequest{IpProtocol: ptr("tcp"), FromPort: &port, ToPort: &port, CidrIpv4: &cidr, Description: ptr("mine")}
	}
	if err := modify(one(2222, "0.0.0.0/0")); err != nil {
		t.Error(err)
	}
	if got := w.picture(web); got != "<tcp 2222-2222 0.0.0.0/0(mine); <tcp 23-23 10.0.0.0/8; >-1 0.0.0.0/0" {
		t.Errorf("got %s", got)
	}
	for _, c := range []struct {
		rule string
		to   RuleRequest
		want string
	}{
		{"to one that is there", one(23, "10.0.0.0/8"), "InvalidPermission.Duplicate"},
		{"to another kind of peer", RuleRequest{IpProtocol: ptr("-1"), ReferencedGroupId: &web}, "InvalidParameterValue"},
		{"to two peers", RuleRequest{IpProtocol: ptr("-1"), ReferencedGroupId: &web, CidrIpv4: ptr("0.0.0.0/0")}, "InvalidParameterCombination"},
		{"to none", RuleRequest{IpProtocol: ptr("-1")}, "InvalidParameterCombination"},
	} {
		if err := modify(c.to); code(err) != c.want {
			t.Errorf("%s: got %v", c.rule, err)
		}
	}
	// Descriptions change alone, by the rule's id or by what it says.
	say := func(in *UpdateRuleDescriptionsInput) error {
		in.GroupId = &web
		_, err := call[Done](w, "UpdateSecurityGroupRuleDescriptionsIngress", in)
		return err
	}
	p := tcp(23, 23, "10.0.0.0/8")
	p.IpRanges[0].Description = ptr("old")
	if err := say(&UpdateRuleDescriptionsInput{IpPermissions: []Permission{p}}); err != nil {
		t.Error(err)
	}
	if err := say(&UpdateRuleDescriptionsInput{SecurityGroupRuleDescriptions: []RuleDescription{{SecurityGroupRuleId: &id}}}); err != nil {
		t.Error(err)
	}
	if err := say(&UpdateRuleDescriptionsInput{IpPermissions: []Permission{tcp(24, 24, "10.0.0.0/8")}}); code(err) != "InvalidPermission.NotFound" {
		t.Error(err)
	}
	if got := w.picture(web); got != "<tcp 2222-2222 0.0.0.0/0; <tcp 23-23 10.0.0.0/8(old); >-1 0.0.0.0/0" {
		t.Errorf("got %s", got)
	}
}

func TestGroupsAreFoundByTheirRules(t *testing.T) {
	w := newWorld(t)
	web, db := w.group("web", ""), w.group("db", "")
	if _, err := w.authorize(web, tcp(80, 81, "10.0.0.0/8")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.authorize(db, Permission{IpProtocol: ptr("tcp"), FromPort: ptr[int32](5432), ToPort: ptr[int32](5432), UserIdGroupPairs: []GroupPair{{GroupId: &web}}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, value, want string }{
		{"ip-permission.cidr", "10.0.0.0/8", "web"}, {"ip-permission.from-port", "80", "web"}, {"ip-permission.to-port", "81", "web"},
		{"ip-permission.protocol", "tcp", "db web"}, {"ip-permission.group-id", web, "db"}, {"ip-permission.group-name", "web", "db"},
		{"ip-permission.user-id", home.Account, "db default"}, {"egress.ip-permission.cidr", "0.0.0.0/0", "db default web"},
		{"egress.ip-permission.from-port", "*", ""}, {"ip-permission.ipv6-cidr", "::/0", ""},
	} {
		out, err := call[DescribeSecurityGroupsOutput](w, "DescribeSecurityGroups", &DescribeSecurityGroupsInput{Filters: []Filter{{&c.name, []string{c.value}}}})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, g := range out.SecurityGroups {
			names = append(names, g.GroupName)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s=%s: got %q, want %q", c.name, c.value, got, c.want)
		}
	}
	// A name is one of the default VPC's.
	w.makeVPC("10.0.0.0/16")
	named, err := call[DescribeSecurityGroupsOutput](w, "DescribeSecurityGroups", &DescribeSecurityGroupsInput{GroupNames: []string{"default"}})
	if err != nil || len(named.SecurityGroups) != 1 {
		t.Errorf("got %+v, %v", named, err)
	}
	// A group that a rule of another one refers to stays.
	remove := func(id string) string {
		_, err := call[DeleteSecurityGroupOutput](w, "DeleteSecurityGroup", &DeleteSecurityGroupInput{GroupId: &id})
		return code(err)
	}
	if got := remove(web) + " " + remove(db) + " " + remove(web); got != "DependencyViolation  " {
		t.Errorf("got %s", got)
	}
}
