package box

import "net/netip"

// view is which packets of a namespace pass one of its network interfaces, and are told of.
type view struct {
	nics     map[netip.Addr]string // ids by address
	kept     netip.Addr            // the engine's address beside the interfaces', if it stays
	first    netip.Addr            // in whose name it is sent from
	bridge   netip.Prefix          // behind an instance
	resolver netip.Addr            // AWS's own, whose answers are not told
}

// viewOf is the view of a namespace as it stands.
func viewOf(s scene) view {
	v := view{nics: map[netip.Addr]string{}, bridge: s.Bridge, kept: s.Kept}
	for _, n := range s.NICs {
		v.nics[n.IP] = n.ID
	}
	if len(s.NICs) > 0 {
		v.first = s.NICs[0].IP
	}
	if s.VPC.IsValid() {
		v.resolver = s.VPC.Masked().Addr().Next().Next()
	}
	return v
}

// own returns the interface that has an address, and the address as the VPC knows it.
func (v view) own(a netip.AddrPort) (nic string, as netip.AddrPort) {
	if v.kept.IsValid() && a.Addr() == v.kept {
		a = netip.AddrPortFrom(v.first, a.Port())
	}
	return v.nics[a.Addr()], a
}

// half is one direction of a connection at one interface.
type half struct {
	nic    string
	egress bool
	reply  bool // it is the direction of the answers
	tuple  tuple
}

// halves returns what of a connection passes an interface. A connection that comes to one carries the
// interface's address as its first packet's destination, before a forward leads it on to a bridge; one
// that leaves by an interface is answered to its address, behind which a bridge is hidden.
func (v view) halves(e entry) []half {
	if nic, at := v.own(e.orig.dst); nic != "" {
		in := tuple{e.orig.src, at, e.orig.protocol}
		if v.inside(in.src) || v.quiet(in, false) {
			return nil
		}
		return []half{{nic, false, false, in}, {nic, true, true, in.back()}}
	}
	if nic, at := v.own(e.reply.dst); nic != "" {
		out := tuple{at, e.reply.src, e.orig.protocol}
		if v.inside(out.dst) || v.quiet(out, true) {
			return nil
		}
		return []half{{nic, true, false, out}, {nic, false, true, out.back()}}
	}
	return nil
}

// inside reports whether an address is of this very namespace, or of the bridge behind it: what goes
// there passes no interface.
func (v view) inside(a netip.AddrPort) bool {
	nic, _ := v.own(a)
	return nic != "" || v.bridge.IsValid() && v.bridge.Contains(a.Addr())
}

// The ports of what is not recorded.
const (
	portDNS  = 53
	portDHCP = 67 // and the next one
)

// quiet reports whether the peer of a flow is one whose traffic AWS does not record: what answers on
// link-local addresses (metadata, credentials, time, licences, DNS), the VPC's resolver, and DHCP.
// What a machine says to itself is no traffic at all.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-limitations.html
func (v view) quiet(t tuple, egress bool) bool {
	peer, own := t.src, t.dst
	if egress {
		peer, own = own, peer
	}
	a := peer.Addr()
	switch {
	case !a.Is4(), a.IsLoopback(), a.IsLinkLocalUnicast(), a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return true
	case a == v.resolver && peer.Port() == portDNS:
		return true
	}
	dhcp := func(p uint16) bool { return p == portDHCP || p == portDHCP+1 }
	return t.protocol == protoUDP && dhcp(own.Port()) && dhcp(peer.Port())
}
