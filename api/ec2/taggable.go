package ec2

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// taggable is one kind of resource that can have tags.
type taggable struct {
	kind  kind
	retag func(tx *store.Tx, id string, change func(model.Tags) (model.Tags, error)) error
	each  func(tx *store.Tx, told func(id string, tags model.Tags))
}

var taggables = []taggable{
	tagsIn(store.Instances, instanceKind, func(r *model.Instance) *model.Tags { return &r.Tags }),
	tagsIn(store.VPCs, vpcKind, func(r *model.VPC) *model.Tags { return &r.Tags }),
	tagsIn(store.Subnets, subnetKind, func(r *model.Subnet) *model.Tags { return &r.Tags }),
	tagsIn(store.SecurityGroups, groupKind, func(r *model.SecurityGroup) *model.Tags { return &r.Tags }),
	tagsIn(store.SecurityGroupRules, ruleKind, func(r *model.SecurityGroupRule) *model.Tags { return &r.Tags }),
	tagsIn(store.NetworkInterfaces, interfaceKind, func(r *model.NetworkInterface) *model.Tags { return &r.Tags }),
	tagsIn(store.RouteTables, routeTableKind, func(r *model.RouteTable) *model.Tags { return &r.Tags }),
	tagsIn(store.InternetGateways, gatewayKind, func(r *model.InternetGateway) *model.Tags { return &r.Tags }),
	tagsIn(store.ElasticIPs, addressKind, func(r *model.ElasticIP) *model.Tags { return &r.Tags }),
	tagsIn(store.FlowLogs, flowLogKind, func(r *model.FlowLog) *model.Tags { return &r.Tags }),
}

// tagsIn makes the rows of a table taggable.
func tagsIn[T store.Row](table store.Table[T], k kind, tags func(*T) *model.Tags) taggable {
	return taggable{k,
		func(tx *store.Tx, id string, change func(model.Tags) (model.Tags, error)) error {
			found, err := find(tx, table, k, []string{id})
			if err != nil {
				return err
			}
			at := tags(&found[0])
			if *at, err = change(*at); err != nil {
				return err
			}
			table.Put(tx, found[0])
			return nil
		},
		func(tx *store.Tx, told func(string, model.Tags)) {
			for r := range table.All(tx) {
				told(r.Key(), *tags(&r))
			}
		}}
}
