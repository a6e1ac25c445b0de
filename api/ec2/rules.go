package ec2

import (
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// DescribeSecurityGroupRulesInput asks what rules there are.
type DescribeSecurityGroupRulesInput struct {
	DryRun               *bool
	SecurityGroupRuleIds []string `wire:"SecurityGroupRuleId"`
	Filters              []Filter `wire:"Filter"`
	MaxResults           *int32
	NextToken            *string
}

// DescribeSecurityGroupRulesOutput is one page of them.
type DescribeSecurityGroupRulesOutput struct {
	SecurityGroupRules []SecurityGroupRule `wire:"securityGroupRuleSet"`
	NextToken          *string
}

// SecurityGroupRule is one rule of a security group.
type SecurityGroupRule struct {
	SecurityGroupRuleId  string
	SecurityGroupRuleArn string
	GroupId              string
	GroupOwnerId         string
	IsEgress             bool
	IpProtocol           string
	FromPort, ToPort     int
	CidrIpv4, CidrIpv6   string
	ReferencedGroupInfo  *ReferencedGroup
	Description          string
	Tags                 []Tag `wire:"tagSet"`
}

// ReferencedGroup is the security group that a rule refers to.
type ReferencedGroup struct{ GroupId, UserId string }

func describeSecurityGroupRules(tx *store.Tx, in *DescribeSecurityGroupRulesInput) (*DescribeSecurityGroupRulesOutput, error) {
	all, next, err := listed(tx, list[model.SecurityGroupRule]{store.SecurityGroupRules, ruleKind, in.SecurityGroupRuleIds, ruleProperties, in.Filters},
		paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	out := &DescribeSecurityGroupRulesOutput{SecurityGroupRules: []SecurityGroupRule{}, NextToken: next}
	for _, r := range all {
		out.SecurityGroupRules = append(out.SecurityGroupRules, renderRule(tx, r))
	}
	return out, err
}

func renderRule(tx *store.Tx, r model.SecurityGroupRule) SecurityGroupRule {
	out := SecurityGroupRule{SecurityGroupRuleId: r.ID, SecurityGroupRuleArn: tx.Scope().ARN("ec2", "security-group-rule/"+r.ID), GroupId: r.Group,
		GroupOwnerId: tx.Scope().Account, IsEgress: r.Egress, IpProtocol: r.Protocol, FromPort: r.From, ToPort: r.To, CidrIpv4: r.CIDR, CidrIpv6: r.CIDR6,
		Description: r.Description, Tags: renderTags(r.Tags)}
	if r.Peer != "" {
		out.ReferencedGroupInfo = &ReferencedGroup{r.Peer, tx.Scope().Account}
	}
	return out
}

var ruleProperties = properties[model.SecurityGroupRule]{map[string]func(model.SecurityGroupRule) []string{
	"group-id":               one(func(r model.SecurityGroupRule) string { return r.Group }),
	"security-group-rule-id": one(model.SecurityGroupRule.Key),
}, func(r model.SecurityGroupRule) model.Tags { return r.Tags }}

// ModifySecurityGroupRulesInput gives rules of one group another meaning.
type ModifySecurityGroupRulesInput struct {
	DryRun             *bool
	GroupId            *string
	SecurityGroupRules []RuleUpdate `wire:"SecurityGroupRule"`
}

// RuleUpdate is what a rule is to be.
type RuleUpdate struct {
	SecurityGroupRuleId *string
	SecurityGroupRule   *RuleRequest
}

// RuleRequest is a rule as a whole.
type RuleRequest struct {
	IpProtocol         *string
	FromPort, ToPort   *int32
	CidrIpv4, CidrIpv6 *string
	ReferencedGroupId  *string
	Description        *string

	PrefixListId *string `acts:"no"`
}

// Done says that something was done.
type Done struct{ Return bool }

func modifySecurityGroupRules(tx *store.Tx, in *ModifySecurityGroupRulesInput) (*Done, error) {
	if str(in.GroupId) == "" {
		return nil, missing("GroupId")
	}
	g, err := targetGroup(tx, in.GroupId, nil)
	if err != nil {
		return nil, err
	}
	if len(in.SecurityGroupRules) == 0 {
		return nil, missing("SecurityGroupRule")
	}
	for _, u := range in.SecurityGroupRules {
		if err := modifyRule(tx, g, u); err != nil {
			return nil, err
		}
	}
	return &Done{true}, nil
}

func modifyRule(tx *store.Tx, g model.SecurityGroup, u RuleUpdate) error {
	if str(u.SecurityGroupRuleId) == "" {
		return missing("SecurityGroupRuleId")
	}
	if u.SecurityGroupRule == nil {
		return missing("SecurityGroupRule")
	}
	old, err := wanted(tx, store.SecurityGroupRules, ruleKind, u.SecurityGroupRuleId, "SecurityGroupRuleId")
	if err != nil {
		return err
	}
	if old.Group != g.ID {
		return fail("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist in the security group '%s'", old.ID, g.ID)
	}
	r, err := ruleOf(tx, g, old.Egress, *u.SecurityGroupRule)
	switch {
	case err != nil:
		return err
	case (r.CIDR == "") != (old.CIDR == "") || (r.CIDR6 == "") != (old.CIDR6 == ""):
		return fail("InvalidParameterValue", "The type of the source or destination of the security group rule '%s' cannot be changed.", old.ID)
	}
	for _, o := range rulesIn(tx, g.ID, old.Egress) {
		if o.ID != old.ID && same(o, r) {
			return fail("InvalidPermission.Duplicate", "the specified rule \"%s\" already exists", sentence(r))
		}
	}
	r.ID, r.Tags = old.ID, old.Tags
	store.SecurityGroupRules.Put(tx, r)
	return nil
}

// ruleOf is the one rule that a request describes.
func ruleOf(tx *store.Tx, g model.SecurityGroup, egress bool, in RuleRequest) (model.SecurityGroupRule, error) {
	p := Permission{IpProtocol: in.IpProtocol, FromPort: in.FromPort, ToPort: in.ToPort}
	if in.CidrIpv4 != nil {
		p.IpRanges = []IPRange{{in.Description, in.CidrIpv4}}
	}
	if in.CidrIpv6 != nil {
		p.Ipv6Ranges = []IPv6Range{{in.Description, in.CidrIpv6}}
	}
	if in.ReferencedGroupId != nil {
		p.UserIdGroupPairs = []GroupPair{{Description: in.Description, GroupId: in.ReferencedGroupId}}
	}
	if len(p.IpRanges)+len(p.Ipv6Ranges)+len(p.UserIdGroupPairs) != 1 {
		return model.SecurityGroupRule{}, fail("InvalidParameterCombination", "A security group rule must have exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId")
	}
	rules, err := rulesOf(tx, g, egress, []Permission{p})
	if err != nil {
		return model.SecurityGroupRule{}, err
	}
	return rules[0], nil
}

// UpdateRuleDescriptionsInput gives rules of one group other descriptions. Ingress and egress have it
// in common.
type UpdateRuleDescriptionsInput struct {
	DryRun                        *bool
	GroupId, GroupName            *string
	IpPermissions                 []Permission
	SecurityGroupRuleDescriptions []RuleDescription `wire:"SecurityGroupRuleDescription"`
}

// RuleDescription is what a rule is to be described as.
type RuleDescription struct{ SecurityGroupRuleId, Description *string }

func updateRuleDescriptions(egress bool) func(*store.Tx, *UpdateRuleDescriptionsInput) (*Done, error) {
	return func(tx *store.Tx, in *UpdateRuleDescriptionsInput) (*Done, error) {
		g, err := targetGroup(tx, in.GroupId, in.GroupName)
		if err != nil {
			return nil, err
		}
		var ruleIDs []string
		for _, d := range in.SecurityGroupRuleDescriptions {
			ruleIDs = append(ruleIDs, str(d.SecurityGroupRuleId))
		}
		found, unknown, err := chosenRules(tx, g, egress, in.IpPermissions, ruleIDs)
		switch {
		case err != nil:
			return nil, err
		case len(unknown) > 0:
			return nil, noSuchRule()
		}
		wanted, err := rulesOf(tx, g, egress, in.IpPermissions)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			if r, err = described(r, newDescription(r, wanted, in.SecurityGroupRuleDescriptions)); err != nil {
				return nil, err
			}
			store.SecurityGroupRules.Put(tx, r)
		}
		return &Done{true}, nil
	}
}

// newDescription is what a request wants of one of the rules that it names; nil for none.
func newDescription(r model.SecurityGroupRule, wanted []model.SecurityGroupRule, named []RuleDescription) *string {
	if i := slices.IndexFunc(wanted, func(w model.SecurityGroupRule) bool { return same(w, r) }); i >= 0 {
		return &wanted[i].Description
	}
	if i := slices.IndexFunc(named, func(d RuleDescription) bool { return str(d.SecurityGroupRuleId) == r.ID }); i >= 0 {
		return named[i].Description
	}
	return nil
}
