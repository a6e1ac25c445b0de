package ec2

import (
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// RevokeSecurityGroupIngressInput takes away rules for what comes in, by their ids or by what they say.
type RevokeSecurityGroupIngressInput struct {
	DryRun                     *bool
	GroupId, GroupName         *string
	IpPermissions              []Permission
	SecurityGroupRuleIds       []string `wire:"SecurityGroupRuleId"`
	CidrIp, IpProtocol         *string
	FromPort, ToPort           *int32
	SourceSecurityGroupName    *string
	SourceSecurityGroupOwnerId *string
}

// RevokeSecurityGroupEgressInput takes away rules for what goes out.
type RevokeSecurityGroupEgressInput struct {
	DryRun               *bool
	GroupId              *string
	IpPermissions        []Permission
	SecurityGroupRuleIds []string `wire:"SecurityGroupRuleId"`

	CidrIp, IpProtocol         *string `acts:"no"`
	FromPort, ToPort           *int32  `acts:"no"`
	SourceSecurityGroupName    *string `acts:"no"`
	SourceSecurityGroupOwnerId *string `acts:"no"`
}

// RevokeSecurityGroupOutput is the rules that are gone, and what was not there.
type RevokeSecurityGroupOutput struct {
	Return                    bool
	UnknownIpPermissions      []Permission  `wire:"unknownIpPermissionSet"`
	RevokedSecurityGroupRules []RevokedRule `wire:"revokedSecurityGroupRuleSet"`
}

// RevokedRule is a rule that is gone.
type RevokedRule struct {
	SecurityGroupRuleId string
	GroupId             string
	IsEgress            bool
	IpProtocol          string
	FromPort, ToPort    int
	CidrIpv4, CidrIpv6  string
	ReferencedGroupId   string
	Description         string
}

func revokeSecurityGroupIngress(tx *store.Tx, in *RevokeSecurityGroupIngressInput) (*RevokeSecurityGroupOutput, error) {
	one := single{in.CidrIp, in.IpProtocol, in.FromPort, in.ToPort, in.SourceSecurityGroupName, in.SourceSecurityGroupOwnerId}
	g, permissions, err := incoming(tx, in.GroupId, in.GroupName, one, in.IpPermissions)
	if err != nil {
		return nil, err
	}
	return revoke(tx, g, false, permissions, in.SecurityGroupRuleIds)
}

func revokeSecurityGroupEgress(tx *store.Tx, in *RevokeSecurityGroupEgressInput) (*RevokeSecurityGroupOutput, error) {
	g, err := targetGroup(tx, in.GroupId, nil)
	if err != nil {
		return nil, err
	}
	return revoke(tx, g, true, in.IpPermissions, in.SecurityGroupRuleIds)
}

func revoke(tx *store.Tx, g model.SecurityGroup, egress bool, permissions []Permission, ruleIDs []string) (*RevokeSecurityGroupOutput, error) {
	gone, unknown, err := chosenRules(tx, g, egress, permissions, ruleIDs)
	if err != nil {
		return nil, err
	}
	// What is not there is an error only outside of the default VPC.
	// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html
	if len(unknown) > 0 && g.VPC != defaultVPC(tx) {
		return nil, noSuchRule()
	}
	out := &RevokeSecurityGroupOutput{Return: true, RevokedSecurityGroupRules: []RevokedRule{}}
	if len(unknown) > 0 {
		out.UnknownIpPermissions = fold(tx, unknown)
	}
	for _, r := range gone {
		store.SecurityGroupRules.Delete(tx, r.ID)
		out.RevokedSecurityGroupRules = append(out.RevokedSecurityGroupRules, RevokedRule{r.ID, r.Group, r.Egress, r.Protocol, r.From, r.To, r.CIDR, r.CIDR6, r.Peer, r.Description})
	}
	return out, nil
}

func noSuchRule() error {
	return fail("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
}

// chosenRules are the rules of a group that are named by ids, or described, and the descriptions that
// fit none. Descriptions in words do not count.
func chosenRules(tx *store.Tx, g model.SecurityGroup, egress bool, permissions []Permission, ruleIDs []string) (found, unknown []model.SecurityGroupRule, err error) {
	switch {
	case len(permissions) > 0 && len(ruleIDs) > 0:
		return nil, nil, fail("InvalidParameterCombination", "The parameter 'ipPermissions' may not be used in combination with 'securityGroupRuleIds'")
	case len(permissions) == 0 && len(ruleIDs) == 0:
		return nil, nil, fail("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.")
	case len(ruleIDs) > 0:
		found, err = rulesNamed(tx, g, egress, ruleIDs)
		return found, nil, err
	}
	wanted, err := rulesOf(tx, g, egress, permissions)
	if err != nil {
		return nil, nil, err
	}
	have := rulesIn(tx, g.ID, egress)
	for _, w := range wanted {
		if i := slices.IndexFunc(have, func(r model.SecurityGroupRule) bool { return same(r, w) }); i >= 0 {
			found = append(found, have[i])
		} else {
			unknown = append(unknown, w)
		}
	}
	return found, unknown, nil
}

// rulesNamed are the rules with the ids, all of them of the group and the direction.
func rulesNamed(tx *store.Tx, g model.SecurityGroup, egress bool, ruleIDs []string) ([]model.SecurityGroupRule, error) {
	found, err := find(tx, store.SecurityGroupRules, ruleKind, ruleIDs)
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		if r.Group != g.ID || r.Egress != egress {
			return nil, fail("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist in the security group '%s'", r.ID, g.ID)
		}
	}
	return found, nil
}
