package ec2

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/firewall"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// DescribeSecurityGroupsInput asks what security groups there are.
type DescribeSecurityGroupsInput struct {
	DryRun     *bool
	GroupIds   []string `wire:"GroupId"`
	GroupNames []string `wire:"GroupName"`
	Filters    []Filter `wire:"Filter"`
	MaxResults *int32
	NextToken  *string
}

// DescribeSecurityGroupsOutput is one page of them.
type DescribeSecurityGroupsOutput struct {
	SecurityGroups []SecurityGroup `wire:"securityGroupInfo"`
	NextToken      *string
}

// SecurityGroup is a security group and its rules.
type SecurityGroup struct {
	GroupId             string
	SecurityGroupArn    string
	GroupName           string
	Description         string `wire:"groupDescription"`
	VpcId               string
	OwnerId             string
	IpPermissions       []Permission
	IpPermissionsEgress []Permission
	Tags                []Tag `wire:"tagSet"`
}

func describeSecurityGroups(tx *store.Tx, in *DescribeSecurityGroupsInput) (*DescribeSecurityGroupsOutput, error) {
	all, err := rows(tx, store.SecurityGroups, groupKind, in.GroupIds)
	if err != nil {
		return nil, err
	}
	for _, name := range in.GroupNames {
		if _, ok := groupNamed(tx, defaultVPC(tx), name); !ok {
			return nil, fail("InvalidGroup.NotFound", "The security group '%s' does not exist in default VPC '%s'", name, defaultVPC(tx))
		}
	}
	if len(in.GroupNames) > 0 {
		home := defaultVPC(tx)
		all = slices.DeleteFunc(all, func(g model.SecurityGroup) bool { return g.VPC != home || !slices.Contains(in.GroupNames, g.Name) })
	}
	if all, err = filtered(all, groupProperties(tx), in.Filters); err != nil {
		return nil, err
	}
	all, next, err := page(all, model.SecurityGroup.Key, paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	out := &DescribeSecurityGroupsOutput{SecurityGroups: []SecurityGroup{}, NextToken: next}
	for _, g := range all {
		out.SecurityGroups = append(out.SecurityGroups, renderGroup(tx, g))
	}
	return out, err
}

func renderGroup(tx *store.Tx, g model.SecurityGroup) SecurityGroup {
	return SecurityGroup{g.ID, groupARN(tx, g.ID), g.Name, g.Description, g.VPC, tx.Scope().Account,
		fold(tx, rulesIn(tx, g.ID, false)), fold(tx, rulesIn(tx, g.ID, true)), renderTags(g.Tags)}
}

func groupARN(tx *store.Tx, id string) string { return tx.Scope().ARN("ec2", "security-group/"+id) }

func groupProperties(tx *store.Tx) properties[model.SecurityGroup] {
	by := map[string]func(model.SecurityGroup) []string{
		"description": one(func(g model.SecurityGroup) string { return g.Description }),
		"group-id":    one(model.SecurityGroup.Key),
		"group-name":  one(func(g model.SecurityGroup) string { return g.Name }),
		"owner-id":    func(model.SecurityGroup) []string { return []string{tx.Scope().Account} },
		"vpc-id":      one(func(g model.SecurityGroup) string { return g.VPC }),
	}
	for name, of := range ruleValues(tx) {
		by["ip-permission."+name] = func(g model.SecurityGroup) []string { return each(rulesIn(tx, g.ID, false), of) }
		by["egress.ip-permission."+name] = func(g model.SecurityGroup) []string { return each(rulesIn(tx, g.ID, true), of) }
	}
	return properties[model.SecurityGroup]{by, func(g model.SecurityGroup) model.Tags { return g.Tags }}
}

// ruleValues are what groups can be filtered by of their rules; empty where a rule has none.
func ruleValues(tx *store.Tx) map[string]func(model.SecurityGroupRule) string {
	port := func(r model.SecurityGroupRule, n int) string {
		if permission(r).FromPort == nil {
			return ""
		}
		return strconv.Itoa(n)
	}
	return map[string]func(model.SecurityGroupRule) string{
		"cidr":      func(r model.SecurityGroupRule) string { return r.CIDR },
		"from-port": func(r model.SecurityGroupRule) string { return port(r, r.From) },
		"group-id":  func(r model.SecurityGroupRule) string { return r.Peer },
		"group-name": func(r model.SecurityGroupRule) string {
			g, _ := store.SecurityGroups.Get(tx, r.Peer)
			return g.Name
		},
		"ipv6-cidr":      func(r model.SecurityGroupRule) string { return r.CIDR6 },
		"prefix-list-id": func(model.SecurityGroupRule) string { return "" },
		"protocol":       func(r model.SecurityGroupRule) string { return r.Protocol },
		"to-port":        func(r model.SecurityGroupRule) string { return port(r, r.To) },
		"user-id": func(r model.SecurityGroupRule) string {
			if r.Peer == "" {
				return ""
			}
			return tx.Scope().Account
		},
	}
}

// each returns what the rules have, without what they do not have.
func each(rules []model.SecurityGroupRule, of func(model.SecurityGroupRule) string) (values []string) {
	for _, r := range rules {
		if v := of(r); v != "" {
			values = append(values, v)
		}
	}
	return values
}

// defaultVPC returns the id of the region's default VPC.
func defaultVPC(tx *store.Tx) string {
	for v := range store.VPCs.All(tx) {
		if v.Default {
			return v.ID
		}
	}
	return ""
}

func groupNamed(tx *store.Tx, vpc, name string) (model.SecurityGroup, bool) {
	for g := range store.SecurityGroups.All(tx) {
		if g.VPC == vpc && g.Name == name {
			return g, true
		}
	}
	return model.SecurityGroup{}, false
}

// CreateSecurityGroupInput asks for a new security group.
type CreateSecurityGroupInput struct {
	DryRun            *bool
	GroupName         *string
	Description       *string `wire:"GroupDescription"`
	VpcId             *string
	TagSpecifications []TagSpecification `wire:"TagSpecification"`
}

// CreateSecurityGroupOutput names it.
type CreateSecurityGroupOutput struct {
	GroupId          string
	SecurityGroupArn string
	Tags             []Tag `wire:"tagSet"`
}

var groupText = regexp.MustCompile(`^[a-zA-Z0-9 ._:/()#,@\[\]+=&;{}!$*-]{1,255}$`)

// createSecurityGroup makes a group without inbound rules.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
func createSecurityGroup(tx *store.Tx, in *CreateSecurityGroupInput) (*CreateSecurityGroupOutput, error) {
	name, vpc := str(in.GroupName), str(in.VpcId)
	if vpc == "" {
		vpc = defaultVPC(tx)
	} else if _, err := find(tx, store.VPCs, vpcKind, []string{vpc}); err != nil {
		return nil, err
	}
	tags, err := tagsOf(in.TagSpecifications, groupKind)
	if err != nil {
		return nil, err
	}
	name = strings.TrimRight(name, " ")
	switch {
	case name == "":
		return nil, missing("GroupName")
	case str(in.Description) == "":
		return nil, missing("GroupDescription")
	case strings.EqualFold(name, "default"):
		return nil, fail("InvalidParameterValue", "Cannot use reserved security group name: default")
	case !groupText.MatchString(name) || strings.HasPrefix(name, "sg-"):
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter GroupName is invalid. Group names may not be in the format sg-*, nor hold other than letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*", name)
	case !groupText.MatchString(*in.Description):
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.", *in.Description)
	case groupTaken(tx, vpc, name):
		return nil, fail("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, vpc)
	}
	g := model.SecurityGroup{ID: "sg-" + ids.Hex(17), Name: name, VPC: vpc, Description: *in.Description, Tags: tags}
	store.SecurityGroups.Put(tx, g)
	for _, r := range firewall.DefaultRules(g) {
		store.SecurityGroupRules.Put(tx, r)
	}
	return &CreateSecurityGroupOutput{g.ID, groupARN(tx, g.ID), renderTags(tags)}, nil
}

// groupTaken reports whether the VPC has a group of that name. Names are told apart without regard to case.
func groupTaken(tx *store.Tx, vpc, name string) bool {
	for g := range store.SecurityGroups.All(tx) {
		if g.VPC == vpc && strings.EqualFold(g.Name, name) {
			return true
		}
	}
	return false
}

// DeleteSecurityGroupInput names a group to delete.
type DeleteSecurityGroupInput struct {
	DryRun             *bool
	GroupId, GroupName *string
}

// DeleteSecurityGroupOutput says that it is gone.
type DeleteSecurityGroupOutput struct {
	Return  bool
	GroupId string
}

func deleteSecurityGroup(tx *store.Tx, in *DeleteSecurityGroupInput) (*DeleteSecurityGroupOutput, error) {
	g, err := targetGroup(tx, in.GroupId, in.GroupName)
	if err != nil {
		return nil, err
	}
	switch {
	case g.Name == "default":
		return nil, fail("CannotDelete", "the specified group: \"%s\" name: \"default\" cannot be deleted by a user", g.ID)
	case groupInUse(tx, g.ID), groupReferred(tx, g.ID):
		return nil, fail("DependencyViolation", "resource %s has a dependent object", g.ID)
	}
	dropGroup(tx, g.ID)
	return &DeleteSecurityGroupOutput{true, g.ID}, nil
}

// dropGroup deletes a group and its rules.
func dropGroup(tx *store.Tx, id string) {
	for r := range store.RulesByGroup.Each(tx, id) {
		store.SecurityGroupRules.Delete(tx, r.ID)
	}
	store.SecurityGroups.Delete(tx, id)
}

// groupInUse reports whether a network interface or a load balancer is in the group.
func groupInUse(tx *store.Tx, id string) bool {
	if store.NetworkInterfacesByGroup.Any(tx, id) {
		return true
	}
	for l := range store.LoadBalancers.All(tx) {
		if slices.Contains(l.Groups, id) {
			return true
		}
	}
	return false
}

// groupReferred reports whether a rule of another group refers to the group.
func groupReferred(tx *store.Tx, id string) bool {
	for r := range store.RulesByPeer.Each(tx, id) {
		if r.Group != id {
			return true
		}
	}
	return false
}
