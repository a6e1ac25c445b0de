package ec2

import (
	"strconv"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
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
	all, err := rows(tx, store.VPCs, vpcKind, in.VpcIds)
	if err != nil {
		return nil, err
	}
	if all, err = filtered(all, vpcProperties(tx), in.Filters); err != nil {
		return nil, err
	}
	all, next, err := page(all, model.VPC.Key, paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	out := &DescribeVpcsOutput{Vpcs: []Vpc{}, NextToken: next}
	for _, v := range all {
		a := CidrAssociation{AssociationId: "vpc-cidr-assoc-" + derived(v.ID, "cidr"), CidrBlock: v.CIDR}
		a.CidrBlockState.State = "associated"
		out.Vpcs = append(out.Vpcs, Vpc{v.ID, "available", v.CIDR, []CidrAssociation{a}, "default", v.Default, tx.Scope().Account, renderTags(v.Tags)})
	}
	return out, err
}

func vpcProperties(tx *store.Tx) properties[model.VPC] {
	by := map[string]func(model.VPC) []string{
		"cidr":       one(func(v model.VPC) string { return v.CIDR }),
		"is-default": one(func(v model.VPC) string { return strconv.FormatBool(v.Default) }),
		"owner-id":   func(model.VPC) []string { return []string{tx.Scope().Account} },
		"state":      one(func(model.VPC) string { return "available" }),
		"vpc-id":     one(model.VPC.Key),
	}
	by["cidr-block"], by["isDefault"], by["cidr-block-association.cidr-block"] = by["cidr"], by["is-default"], by["cidr"]
	return properties[model.VPC]{by, func(v model.VPC) model.Tags { return v.Tags }}
}

// DescribeSubnetsInput asks what subnets there are.
type DescribeSubnetsInput struct {
	DryRun     *bool
	SubnetIds  []string `wire:"SubnetId"`
	Filters    []Filter `wire:"Filter"`
	MaxResults *int32
	NextToken  *string
}

// DescribeSubnetsOutput is one page of them.
type DescribeSubnetsOutput struct {
	Subnets   []Subnet `wire:"subnetSet"`
	NextToken *string
}

// Subnet is a subnet.
type Subnet struct {
	SubnetId                    string
	SubnetArn                   string
	State                       string
	VpcId                       string
	CidrBlock                   string
	AvailableIpAddressCount     int
	AvailabilityZone            string
	AvailabilityZoneId          string
	DefaultForAz                bool
	MapPublicIpOnLaunch         bool
	AssignIpv6AddressOnCreation bool
	Ipv6CidrBlockAssociationSet []struct{}
	MapCustomerOwnedIpOnLaunch  bool
	EnableDns64                 bool
	Ipv6Native                  bool
	OwnerId                     string
	Tags                        []Tag `wire:"tagSet"`
}

func describeSubnets(tx *store.Tx, in *DescribeSubnetsInput) (*DescribeSubnetsOutput, error) {
	all, err := rows(tx, store.Subnets, subnetKind, in.SubnetIds)
	if err != nil {
		return nil, err
	}
	if all, err = filtered(all, subnetProperties(tx), in.Filters); err != nil {
		return nil, err
	}
	all, next, err := page(all, model.Subnet.Key, paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	out := &DescribeSubnetsOutput{Subnets: []Subnet{}, NextToken: next}
	for _, s := range all {
		out.Subnets = append(out.Subnets, Subnet{SubnetId: s.ID, SubnetArn: tx.Scope().ARN("ec2", "subnet/"+s.ID), State: "available", VpcId: s.VPC,
			CidrBlock: s.CIDR, AvailableIpAddressCount: nic.Free(tx, s), AvailabilityZone: s.Zone, AvailabilityZoneId: s.ZoneID, DefaultForAz: s.Default,
			MapPublicIpOnLaunch: s.MapPublic, Ipv6CidrBlockAssociationSet: []struct{}{}, OwnerId: tx.Scope().Account, Tags: renderTags(s.Tags)})
	}
	return out, err
}

func subnetProperties(tx *store.Tx) properties[model.Subnet] {
	by := map[string]func(model.Subnet) []string{
		"availability-zone":          one(func(s model.Subnet) string { return s.Zone }),
		"availability-zone-id":       one(func(s model.Subnet) string { return s.ZoneID }),
		"available-ip-address-count": one(func(s model.Subnet) string { return strconv.Itoa(nic.Free(tx, s)) }),
		"cidr-block":                 one(func(s model.Subnet) string { return s.CIDR }),
		"default-for-az":             one(func(s model.Subnet) string { return strconv.FormatBool(s.Default) }),
		"map-public-ip-on-launch":    one(func(s model.Subnet) string { return strconv.FormatBool(s.MapPublic) }),
		"owner-id":                   func(model.Subnet) []string { return []string{tx.Scope().Account} },
		"state":                      one(func(model.Subnet) string { return "available" }),
		"subnet-arn":                 one(func(s model.Subnet) string { return tx.Scope().ARN("ec2", "subnet/"+s.ID) }),
		"subnet-id":                  one(model.Subnet.Key),
		"vpc-id":                     one(func(s model.Subnet) string { return s.VPC }),
	}
	for also, name := range map[string]string{"availabilityZone": "availability-zone", "availabilityZoneId": "availability-zone-id", "cidr": "cidr-block",
		"cidrBlock": "cidr-block", "defaultForAz": "default-for-az"} {
		by[also] = by[name]
	}
	return properties[model.Subnet]{by, func(s model.Subnet) model.Tags { return s.Tags }}
}
