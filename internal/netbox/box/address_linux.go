package box

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/vishvananda/netlink"
)

// find looks for the links that c speaks of by the engine's addresses on them: their names and
// their order are the engine's own business.
func (k *kernel) find(c netbox.Config) (err error) {
	if c.Underlay.IsValid() && k.vpc.index == 0 {
		if k.out, err = linkIn(c.Underlay); err != nil {
			return fmt.Errorf("link of the VPC: %w", err)
		}
		over := k.out
		if c.Keep {
			if over, err = overlay(k.out); err != nil {
				return fmt.Errorf("link of the VPC over %s: %w", k.out.name, err)
			}
		}
		k.vpc = over
	}
	if c.Bridge.IsValid() && k.bridge.index == 0 {
		if err := k.span(c.Bridge); err != nil {
			return fmt.Errorf("bridge of the instance: %w", err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = scene{NICs: slices.Clone(c.NICs), Link: k.vpc.index, VPC: c.VPC, Bridge: c.Bridge}
	if c.Keep {
		k.now.Kept = k.vpc.given.Addr()
	}
	return nil
}

// linkIn is the link with an address in p.
func linkIn(p netip.Prefix) (link, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return link{}, err
	}
	for _, l := range links {
		addrs, err := addresses(l)
		if err != nil {
			return link{}, err
		}
		for _, a := range addrs {
			if at := l.Attrs(); p.Contains(a.Addr()) && at.Flags&net.FlagLoopback == 0 {
				return link{index: at.Index, name: at.Name, given: a}, nil
			}
		}
	}
	return link{}, fmt.Errorf("none has an address in %v", p)
}

func addresses(l netlink.Link) (out []netip.Prefix, err error) {
	list, err := netlink.AddrList(l, netlink.FAMILY_V4)
	for _, a := range list {
		if ip, ok := netip.AddrFromSlice(a.IP.To4()); ok {
			ones, _ := a.Mask.Size()
			out = append(out, netip.PrefixFrom(ip, ones))
		}
	}
	return out, err
}

// address puts the addresses of the NICs on the VPC's link, and nothing else. All of the VPC is on
// the link, so each has its prefix length.
func (k *kernel) address(c netbox.Config) error {
	if k.vpc.index == 0 || !c.Underlay.IsValid() {
		return nil
	}
	l, err := netlink.LinkByIndex(k.vpc.index)
	if err != nil {
		return fmt.Errorf("link of the VPC: %w", err)
	}
	var want []netip.Prefix
	for _, n := range c.NICs {
		want = append(want, netip.PrefixFrom(n.IP, c.VPC.Bits()))
	}
	fresh, err := only(l, want)
	if err != nil {
		return fmt.Errorf("addresses of %s: %w", k.vpc.name, err)
	}
	if len(c.NICs) == 0 {
		return nil
	}
	if err := identify(l, c.NICs[0]); err != nil {
		return fmt.Errorf("MAC of %s: %w", c.NICs[0].ID, err)
	}
	if err := k.announce(c, fresh); err != nil {
		return fmt.Errorf("telling the neighbours of %s: %w", k.vpc.name, err)
	}
	return nil
}

// only gives l these addresses and no others, and returns those that are new. One that goes may take
// others of its subnet along, so that they are looked at again before any are added.
func only(l netlink.Link, want []netip.Prefix) (fresh []netip.Prefix, err error) {
	before, err := addresses(l)
	if err != nil {
		return nil, err
	}
	have := before
	went := false
	for _, a := range before {
		if !slices.Contains(want, a) {
			err = errors.Join(err, ignore(netlink.AddrDel(l, addrOf(a)), errNoAddress))
			went = true
		}
	}
	if went && err == nil {
		have, err = addresses(l)
	}
	for _, a := range want {
		if err == nil && !slices.Contains(have, a) {
			err = netlink.AddrAdd(l, addrOf(a))
		}
		if !slices.Contains(before, a) {
			fresh = append(fresh, a)
		}
	}
	return fresh, err
}

func addrOf(p netip.Prefix) *netlink.Addr {
	return &netlink.Addr{IPNet: ipnet(p)}
}

func ipnet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), 32)}
}

// identify gives l the MAC of n. Links that cannot change it while they are up are taken down for
// that moment; routes are set after it.
func identify(l netlink.Link, n engine.NIC) error {
	mac, err := net.ParseMAC(n.MAC)
	if n.MAC == "" || err == nil && slices.Equal(l.Attrs().HardwareAddr, mac) {
		return nil
	}
	if err != nil {
		return err
	}
	if netlink.LinkSetHardwareAddr(l, mac) == nil {
		return nil
	}
	if err := netlink.LinkSetDown(l); err != nil {
		return err
	}
	return errors.Join(netlink.LinkSetHardwareAddr(l, mac), netlink.LinkSetUp(l))
}
