package ec2

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
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
	return groups, nil
}

// place is the addresses of one instance.
type place struct{ host, private string }

// places finds addresses for most instances in a subnet, or for as many as there are addresses of
// this machine, and moves the subnet on. private asks for one address.
func places(tx *store.Tx, hosts netip.Prefix, subnet, private string, most int) ([]place, error) {
	free := freeHosts(tx, hosts, most)
	s, _ := store.Subnets.Get(tx, subnet)
	inside, err := privateAddresses(tx, &s, private, len(free))
	if err != nil {
		return nil, err
	}
	store.Subnets.Put(tx, s)
	ps := make([]place, len(free))
	for i := range ps {
		ps[i] = place{free[i].String(), inside[i].String()}
	}
	return ps, nil
}

// freeHosts returns up to n addresses of this machine that no instance has, in any scope. An
// instance keeps its address for as long as it is told of, an hour after its termination, so that
// nobody who still speaks to it meets another. Only when nothing else is left, addresses of
// terminated instances are given anew, the longest terminated first: nothing is bound to them.
func freeHosts(tx *store.Tx, hosts netip.Prefix, n int) []netip.Addr {
	taken := map[string]bool{}
	var ended []model.Instance
	for _, sc := range tx.Scopes() {
		for i := range store.Instances.All(tx.In(sc)) {
			taken[i.Host] = true
			if i.State == "terminated" {
				ended = append(ended, i)
			}
		}
	}
	var free []netip.Addr
	for a := hosts.Masked().Addr().Next(); len(free) < n && usable(hosts, a); a = a.Next() {
		if !taken[a.String()] {
			free = append(free, a)
		}
	}
	if len(free) < n {
		free = append(free, reused(tx, hosts, ended, n-len(free))...)
	}
	return free
}

// usable reports whether a is in hosts and not its last address.
func usable(hosts netip.Prefix, a netip.Addr) bool {
	return hosts.Contains(a) && hosts.Contains(a.Next())
}

// reused returns up to n addresses that only terminated instances have.
func reused(tx *store.Tx, hosts netip.Prefix, ended []model.Instance, n int) []netip.Addr {
	alive := map[string]bool{}
	for _, sc := range tx.Scopes() {
		for i := range store.Instances.All(tx.In(sc)) {
			if i.State != "terminated" {
				alive[i.Host] = true
			}
		}
	}
	slices.SortFunc(ended, func(a, b model.Instance) int { return a.Ended.Compare(b.Ended) })
	var out []netip.Addr
	for _, i := range ended {
		a, err := netip.ParseAddr(i.Host)
		if len(out) < n && err == nil && hosts.Contains(a) && !alive[i.Host] {
			alive[i.Host] = true
			out = append(out, a)
		}
	}
	return out
}

// reserved is how many addresses at the beginning of a subnet are AWS's; so is the last one.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
const reserved = 4

// privateAddresses takes n addresses of a subnet, or the one asked for.
func privateAddresses(tx *store.Tx, s *model.Subnet, wanted string, n int) ([]netip.Addr, error) {
	cidr, err := netip.ParsePrefix(s.CIDR)
	if err != nil {
		return nil, err
	}
	taken := privateTaken(tx, s.ID)
	size := 1 << (32 - cidr.Bits())
	if wanted != "" {
		return privateAddress(cidr, taken, wanted)
	}
	var out []netip.Addr
	next := max(s.Next, reserved)
	for range size - reserved - 1 {
		if len(out) == n {
			break
		}
		if next >= size-1 {
			next = reserved
		}
		if a := at(cidr, next); !taken[a] {
			out = append(out, a)
		}
		next++
	}
	if len(out) < n {
		return nil, fail("InsufficientFreeAddressesInSubnet", "There are not enough free addresses in subnet '%s' to satisfy the requested number of instances.", s.ID)
	}
	s.Next = next
	return out, nil
}

// privateAddress takes the address asked for.
func privateAddress(cidr netip.Prefix, taken map[netip.Addr]bool, wanted string) ([]netip.Addr, error) {
	a, err := netip.ParseAddr(wanted)
	n := 0
	if err == nil && cidr.Contains(a) {
		n = number(a) - number(cidr.Masked().Addr())
	}
	switch {
	case n < reserved || n >= 1<<(32-cidr.Bits())-1:
		return nil, fail("InvalidParameterValue", "Address %s does not fall within the subnet's address range", wanted)
	case taken[a]:
		return nil, fail("InvalidIPAddress.InUse", "Address %s is in use.", wanted)
	}
	return []netip.Addr{a}, nil
}

// privateTaken returns the addresses of a subnet that instances have.
func privateTaken(tx *store.Tx, subnet string) map[netip.Addr]bool {
	taken := map[netip.Addr]bool{}
	for i := range store.Instances.All(tx) {
		if a, err := netip.ParseAddr(i.PrivateIP); i.Subnet == subnet && i.State != "terminated" && err == nil {
			taken[a] = true
		}
	}
	return taken
}

// at is the address of a number in its subnet.
func at(cidr netip.Prefix, n int) netip.Addr {
	n += number(cidr.Masked().Addr())
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

func number(a netip.Addr) int {
	b := a.As4()
	return int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
}
