package nic

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Routed reports whether a subnet is a public one: its route table sends what is for outside of the
// VPC to an internet gateway that is attached. In others nothing gets out of the VPC, and public
// addresses do not answer.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
func Routed(tx *store.Tx, subnet string) bool {
	s, ok := store.Subnets.Get(tx, subnet)
	if !ok {
		return false
	}
	t, _ := RouteTable(tx, s)
	for _, r := range t.Routes {
		if g, ok := store.InternetGateways.Get(tx, r.Gateway); ok && r.CIDR == Anywhere && g.VPC == s.VPC {
			return true
		}
	}
	return false
}

// Anywhere is the destination of a default route.
const Anywhere = "0.0.0.0/0"

// RouteTable returns the route table of a subnet: its own one, else the main one of the VPC.
func RouteTable(tx *store.Tx, s model.Subnet) (model.RouteTable, bool) {
	for _, id := range [...]string{s.ID, s.VPC} {
		for t := range store.RouteTablesFor.Each(tx, id) {
			return t, true
		}
	}
	return model.RouteTable{}, false
}
