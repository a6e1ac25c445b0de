package ec2

import (
	"strconv"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// DescribeVpcsInput asks what VPCs there are.
type DescribeVpcsInput struct {
	DryRun     *bool
	VpcIds     []string `wire:"VpcId"`
	Filters    []Filter `wire:"Filter"`
	MaxResults *int32
	NextToken  *string
}

// DescribeVpcsOutput is one page of them.
type DescribeVpcsOutput struct {
	Vpcs      []Vpc `wire:"vpcSet"`
	NextToken *string
}

// Vpc is a VPC.
type Vpc struct {
	VpcId                   string
	State                   string
	CidrBlock               string
	CidrBlockAssociationSet []CidrAssociation
	InstanceTenancy         string
	IsDefault               bool
	OwnerId                 string
	Tags                    []Tag `wire:"tagSet"`
}

// CidrAssociation is a range of addresses of a VPC.
type CidrAssociation struct {
	AssociationId  string
	CidrBlock      string
	CidrBlockState struct{ State string }
}

func describeVpcs(tx *store.Tx, in *DescribeVpcsInput) (*DescribeVpcsOutput, error) {
	all, next, err := listed(tx, list[model.VPC]{store.VPCs, vpcKind, in.VpcIds, vpcProperties(tx), in.Filters}, paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	out := &DescribeVpcsOutput{Vpcs: []Vpc{}, NextToken: next}
	for _, v := range all {
		out.Vpcs = append(out.Vpcs, renderVPC(tx, v))
	}
	return out, err
}

func renderVPC(tx *store.Tx, v model.VPC) Vpc {
	a := CidrAssociation{AssociationId: "vpc-cidr-assoc-" + derived(v.ID, "cidr"), CidrBlock: v.CIDR}
	a.CidrBlockState.State = "associated"
	return Vpc{v.ID, "available", v.CIDR, []CidrAssociation{a}, "default", v.Default, tx.Scope().Account, renderTags(v.Tags)}
}

func vpcProperties(tx *store.Tx) properties[model.VPC] {
	by := map[string]func(model.VPC) []string{
		"cidr":       one(func(v model.VPC) string { return v.CIDR }),
		"is-default": one(func(v model.VPC) string { return strconv.FormatBool(v.Default) }),
		"owner-id":   func(model.VPC) []string { return []string{tx.Scope().Account} },
		"state":      one(func(model.VPC) string { return "available" }),
		"vpc-id":     one(model.VPC.Key),

		"cidr-block-association.association-id": one(func(v model.VPC) string { return "vpc-cidr-assoc-" + derived(v.ID, "cidr") }),
		"cidr-block-association.state":          one(func(model.VPC) string { return "associated" }),
	}
	nothing(by, `dhcp-options-id ipv6-cidr-block-association.ipv6-cidr-block ipv6-cidr-block-association.ipv6-pool
		ipv6-cidr-block-association.association-id ipv6-cidr-block-association.state`)
	by["cidr-block"], by["isDefault"], by["cidr-block-association.cidr-block"] = by["cidr"], by["is-default"], by["cidr"]
	return properties[model.VPC]{by, func(v model.VPC) model.Tags { return v.Tags }}
}
