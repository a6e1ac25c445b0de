package ec2

import (
	"cmp"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// InstanceInterface is a network interface as its instance tells of it.
type InstanceInterface struct {
	Association        *InstanceAssociation
	Attachment         InstanceAttachment
	Description        *string
	Groups             []GroupIdentifier `wire:"groupSet"`
	Ipv6Addresses      []struct{}        `wire:"ipv6AddressesSet"`
	MacAddress         string
	NetworkInterfaceId string
	OwnerId            string
	PrivateDnsName     string
	PrivateIpAddress   string
	PrivateIpAddresses []InstanceAddress `wire:"privateIpAddressesSet"`
	SourceDestCheck    bool
	Status             string
	SubnetId           string
	VpcId              string
	InterfaceType      string
}

// InstanceAssociation is the public address of an interface.
type InstanceAssociation struct {
	IpOwnerId     string
	PublicDnsName *string
	PublicIp      string
}

// InstanceAttachment ties an interface to its instance.
type InstanceAttachment struct {
	AttachTime          time.Time
	AttachmentId        string
	DeleteOnTermination bool
	DeviceIndex         int
	Status              string
	NetworkCardIndex    int
}

// InstanceAddress is a private address of an interface.
type InstanceAddress struct {
	Association      *InstanceAssociation
	Primary          bool
	PrivateDnsName   string
	PrivateIpAddress string
}

// instanceInterfaces tells of the interfaces of an instance, the first one first.
func instanceInterfaces(tx *store.Tx, i model.Instance) []InstanceInterface {
	all := slices.SortedFunc(store.NetworkInterfacesByOwner.Each(tx, i.ID), func(a, b model.NetworkInterface) int { return cmp.Compare(a.Device, b.Device) })
	out := make([]InstanceInterface, len(all))
	for at, n := range all {
		name, public := tx.Scope().PrivateName(n.IP), instanceAssociation(tx, n)
		out[at] = InstanceInterface{Association: public, Description: &n.Description, Groups: identifiers(tx, n.Groups), Ipv6Addresses: []struct{}{},
			MacAddress: n.MAC, NetworkInterfaceId: n.ID, OwnerId: tx.Scope().Account, PrivateDnsName: name, PrivateIpAddress: n.IP,
			PrivateIpAddresses: []InstanceAddress{{public, true, name, n.IP}}, SourceDestCheck: !n.NoDestCheck, Status: "in-use",
			SubnetId: n.Subnet, VpcId: n.VPC, InterfaceType: "interface",
			Attachment: InstanceAttachment{AttachTime: n.Attached, AttachmentId: n.Attachment, DeleteOnTermination: !n.Keep, DeviceIndex: n.Device, Status: "attached"}}
	}
	return out
}

func instanceAssociation(tx *store.Tx, n model.NetworkInterface) *InstanceAssociation {
	a := renderAssociation(tx, n)
	if a == nil {
		return nil
	}
	return &InstanceAssociation{a.IpOwnerId, a.PublicDnsName, a.PublicIp}
}

// instanceGroups are the ids of the security groups of an instance's first interface.
func instanceGroups(tx *store.Tx, i model.Instance) []string {
	for n := range store.NetworkInterfacesByOwner.Each(tx, i.ID) {
		if n.Device == 0 {
			return n.Groups
		}
	}
	return nil
}
