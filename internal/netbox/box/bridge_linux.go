package box

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// An instance has a bridge as Docker has one on a machine of its own, with the name and the kind of
// addresses that it has there: whoever is on it hears the others' broadcasts. The kernel takes a
// container's link away with either namespace, so nobody has to.
//
// docker0 and the containers' links are macvlans on one lower link, which hands frames from one to
// another: more gets through a host port than by a bridge and cables (BenchmarkHostPort), which it is
// where the kernel has no macvlan.
//
// Sources: https://docs.docker.com/engine/network/drivers/bridge/ and
// https://man7.org/linux/man-pages/man8/ip-link.8.html (macvlan, mode bridge)
const (
	bridgeName = "docker0"
	lowerName  = "docker0.lower"
	ownName    = "eth0" // of a container's end
)

// segment is what an instance and its containers in bridge mode share.
type segment struct {
	link         // the instance's own on it: docker0
	lower int    // index of the link below; 0 where docker0 is a bridge
	last  uint32 // address that was given last, counted from the network's own
	ends  map[netip.Addr]end
}

// end is a container's link: the inode of its namespace, and whether who had it connected is gone.
type end struct {
	ns   uint64
	gone func() bool
}

// span makes the instance's link with its address, or finds it.
func (k *kernel) span(at netip.Prefix) error {
	own, err := netlink.LinkByName(bridgeName)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		own, err = k.build(macOf(at.Addr()))
	}
	if err != nil {
		return err
	}
	if _, err := only(own, []netip.Prefix{at}); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(own); err != nil {
		return err
	}
	k.bridge = segment{link: link{own.Attrs().Index, bridgeName, at}, lower: own.Attrs().ParentIndex, ends: map[netip.Addr]end{}}
	return nil
}

// build makes docker0. With a MAC of its own, a bridge does not take that of the cable that came last;
// one without ports, which is below macvlans, has a carrier until it is given one.
func (k *kernel) build(mac net.HardwareAddr) (netlink.Link, error) {
	below := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: lowerName, MTU: k.mtu()}}
	if err := ignore(netlink.LinkAdd(below), unix.EEXIST); err != nil {
		return nil, err
	}
	lower, err := netlink.LinkByName(lowerName)
	if err != nil {
		return nil, err
	}
	if err := netlink.LinkSetUp(lower); err != nil {
		return nil, err
	}
	attrs := netlink.LinkAttrs{Name: bridgeName, ParentIndex: lower.Attrs().Index, HardwareAddr: mac, MTU: k.mtu()}
	err = k.stack(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE})
	if errors.Is(err, unix.EOPNOTSUPP) {
		attrs.ParentIndex = 0
		err = errors.Join(netlink.LinkDel(lower), netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}))
	}
	if err != nil {
		return nil, err
	}
	return netlink.LinkByName(bridgeName)
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
	path := fmt.Sprintf("/proc/%d/ns/net", pid)
	ns, err := os.Open(path)
	if err != nil {
		return netip.Prefix{}, err
	}
	defer ns.Close()
	var had, has unix.Stat_t
	if err := unix.Fstat(int(ns.Fd()), &had); err != nil {
		return netip.Prefix{}, err
	}
	return k.connect(int(ns.Fd()), end{had.Ino, func() bool { return unix.Stat(path, &has) != nil || has.Ino != had.Ino }})
}

// connect links the namespace ns with the bridge, for the next address that nobody has. One that is
// linked already keeps its address.
func (k *kernel) connect(ns int, e end) (netip.Prefix, error) {
	if k.bridge.index == 0 {
		return netip.Prefix{}, errors.New("the instance has no bridge")
	}
	maps.DeleteFunc(k.bridge.ends, func(_ netip.Addr, e end) bool { return e.gone() })
	if at, ok := k.bridge.of(e.ns); ok {
		return k.on(at), ignore(k.lay(at, ns), unix.EEXIST)
	}
	for range 1 << (32 - k.bridge.given.Bits()) {
		at := k.bridge.next()
		if _, taken := k.bridge.ends[at]; taken {
			continue
		}
		err := k.lay(at, ns)
		if errors.Is(err, unix.EEXIST) && cabled(at) {
			continue
		}
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("link to the container: %w", err)
		}
		k.bridge.ends[at] = e
		return k.on(at), nil
	}
	return netip.Prefix{}, fmt.Errorf("no address of %v is free", k.bridge.given.Masked())
}

// on is an address as a container has it.
func (k *kernel) on(at netip.Addr) netip.Prefix { return netip.PrefixFrom(at, k.bridge.given.Bits()) }

// lay makes a link into the namespace ns.
func (k *kernel) lay(at netip.Addr, ns int) error {
	attrs := netlink.LinkAttrs{Name: ownName, ParentIndex: k.bridge.lower, Namespace: netlink.NsFd(ns), HardwareAddr: macOf(at), MTU: k.mtu()}
	if k.bridge.lower != 0 {
		return netlink.LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE})
	}
	v := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: cableName(at), MasterIndex: k.bridge.index, MTU: attrs.MTU},
		PeerName:  ownName, PeerNamespace: attrs.Namespace, PeerHardwareAddr: attrs.HardwareAddr, PeerMTU: uint32(attrs.MTU),
	}
	if err := netlink.LinkAdd(v); err != nil {
		return err
	}
	// Where the machine's filters read what passes bridges, a host port that leads back to where it was
	// asked from is the bridge's affair.
	return errors.Join(netlink.LinkSetHairpin(v, true), netlink.LinkSetUp(v))
}

// of is the address of who is linked already.
func (s *segment) of(ns uint64) (netip.Addr, bool) {
	for at, e := range s.ends {
		if e.ns == ns {
			return at, true
		}
	}
	return netip.Addr{}, false
}

// cabled reports whether there is a cable for an address.
func cabled(at netip.Addr) bool {
	_, err := netlink.LinkByName(cableName(at))
	return err == nil
}

// next goes round the addresses, and passes over the instance's own, the network's and that for all.
// One that was just given back is the last to be given again.
func (s *segment) next() netip.Addr {
	bits := 32 - s.given.Bits()
	first := ordinal(s.given.Masked().Addr())
	for {
		s.last = (s.last + 1) % (1<<bits - 1)
		if at := addressOf(first + s.last); s.last != 0 && at != s.given.Addr() {
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
