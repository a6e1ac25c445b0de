package ec2

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// CreateSubnetInput asks for a new subnet.
type CreateSubnetInput struct {
	DryRun             *bool
	VpcId              *string
	CidrBlock          *string
	AvailabilityZone   *string
	AvailabilityZoneId *string
	TagSpecifications  []TagSpecification `wire:"TagSpecification"`

	Ipv4IpamPoolId    *string `acts:"no"`
	Ipv4NetmaskLength *int32  `acts:"no"`
	Ipv6CidrBlock     *string `acts:"no"`
	Ipv6IpamPoolId    *string `acts:"no"`
	Ipv6Native        *bool   `acts:"no"`
	Ipv6NetmaskLength *int32  `acts:"no"`
	OutpostArn        *string `acts:"no"`
}

// CreateSubnetOutput is the subnet.
type CreateSubnetOutput struct{ Subnet Subnet }

// mostSubnets is how many subnets a VPC can have.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const mostSubnets = 200

// createSubnet makes a subnet in a part of its VPC that no other one has.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html
func createSubnet(tx *store.Tx, in *CreateSubnetInput) (*CreateSubnetOutput, error) {
	v, err := wanted(tx, store.VPCs, vpcKind, in.VpcId, "VpcId")
	if err != nil {
		return nil, err
	}
	cidr, err := block(in.CidrBlock, "InvalidSubnet.Range")
	if err != nil {
		return nil, err
	}
	beside := subnetsOf(tx, v.ID)
	if err := fits(v, beside, cidr); err != nil {
		return nil, err
	}
	z, err := zone(tx, in.AvailabilityZone, in.AvailabilityZoneId, beside)
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(in.TagSpecifications, subnetKind)
	if err != nil {
		return nil, err
	}
	if len(beside) >= mostSubnets {
		return nil, fail("SubnetLimitExceeded", "The maximum number of subnets has been reached.")
	}
	s := model.Subnet{ID: "subnet-" + ids.Hex(17), VPC: v.ID, CIDR: cidr.String(), Zone: z.Name, ZoneID: z.ID, Next: nic.Reserved, Tags: tags}
	store.Subnets.Put(tx, s)
	return &CreateSubnetOutput{renderSubnet(tx, s)}, nil
}

func subnetsOf(tx *store.Tx, vpc string) (all []model.Subnet) {
	for s := range store.Subnets.All(tx) {
		if s.VPC == vpc {
			all = append(all, s)
		}
	}
	return all
}

// fits reports why a range cannot be a subnet of a VPC.
func fits(v model.VPC, beside []model.Subnet, cidr netip.Prefix) error {
	whole, err := netip.ParsePrefix(v.CIDR)
	if err != nil {
		return err
	}
	if !inside(cidr, whole) {
		return fail("InvalidSubnet.Range", "The CIDR '%s' is invalid.", cidr)
	}
	if overlaps(beside, cidr) {
		return fail("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", cidr)
	}
	return nil
}

func overlaps(beside []model.Subnet, cidr netip.Prefix) bool {
	return slices.ContainsFunc(beside, func(s model.Subnet) bool {
		p, err := netip.ParsePrefix(s.CIDR)
		return err == nil && p.Overlaps(cidr)
	})
}

// zone is the zone that is asked for, else that with the fewest subnets of the VPC. AWS chooses too,
// and does not say how.
func zone(tx *store.Tx, name, id *string, beside []model.Subnet) (handler.Zone, error) {
	zones := handler.Zones(tx.Scope())
	if str(name) == "" && str(id) == "" {
		n := map[string]int{}
		for _, s := range beside {
			n[s.Zone]++
		}
		return slices.MinFunc(zones, func(a, b handler.Zone) int { return n[a.Name] - n[b.Name] }), nil
	}
	for _, z := range zones {
		if (str(name) == "" || z.Name == *name) && (str(id) == "" || z.ID == *id) {
			return z, nil
		}
	}
	var names []string
	for _, z := range zones {
		names = append(names, z.Name)
	}
	return handler.Zone{}, fail("InvalidParameterValue", "Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: %s.",
		str(name)+str(id), strings.Join(names, ", "))
}

// CreateDefaultSubnetInput asks for the default subnet of a zone.
type CreateDefaultSubnetInput struct {
	DryRun             *bool
	AvailabilityZone   *string
	AvailabilityZoneId *string

	Ipv6Native *bool `acts:"no"`
}

