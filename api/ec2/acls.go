package ec2

import (
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// DescribeNetworkAclsInput asks what network ACLs there are.
type DescribeNetworkAclsInput struct {
	DryRun        *bool
	NetworkAclIds []string `wire:"NetworkAclId"`
	Filters       []Filter `wire:"Filter"`
	MaxResults    *int32
	NextToken     *string
}

// DescribeNetworkAclsOutput is one page of them.
type DescribeNetworkAclsOutput struct {
	NetworkAcls []NetworkAcl `wire:"networkAclSet"`
	NextToken   *string
}

// NetworkAcl is a network ACL.
type NetworkAcl struct {
	NetworkAclId string
	VpcId        string
	IsDefault    bool             `wire:"default"`
	Entries      []AclEntry       `wire:"entrySet"`
	Associations []AclAssociation `wire:"associationSet"`
	Tags         []Tag            `wire:"tagSet"`
	OwnerId      string
}

// AclEntry lets packets pass, or not.
type AclEntry struct {
	RuleNumber int
	Protocol   string
	RuleAction string
	Egress     bool
	CidrBlock  string
}

// AclAssociation ties a subnet to its network ACL.
type AclAssociation struct{ NetworkAclAssociationId, NetworkAclId, SubnetId string }

// describeNetworkAcls tells of the one ACL that each VPC has: AWS's default one, which lets everything
// pass. Others cannot be made, so that it is true of every subnet.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
func describeNetworkAcls(tx *store.Tx, in *DescribeNetworkAclsInput) (*DescribeNetworkAclsOutput, error) {
	all := []NetworkAcl{}
	for v := range store.VPCs.All(tx) {
		all = append(all, defaultACL(tx, v))
	}
	slices.SortFunc(all, func(a, b NetworkAcl) int { return strings.Compare(a.NetworkAclId, b.NetworkAclId) })
	for _, id := range in.NetworkAclIds {
		if err := aclKind.check(id); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, func(a NetworkAcl) bool { return a.NetworkAclId == id }) {
			return nil, fail(aclKind.absent, "The %s '%s' does not exist", aclKind.sought, id)
		}
	}
	all = only(all, in.NetworkAclIds, aclID)
	all, err := filtered(all, aclProperties, in.Filters)
	if err != nil {
		return nil, err
	}
	all, next, err := page(all, aclID, paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	return &DescribeNetworkAclsOutput{all, next}, err
}

func aclID(a NetworkAcl) string { return a.NetworkAclId }

func defaultACL(tx *store.Tx, v model.VPC) NetworkAcl {
	a := NetworkAcl{NetworkAclId: "acl-" + derived(v.ID, "acl"), VpcId: v.ID, IsDefault: true, Associations: []AclAssociation{}, Tags: []Tag{}, OwnerId: tx.Scope().Account}
	for _, egress := range [...]bool{true, false} {
		a.Entries = append(a.Entries, AclEntry{100, "-1", "allow", egress, "0.0.0.0/0"}, AclEntry{32767, "-1", "deny", egress, "0.0.0.0/0"})
	}
	for _, s := range subnetsOf(tx, v.ID) {
		a.Associations = append(a.Associations, AclAssociation{"aclassoc-" + derived(s.ID, "acl"), a.NetworkAclId, s.ID})
	}
	return a
}

var aclProperties = func() properties[NetworkAcl] {
	association := func(of func(AclAssociation) string) func(NetworkAcl) []string {
		return func(a NetworkAcl) (all []string) {
			for _, s := range a.Associations {
				all = append(all, of(s))
			}
			return all
		}
	}
	entry := func(of func(AclEntry) string) func(NetworkAcl) []string {
		return func(a NetworkAcl) (all []string) {
			for _, e := range a.Entries {
				all = append(all, of(e))
			}
			return all
		}
	}
	by := map[string]func(NetworkAcl) []string{
		"association.association-id": association(func(a AclAssociation) string { return a.NetworkAclAssociationId }),
		"association.network-acl-id": association(func(a AclAssociation) string { return a.NetworkAclId }),
		"association.subnet-id":      association(func(a AclAssociation) string { return a.SubnetId }),
		"default":                    one(func(a NetworkAcl) string { return strconv.FormatBool(a.IsDefault) }),
		"entry.cidr":                 entry(func(e AclEntry) string { return e.CidrBlock }),
		"entry.egress":               entry(func(e AclEntry) string { return strconv.FormatBool(e.Egress) }),
		"entry.protocol":             entry(func(e AclEntry) string { return e.Protocol }),
		"entry.rule-action":          entry(func(e AclEntry) string { return e.RuleAction }),
		"entry.rule-number":          entry(func(e AclEntry) string { return strconv.Itoa(e.RuleNumber) }),
		"network-acl-id":             one(aclID),
		"owner-id":                   one(func(a NetworkAcl) string { return a.OwnerId }),
		"vpc-id":                     one(func(a NetworkAcl) string { return a.VpcId }),
	}
	nothing(by, "entry.icmp.code entry.icmp.type entry.ipv6-cidr entry.port-range.from entry.port-range.to")
	return properties[NetworkAcl]{by, func(NetworkAcl) model.Tags { return nil }}
}()
