package ec2

import (
	"errors"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// CreateNetworkInterfaceInput asks for a new network interface.
type CreateNetworkInterfaceInput struct {
	DryRun             *bool
	ClientToken        *string
	SubnetId           *string
	Description        *string
	PrivateIpAddress   *string
	PrivateIpAddresses []AddressSpecification
	Groups             []string `wire:"SecurityGroupId"`
	InterfaceType      *string
	TagSpecifications  []TagSpecification `wire:"TagSpecification"`

	EnablePrimaryIpv6               *bool  `acts:"no"`
	Ipv4PrefixCount                 *int32 `acts:"no"`
	Ipv6AddressCount                *int32 `acts:"no"`
	Ipv6PrefixCount                 *int32 `acts:"no"`
	SecondaryPrivateIpAddressCount  *int32 `acts:"no"`
	ConnectionTrackingSpecification any
	Ipv4Prefixes                    any `wire:"Ipv4Prefix"`
	Ipv6Addresses                   any
	Ipv6Prefixes                    any `wire:"Ipv6Prefix"`
	Operator                        any
}

// AddressSpecification is a private address that is asked for.
type AddressSpecification struct {
	Primary          *bool
	PrivateIpAddress *string
}

// CreateNetworkInterfaceOutput is the interface.
type CreateNetworkInterfaceOutput struct {
	NetworkInterface NetworkInterface
	ClientToken      *string
}

// createNetworkInterface makes an interface that belongs to nothing: it has an address and groups, and
// no packet comes from it.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterface.html
func createNetworkInterface(tx *store.Tx, in *CreateNetworkInterfaceInput) (*CreateNetworkInterfaceOutput, error) {
	if t := str(in.InterfaceType); t != "" && t != "interface" {
		return nil, fail("UnsupportedOperation", "Drydock does not support the InterfaceType %s.", t)
	}
	s, err := wanted(tx, store.Subnets, subnetKind, in.SubnetId, "SubnetId")
	if err != nil {
		return nil, err
	}
	n := model.NetworkInterface{Subnet: s.ID, Description: str(in.Description), Token: str(in.ClientToken)}
	if made, ok := interfaceOfToken(tx, n.Token); ok {
		if made.Subnet != n.Subnet || made.Description != n.Description {
			return nil, fail("IdempotentParameterMismatch", "The client token %s was used before with different parameters", n.Token)
		}
		return &CreateNetworkInterfaceOutput{renderInterface(tx, made), in.ClientToken}, nil
	}
	if n.IP, err = onlyAddress(in); err != nil {
		return nil, err
	}
	if n.Groups, err = interfaceGroups(tx, s.VPC, in.Groups); err != nil {
		return nil, err
	}
	if n.Tags, err = tagsOf(in.TagSpecifications, interfaceKind); err != nil {
		return nil, err
	}
	wanted := n.IP
	if n, err = nic.New(tx, n); err != nil {
		return nil, noAddress(err, s.ID, wanted)
	}
	return &CreateNetworkInterfaceOutput{renderInterface(tx, n), in.ClientToken}, nil
}

func interfaceOfToken(tx *store.Tx, token string) (model.NetworkInterface, bool) {
	if token != "" {
		for n := range store.NetworkInterfaces.All(tx) {
			if n.Token == token {
				return n, true
			}
		}
	}
	return model.NetworkInterface{}, false
}

// onlyAddress is the private address that is asked for, empty for any. An interface has one.
func onlyAddress(in *CreateNetworkInterfaceInput) (string, error) {
	switch {
	case len(in.PrivateIpAddresses) == 0:
		return str(in.PrivateIpAddress), nil
	case str(in.PrivateIpAddress) != "":
		return "", fail("InvalidParameterCombination", "The parameter privateIpAddress may not be used in combination with privateIpAddresses")
	case len(in.PrivateIpAddresses) > 1 || in.PrivateIpAddresses[0].Primary == nil || !*in.PrivateIpAddresses[0].Primary:
		return "", fail("UnsupportedOperation", "Drydock does not support secondary addresses in the parameter PrivateIpAddresses.")
	}
	return str(in.PrivateIpAddresses[0].PrivateIpAddress), nil
}

// noAddress is what EC2 says when an interface could not have its address.
func noAddress(err error, subnet, wanted string) error {
	switch {
	case errors.Is(err, nic.ErrFull):
		return fail("InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.")
	case errors.Is(err, nic.ErrInUse):
		return fail("InvalidIPAddress.InUse", "Address %s is in use.", wanted)
	case errors.Is(err, nic.ErrOutside):
		return fail("InvalidParameterValue", "Address %s does not fall within the subnet's address range", wanted)
	case errors.Is(err, nic.ErrNoSubnet):
		return fail(subnetKind.absent, "The %s '%s' does not exist", subnetKind.sought, subnet)
	}
	return err
}

// mostGroups is how many security groups an interface can have.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
const mostGroups = 5

// interfaceGroups are groups for an interface in a VPC: each once, and of that VPC.
func interfaceGroups(tx *store.Tx, vpc string, wanted []string) (groups []string, err error) {
	found, err := find(tx, store.SecurityGroups, groupKind, wanted)
	if err != nil {
		return nil, err
	}
	for _, g := range found {
		if g.VPC != vpc {
			return nil, fail("InvalidGroup.NotFound", "The security group '%s' does not exist in VPC '%s'", g.ID, vpc)
		}
		groups = append(groups, g.ID)
	}
	if len(groups) > mostGroups {
		return nil, fail("SecurityGroupsPerInterfaceLimitExceeded", "The maximum number of security groups per interface has been reached.")
	}
	return groups, nil
}

// DeleteNetworkInterfaceInput names a network interface to delete.
type DeleteNetworkInterfaceInput struct {
	DryRun             *bool
	NetworkInterfaceId *string
}

func deleteNetworkInterface(tx *store.Tx, in *DeleteNetworkInterfaceInput) (*Done, error) {
	n, err := ownInterface(tx, in.NetworkInterfaceId)
	if err != nil {
		return nil, err
	}
	if n.Attachment != "" {
		return nil, fail("InvalidParameterValue", "Network interface '%s' is currently in use.", n.ID)
	}
	store.NetworkInterfaces.Delete(tx, n.ID)
	return &Done{true}, nil
}

// ownInterface is the interface that a request is to change. Those of services are theirs.
func ownInterface(tx *store.Tx, id *string) (model.NetworkInterface, error) {
	n, err := wanted(tx, store.NetworkInterfaces, interfaceKind, id, "NetworkInterfaceId")
	if err == nil && n.Requester != "" {
		err = fail("OperationNotPermitted", "The network interface '%s' is managed by %s.", n.ID, n.Requester)
	}
	return n, err
}
