package handler

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/drydock-ecs/drydock/internal/firewall"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Open makes the default network of tx's scope, once. Ids follow from the scope alone, so they are
// the same in every run, and a compose file may name them.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
func Open(tx *store.Tx) {
	if _, ok := store.Regions.Get(tx, "region"); ok {
		return
	}
	sc := tx.Scope()
	vpc := model.VPC{ID: "vpc-" + derived(sc, "vpc"), CIDR: "172.31.0.0/16", Default: true, Hostnames: true}
	store.VPCs.Put(tx, vpc)
	for i, letter := range []string{"a", "b", "c"} {
		store.Subnets.Put(tx, model.Subnet{ID: "subnet-" + derived(sc, "subnet"+letter), VPC: vpc.ID,
			CIDR: fmt.Sprintf("172.31.%d.0/20", 16*i), Zone: sc.Region + letter,
			ZoneID: fmt.Sprintf("%s-az%d", zonePrefix(sc.Region), i+1), Default: true, MapPublic: true, Next: 4})
	}
	group := model.SecurityGroup{ID: "sg-" + derived(sc, "sg"), Name: "default", VPC: vpc.ID, Description: "default VPC security group"}
	store.SecurityGroups.Put(tx, group)
	for _, r := range firewall.DefaultRules(group) {
		store.SecurityGroupRules.Put(tx, r)
	}
	gateway := model.InternetGateway{ID: "igw-" + derived(sc, "igw"), VPC: vpc.ID}
	store.InternetGateways.Put(tx, gateway)
	store.RouteTables.Put(tx, model.RouteTable{ID: "rtb-" + derived(sc, "rtb"), VPC: vpc.ID, Main: "rtbassoc-" + derived(sc, "rtb"),
		Routes: []model.Route{{CIDR: nic.Anywhere, Gateway: gateway.ID}}})
	store.Certificates.Put(tx, model.Certificate{ID: uuid(sc, "certificate"), Created: tx.Now()})
	store.Regions.Put(tx, model.Region{Opened: tx.Now()})
}

// derived returns 17 hex digits that name one thing of a scope.
func derived(sc model.Scope, what string) string {
	sum := sha256.Sum256([]byte(sc.String() + "/" + what))
	return hex.EncodeToString(sum[:])[:17]
}

// uuid returns a UUID that names one thing of a scope.
func uuid(sc model.Scope, what string) string {
	d := sha256.Sum256([]byte(sc.String() + "/" + what))
	return fmt.Sprintf("%x-%x-%x-%x-%x", d[:4], d[4:6], d[6:8], d[8:10], d[10:16])
}

// zonePrefix shortens a region as zone ids do: us-east-1 becomes use1, ap-southeast-2 apse2.
//
// Source: https://docs.aws.amazon.com/global-infrastructure/latest/regions/az-ids.html
func zonePrefix(region string) string {
	parts := strings.Split(region, "-")
	for i, p := range parts {
		switch short, ok := compass[p]; {
		case i == 0:
		case ok:
			parts[i] = short
		case p != "":
			parts[i] = p[:1]
		}
	}
	return strings.Join(parts, "")
}

// compass are the directions that zone ids write with two letters.
var compass = map[string]string{"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw"}
