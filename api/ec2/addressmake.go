package ec2

import (
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// AllocateAddressInput asks for an Elastic IP address.
type AllocateAddressInput struct {
	DryRun             *bool
	Domain             *string
	NetworkBorderGroup *string
	PublicIpv4Pool     *string
	TagSpecifications  []TagSpecification `wire:"TagSpecification"`

	Address               *string `acts:"no"`
	CustomerOwnedIpv4Pool *string `acts:"no"`
	IpamPoolId            *string `acts:"no"`
}

// AllocateAddressOutput is the address.
type AllocateAddressOutput struct {
	AllocationId       string
	Domain             string
	NetworkBorderGroup string
	PublicIp           string
	PublicIpv4Pool     string
}

// mostAddresses is how many Elastic IP addresses a region can have.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const mostAddresses = 5

// allocateAddress gives the account an address of this machine.
func allocateAddress(hosts netip.Prefix) func(*store.Tx, *AllocateAddressInput) (*AllocateAddressOutput, error) {
	return func(tx *store.Tx, in *AllocateAddressInput) (*AllocateAddressOutput, error) {
		region := tx.Scope().Region
		switch {
		case str(in.Domain) != "" && *in.Domain != "vpc":
			return nil, fail("UnsupportedOperation", "Drydock does not support the Domain %s.", *in.Domain)
		case str(in.PublicIpv4Pool) != "" && *in.PublicIpv4Pool != "amazon":
			return nil, fail("UnsupportedOperation", "Drydock does not support the PublicIpv4Pool %s.", *in.PublicIpv4Pool)
		case str(in.NetworkBorderGroup) != "" && *in.NetworkBorderGroup != region:
			return nil, fail("InvalidParameterValue", "Value (%s) for parameter networkBorderGroup is invalid.", *in.NetworkBorderGroup)
		}
		tags, err := tagsOf(in.TagSpecifications, addressKind)
		if err != nil {
			return nil, err
		}
		if count(tx, store.ElasticIPs) >= mostAddresses {
			return nil, fail("AddressLimitExceeded", "The maximum number of addresses has been reached.")
		}
		ip, ok := nic.Public(tx, hosts)
		if !ok {
			return nil, fail("InsufficientAddressCapacity", "There is no free address left in %s.", hosts)
		}
		a := model.ElasticIP{ID: "eipalloc-" + ids.Hex(17), IP: ip, Tags: tags}
		store.ElasticIPs.Put(tx, a)
		return &AllocateAddressOutput{a.ID, "vpc", region, ip, "amazon"}, nil
	}
}

// ReleaseAddressInput names an Elastic IP address to give back.
type ReleaseAddressInput struct {
	DryRun             *bool
	AllocationId       *string
	PublicIp           *string
	NetworkBorderGroup *string
}

func releaseAddress(tx *store.Tx, in *ReleaseAddressInput) (*Done, error) {
	if str(in.AllocationId) == "" {
		return nil, fail("InvalidParameterValue", "You must specify an allocation id when releasing a VPC elastic IP address")
	}
	a, err := elasticIP(tx, in.AllocationId, in.PublicIp)
	if err != nil {
		return nil, err
	}
	if g := str(in.NetworkBorderGroup); g != "" && g != tx.Scope().Region {
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter networkBorderGroup is invalid.", g)
	}
	if _, ok := holder(tx, a); ok {
		return nil, fail("InvalidIPAddress.InUse", "Address %s is in use.", a.IP)
	}
	store.ElasticIPs.Delete(tx, a.ID)
	return &Done{true}, nil
}

// elasticIP is the address that is named by its id, or as it is. Given both, they must agree.
func elasticIP(tx *store.Tx, id, ip *string) (model.ElasticIP, error) {
	if str(id) != "" {
		a, err := wanted(tx, store.ElasticIPs, addressKind, id, "AllocationId")
		if err == nil && str(ip) != "" && a.IP != *ip {
			err = fail("InvalidParameterCombination", "The address '%s' is not the one of the allocation '%s'", *ip, a.ID)
		}
		return a, err
	}
	if str(ip) == "" {
		return model.ElasticIP{}, fail("MissingParameter", "Either public IP or allocation id must be specified")
	}
	for a := range store.ElasticIPs.All(tx) {
		if a.IP == *ip {
			return a, nil
		}
	}
	return model.ElasticIP{}, fail("InvalidAddress.NotFound", "Address '%s' not found.", *ip)
}

// AssociateAddressInput gives an instance or an interface an Elastic IP address.
type AssociateAddressInput struct {
	DryRun             *bool
	AllocationId       *string
	PublicIp           *string
	InstanceId         *string
	NetworkInterfaceId *string
	PrivateIpAddress   *string
	AllowReassociation *bool
}

// AssociateAddressOutput names the association.
type AssociateAddressOutput struct{ AssociationId string }

// associateAddress gives an interface the address, which then answers for it. The one that it had
// goes: one of AWS's back to AWS, an Elastic IP address back to the account.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html
func associateAddress(hosts netip.Prefix) func(*store.Tx, *AssociateAddressInput) (*AssociateAddressOutput, error) {
	return func(tx *store.Tx, in *AssociateAddressInput) (*AssociateAddressOutput, error) {
		a, err := elasticIP(tx, in.AllocationId, in.PublicIp)
		if err != nil {
			return nil, err
		}
		n, err := addressee(tx, in)
		if err != nil {
			return nil, err
		}
		old, taken := holder(tx, a)
		switch {
		case taken && old.ID == n.ID:
			return &AssociateAddressOutput{old.Association}, nil
		case taken && in.AllowReassociation != nil && !*in.AllowReassociation:
			return nil, fail("Resource.AlreadyAssociated", "resource %s is already associated with associate-id %s", a.ID, old.Association)
		case taken:
			release(tx, old, hosts)
		}
		n.Auto = n.Auto || n.Public != "" && n.Allocation == ""
		n.Public, n.Allocation, n.Association = a.IP, a.ID, "eipassoc-"+ids.Hex(17)
		store.NetworkInterfaces.Put(tx, n)
		return &AssociateAddressOutput{n.Association}, nil
	}
}

// addressee is the interface that is to have an address: in a VPC that has an internet gateway.
func addressee(tx *store.Tx, in *AssociateAddressInput) (n model.NetworkInterface, err error) {
	switch {
	case str(in.InstanceId) != "" && str(in.NetworkInterfaceId) != "":
		return n, fail("InvalidParameterCombination", "You may specify either an instance ID or a network interface ID, but not both")
	case str(in.NetworkInterfaceId) != "":
		n, err = ownInterface(tx, in.NetworkInterfaceId)
	case str(in.InstanceId) != "":
		n, err = firstOf(tx, in.InstanceId)
	default:
		err = fail("MissingParameter", "Either instance ID or network interface id must be specified")
	}
	switch ip := str(in.PrivateIpAddress); {
	case err != nil:
		return n, err
	case ip != "" && ip != n.IP:
		return n, fail("InvalidParameterValue", "Address '%s' is not an address of the network interface '%s'", ip, n.ID)
	case !anyOf(tx, store.InternetGateways, func(g model.InternetGateway) bool { return g.VPC == n.VPC }):
		return n, fail("Gateway.NotAttached", "Network %s is not attached to any internet gateway", n.VPC)
	}
	return n, nil
}

// firstOf is the first interface of an instance.
func firstOf(tx *store.Tx, id *string) (model.NetworkInterface, error) {
	i, err := wanted(tx, store.Instances, instanceKind, id, "InstanceId")
	if err != nil {
		return model.NetworkInterface{}, err
	}
	n, ok := nic.Primary(tx, i.ID)
	if !ok {
		return n, fail("InvalidInstanceID", "The instance '%s' is not in a valid state for this operation.", i.ID)
	}
	return n, nil
}

// DisassociateAddressInput names an association to end.
type DisassociateAddressInput struct {
	DryRun        *bool
	AssociationId *string
	PublicIp      *string
}

func disassociateAddress(hosts netip.Prefix) func(*store.Tx, *DisassociateAddressInput) (*Done, error) {
	return func(tx *store.Tx, in *DisassociateAddressInput) (*Done, error) {
		n, err := associated(tx, in)
		if err != nil {
			return nil, err
		}
		release(tx, n, hosts)
		return &Done{true}, nil
	}
}

// associated is the interface of an association.
func associated(tx *store.Tx, in *DisassociateAddressInput) (model.NetworkInterface, error) {
	id := str(in.AssociationId)
	if id == "" {
		a, err := elasticIP(tx, nil, in.PublicIp)
		if err != nil {
			return model.NetworkInterface{}, err
		}
		n, ok := holder(tx, a)
		if !ok {
			return n, fail("InvalidAssociationID.NotFound", "The address '%s' is not associated", a.IP)
		}
		return n, nil
	}
	for a := range store.ElasticIPs.All(tx) {
		if n, ok := holder(tx, a); ok && n.Association == id {
			return n, nil
		}
	}
	return model.NetworkInterface{}, fail("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", id)
}

// release takes the Elastic IP address off an interface. One that had an address of AWS's before gets
// one again, another one.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html#concepts-public-addresses
func release(tx *store.Tx, n model.NetworkInterface, hosts netip.Prefix) {
	n.Public, n.Allocation, n.Association = "", "", ""
	if n.Auto {
		n.Public, _ = nic.Public(tx, hosts)
	}
	store.NetworkInterfaces.Put(tx, n)
}
