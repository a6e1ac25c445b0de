package vpc

import (
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

func TestRulesFollowRoutes(t *testing.T) {
	scenario(t, func(w *world) {
		w.do(func(tx *store.Tx) {
			store.Subnets.Put(tx, model.Subnet{ID: "s", VPC: "vpc-1"})
			store.SecurityGroupRules.Put(tx, model.SecurityGroupRule{ID: "r", Group: "sg-a", Egress: true, Protocol: "-1", CIDR: nic.Anywhere})
			store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-t", VPC: "vpc-1", Subnet: "s", IP: "10.0.0.9", Task: "t", Groups: []string{"sg-a"}})
		})
		w.synced()
		w.want("gateway vpc-1", "rules eni-t >[10.0.0.0/16]")
		table := model.RouteTable{ID: "rtb-1", VPC: "vpc-1", Main: "rtbassoc-1"}
		w.do(func(tx *store.Tx) { store.RouteTables.Put(tx, table) })
		w.want()
		table.Routes = []model.Route{{CIDR: nic.Anywhere, Gateway: "igw-1"}}
		w.do(func(tx *store.Tx) {
			store.InternetGateways.Put(tx, model.InternetGateway{ID: "igw-1", VPC: "vpc-1"})
			store.RouteTables.Put(tx, table)
		})
		w.want("rules eni-t >[0.0.0.0/0]")
		w.do(func(tx *store.Tx) { store.InternetGateways.Put(tx, model.InternetGateway{ID: "igw-1"}) })
		w.want("rules eni-t >[10.0.0.0/16]")
		w.do(func(tx *store.Tx) { store.RouteTables.Delete(tx, "rtb-1") })
		w.want()
	})
}
