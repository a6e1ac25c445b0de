package nic

import (
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

func TestASubnetIsPublicByItsRouteTable(t *testing.T) {
	all := []model.Route{{CIDR: Anywhere, Gateway: "igw-1"}}
	main := model.RouteTable{ID: "rtb-main", VPC: "vpc-1", Main: "rtbassoc-1", Routes: all}
	own := model.RouteTable{ID: "rtb-own", VPC: "vpc-1", Subnets: []model.SubnetRoutes{{ID: "rtbassoc-2", Subnet: "subnet-1"}}}
	with := func(t model.RouteTable, routes []model.Route) model.RouteTable { t.Routes = routes; return t }
	for _, c := range []struct {
		rule     string
		attached string // VPC of the gateway
		tables   []model.RouteTable
		want     bool
	}{
		{"the main table is for subnets without their own", "vpc-1", []model.RouteTable{main}, true},
		{"the own one goes before it", "vpc-1", []model.RouteTable{main, own}, false},
		{"whatever the main one says", "vpc-1", []model.RouteTable{with(main, nil), with(own, all)}, true},
		{"a gateway must be attached", "", []model.RouteTable{main}, false},
		{"to this VPC", "vpc-2", []model.RouteTable{main}, false},
		{"no route, no way out", "vpc-1", []model.RouteTable{with(main, nil)}, false},
		{"a gateway that is not there", "vpc-1", []model.RouteTable{with(main, []model.Route{{CIDR: Anywhere, Gateway: "igw-2"}})}, false},
		{"no table at all", "vpc-1", nil, false},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s, err := store.Open(filepath.Join(t.TempDir(), "state"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			var got bool
			err = s.Update(model.Scope{Account: "0", Region: "x"}, func(tx *store.Tx) error {
				store.Subnets.Put(tx, model.Subnet{ID: "subnet-1", VPC: "vpc-1"})
				store.InternetGateways.Put(tx, model.InternetGateway{ID: "igw-1", VPC: c.attached})
				for _, r := range c.tables {
					store.RouteTables.Put(tx, r)
				}
				got = Routed(tx, "subnet-1")
				return nil
			})
			if err != nil || got != c.want {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}
