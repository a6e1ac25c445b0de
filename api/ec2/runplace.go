package ec2

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// subnetFor returns where the new instances stand: the subnet asked for, else the default one of the
// zone asked for, else the first default one.
func subnetFor(tx *store.Tx, in *RunInstancesInput) (model.Subnet, error) {
	id := str(in.SubnetId)
	if len(in.NetworkInterfaces) > 0 {
		id = str(in.NetworkInterfaces[0].SubnetId)
	}
	zone, zoneID := "", ""
	if in.Placement != nil {
		zone, zoneID = str(in.Placement.AvailabilityZone), str(in.Placement.AvailabilityZoneId)
	}
	fits := func(s model.Subnet) bool {
		return (zone == "" || s.Zone == zone) && (zoneID == "" || s.ZoneID == zoneID)
	}
	if id != "" {
		found, err := find(tx, store.Subnets, subnetKind, []string{id})
		if err != nil {
			return model.Subnet{}, err
		}
		if !fits(found[0]) {
			return model.Subnet{}, fail("InvalidParameterValue", "The subnet '%s' is in the Availability Zone '%s', not in '%s'", id, found[0].Zone, zone+zoneID)
		}
		return found[0], nil
	}
	var fit []model.Subnet
	for s := range store.Subnets.All(tx) {
		if s.Default && fits(s) {
			fit = append(fit, s)
		}
	}
	if len(fit) == 0 {
		return model.Subnet{}, fail("InvalidParameterValue", "Invalid availability zone: [%s]", zone+zoneID)
	}
	if at, err := netip.ParseAddr(address(in)); err == nil { // an address that is asked for says which subnet
		for _, s := range fit {
			if p, err := netip.ParsePrefix(s.CIDR); err == nil && p.Contains(at) {
				return s, nil
			}
		}
	}
	return leastUsed(tx, fit), nil
}

// leastUsed returns the subnet with the fewest instances, so that those for which none is named spread
// over the zones; of equals the one in the first zone. AWS chooses too, and does not say how.
func leastUsed(tx *store.Tx, fit []model.Subnet) model.Subnet {
	n := map[string]int{}
	for i := range store.Instances.All(tx) {
		if i.State != "terminated" {
			n[i.Subnet]++
		}
	}
	return slices.MinFunc(fit, func(a, b model.Subnet) int {
		return cmp.Or(cmp.Compare(n[a.ID], n[b.ID]), strings.Compare(a.Zone, b.Zone))
	})
}

// groupsFor returns the security groups of the new instances: those asked for by id or by name, else
// the default one of the VPC.
func groupsFor(tx *store.Tx, in *RunInstancesInput, vpc string) ([]string, error) {
	wanted, names := in.SecurityGroupIds, in.SecurityGroups
	if len(in.NetworkInterfaces) > 0 {
		wanted, names = in.NetworkInterfaces[0].Groups, nil
	}
	found, err := find(tx, store.SecurityGroups, groupKind, wanted)
	if err != nil {
		return nil, err
	}
	if len(wanted)+len(names) == 0 {
		names = []string{"default"}
	}
	for _, name := range names {
		g, ok := groupNamed(tx, vpc, name)
		if !ok {
			return nil, fail("InvalidGroup.NotFound", "The security group '%s' does not exist in VPC '%s'", name, vpc)
		}
		found = append(found, g)
	}
	var groups []string
	for _, g := range found {
		if g.VPC != vpc {
			return nil, fail("InvalidParameter", "Security group %s and subnet belong to different networks.", g.ID)
		}
		if !slices.Contains(groups, g.ID) {
			groups = append(groups, g.ID)
		}
	}
	if len(groups) > mostGroups {
		return nil, fail("SecurityGroupsPerInterfaceLimitExceeded", "The maximum number of security groups per interface has been reached.")
	}
	return groups, nil
}

// birth is what each of the new instances is born with, besides its ids, and its first interface.
type birth struct {
	model.Instance
	first  model.NetworkInterface
	public bool // it gets a public address
}

// interfaceOf returns what the new instances' first interface is like, as far as they share it.
func interfaceOf(tx *store.Tx, in *RunInstancesInput, s model.Subnet) (n model.NetworkInterface, public bool, err error) {
	n = model.NetworkInterface{Subnet: s.ID, IP: address(in), Attached: tx.Now()}
	public = s.MapPublic
	if len(in.NetworkInterfaces) > 0 {
		given := in.NetworkInterfaces[0]
		n.Description, n.Keep = str(given.Description), given.DeleteOnTermination != nil && !*given.DeleteOnTermination
		if given.AssociatePublicIpAddress != nil {
			public = *given.AssociatePublicIpAddress
		}
	}
	if n.Tags, err = tagsOf(in.TagSpecifications, interfaceKind, instanceKind); err == nil {
		n.Groups, err = groupsFor(tx, in, s.VPC)
	}
	return n, public, err
}

// launch makes most instances, or at least least of them as far as there are addresses.
func launch(tx *store.Tx, born birth, hosts netip.Prefix, least, most int) (made []model.Instance, err error) {
	for at := range most {
		i, err := launchOne(tx, born, hosts, at)
		if err != nil && at >= least {
			break
		}
		if err != nil {
			return nil, err
		}
		made = append(made, i)
	}
	return made, nil
}

func launchOne(tx *store.Tx, born birth, hosts netip.Prefix, at int) (model.Instance, error) {
	i, n := born.Instance, born.first
	i.ID, i.Launch.Index = "i-"+ids.Hex(17), at
	n.Instance, n.Attachment = i.ID, "eni-attach-"+ids.Hex(17)
	if born.public {
		var ok bool
		if n.Public, ok = nic.Public(tx, hosts); !ok {
			return i, fail("InsufficientAddressCapacity", "There are not enough public addresses left in %s for the requested number of instances.", hosts)
		}
	}
	n, err := nic.New(tx, n)
	if err != nil {
		return i, addressError(err, born.first)
	}
	i.PrivateIP, i.Host = n.IP, n.IP
	store.Instances.Put(tx, i)
	return i, nil
}

// addressError says in EC2's words why an interface got no address.
func addressError(err error, n model.NetworkInterface) error {
	switch {
	case errors.Is(err, nic.ErrFull):
		return fail("InsufficientFreeAddressesInSubnet", "There are not enough free addresses in subnet '%s' to satisfy the requested number of instances.", n.Subnet)
	case errors.Is(err, nic.ErrOutside):
		return fail("InvalidParameterValue", "Address %s does not fall within the subnet's address range", n.IP)
	case errors.Is(err, nic.ErrInUse):
		return fail("InvalidIPAddress.InUse", "Address %s is in use.", n.IP)
	}
	return err
}
