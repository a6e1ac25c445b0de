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
			store.ContainerInstances.Put(tx, ci)
		}
		if got := put("EC2", scheduler.Ask{Zones: []string{"c"}}, all); got != scheduler.Location {
			t.Errorf("in a zone without a subnet: got %s", got)
		}
		got := map[string]int{}
		for range 3 {
			got[put("EC2", scheduler.Ask{}, all)]++
		}
		if fmt.Sprint(got) != "map[RESOURCE:ENI:1 a1:1 b1:1]" { // the one in c is no place for it
			t.Errorf("on instances: got %v", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
