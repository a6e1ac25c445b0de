package ec2

import (
	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// CreateVpcInput asks for a new VPC.
type CreateVpcInput struct {
	DryRun            *bool
	CidrBlock         *string
	InstanceTenancy   *string
	TagSpecifications []TagSpecification `wire:"TagSpecification"`

	AmazonProvidedIpv6CidrBlock     *bool   `acts:"no"`
	Ipv4IpamPoolId                  *string `acts:"no"`
	Ipv4NetmaskLength               *int32  `acts:"no"`
	Ipv6CidrBlock                   *string `acts:"no"`
	Ipv6CidrBlockNetworkBorderGroup *string `acts:"no"`
	Ipv6IpamPoolId                  *string `acts:"no"`
	Ipv6NetmaskLength               *int32  `acts:"no"`
	VpcEncryptionControl            any
}

// CreateVpcOutput is the VPC.
type CreateVpcOutput struct{ Vpc Vpc }

// mostVPCs is how many VPCs a region can have.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const mostVPCs = 5

// createVpc makes a VPC, with its default security group and its main route table.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html
func createVpc(tx *store.Tx, in *CreateVpcInput) (*CreateVpcOutput, error) {
	if t := str(in.InstanceTenancy); t != "" && t != "default" {
		return nil, fail("UnsupportedOperation", "Drydock does not support the InstanceTenancy %s.", t)
	}
	cidr, err := block(in.CidrBlock, "InvalidVpc.Range")
	if err != nil {
		return nil, err
	}
	if isSpecial(cidr) {
		return nil, fail("InvalidVpc.Range", "The CIDR '%s' is invalid.", *in.CidrBlock)
	}
	tags, err := tagsOf(in.TagSpecifications, vpcKind)
	if err != nil {
		return nil, err
	}
	if count(tx, store.VPCs) >= mostVPCs {
		return nil, fail("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
	}
	v := model.VPC{ID: "vpc-" + ids.Hex(17), CIDR: cidr.String(), Tags: tags}
	handler.MakeVPC(tx, v, fresh)
	return &CreateVpcOutput{renderVPC(tx, v)}, nil
}

// fresh is the digits of an id that nothing has.
func fresh(string) string { return ids.Hex(17) }

func count[T store.Row](tx *store.Tx, table store.Table[T]) (n int) {
	for range table.All(tx) {
		n++
	}
	return n
}

// CreateDefaultVpcInput asks for the default VPC.
type CreateDefaultVpcInput struct{ DryRun *bool }

func createDefaultVpc(tx *store.Tx, _ *CreateDefaultVpcInput) (*CreateVpcOutput, error) {
	switch {
	case defaultVPC(tx) != "":
		return nil, fail("DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region.")
	case count(tx, store.VPCs) >= mostVPCs:
		return nil, fail("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
	}
	return &CreateVpcOutput{renderVPC(tx, handler.MakeDefaultVPC(tx, fresh))}, nil
}

// DeleteVpcInput names a VPC to delete.
type DeleteVpcInput struct {
	DryRun *bool
	VpcId  *string
}

// deleteVpc deletes a VPC in which nothing is but what it was born with, and its flow logs.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html,
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html
func deleteVpc(tx *store.Tx, in *DeleteVpcInput) (*Done, error) {
	v, err := wanted(tx, store.VPCs, vpcKind, in.VpcId, "VpcId")
	if err != nil {
		return nil, err
	}
	if vpcInUse(tx, v.ID) {
		return nil, fail("DependencyViolation", "The vpc '%s' has dependencies and cannot be deleted.", v.ID)
	}
	for g := range store.SecurityGroups.All(tx) {
		if g.VPC == v.ID {
			dropGroup(tx, g.ID)
		}
	}
	for t := range store.RouteTables.All(tx) {
		if t.VPC == v.ID {
			store.RouteTables.Delete(tx, t.ID)
		}
	}
	for l := range store.FlowLogs.All(tx) { // sooner than on AWS, which says "eventually"
		if l.Resource == v.ID {
			store.FlowLogs.Delete(tx, l.ID)
		}
	}
	store.VPCs.Delete(tx, v.ID)
	return &Done{true}, nil
}

func vpcInUse(tx *store.Tx, vpc string) bool {
	return anyOf(tx, store.Subnets, func(s model.Subnet) bool { return s.VPC == vpc }) ||
		anyOf(tx, store.InternetGateways, func(g model.InternetGateway) bool { return g.VPC == vpc }) ||
		anyOf(tx, store.SecurityGroups, func(g model.SecurityGroup) bool { return g.VPC == vpc && g.Name != "default" }) ||
		anyOf(tx, store.RouteTables, func(t model.RouteTable) bool { return t.VPC == vpc && t.Main == "" })
}

func anyOf[T store.Row](tx *store.Tx, table store.Table[T], is func(T) bool) bool {
	for r := range table.All(tx) {
		if is(r) {
			return true
		}
	}
	return false
}
