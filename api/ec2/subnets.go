package ec2

import (
	"strconv"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

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

	PrivateDnsNameOptionsOnLaunch NameOptions

	OwnerId string
	Tags    []Tag `wire:"tagSet"`
}

// NameOptions say what instances are called.
type NameOptions struct {
	HostnameType                    string
	EnableResourceNameDnsARecord    bool
	EnableResourceNameDnsAAAARecord bool
}

func describeSubnets(tx *store.Tx, in *DescribeSubnetsInput) (*DescribeSubnetsOutput, error) {
	all, next, err := listed(tx, list[model.Subnet]{store.Subnets, subnetKind, in.SubnetIds, subnetProperties(tx), in.Filters},
		paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	out := &DescribeSubnetsOutput{Subnets: []Subnet{}, NextToken: next}
	for _, s := range all {
		out.Subnets = append(out.Subnets, renderSubnet(tx, s))
	}
	return out, err
}

func renderSubnet(tx *store.Tx, s model.Subnet) Subnet {
	return Subnet{SubnetId: s.ID, SubnetArn: tx.Scope().ARN("ec2", "subnet/"+s.ID), State: "available", VpcId: s.VPC, CidrBlock: s.CIDR,
		AvailableIpAddressCount: nic.Free(tx, s), AvailabilityZone: s.Zone, AvailabilityZoneId: s.ZoneID, DefaultForAz: s.Default,
		MapPublicIpOnLaunch: s.MapPublic, Ipv6CidrBlockAssociationSet: []struct{}{}, PrivateDnsNameOptionsOnLaunch: NameOptions{HostnameType: "ip-name"},
		OwnerId: tx.Scope().Account, Tags: renderTags(s.Tags)}
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
	no := func(model.Subnet) []string { return []string{"false"} }
	by["enable-dns64"], by["ipv6-native"], by["map-customer-owned-ip-on-launch"] = no, no, no
	by["private-dns-name-options-on-launch.hostname-type"] = func(model.Subnet) []string { return []string{"ip-name"} }
	by["private-dns-name-options-on-launch.enable-resource-name-dns-a-record"], by["private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record"] = no, no
	nothing(by, `customer-owned-ipv4-pool enable-lni-at-device-index ipv6-cidr-block-association.ipv6-cidr-block
		ipv6-cidr-block-association.association-id ipv6-cidr-block-association.state outpost-arn`)
	for also, name := range map[string]string{"availabilityZone": "availability-zone", "availabilityZoneId": "availability-zone-id", "cidr": "cidr-block",
		"cidrBlock": "cidr-block", "defaultForAz": "default-for-az"} {
		by[also] = by[name]
	}
	return properties[model.Subnet]{by, func(s model.Subnet) model.Tags { return s.Tags }}
}
