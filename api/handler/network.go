package handler

import (
	"fmt"

	"github.com/drydock-ecs/drydock/internal/firewall"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Zone is an Availability Zone.
type Zone struct{ Name, ID string }

// Zones are those of a region: three.
func Zones(sc model.Scope) (all []Zone) {
	for i, letter := range []string{"a", "b", "c"} {
		all = append(all, Zone{sc.Region + letter, fmt.Sprintf("%s-az%d", zonePrefix(sc.Region), i+1)})
	}
	return all
}

// MakeVPC writes a VPC with what each is born with, its default security group and its main route
// table, and returns that. id makes the digits of an id out of what it is for.
func MakeVPC(tx *store.Tx, v model.VPC, id func(what string) string) model.RouteTable {
	store.VPCs.Put(tx, v)
	group := model.SecurityGroup{ID: "sg-" + id("sg"), Name: "default", VPC: v.ID, Description: "default VPC security group"}
	store.SecurityGroups.Put(tx, group)
	for _, r := range firewall.DefaultRules(group) {
		store.SecurityGroupRules.Put(tx, r)
	}
	main := model.RouteTable{ID: "rtb-" + id("rtb"), VPC: v.ID, Main: "rtbassoc-" + id("rtbassoc")}
	store.RouteTables.Put(tx, main)
	return main
}

// MakeDefaultVPC writes a default VPC: with a public subnet in every zone.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
func MakeDefaultVPC(tx *store.Tx, id func(what string) string) model.VPC {
	v := model.VPC{ID: "vpc-" + id("vpc"), CIDR: "172.31.0.0/16", Default: true, Hostnames: true}
	main := MakeVPC(tx, v, id)
	for i, z := range Zones(tx.Scope()) {
		store.Subnets.Put(tx, DefaultSubnet(v, z, fmt.Sprintf("172.31.%d.0/20", 16*i), id("subnet"+string(rune('a'+i)))))
	}
	leadOut(tx, main, "igw-"+id("igw"))
	return v
}

// leadOut gives the VPC of a route table an internet gateway, and the table a route there.
func leadOut(tx *store.Tx, main model.RouteTable, gateway string) {
	store.InternetGateways.Put(tx, model.InternetGateway{ID: gateway, VPC: main.VPC})
	main.Routes = []model.Route{{CIDR: nic.Anywhere, Gateway: gateway}}
	store.RouteTables.Put(tx, main)
}

// RenewVPCs gives the default VPC of a state from before VPCs were networks what one is born with now,
// and reports whether it did: no other VPC is without a main route table.
func RenewVPCs(tx *store.Tx) (renewed bool) {
	for v := range store.VPCs.All(tx) {
		if store.RouteTablesFor.Any(tx, v.ID) {
			continue
		}
		renewed, v.Hostnames = true, v.Default
		store.VPCs.Put(tx, v)
		main := model.RouteTable{ID: "rtb-" + derived(tx.Scope(), "rtb"), VPC: v.ID, Main: "rtbassoc-" + derived(tx.Scope(), "rtbassoc")}
		leadOut(tx, main, "igw-"+derived(tx.Scope(), "igw"))
		for g := range store.SecurityGroups.All(tx) {
			for _, r := range firewall.DefaultRules(g) {
				store.SecurityGroupRules.Put(tx, r)
			}
		}
		for s := range store.Subnets.All(tx) {
			s.MapPublic = s.Default
			store.Subnets.Put(tx, s)
		}
	}
	return renewed
}

// DefaultSubnet is a zone's default subnet in the default VPC.
func DefaultSubnet(v model.VPC, z Zone, cidr, id string) model.Subnet {
	return model.Subnet{ID: "subnet-" + id, VPC: v.ID, CIDR: cidr, Zone: z.Name, ZoneID: z.ID, Default: true, MapPublic: true, Next: nic.Reserved}
}
