package engine

import (
	"net/netip"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// VPC is the network of one VPC on the engine: one broadcast domain, in which each interface has the
// address and the MAC that the API shows.
type VPC struct {
	Scope model.Scope
	ID    string // vpc-…
	CIDR  netip.Prefix
}

// NIC is one network interface as the kernel is to have it: what the API calls an ENI.
type NIC struct {
	ID       string     // eni-…
	IP       netip.Addr // private IPv4 address
	MAC      string
	Firewall Firewall
}

// Firewall is what the security groups of a NIC let through. What no Pass names is dropped without
// an answer; packets of connections that were let through go on, in both directions, also after the
// rule is gone.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
type Firewall struct {
	In, Out []Pass
}

// Pass lets packets through: those with a protocol, a port and a peer that are named.
type Pass struct {
	Protocol int            // IANA number; -1 for all
	From, To int            // ports of TCP and UDP; type and code of ICMP, -1 for all; else unused
	Peers    []netip.Prefix // where they come from, or go to; none lets nothing through
}

// Host is the machine of an instance: a network namespace of its own with the instance's address,
// which tasks in host mode share, and a bridge behind it for those in bridge mode.
type Host struct {
	VPC  VPC
	ID   string // EC2 instance id
	Name string // what it calls itself: ip-172-31-16-5
	NIC  NIC    // its first network interface
}

// Place is where on the engine something asks from. What does not apply is empty.
type Place struct {
	Scope     model.Scope
	VPC       string // vpc-…
	Instance  string // EC2 instance id
	Task      string // task id
	Container string // of bridge mode: the only one in its namespace
	NIC       string // eni-…; of bridge and host mode, that of the instance
}

// Flow is what one NIC let through, or refused, of one flow in one direction since it was last told
// of. It is the kernel's own account. Skipped is that some of what passed the NIC meanwhile was not
// counted: nothing but NIC, Start and End stands beside it.
type Flow struct {
	Skipped          bool `json:",omitempty"`
	NIC              string
	Accept, Egress   bool
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16 // 0 for protocols without
	Protocol         uint8
	TCPFlags         uint8 // seen so far, as far as the kernel tells
	Packets, Bytes   uint64
	Start, End       time.Time // of the first and the last packet
}
