// Package nic makes and frees network interfaces within a transaction: an address of the subnet
// that nobody has, a MAC, and the security groups.
package nic

import (
	"errors"
	"net/netip"
	"time"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// The errors of New.
var (
	ErrNoSubnet = errors.New("the subnet does not exist")
	ErrFull     = errors.New("the subnet has no free address")
	ErrInUse    = errors.New("the address is in use")
	ErrOutside  = errors.New("the address is not one of the subnet's")
)

// Reserved is how many addresses at the beginning of a subnet are AWS's; so is the last one.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
const Reserved = 4

// New makes the interface that n describes, in n.Subnet: with the address n.IP, or with the next one
// that is free. It fills in ID, VPC, Zone, IP, MAC and Created, and for no Groups the VPC's default one.
func New(tx *store.Tx, n model.NetworkInterface) (model.NetworkInterface, error) {
	s, ok := store.Subnets.Get(tx, n.Subnet)
	if !ok {
		return n, ErrNoSubnet
	}
	ip, err := address(tx, s, n.IP)
	if err != nil {
		return n, err
	}
	n.ID, n.VPC, n.Zone, n.IP = "eni-"+ids.Hex(17), s.VPC, s.Zone, ip.String()
	n.MAC, n.Created = mac(), tx.Now()
	if len(n.Groups) == 0 {
		n.Groups = []string{DefaultGroup(tx, s.VPC)}
	}
	store.NetworkInterfaces.Put(tx, n)
	return n, nil
}

// Release takes the interfaces of an owner that ended: those that are to stay are left without one.
func Release(tx *store.Tx, owner string) {
	for n := range store.NetworkInterfacesByOwner.Each(tx, owner) {
		if !n.Keep {
			store.NetworkInterfaces.Delete(tx, n.ID)
			continue
		}
		if n.Allocation == "" {
			n.Public = "" // goes back to AWS
		}
		n.Instance, n.Task, n.LoadBalancer = "", "", ""
		n.Attachment, n.Device, n.Attached, n.Keep, n.Auto = "", 0, time.Time{}, false, false
		store.NetworkInterfaces.Put(tx, n)
	}
}

// Primary returns the first interface of an owner: of an instance, the one that its address is of.
func Primary(tx *store.Tx, owner string) (model.NetworkInterface, bool) {
	for n := range store.NetworkInterfacesByOwner.Each(tx, owner) {
		if n.Device == 0 {
			return n, true
		}
	}
	return model.NetworkInterface{}, false
}

// DefaultGroup returns the id of the default security group of a VPC.
func DefaultGroup(tx *store.Tx, vpc string) string {
	for g := range store.SecurityGroups.All(tx) {
		if g.VPC == vpc && g.Name == "default" {
			return g.ID
		}
	}
	return ""
}

// Free counts the addresses of a subnet that nobody has.
func Free(tx *store.Tx, s model.Subnet) int {
	cidr, err := netip.ParsePrefix(s.CIDR)
	if err != nil {
		return 0
	}
	return 1<<(32-cidr.Bits()) - Reserved - 1 - store.Addresses.Get(tx, s.ID)
}

// address takes the wanted address of a subnet, or the next free one after the last that was given,
// and moves the subnet on: an address that was just freed is not given at once.
func address(tx *store.Tx, s model.Subnet, wanted string) (netip.Addr, error) {
	cidr, err := netip.ParsePrefix(s.CIDR)
	if err != nil {
		return netip.Addr{}, err
	}
	if wanted != "" {
		return exactly(tx, s, cidr, wanted)
	}
	if Free(tx, s) < 1 { // not to try them all
		return netip.Addr{}, ErrFull
	}
	size := 1 << (32 - cidr.Bits())
	next := max(s.Next, Reserved)
	for range size - Reserved - 1 {
		if next >= size-1 {
			next = Reserved
		}
		a := at(cidr, next)
		next++
		if !taken(tx, s.ID, a) {
			s.Next = next
			store.Subnets.Put(tx, s)
			return a, nil
		}
	}
	return netip.Addr{}, ErrFull
}

func exactly(tx *store.Tx, s model.Subnet, cidr netip.Prefix, wanted string) (netip.Addr, error) {
	a, err := netip.ParseAddr(wanted)
	if err != nil || !a.Is4() || !cidr.Contains(a) {
		return a, ErrOutside
	}
	if n := number(a) - number(cidr.Masked().Addr()); n < Reserved || n >= 1<<(32-cidr.Bits())-1 {
		return a, ErrOutside
	}
	if taken(tx, s.ID, a) {
		return a, ErrInUse
	}
	return a, nil
}

func taken(tx *store.Tx, subnet string, a netip.Addr) bool {
	return store.NetworkInterfacesByAddress.Any(tx, subnet+"/"+a.String())
}

// mac returns a locally administered MAC like those that EC2 gives.
func mac() string {
	h := ids.Hex(10)
	return "0a:" + h[:2] + ":" + h[2:4] + ":" + h[4:6] + ":" + h[6:8] + ":" + h[8:]
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
