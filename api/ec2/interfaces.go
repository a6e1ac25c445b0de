package ec2

import (
	"strconv"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// DescribeNetworkInterfacesInput asks what network interfaces there are. Managed ones are never hidden
// here, so that IncludeManagedResources changes nothing.
type DescribeNetworkInterfacesInput struct {
	DryRun                  *bool
	NetworkInterfaceIds     []string `wire:"NetworkInterfaceId"`
	Filters                 []Filter `wire:"Filter"`
	IncludeManagedResources *bool
	MaxResults              *int32
	NextToken               *string
}

// DescribeNetworkInterfacesOutput is one page of them.
type DescribeNetworkInterfacesOutput struct {
	NetworkInterfaces []NetworkInterface `wire:"networkInterfaceSet"`
	NextToken         *string
}

// NetworkInterface is a network interface.
type NetworkInterface struct {
	NetworkInterfaceId string
	Association        *Association
	Attachment         *Attachment
	AvailabilityZone   string
	AvailabilityZoneId string
	Description        *string
	Groups             []GroupIdentifier `wire:"groupSet"`
	InterfaceType      string
	Ipv6Addresses      []struct{} `wire:"ipv6AddressesSet"`
	MacAddress         string
	OwnerId            string
	PrivateDnsName     string
	PrivateIpAddress   string
	PrivateIpAddresses []PrivateAddress `wire:"privateIpAddressesSet"`
	RequesterId        string
	RequesterManaged   bool
	SourceDestCheck    bool
	Status             string
	SubnetId           string
	TagSet             []Tag
	VpcId              string
}

// Association is the public address of an interface.
type Association struct {
	AllocationId  string
	AssociationId string
	IpOwnerId     string
	PublicDnsName *string
	PublicIp      string
}

// Attachment ties an interface to what it belongs to.
type Attachment struct {
	AttachTime          time.Time
	AttachmentId        string
	DeleteOnTermination bool
	DeviceIndex         int
	NetworkCardIndex    int
	InstanceId          string
	InstanceOwnerId     string
	Status              string
}

// PrivateAddress is a private address of an interface. Each has one.
type PrivateAddress struct {
	Association      *Association
	Primary          bool
	PrivateDnsName   string
	PrivateIpAddress string
}

func describeNetworkInterfaces(tx *store.Tx, in *DescribeNetworkInterfacesInput) (*DescribeNetworkInterfacesOutput, error) {
	if len(in.NetworkInterfaceIds) > 0 && in.MaxResults != nil {
		return nil, fail("InvalidParameterCombination", "The parameter networkInterfaceIdSet cannot be used with the parameter maxResults")
	}
	all, next, err := listed(tx, list[model.NetworkInterface]{store.NetworkInterfaces, interfaceKind, in.NetworkInterfaceIds, interfaceProperties(tx), in.Filters},
		paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	out := &DescribeNetworkInterfacesOutput{NetworkInterfaces: []NetworkInterface{}, NextToken: next}
	for _, n := range all {
		out.NetworkInterfaces = append(out.NetworkInterfaces, renderInterface(tx, n))
	}
	return out, err
}

func renderInterface(tx *store.Tx, n model.NetworkInterface) NetworkInterface {
	public, name := renderAssociation(tx, n), tx.Scope().PrivateName(n.IP)
	return NetworkInterface{NetworkInterfaceId: n.ID, Association: public, Attachment: renderAttachment(tx, n), AvailabilityZone: n.Zone,
		AvailabilityZoneId: zoneID(tx, n.Subnet), Description: &n.Description, Groups: identifiers(tx, n.Groups), InterfaceType: "interface",
		Ipv6Addresses: []struct{}{}, MacAddress: n.MAC, OwnerId: tx.Scope().Account, PrivateDnsName: name, PrivateIpAddress: n.IP,
		PrivateIpAddresses: []PrivateAddress{{public, true, name, n.IP}}, RequesterId: n.Requester, RequesterManaged: n.Requester != "",
		SourceDestCheck: !n.NoDestCheck, Status: interfaceStatus(n), SubnetId: n.Subnet, TagSet: renderTags(n.Tags), VpcId: n.VPC}
}

func interfaceStatus(n model.NetworkInterface) string {
	if n.Attachment == "" {
		return "available"
	}
	return "in-use"
}

// renderAssociation is the public address of an interface, nil for none.
func renderAssociation(tx *store.Tx, n model.NetworkInterface) *Association {
	if n.Public == "" {
		return nil
	}
	a := &Association{AllocationId: n.Allocation, AssociationId: n.Association, IpOwnerId: "amazon", PublicDnsName: ptr(publicName(tx, n)), PublicIp: n.Public}
	if n.Allocation != "" {
		a.IpOwnerId = tx.Scope().Account
	}
	return a
}

// publicName is the name of an interface's public address: empty where the VPC gives none.
func publicName(tx *store.Tx, n model.NetworkInterface) string {
	if v, _ := store.VPCs.Get(tx, n.VPC); !v.Hostnames || v.NoDNS {
		return ""
	}
	return tx.Scope().PublicName(n.Public)
}

// renderAttachment says what an interface belongs to: an instance, or what a service keeps.
func renderAttachment(tx *store.Tx, n model.NetworkInterface) *Attachment {
	if n.Attachment == "" {
		return nil
	}
	a := &Attachment{AttachTime: n.Attached, AttachmentId: n.Attachment, DeleteOnTermination: !n.Keep && n.Requester == "", DeviceIndex: n.Device,
		InstanceId: instanceOf(tx, n), InstanceOwnerId: tx.Scope().Account, Status: "attached"}
	if a.InstanceId == "" && n.Requester != "" {
		a.InstanceOwnerId = n.Requester
	}
	return a
}

// instanceOf is the instance that an interface is attached to: its own one, or that of its task.
func instanceOf(tx *store.Tx, n model.NetworkInterface) string {
	if n.Task == "" {
		return n.Instance
	}
	t, _ := store.Tasks.Get(tx, n.Task)
	c, _ := store.ContainerInstances.Get(tx, t.Instance)
	return c.EC2
}

func interfaceProperties(tx *store.Tx) properties[model.NetworkInterface] {
	by := map[string]func(model.NetworkInterface) []string{
		"availability-zone":    one(func(n model.NetworkInterface) string { return n.Zone }),
		"availability-zone-id": one(func(n model.NetworkInterface) string { return zoneID(tx, n.Subnet) }),
		"description":          one(func(n model.NetworkInterface) string { return n.Description }),
		"group-id":             func(n model.NetworkInterface) []string { return n.Groups },
		"group-name":           func(n model.NetworkInterface) []string { return groupNames(tx, n.Groups) },
		"interface-type":       one(func(model.NetworkInterface) string { return "interface" }),
		"mac-address":          one(func(n model.NetworkInterface) string { return n.MAC }),
		"network-interface-id": one(model.NetworkInterface.Key),
		"operator.managed":     one(func(model.NetworkInterface) string { return "false" }),
		"owner-id":             func(model.NetworkInterface) []string { return []string{tx.Scope().Account} },
		"private-dns-name":     one(func(n model.NetworkInterface) string { return tx.Scope().PrivateName(n.IP) }),
		"private-ip-address":   one(func(n model.NetworkInterface) string { return n.IP }),
		"requester-managed":    one(func(n model.NetworkInterface) string { return strconv.FormatBool(n.Requester != "") }),
		"source-dest-check":    one(func(n model.NetworkInterface) string { return strconv.FormatBool(!n.NoDestCheck) }),
		"status":               one(interfaceStatus),
		"subnet-id":            one(func(n model.NetworkInterface) string { return n.Subnet }),
		"vpc-id":               one(func(n model.NetworkInterface) string { return n.VPC }),

		"addresses.primary":            one(func(model.NetworkInterface) string { return "true" }),
		"addresses.private-ip-address": one(func(n model.NetworkInterface) string { return n.IP }),
	}
	by["requester-id"] = func(n model.NetworkInterface) []string {
		if n.Requester == "" {
			return nil
		}
		return []string{n.Requester}
	}
	associationProperties(tx, by)
	attachmentProperties(tx, by)
	nothing(by, "ipv6-addresses.ipv6-address operator.principal")
	return properties[model.NetworkInterface]{by, func(n model.NetworkInterface) model.Tags { return n.Tags }}
}

// associationProperties are those of the public address, if there is one.
func associationProperties(tx *store.Tx, by map[string]func(model.NetworkInterface) []string) {
	for name, of := range map[string]func(*Association) string{
		"association.allocation-id":   func(a *Association) string { return a.AllocationId },
		"association.association-id":  func(a *Association) string { return a.AssociationId },
		"association.ip-owner-id":     func(a *Association) string { return a.IpOwnerId },
		"association.public-dns-name": func(a *Association) string { return *a.PublicDnsName },
		"association.public-ip":       func(a *Association) string { return a.PublicIp },
	} {
		by[name] = func(n model.NetworkInterface) []string {
			a := renderAssociation(tx, n)
			if a == nil || of(a) == "" {
				return nil
			}
			return []string{of(a)}
		}
	}
	by["addresses.association.owner-id"], by["addresses.association.public-ip"] = by["association.ip-owner-id"], by["association.public-ip"]
}

// attachmentProperties are those of the attachment, if there is one.
func attachmentProperties(tx *store.Tx, by map[string]func(model.NetworkInterface) []string) {
	for name, of := range map[string]func(*Attachment) string{
		"attachment.attach-time":           func(a *Attachment) string { return a.AttachTime.UTC().Format("2006-01-02T15:04:05.000Z") },
		"attachment.attachment-id":         func(a *Attachment) string { return a.AttachmentId },
		"attachment.delete-on-termination": func(a *Attachment) string { return strconv.FormatBool(a.DeleteOnTermination) },
		"attachment.device-index":          func(a *Attachment) string { return strconv.Itoa(a.DeviceIndex) },
		"attachment.instance-id":           func(a *Attachment) string { return a.InstanceId },
		"attachment.instance-owner-id":     func(a *Attachment) string { return a.InstanceOwnerId },
		"attachment.status":                func(a *Attachment) string { return a.Status },
	} {
		by[name] = func(n model.NetworkInterface) []string {
			a := renderAttachment(tx, n)
			if a == nil || of(a) == "" {
				return nil
			}
			return []string{of(a)}
		}
	}
}