// createDefaultSubnet makes a zone's default subnet anew, in the first part of the default VPC that is
// free.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/work-with-default-vpc.html#create-default-subnet
func createDefaultSubnet(tx *store.Tx, in *CreateDefaultSubnetInput) (*CreateSubnetOutput, error) {
	if str(in.AvailabilityZone) == "" && str(in.AvailabilityZoneId) == "" {
		return nil, missing("AvailabilityZone")
	}
	v, ok := store.VPCs.Get(tx, defaultVPC(tx))
	if !ok {
		return nil, fail("DefaultVpcDoesNotExist", "No default VPC exists for this account in this region.")
	}
	beside := subnetsOf(tx, v.ID)
	z, err := zone(tx, in.AvailabilityZone, in.AvailabilityZoneId, beside)
	if err != nil {
		return nil, err
	}
	for _, s := range beside {
		if s.Default && s.Zone == z.Name {
			return nil, fail("DefaultSubnetAlreadyExistsInAvailabilityZone", "'%s' is already the default subnet in %s.", s.ID, z.Name)
		}
	}
	for i := range 16 {
		cidr := netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 31, byte(16 * i), 0}), 20)
		if !overlaps(beside, cidr) {
			s := handler.DefaultSubnet(v, z, cidr.String(), ids.Hex(17))
			store.Subnets.Put(tx, s)
			return &CreateSubnetOutput{renderSubnet(tx, s)}, nil
		}
	}
	return nil, fail("InsufficientFreeAddressesInVpc", "There is no free /20 in the default VPC '%s' for a default subnet.", v.ID)
}

// DeleteSubnetInput names a subnet to delete.
type DeleteSubnetInput struct {
	DryRun   *bool
	SubnetId *string
}

// deleteSubnet deletes a subnet in which no interface is.
func deleteSubnet(tx *store.Tx, in *DeleteSubnetInput) (*Done, error) {
	s, err := wanted(tx, store.Subnets, subnetKind, in.SubnetId, "SubnetId")
	if err != nil {
		return nil, err
	}
	if store.Addresses.Get(tx, s.ID) > 0 || anyOf(tx, store.LoadBalancers, func(l model.LoadBalancer) bool {
		return slices.ContainsFunc(l.Subnets, func(at model.LBSubnet) bool { return at.ID == s.ID })
	}) {
		return nil, fail("DependencyViolation", "The subnet '%s' has dependencies and cannot be deleted.", s.ID)
	}
	for t := range store.RouteTablesFor.Each(tx, s.ID) {
		store.RouteTables.Put(tx, without(t, s.ID))
	}
	store.Subnets.Delete(tx, s.ID)
	return &Done{true}, nil
}

// without takes a route table off a subnet.
func without(t model.RouteTable, subnet string) model.RouteTable {
	t.Subnets = slices.DeleteFunc(slices.Clone(t.Subnets), func(a model.SubnetRoutes) bool { return a.Subnet == subnet })
	return t
}

// ModifySubnetAttributeInput sets one attribute of a subnet.
type ModifySubnetAttributeInput struct {
	SubnetId            *string
	MapPublicIpOnLaunch *Switch

	AssignIpv6AddressOnCreation             *Switch `acts:"no"`
	CustomerOwnedIpv4Pool                   *string `acts:"no"`
	DisableLniAtDeviceIndex                 *Switch `acts:"no"`
	EnableDns64                             *Switch `acts:"no"`
	EnableLniAtDeviceIndex                  *int32  `acts:"no"`
	EnableResourceNameDnsAAAARecordOnLaunch *Switch `acts:"no"`
	EnableResourceNameDnsARecordOnLaunch    *Switch `acts:"no"`
	MapCustomerOwnedIpOnLaunch              *Switch `acts:"no"`
	PrivateDnsHostnameTypeOnLaunch          *string
}

func modifySubnetAttribute(tx *store.Tx, in *ModifySubnetAttributeInput) (*Done, error) {
	if t := str(in.PrivateDnsHostnameTypeOnLaunch); t != "" && t != "ip-name" {
		return nil, fail("UnsupportedOperation", "Drydock does not support the PrivateDnsHostnameTypeOnLaunch %s.", t)
	}
	s, err := wanted(tx, store.Subnets, subnetKind, in.SubnetId, "SubnetId")
	if err != nil {
		return nil, err
	}
	if in.MapPublicIpOnLaunch != nil {
		s.MapPublic = in.MapPublicIpOnLaunch.on()
		store.Subnets.Put(tx, s)
	}
	return &Done{true}, nil
}
