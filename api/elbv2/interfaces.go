package elbv2

import (
	"net/netip"
	"slices"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// What a subnet must have for a load balancer to stand in it.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
const (
	minFree = 8
	maxBits = 27
)

// Attach gives a load balancer its network interfaces, one in each of its subnets, with its security
// groups; what it has elsewhere goes. They have private addresses only: what comes from this machine
// comes by the listeners on 127.0.0.1, whatever the scheme.
func Attach(tx *store.Tx, l model.LoadBalancer) error {
	has := map[string]bool{}
	for _, n := range interfaces(tx, l) {
		if !slices.ContainsFunc(l.Subnets, func(s model.LBSubnet) bool { return s.ID == n.Subnet }) {
			store.NetworkInterfaces.Delete(tx, n.ID)
			continue
		}
		has[n.Subnet] = true
		n.Groups = l.Groups
		store.NetworkInterfaces.Put(tx, n)
	}
	for _, s := range l.Subnets {
		if has[s.ID] {
			continue
		}
		if err := room(tx, s.ID); err != nil {
			return err
		}
		_, err := nic.New(tx, model.NetworkInterface{Subnet: s.ID, Groups: l.Groups, Description: "ELB " + l.ID, Requester: "amazon-elb",
			LoadBalancer: l.ID, Attachment: "ela-attach-" + ids.Hex(17), Device: 1, Attached: tx.Now()})
		if err != nil {
			return err
		}
	}
	return nil
}

// room refuses a subnet that is too small or too full.
func room(tx *store.Tx, id string) error {
	s, _ := store.Subnets.Get(tx, id)
	cidr, err := netip.ParsePrefix(s.CIDR)
	if err != nil || cidr.Bits() > maxBits {
		return &types.InvalidSubnetException{Message: say("The subnet '%s' has the CIDR block '%s'. The minimum IP range allowed is /%d", id, s.CIDR, maxBits)}
	}
	if nic.Free(tx, s) < minFree {
		return &types.InvalidSubnetException{
			Message: say("Not enough IP space available in %s. ELB requires at least %d free IP addresses in each subnet.", id, minFree)}
	}
	return nil
}

// detach takes all of a load balancer's network interfaces away.
func detach(tx *store.Tx, l model.LoadBalancer) {
	for _, n := range interfaces(tx, l) {
		store.NetworkInterfaces.Delete(tx, n.ID)
	}
}

// interfaces are those that a load balancer has, collected so that they may be changed.
func interfaces(tx *store.Tx, l model.LoadBalancer) []model.NetworkInterface {
	return slices.Collect(store.NetworkInterfacesByOwner.Each(tx, l.ID))
}
