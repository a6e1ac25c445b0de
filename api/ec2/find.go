package ec2

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/store"
)

// kind is one sort of resource, with the way that EC2 speaks of it.
type kind struct {
	prefix  string // of its ids
	name    string // resource type, of tags
	absent  string // error code
	sought  string // in the error's message
	invalid string // error code of an id that cannot be one
}

var (
	instanceKind = kind{"i-", "instance", "InvalidInstanceID.NotFound", "instance ID", "InvalidInstanceID.Malformed"}
	vpcKind      = kind{"vpc-", "vpc", "InvalidVpcID.NotFound", "vpc ID", "InvalidVpcID.Malformed"}
	subnetKind   = kind{"subnet-", "subnet", "InvalidSubnetID.NotFound", "subnet ID", "InvalidSubnetID.Malformed"}
	groupKind    = kind{"sg-", "security-group", "InvalidGroup.NotFound", "security group", "InvalidGroupId.Malformed"}
	ruleKind     = kind{"sgr-", "security-group-rule", "InvalidSecurityGroupRuleId.NotFound", "security group rule ID", "InvalidSecurityGroupRuleId.Malformed"}

	interfaceKind  = kind{"eni-", "network-interface", "InvalidNetworkInterfaceID.NotFound", "networkInterface ID", "InvalidNetworkInterfaceId.Malformed"}
	routeTableKind = kind{"rtb-", "route-table", "InvalidRouteTableID.NotFound", "routeTable ID", "InvalidRouteTableId.Malformed"}
	gatewayKind    = kind{"igw-", "internet-gateway", "InvalidInternetGatewayID.NotFound", "internetGateway ID", "InvalidInternetGatewayId.Malformed"}
	aclKind        = kind{"acl-", "network-acl", "InvalidNetworkAclID.NotFound", "networkAcl ID", "InvalidNetworkAclId.Malformed"}
	addressKind    = kind{"eipalloc-", "elastic-ip", "InvalidAllocationID.NotFound", "allocation ID", "InvalidAllocationID.Malformed"}
)

// find returns the rows with the ids, each once, or an error that names those that are not there.
func find[T store.Row](tx *store.Tx, table store.Table[T], k kind, ids []string) ([]T, error) {
	var rows []T
	var gone, seen []string
	for _, id := range ids {
		if err := k.check(id); err != nil {
			return nil, err
		}
		if slices.Contains(seen, id) {
			continue
		}
		seen = append(seen, id)
		if row, ok := table.Get(tx, id); ok {
			rows = append(rows, row)
		} else {
			gone = append(gone, id)
		}
	}
	switch len(gone) {
	case 0:
		return rows, nil
	case 1:
		return nil, fail(k.absent, "The %s '%s' does not exist", k.sought, gone[0])
	}
	return nil, fail(k.absent, "The %ss '%s' do not exist", k.sought, strings.Join(gone, ", "))
}

// wanted returns the one row whose id a request must have in a parameter.
func wanted[T store.Row](tx *store.Tx, table store.Table[T], k kind, id *string, parameter string) (row T, err error) {
	if str(id) == "" {
		return row, missing(parameter)
	}
	found, err := find(tx, table, k, []string{*id})
	if err != nil {
		return row, err
	}
	return found[0], nil
}

// check reports an id that cannot be one of the kind: prefix and 8 or 17 hex digits.
func (k kind) check(id string) error {
	digits, ok := strings.CutPrefix(id, k.prefix)
	if !ok {
		return fail(k.invalid, "Invalid id: \"%s\" (expecting \"%s...\")", id, k.prefix)
	}
	if len(digits) != 8 && len(digits) != 17 || strings.Trim(digits, "0123456789abcdef") != "" {
		return fail(k.invalid, "Invalid id: \"%s\"", id)
	}
	return nil
}

// rows returns those with the ids, or all of them when no ids are given, in key order.
func rows[T store.Row](tx *store.Tx, table store.Table[T], k kind, ids []string) ([]T, error) {
	if len(ids) == 0 {
		return slices.Collect(table.All(tx)), nil
	}
	found, err := find(tx, table, k, ids)
	slices.SortFunc(found, func(a, b T) int { return strings.Compare(a.Key(), b.Key()) })
	return found, err
}

// list is what a request to describe resources of one kind asks for.
type list[T store.Row] struct {
	table   store.Table[T]
	kind    kind
	ids     []string
	by      properties[T]
	filters []Filter
}

// listed returns one page of the rows that are asked for, and the token of the next.
func listed[T store.Row](tx *store.Tx, l list[T], p paging) ([]T, *string, error) {
	all, err := rows(tx, l.table, l.kind, l.ids)
	if err != nil {
		return nil, nil, err
	}
	if all, err = filtered(all, l.by, l.filters); err != nil {
		return nil, nil, err
	}
	return page(all, T.Key, p)
}
