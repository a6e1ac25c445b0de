package box

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

var (
	errNoAddress error = unix.EADDRNOTAVAIL
	errNoRoute   error = unix.ESRCH
)

// ignore is err, unless it is what.
func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}

// route leads everything that is not on a link: through the VPC's router, or the instance.
func (k *kernel) route(c netbox.Config) error {
	if err := k.leave(c); err != nil {
		return fmt.Errorf("default route: %w", err)
	}
	if err := blackholes(c); err != nil {
		return fmt.Errorf("link-local addresses that nobody answers: %w", err)
	}
	return nil
}

func (k *kernel) leave(c netbox.Config) error {
	switch {
	case c.Via.IsValid():
		l, err := netlink.LinkByName(ownName)
		if err != nil {
			return err
		}
		return lead(l.Attrs().Index, c.Via, netip.Addr{})
	case !c.Router.IsValid() || k.vpc.index == 0:
		return nil
	case c.Keep:
		return lead(k.out.index, c.Router, k.out.given.Addr())
	case len(c.NICs) > 0:
		return lead(k.vpc.index, c.Router, c.NICs[0].IP)
	}
	return nil
}

var everywhere = &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}

// lead makes gw the default gateway, also in place of the engine's own, and from the address that
// is left from.
func lead(index int, gw, from netip.Addr) error {
	r := &netlink.Route{Dst: everywhere, LinkIndex: index, Gw: gw.AsSlice()}
	if from.IsValid() {
		r.Src = from.AsSlice()
	}
	have, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Dst: everywhere}, netlink.RT_FILTER_DST)
	if err != nil {
		return err
	}
	if len(have) == 1 && have[0].LinkIndex == index && have[0].Gw.Equal(r.Gw) && have[0].Src.Equal(r.Src) {
		return nil
	}
	return netlink.RouteReplace(r)
}

// blackholes lead to a link-local address that nobody answers here: asking it fails at once. It must
// not leave by the default route, behind which the machine may have metadata of its own.
func blackholes(c netbox.Config) error {
	open, shut := doorsOf(c)
	for _, d := range open {
		if err := ignore(netlink.RouteDel(blackhole(d)), errNoRoute); err != nil {
			return err
		}
	}
	for _, d := range shut {
		if err := netlink.RouteReplace(blackhole(d)); err != nil {
			return err
		}
	}
	return nil
}

func blackhole(d door) *netlink.Route {
	return &netlink.Route{Dst: ipnet(netip.PrefixFrom(d.addr.Addr(), 32)), Type: unix.RTN_BLACKHOLE}
}
