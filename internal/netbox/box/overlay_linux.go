package box

import (
	"net"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Where the addresses of a VPC are others' too on the engine's machine, its packets may not show them
// there: the machine's filters read what passes its bridges, and hide some sources behind others. So
// the VPC is a VXLAN over the engine's link then, whose members find each other by multicast.
//
// Sources: https://docs.kernel.org/networking/vxlan.html, https://www.rfc-editor.org/rfc/rfc7348
const (
	overlayName  = "vpc0"
	overlayID    = 1    // each engine's network has one
	overlayPort  = 4789 // of UDP
	overlayExtra = 50   // bytes that a packet grows by
)

// overlayGroup is of the organization's own.
//
// Source: https://www.rfc-editor.org/rfc/rfc2365
var overlayGroup = net.IPv4(239, 192, 0, 1)

// overlay makes the VPC's link over out, or finds it.
func overlay(out link) (link, error) {
	below, err := netlink.LinkByIndex(out.index)
	if err != nil {
		return link{}, err
	}
	v := &netlink.Vxlan{LinkAttrs: netlink.LinkAttrs{Name: overlayName, MTU: below.Attrs().MTU - overlayExtra}, VxlanId: overlayID,
		VtepDevIndex: out.index, SrcAddr: out.given.Addr().AsSlice(), Group: overlayGroup, Port: overlayPort, Learning: true}
	if err := ignore(netlink.LinkAdd(v), unix.EEXIST); err != nil {
		return link{}, err
	}
	l, err := netlink.LinkByName(overlayName)
	if err != nil {
		return link{}, err
	}
	return link{index: l.Attrs().Index, name: overlayName, given: out.given}, netlink.LinkSetUp(l)
}

// beneath writes the chains of the link under an overlay: what the overlay itself sends and receives
// there passes, and is nobody's flow. Whatever else comes in unasked does not; choice leads what goes
// out to the chain of its NIC.
func (b *batch) beneath(c netbox.Config, out link, choice []expr.Any) {
	if !c.Keep {
		return
	}
	own := [][]expr.Any{rule(proto(unix.IPPROTO_UDP), toPort(overlayPort)), proto(unix.IPPROTO_IGMP)}
	come := b.chain("overlay_in", nftables.ChainTypeFilter, nftables.ChainHookPrerouting, *nftables.ChainPriorityRaw)
	sent := b.chain("overlay_out", nftables.ChainTypeFilter, nftables.ChainHookOutput, *nftables.ChainPriorityRaw)
	b.add(come, in(out), own[0], []expr.Any{&expr.Notrack{}})
	b.add(sent, to(out), own[0], []expr.Any{&expr.Notrack{}})
	b.lead("beneath_in", nftables.ChainHookPrerouting, *nftables.ChainPriorityMangle, notIn(out), nil, own...)
	b.lead("beneath_out", nftables.ChainHookPostrouting, *nftables.ChainPriorityNATSource+50, notTo(out), choice, own...)
}
