package firewall

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

func TestNothingLeavesAVPCWithoutARoute(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	rule := func(id string, egress bool, cidr string) model.SecurityGroupRule {
		return model.SecurityGroupRule{ID: id, Group: "sg-1", Egress: egress, Protocol: "-1", From: -1, To: -1, CIDR: cidr}
	}
	n := model.NetworkInterface{ID: "eni-1", VPC: "vpc-1", Subnet: "subnet-1", IP: "10.0.0.4", Groups: []string{"sg-1"}}
	drawn := func(tx *store.Tx) (got string) {
		f := NIC(tx, n).Firewall
		for _, p := range f.In {
			got += fmt.Sprint("<", p.Peers)
		}
		for _, p := range f.Out {
			got += fmt.Sprint(">", p.Peers)
		}
		return got
	}
	err = s.Update(model.Scope{Account: "0", Region: "x"}, func(tx *store.Tx) error {
		store.VPCs.Put(tx, model.VPC{ID: "vpc-1", CIDR: "10.0.0.0/16"})
		store.Subnets.Put(tx, model.Subnet{ID: "subnet-1", VPC: "vpc-1"})
		for _, r := range []model.SecurityGroupRule{rule("1", false, "0.0.0.0/0"), rule("2", true, "0.0.0.0/0"), rule("3", true, "8.8.8.8/32"), rule("4", true, "10.0.1.0/24")} {
			store.SecurityGroupRules.Put(tx, r)
		}
		if got := drawn(tx); got != "<[0.0.0.0/0]>[10.0.0.0/16]>[10.0.1.0/24]" {
			t.Errorf("without a route: got %s", got)
		}
		store.InternetGateways.Put(tx, model.InternetGateway{ID: "igw-1", VPC: "vpc-1"})
		store.RouteTables.Put(tx, model.RouteTable{ID: "rtb-1", VPC: "vpc-1", Main: "rtbassoc-1", Routes: []model.Route{{CIDR: nic.Anywhere, Gateway: "igw-1"}}})
		if got := drawn(tx); got != "<[0.0.0.0/0]>[0.0.0.0/0]>[8.8.8.8/32]>[10.0.1.0/24]" {
			t.Errorf("with a route: got %s", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
