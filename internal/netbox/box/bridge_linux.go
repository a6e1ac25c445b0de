package box

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// An instance has a bridge as Docker has one on a machine of its own, with the name and the kind of
// addresses that it has there: each container in bridge mode has one end of a cable, the bridge the
// other. The kernel takes a cable away with either namespace, so nobody has to.
//
// Source: https://docs.docker.com/engine/network/drivers/bridge/
const (
	bridgeName = "docker0"
	ownName    = "eth0" // of a container's end
)

// span makes the instance's bridge with its address, or finds it.
func (k *kernel) span(at netip.Prefix) (link, error) {
	// With a MAC of its own, it does not take that of the cable that came last.
	b := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridgeName, HardwareAddr: macOf(at.Addr()), MTU: k.mtu()}}
	if err := ignore(netlink.LinkAdd(b), unix.EEXIST); err != nil {
		return link{}, err
	}
	l, err := netlink.LinkByName(bridgeName)
	if err != nil {
		return link{}, err
	}
	if _, err := only(l, []netip.Prefix{at}); err != nil {
		return link{}, err
	}
	return link{index: l.Attrs().Index, name: bridgeName, given: at}, netlink.LinkSetUp(l)
}

// mtu is that of the VPC's link, which is what leaves the bridge is for; 0 for the kernel's choice.
func (k *kernel) mtu() int {
	if k.vpc.index == 0 {
		return 0
	}
	l, err := netlink.LinkByIndex(k.vpc.index)
	if err != nil {
		return 0
	}
	return l.Attrs().MTU
}

// link connects the namespace of a process with the bridge. One that has the same PID namespace, the
// same user and no more capabilities lets its namespaces be named.
//
// Source: https://man7.org/linux/man-pages/man7/namespaces.7.html (the /proc/pid/ns/ directory)
func (k *kernel) link(pid int) (netip.Prefix, error) {
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return netip.Prefix{}, err
	}
	defer ns.Close()
	return k.connect(int(ns.Fd()))
}

// connect lays a cable from the bridge into the namespace ns, for the next address that nobody has.
func (k *kernel) connect(ns int) (netip.Prefix, error) {
	if k.bridge.index == 0 {
		return netip.Prefix{}, errors.New("the instance has no bridge")
	}
	for range 1 << (32 - k.bridge.given.Bits()) {
		at := k.nextAddress()
		v := &netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: cableName(at), MasterIndex: k.bridge.index, MTU: k.mtu()},
			PeerName:  ownName, PeerNamespace: netlink.NsFd(ns), PeerHardwareAddr: macOf(at), PeerMTU: uint32(k.mtu()),
		}
		err := netlink.LinkAdd(v)
		if errors.Is(err, unix.EEXIST) && k.cabled(at) {
			continue
		}
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("link to the container: %w", err)
		}
		// Where the machine's filters read what passes bridges, a host port that leads back to where it was
		// asked from is the bridge's affair.
		return netip.PrefixFrom(at, k.bridge.given.Bits()), errors.Join(netlink.LinkSetHairpin(v, true), netlink.LinkSetUp(v))
	}
	return netip.Prefix{}, fmt.Errorf("no address of %v is free", k.bridge.given.Masked())
}

// cabled reports whether there is a cable for an address.
func (k *kernel) cabled(at netip.Addr) bool {
	_, err := netlink.LinkByName(cableName(at))
	return err == nil
}

// nextAddress goes round the bridge's addresses, and passes over the instance's own, the network's and
// that for all. One that was just given back is the last to be given again.
func (k *kernel) nextAddress() netip.Addr {
	bits := 32 - k.bridge.given.Bits()
	first := ordinal(k.bridge.given.Masked().Addr())
	for {
		k.last = (k.last + 1) % (1<<bits - 1)
		if at := addressOf(first + k.last); k.last != 0 && at != k.bridge.given.Addr() {
			return at
		}
	}
}

func ordinal(a netip.Addr) uint32 { return binary.BigEndian.Uint32(a.AsSlice()) }

func addressOf(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, n)))
}

// cableName is the bridge's end of the cable for an address, which is taken as long as it is there.
func cableName(at netip.Addr) string { return fmt.Sprintf("veth%08x", ordinal(at)) }

// macOf is the MAC that the engine gives whoever has an address on a bridge.
func macOf(at netip.Addr) net.HardwareAddr {
	return append(net.HardwareAddr{0x02, 0x42}, at.AsSlice()...)
}

// settle gives a container its address on its instance's bridge.
func settle(c netbox.Config) error {
	if !c.Address.IsValid() {
		return nil
	}
	l, err := netlink.LinkByName(ownName)
	if err != nil {
		return err
	}
	if _, err := only(l, []netip.Prefix{c.Address}); err != nil {
		return err
	}
	return netlink.LinkSetUp(l)
}

// withOwn adds to the names of a container on a bridge its own, as the engine would.
func withOwn(c netbox.Config) netbox.Config {
	if name, err := os.Hostname(); err == nil && c.Address.IsValid() {
		c.Names = append([]string{c.Address.Addr().String() + "\t" + name}, c.Names...)
	}
	return c
}
