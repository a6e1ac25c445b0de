package firewall

import (
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Routed is what f lets through of an interface in its subnet: where no route leads out of the VPC,
// nothing goes out of it. What is sent there vanishes, as in a VPC whose router has no route for it.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
func Routed(tx *store.Tx, n model.NetworkInterface, f engine.Firewall) engine.Firewall {
	if nic.Routed(tx, n.Subnet) {
		return f
	}
	v, _ := store.VPCs.Get(tx, n.VPC)
	cidr, err := netip.ParsePrefix(v.CIDR)
	if err != nil {
		return f
	}
	var out []engine.Pass
	for _, p := range f.Out {
		if p.Peers = within(p.Peers, cidr); len(p.Peers) > 0 {
			out = append(out, p)
		}
	}
	f.Out = out
	return f
}

// within is what of peers is in a range.
func within(peers []netip.Prefix, cidr netip.Prefix) (in []netip.Prefix) {
	for _, p := range peers {
		switch {
		case !p.Overlaps(cidr):
		case p.Bits() > cidr.Bits():
			in = append(in, p)
		default:
			in = append(in, cidr)
		}
	}
	return in
}
