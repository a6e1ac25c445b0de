package ec2

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// AuthorizeSecurityGroupIngressInput adds rules for what comes in, as permissions or as a single one.
type AuthorizeSecurityGroupIngressInput struct {
	DryRun                     *bool
	GroupId, GroupName         *string
	IpPermissions              []Permission
	CidrIp, IpProtocol         *string
	FromPort, ToPort           *int32
	SourceSecurityGroupName    *string
	SourceSecurityGroupOwnerId *string
	TagSpecifications          []TagSpecification `wire:"TagSpecification"`
}

// AuthorizeSecurityGroupEgressInput adds rules for what goes out.
type AuthorizeSecurityGroupEgressInput struct {
	DryRun            *bool
	GroupId           *string
	IpPermissions     []Permission
	TagSpecifications []TagSpecification `wire:"TagSpecification"`

	CidrIp, IpProtocol         *string `acts:"no"`
	FromPort, ToPort           *int32  `acts:"no"`
	SourceSecurityGroupName    *string `acts:"no"`
	SourceSecurityGroupOwnerId *string `acts:"no"`
}

// AuthorizeSecurityGroupOutput is the new rules.
type AuthorizeSecurityGroupOutput struct {
	Return             bool
	SecurityGroupRules []SecurityGroupRule `wire:"securityGroupRuleSet"`
}

func authorizeSecurityGroupIngress(tx *store.Tx, in *AuthorizeSecurityGroupIngressInput) (*AuthorizeSecurityGroupOutput, error) {
	one := single{in.CidrIp, in.IpProtocol, in.FromPort, in.ToPort, in.SourceSecurityGroupName, in.SourceSecurityGroupOwnerId}
	g, permissions, err := incoming(tx, in.GroupId, in.GroupName, one, in.IpPermissions)
	if err != nil {
		return nil, err
	}
	return authorize(tx, g, false, permissions, in.TagSpecifications)
}

func authorizeSecurityGroupEgress(tx *store.Tx, in *AuthorizeSecurityGroupEgressInput) (*AuthorizeSecurityGroupOutput, error) {
	g, err := targetGroup(tx, in.GroupId, nil)
	if err != nil {
		return nil, err
	}
	return authorize(tx, g, true, in.IpPermissions, in.TagSpecifications)
}

// incoming is the group and the permissions of a request about rules for what comes in.
func incoming(tx *store.Tx, id, name *string, one single, many []Permission) (g model.SecurityGroup, all []Permission, err error) {
	if g, err = targetGroup(tx, id, name); err != nil {
		return g, nil, err
	}
	all, err = one.or(many)
	return g, all, err
}

// targetGroup is the group whose rules a request is about. One of the default VPC may be named.
func targetGroup(tx *store.Tx, id, name *string) (model.SecurityGroup, error) {
	switch {
	case str(id) != "":
		return wanted(tx, store.SecurityGroups, groupKind, id, "GroupId")
	case str(name) != "":
		g, ok := groupNamed(tx, defaultVPC(tx), *name)
		if !ok {
			return g, fail("InvalidGroup.NotFound", "The security group '%s' does not exist in default VPC '%s'", *name, defaultVPC(tx))
		}
		return g, nil
	}
	return model.SecurityGroup{}, fail("MissingParameter", "The request must contain the parameter groupName or groupId")
}

// mostRules is how many rules a group can have for each direction and family of addresses; one that
// refers to a group is of both families.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
const mostRules = 60

func authorize(tx *store.Tx, g model.SecurityGroup, egress bool, permissions []Permission, specs []TagSpecification) (*AuthorizeSecurityGroupOutput, error) {
	if len(permissions) == 0 {
		return nil, missing("ipPermissions")
	}
	tags, err := tagsOf(specs, ruleKind)
	if err != nil {
		return nil, err
	}
	rules, err := rulesOf(tx, g, egress, permissions)
	if err != nil {
		return nil, err
	}
	have := rulesIn(tx, g.ID, egress)
	for _, r := range rules {
		if slices.ContainsFunc(have, func(o model.SecurityGroupRule) bool { return same(o, r) }) {
			return nil, fail("InvalidPermission.Duplicate", "the specified rule \"%s\" already exists", sentence(r))
		}
	}
	if err := limit(append(have, rules...)); err != nil {
		return nil, err
	}
	out := &AuthorizeSecurityGroupOutput{Return: true}
	for _, r := range rules {
		r.ID, r.Tags = "sgr-"+ids.Hex(17), tags
		store.SecurityGroupRules.Put(tx, r)
		out.SecurityGroupRules = append(out.SecurityGroupRules, renderRule(tx, r))
	}
	return out, nil
}

func limit(rules []model.SecurityGroupRule) error {
	n4, n6 := 0, 0
	for _, r := range rules {
		if r.CIDR6 == "" {
			n4++
		}
		if r.CIDR == "" {
			n6++
		}
	}
	if max(n4, n6) > mostRules {
		return fail("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	return nil
}

// sentence is how EC2 speaks of a rule.
func sentence(r model.SecurityGroupRule) string {
	peer := r.Peer + r.CIDR + r.CIDR6
	switch r.Protocol {
	case "tcp", "udp":
		return fmt.Sprintf("peer: %s, %s, from port: %d, to port: %d, ALLOW", peer, strings.ToUpper(r.Protocol), r.From, r.To)
	case "icmp", "icmpv6":
		return fmt.Sprintf("peer: %s, %s, type: %s, code: %s, ALLOW", peer, strings.ToUpper(r.Protocol), orAll(r.From), orAll(r.To))
	case "-1":
		return fmt.Sprintf("peer: %s, ALL, ALLOW", peer)
	}
	return fmt.Sprintf("peer: %s, protocol: %s, ALLOW", peer, r.Protocol)
}

func orAll(n int) string {
	if n == -1 {
		return "ALL"
	}
	return fmt.Sprint(n)
}

// single is one permission that is written into the request itself.
type single struct {
	cidr, protocol *string
	from, to       *int32
	group, owner   *string
}

// or returns the permissions of a request: those given, or the single one.
func (s single) or(permissions []Permission) ([]Permission, error) {
	switch {
	case s == (single{}):
		return permissions, nil
	case len(permissions) > 0:
		return nil, fail("InvalidParameterCombination", "The parameter 'ipProtocol' may not be used in combination with 'ipPermissions'")
	case s.group == nil && s.owner == nil:
		return []Permission{{IpProtocol: s.protocol, FromPort: s.from, ToPort: s.to, IpRanges: []IPRange{{CidrIp: s.cidr}}}}, nil
	case s.group == nil:
		return nil, missing("SourceSecurityGroupName")
	case s.protocol != nil || s.from != nil || s.to != nil || s.cidr != nil:
		return nil, fail("InvalidParameterCombination", "The parameter 'sourceSecurityGroupName' may not be used in combination with a CIDR, a protocol or ports")
	}
	// A group alone is let in with everything.
	pairs := []GroupPair{{GroupName: s.group, UserId: s.owner}}
	return []Permission{
		{IpProtocol: ptr("icmp"), FromPort: ptr[int32](-1), ToPort: ptr[int32](-1), UserIdGroupPairs: pairs},
		{IpProtocol: ptr("tcp"), FromPort: ptr[int32](0), ToPort: ptr[int32](65535), UserIdGroupPairs: pairs},
		{IpProtocol: ptr("udp"), FromPort: ptr[int32](0), ToPort: ptr[int32](65535), UserIdGroupPairs: pairs},
	}, nil
}
