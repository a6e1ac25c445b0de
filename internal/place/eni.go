package place

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
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

// site returns where the network interface of t is to be: in the zone with the fewest tasks of its group,
// and there in the subnet with the fewest; of equals in the one named first. Subnets without a free
// address come last.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html (schedulingStrategy)
func site(tx *store.Tx, t *model.Task, subnets []model.Subnet) model.Subnet {
	inSubnet, inZone := map[string]int{}, map[string]int{}
	for id, n := range store.GroupSubnets.Each(tx, store.GroupPrefix(t.Birth.Cluster, t.Birth.Group)) {
		s := store.Subnets.Peek(tx, id)
		if s == nil {
			continue
		}
		inSubnet[id] += n
		inZone[s.Zone] += n
	}
	full := func(s model.Subnet) int {
		if nic.Free(tx, s) < 1 {
			return 1
		}
		return 0
	}
	return slices.MinFunc(subnets, func(a, b model.Subnet) int {
		return cmp.Or(full(a)-full(b), inZone[a.Zone]-inZone[b.Zone], inSubnet[a.ID]-inSubnet[b.ID])
	})
}

// plug makes the network interface of t in one of the subnets, if it needs one. A task that gets none
// has failed before it came anywhere: as on ECS it comes to be, and has stopped with the error of EC2.
func plug(tx *store.Tx, t *model.Task, network *types.AwsVpcConfiguration, subnets []model.Subnet, pool netip.Prefix) bool {
	if t.Needs.ENIs == 0 || network == nil {
		return true
	}
	e := model.ENI{Attachment: ids.UUID()}
	if len(subnets) == 0 {
		e.Subnet = network.Subnets[0]
		return unplugged(tx, t, e, network, "InvalidSubnetID.NotFound")
	}
	s := site(tx, t, subnets)
	e.Subnet, e.Zone = s.ID, s.Zone
	n := model.NetworkInterface{Subnet: s.ID, Groups: network.SecurityGroups, Task: t.ID, Requester: requester,
		Description: tx.Scope().ARN("ecs", "attachment/"+e.Attachment), Tags: managed(t.Tags),
		Attachment: "eni-attach-" + ids.Hex(17), Device: 1, Attached: tx.Now()}
	if code := outfit(tx, &n, network, pool); code != "" {
		return unplugged(tx, t, e, network, code)
	}
	e.ID, e.MAC, e.IP = n.ID, n.MAC, n.IP
	t.ENI = &e
	return true
}

// requester is who EC2 says made the interface of a task.
const requester = "amazon-ecs"

// outfit gives n its addresses and writes it; else it returns EC2's code for why it cannot be.
func outfit(tx *store.Tx, n *model.NetworkInterface, network *types.AwsVpcConfiguration, pool netip.Prefix) (code string) {
	for _, g := range n.Groups {
		if store.SecurityGroups.Peek(tx, g) == nil {
			return "InvalidGroup.NotFound"
		}
	}
	if public(network) {
		var ok bool
		if n.Public, ok = nic.Public(tx, pool); !ok {
			return "InsufficientAddressCapacity"
		}
	}
	made, err := nic.New(tx, *n)
	switch {
	case errors.Is(err, nic.ErrFull):
		return "InsufficientFreeAddressesInSubnet"
	case err != nil:
		return "InvalidSubnetID.NotFound"
	}
	*n = made
	return ""
}

func public(network *types.AwsVpcConfiguration) bool {
	return network.AssignPublicIp == types.AssignPublicIpEnabled
}

// unplugged ends t for want of a network interface, in the words of ECS. It returns false.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
func unplugged(tx *store.Tx, t *model.Task, e model.ENI, network *types.AwsVpcConfiguration, code string) bool {
	with := ""
	if public(network) {
		with = " with public IP assignment enabled"
	}
	t.ENI = &e
	t.End(types.TaskStopCodeTaskFailedToStart, fmt.Sprintf("Unexpected EC2 error while attempting to Create Network Interface%s in subnet '%s': %s", with, e.Subnet, code), tx.Now())
	_ = t.Advance(model.Stopped, tx.Now())
	for i := range t.Containers {
		t.Containers[i].Is = model.Stopped
	}
	return false
}

// managed are the tags of ECS's own among those of a task, which its interface has too.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
func managed(tags model.Tags) (own model.Tags) {
	for _, t := range tags {
		if strings.HasPrefix(t.Key, "aws:ecs:") {
			own = append(own, t)
		}
	}
	return own
}
