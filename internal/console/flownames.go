package console

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// whoHas says who has an address of a VPC; nothing where that is not known.
func whoHas(tx *store.Tx, vpc string, a netip.Addr) string {
	v, _ := store.VPCs.Get(tx, vpc)
	cidr, err := netip.ParsePrefix(v.CIDR)
	if err != nil || !cidr.Contains(a) {
		return ""
	}
	switch router := cidr.Masked().Addr().Next(); a {
	case router:
		return "this machine"
	case router.Next():
		return "from outside"
	}
	if n, ok := interfaceAt(tx, vpc, a); ok {
		return ownerName(tx, n)
	}
	return ""
}

// interfaceAt is the one that has an address of a VPC.
func interfaceAt(tx *store.Tx, vpc string, a netip.Addr) (found model.NetworkInterface, ok bool) {
	for s := range store.Subnets.All(tx) {
		cidr, err := netip.ParsePrefix(s.CIDR)
		if s.VPC != vpc || err != nil || !cidr.Contains(a) {
			continue
		}
		for n := range store.NetworkInterfacesByAddress.Each(tx, s.ID+"/"+a.String()) {
			return n, true
		}
	}
	return found, false
}

// ownerName is what has a network interface, as people say it: web/0123abcd for a task, an instance's
// name or id, lb/NAME.
func ownerName(tx *store.Tx, n model.NetworkInterface) string {
	switch {
	case n.Task != "":
		t, _ := store.Tasks.Get(tx, n.Task)
		family, _, _ := strings.Cut(t.Birth.Def, ":")
		return cmp.Or(t.Birth.Service, family, "task") + "/" + n.Task[:min(8, len(n.Task))]
	case n.Instance != "":
		i, _ := store.Instances.Get(tx, n.Instance)
		for _, t := range i.Tags {
			if t.Key == "Name" && t.Value != "" {
				return t.Value
			}
		}
		return n.Instance
	case n.LoadBalancer != "":
		l, _ := store.LoadBalancers.Get(tx, n.LoadBalancer)
		return "lb/" + cmp.Or(l.Name, n.LoadBalancer)
	}
	return n.ID
}

// protocolName is how EC2 calls a protocol.
func protocolName(p uint8) string {
	switch p {
	case 1:
		return "icmp"
	case 6:
		return "tcp"
	case 17:
		return "udp"
	}
	return strconv.Itoa(int(p))
}

// within reports whether an address is one of a VPC's.
func within(tx *store.Tx, vpc string, a netip.Addr) bool {
	v, _ := store.VPCs.Get(tx, vpc)
	cidr, err := netip.ParsePrefix(v.CIDR)
	return err == nil && cidr.Contains(a)
}

// noWayOut says of a private subnet which call makes it a public one.
func noWayOut(tx *store.Tx, n model.NetworkInterface, to netip.Addr) string {
	s, _ := store.Subnets.Get(tx, n.Subnet)
	t, _ := nic.RouteTable(tx, s)
	return fmt.Sprintf("no route leads out of the VPC from %s, to %s: aws ec2 create-route --route-table-id %s --destination-cidr-block %s --gateway-id IGW-ID",
		n.Subnet, to, t.ID, nic.Anywhere)
}

// hint says which security groups refused a flow, and which call lets it through; or that the subnet is
// a private one.
func hint(tx *store.Tx, f engine.Flow, n model.NetworkInterface) string {
	if f.Accept || f.Skipped || len(n.Groups) == 0 {
		return ""
	}
	if f.Egress && !nic.Routed(tx, n.Subnet) && !within(tx, n.VPC, f.Dst) {
		return noWayOut(tx, n, f.Dst)
	}
	peer, way, verb := f.Src, "in", "ingress"
	if f.Egress {
		peer, way, verb = f.Dst, "out", "egress"
	}
	var names []string
	for _, id := range n.Groups {
		g, _ := store.SecurityGroups.Get(tx, id)
		names = append(names, strings.TrimSpace(id+" "+g.Name))
	}
	what := protocolName(f.Protocol)
	if f.DstPort != 0 {
		what += " port " + strconv.Itoa(int(f.DstPort))
	}
	return fmt.Sprintf("no rule of %s lets %s %s, with %s: aws ec2 authorize-security-group-%s --group-id %s --ip-permissions '%s'",
		strings.Join(names, ", "), what, way, peer, verb, n.Groups[0], permission(tx, f, n, peer))
}

// permission is the rule that would let a flow through: to the peer's own security group, if it has one.
func permission(tx *store.Tx, f engine.Flow, n model.NetworkInterface, peer netip.Addr) string {
	p := "IpProtocol=" + protocolName(f.Protocol)
	if f.DstPort != 0 {
		p += fmt.Sprintf(",FromPort=%d,ToPort=%d", f.DstPort, f.DstPort)
	} else if f.Protocol == 1 {
		p += ",FromPort=-1,ToPort=-1"
	}
	if other, ok := interfaceAt(tx, n.VPC, peer); ok && len(other.Groups) > 0 {
		return p + ",UserIdGroupPairs=[{GroupId=" + other.Groups[0] + "}]"
	}
	return p + ",IpRanges=[{CidrIp=" + peer.String() + "/32}]"
}
