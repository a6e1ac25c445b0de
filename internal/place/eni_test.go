package place

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestAnInterfaceOrTheErrorOfEC2(t *testing.T) {
	s := temp(t, 0)
	err := s.Update(here, func(tx *store.Tx) error {
		for id, cidr := range map[string]string{"full": "10.0.0.0/30", "wide": "10.0.1.0/24"} {
			store.Subnets.Put(tx, model.Subnet{ID: id, VPC: "vpc", CIDR: cidr, Zone: "a"})
		}
		store.SecurityGroups.Put(tx, model.SecurityGroup{ID: "sg-0", VPC: "vpc", Name: "default"})
		store.SecurityGroups.Put(tx, model.SecurityGroup{ID: "sg-1", VPC: "vpc", Name: "web"})
		const failed = "Unexpected EC2 error while attempting to Create Network Interface"
		for i, c := range []struct {
			rule   string
			config types.AwsVpcConfiguration
			pool   string
			want   string
		}{
			{"in the default group", types.AwsVpcConfiguration{Subnets: []string{"wide"}}, "", "[sg-0] "},
			{"in the groups that are named", types.AwsVpcConfiguration{Subnets: []string{"wide"}, SecurityGroups: []string{"sg-1"}}, "", "[sg-1] "},
			{"not in a full subnet if another one is not", types.AwsVpcConfiguration{Subnets: []string{"full", "wide"}}, "", "[sg-0] "},
			{"with a public address", types.AwsVpcConfiguration{Subnets: []string{"wide"}, AssignPublicIp: "ENABLED"}, "127.66.0.0/30", "[sg-0] 127.66.0.1"},
			{"no address left", types.AwsVpcConfiguration{Subnets: []string{"full"}}, "", failed + " in subnet 'full': InsufficientFreeAddressesInSubnet"},
			{"no public address left", types.AwsVpcConfiguration{Subnets: []string{"wide"}, AssignPublicIp: "ENABLED"}, "", failed + " with public IP assignment enabled in subnet 'wide': InsufficientAddressCapacity"},
			{"a group that went", types.AwsVpcConfiguration{Subnets: []string{"wide"}, SecurityGroups: []string{"sg-9"}}, "", failed + " in subnet 'wide': InvalidGroup.NotFound"},
			{"a subnet that went", types.AwsVpcConfiguration{Subnets: []string{"gone"}}, "", failed + " in subnet 'gone': InvalidSubnetID.NotFound"},
		} {
			row := task(fmt.Sprint("t", i))
			row.Birth.LaunchType, row.Needs.ENIs = "FARGATE", 1
			row.Containers = []model.Container{{Name: "a", Is: model.Pending}}
			pool, _ := netip.ParsePrefix(c.pool)
			if refusal := Task(tx, nil, &row, scheduler.Ask{}, &c.config, pool); refusal != nil {
				t.Fatal(refusal)
			}
			n, there := store.NetworkInterfaces.Get(tx, row.ENI.ID)
			got := fmt.Sprint(n.Groups, " ", n.Public)
			if row.Is == model.Stopped {
				got = row.Stop.Reason
			}
			if got != c.want || there != row.Live() || there && (n.IP != row.ENI.IP || n.MAC != row.ENI.MAC || n.Task != row.ID) || row.Live() == (row.Containers[0].Is == model.Stopped) {
				t.Errorf("%s: got %s, %+v of %+v", c.rule, got, n, row)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestInterfacesAreBalancedOverZonesThenSubnets(t *testing.T) {
	s := temp(t, 3) // in the zones a, b and c
	err := s.Update(here, func(tx *store.Tx) error {
		for _, id := range []string{"a1", "a2", "b1"} {
			store.Subnets.Put(tx, model.Subnet{ID: id, VPC: "vpc", CIDR: "10.0.0.0/24", Zone: id[:1]})
		}
		all := &types.AwsVpcConfiguration{Subnets: []string{"a1", "a2", "b1", "gone"}}
		n := 0
		put := func(launch string, ask scheduler.Ask, network *types.AwsVpcConfiguration) string {
			n++
			row := task(fmt.Sprint("t", n))
			row.Birth.Group, row.Birth.LaunchType, row.Needs = launch, launch, model.Needs{ENIs: 1}
			if refusal := Task(tx, Room(tx, "demo"), &row, ask, network, netip.Prefix{}); refusal != nil {
				return refusal.Reasons[0].Code
			}
			store.Tasks.Put(tx, row)
			return row.ENI.Subnet
		}
		for _, want := range []string{"a1", "b1", "a2", "b1", "a1", "b1", "a2"} { // zones first
			if got := put("FARGATE", scheduler.Ask{}, all); got != want {
				t.Errorf("Fargate: got %s, want %s", got, want)
			}
		}
		if got := put("FARGATE", scheduler.Ask{Zones: []string{"a"}}, all); got != "a1" {
			t.Errorf("in a zone: got %s", got)
		}
		for ci := range store.ContainerInstances.All(tx) {
			ci.ENIs = 1
			ci.Attributes = []model.Attribute{{Name: "ecs.vpc-id", Value: "vpc"}}
			store.ContainerInstances.Put(tx, ci)
		}
		store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "far", Cluster: "demo", Zone: "a", Status: "ACTIVE", Connected: true, ENIs: 9,
			Attributes: []model.Attribute{{Name: "ecs.vpc-id", Value: "another"}}})
		if got := put("EC2", scheduler.Ask{Zones: []string{"c"}}, all); got != scheduler.Location {
			t.Errorf("in a zone without a subnet: got %s", got)
		}
		got := map[string]int{}
		for range 3 {
			got[put("EC2", scheduler.Ask{}, all)]++
		}
		if fmt.Sprint(got) != "map[RESOURCE:ENI:1 a1:1 b1:1]" { // the one in c is no place for it, nor the one in another VPC
			t.Errorf("on instances: got %v", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
