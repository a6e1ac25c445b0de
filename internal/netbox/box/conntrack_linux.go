package box

import (
	"net/netip"
	"slices"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// forget takes the connections of host ports that went, so that nothing that was on its way gets to
// who has the address next, and those that came before their port did: of UDP the kernel would keep
// to what it knew.
func forget(had, have []netbox.Forward) error {
	went, came := less(had, have), less(have, had)
	if len(went) == 0 && !slices.ContainsFunc(came, func(f netbox.Forward) bool { return f.Protocol == "udp" }) {
		return nil
	}
	_, err := netlink.ConntrackDeleteFilters(netlink.ConntrackTable, unix.AF_INET, stale{went, came})
	return err
}

// less is what is in a and not in b.
func less(a, b []netbox.Forward) (out []netbox.Forward) {
	for _, f := range a {
		if !slices.Contains(b, f) {
			out = append(out, f)
		}
	}
	return out
}

// stale are the connections to forget.
type stale struct{ went, came []netbox.Forward }

func (s stale) MatchConntrackFlow(f *netlink.ConntrackFlow) bool {
	port := int(f.Forward.DstPort)
	from, _ := netip.AddrFromSlice(f.Reverse.SrcIP)
	to := netip.AddrPortFrom(from.Unmap(), f.Reverse.SrcPort)
	return slices.ContainsFunc(s.went, func(w netbox.Forward) bool {
		at := port - w.Port
		return number(w.Protocol) == f.Forward.Protocol && at >= 0 && at < w.Count &&
			to == netip.AddrPortFrom(w.To.Addr(), w.To.Port()+uint16(at))
	}) || slices.ContainsFunc(s.came, func(c netbox.Forward) bool {
		at := port - c.Port
		return c.Protocol == "udp" && f.Forward.Protocol == unix.IPPROTO_UDP && at >= 0 && at < c.Count &&
			to.Addr() != c.To.Addr() && int(to.Port()) == port
	})
}

func number(protocol string) uint8 {
	if protocol == "udp" {
		return unix.IPPROTO_UDP
	}
	return unix.IPPROTO_TCP
}
