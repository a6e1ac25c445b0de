package place

import (
	"cmp"
	"slices"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// subnets returns those of a network configuration that are there, in the order given: those in some
// Availability Zones, or all if none are given.
func subnets(tx *store.Tx, network *types.AwsVpcConfiguration, zones []string) (all []model.Subnet) {
	if network == nil {
		return nil
	}
	for _, id := range network.Subnets {
		if s, ok := store.Subnets.Get(tx, id); ok && (len(zones) == 0 || slices.Contains(zones, s.Zone)) {
			all = append(all, s)
		}
	}
	return all
}

// Zones returns the Availability Zones in which tasks with a network configuration may be, each once, in
// order. There are none without one: such tasks may be anywhere.
func Zones(tx *store.Tx, network *types.AwsVpcConfiguration) []string {
	return zones(subnets(tx, network, nil))
}

func zones(subnets []model.Subnet) (all []string) {
	for _, s := range subnets {
		all = append(all, s.Zone)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// eni returns a network interface for t: in the zone with the fewest tasks of its group, and there in
// the subnet with the fewest; of equals in the one named first. There is none without subnets.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html (schedulingStrategy)
func eni(tx *store.Tx, t *model.Task, subnets []model.Subnet) *model.ENI {
	if t.Needs.ENIs == 0 || len(subnets) == 0 {
		return nil
	}
	inSubnet, inZone := map[string]int{}, map[string]int{}
	for id, n := range store.GroupSubnets.Each(tx, store.GroupPrefix(t.Birth.Cluster, t.Birth.Group)) {
		s, _ := store.Subnets.Get(tx, id)
		inSubnet[id] += n
		inZone[s.Zone] += n
	}
	s := slices.MinFunc(subnets, func(a, b model.Subnet) int {
		return cmp.Or(inZone[a.Zone]-inZone[b.Zone], inSubnet[a.ID]-inSubnet[b.ID])
	})
	return &model.ENI{ID: "eni-" + ids.Hex(17), Attachment: ids.UUID(), Subnet: s.ID, Zone: s.Zone}
}
