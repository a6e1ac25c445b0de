package ec2

import (
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// DescribeAddressesInput asks what Elastic IP addresses there are.
type DescribeAddressesInput struct {
	DryRun        *bool
	AllocationIds []string `wire:"AllocationId"`
	PublicIps     []string `wire:"PublicIp"`
	Filters       []Filter `wire:"Filter"`
}

// DescribeAddressesOutput is all of them.
type DescribeAddressesOutput struct {
	Addresses []Address `wire:"addressesSet"`
}

// Address is an Elastic IP address: one of this machine's.
type Address struct {
	AllocationId            string
	AssociationId           string
	Domain                  string
	InstanceId              string
	NetworkBorderGroup      string
	NetworkInterfaceId      string
	NetworkInterfaceOwnerId string
	PrivateIpAddress        string
	PublicIp                string
	PublicIpv4Pool          string
	SubnetId                string
	Tags                    []Tag `wire:"tagSet"`
}

func describeAddresses(tx *store.Tx, in *DescribeAddressesInput) (*DescribeAddressesOutput, error) {
	all, err := rows(tx, store.ElasticIPs, addressKind, in.AllocationIds)
	if err != nil {
		return nil, err
	}
	for _, ip := range in.PublicIps {
		if !slices.ContainsFunc(all, func(a model.ElasticIP) bool { return a.IP == ip }) {
			return nil, fail("InvalidAddress.NotFound", "Address '%s' not found.", ip)
		}
	}
	out := only(all, in.PublicIps, func(a model.ElasticIP) string { return a.IP })
	addresses := []Address{}
	for _, a := range out {
		addresses = append(addresses, renderAddress(tx, a))
	}
	addresses, err = filtered(addresses, addressProperties, in.Filters)
	return &DescribeAddressesOutput{addresses}, err
}

func renderAddress(tx *store.Tx, a model.ElasticIP) Address {
	out := Address{AllocationId: a.ID, Domain: "vpc", NetworkBorderGroup: tx.Scope().Region, PublicIp: a.IP, PublicIpv4Pool: "amazon", Tags: renderTags(a.Tags)}
	if n, ok := holder(tx, a); ok {
		out.AssociationId, out.InstanceId, out.NetworkInterfaceId, out.NetworkInterfaceOwnerId = n.Association, n.Instance, n.ID, tx.Scope().Account
		out.PrivateIpAddress, out.SubnetId = n.IP, n.Subnet
	}
	return out
}

// holder is the interface that an address is associated with.
func holder(tx *store.Tx, a model.ElasticIP) (model.NetworkInterface, bool) {
	for n := range store.NetworkInterfacesByAllocation.Each(tx, a.ID) {
		return n, true
	}
	return model.NetworkInterface{}, false
}

var addressProperties = properties[Address]{map[string]func(Address) []string{
	"allocation-id":              given(func(a Address) string { return a.AllocationId }),
	"association-id":             given(func(a Address) string { return a.AssociationId }),
	"domain":                     given(func(a Address) string { return a.Domain }),
	"instance-id":                given(func(a Address) string { return a.InstanceId }),
	"network-border-group":       given(func(a Address) string { return a.NetworkBorderGroup }),
	"network-interface-id":       given(func(a Address) string { return a.NetworkInterfaceId }),
	"network-interface-owner-id": given(func(a Address) string { return a.NetworkInterfaceOwnerId }),
	"private-ip-address":         given(func(a Address) string { return a.PrivateIpAddress }),
	"public-ip":                  given(func(a Address) string { return a.PublicIp }),
}, func(a Address) (tags model.Tags) {
	for _, t := range a.Tags {
		tags = append(tags, model.Tag{Key: *t.Key, Value: *t.Value})
	}
	return tags
}}

// given makes a property of a single value that may be missing.
func given[T any](of func(T) string) func(T) []string {
	return func(v T) []string {
		if of(v) == "" {
			return nil
		}
		return []string{of(v)}
	}
}

// DescribeAddressesAttributeInput asks for an attribute of Elastic IP addresses.
type DescribeAddressesAttributeInput struct {
	DryRun        *bool
	AllocationIds []string `wire:"AllocationId"`
	Attribute     *string
	MaxResults    *int32
	NextToken     *string
}

// DescribeAddressesAttributeOutput is one page of addresses.
type DescribeAddressesAttributeOutput struct {
	Addresses []AddressAttribute `wire:"addressSet"`
	NextToken *string
}

// AddressAttribute is an address without a domain name: none can be given to it.
type AddressAttribute struct{ AllocationId, PublicIp string }

func describeAddressesAttribute(tx *store.Tx, in *DescribeAddressesAttributeInput) (*DescribeAddressesAttributeOutput, error) {
	if a := str(in.Attribute); a != "" && a != "domain-name" {
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", a)
	}
	all, next, err := listed(tx, list[model.ElasticIP]{table: store.ElasticIPs, kind: addressKind, ids: in.AllocationIds}, paging{in.MaxResults, in.NextToken, 1, 1000, 0})
	out := &DescribeAddressesAttributeOutput{Addresses: []AddressAttribute{}, NextToken: next}
	for _, a := range all {
		out.Addresses = append(out.Addresses, AddressAttribute{a.ID, a.IP})
	}
	return out, err
}
