package ec2

import (
	"slices"
	"strconv"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// DescribeRouteTablesInput asks what route tables there are.
type DescribeRouteTablesInput struct {
	DryRun        *bool
	RouteTableIds []string `wire:"RouteTableId"`
	Filters       []Filter `wire:"Filter"`
	MaxResults    *int32
	NextToken     *string
}

// DescribeRouteTablesOutput is one page of them.
type DescribeRouteTablesOutput struct {
	RouteTables []RouteTable `wire:"routeTableSet"`
	NextToken   *string
}

// RouteTable is a route table.
type RouteTable struct {
	RouteTableId    string
	VpcId           string
	OwnerId         string
	Associations    []TableAssociation `wire:"associationSet"`
	PropagatingVgws []struct{}         `wire:"propagatingVgwSet"`
	Routes          []Route            `wire:"routeSet"`
	Tags            []Tag              `wire:"tagSet"`
}

// TableAssociation ties a route table to a subnet, or to the VPC as its main one.
type TableAssociation struct {
	Main                    bool
	RouteTableAssociationId string
	RouteTableId            string
	SubnetId                string
	AssociationState        AssociationState
}

// AssociationState is always associated.
type AssociationState struct{ State string }

// Route is where packets to a range of addresses go.
type Route struct {
	DestinationCidrBlock string
	GatewayId            string
	Origin               string
	State                string
}

// describeRouteTables pages at 100, unless told otherwise.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html
func describeRouteTables(tx *store.Tx, in *DescribeRouteTablesInput) (*DescribeRouteTablesOutput, error) {
	all, next, err := listed(tx, list[model.RouteTable]{store.RouteTables, routeTableKind, in.RouteTableIds, routeTableProperties(tx), in.Filters},
		paging{in.MaxResults, in.NextToken, 5, 100, 100})
	out := &DescribeRouteTablesOutput{RouteTables: []RouteTable{}, NextToken: next}
	for _, t := range all {
		out.RouteTables = append(out.RouteTables, renderRouteTable(tx, t))
	}
	return out, err
}

func renderRouteTable(tx *store.Tx, t model.RouteTable) RouteTable {
	out := RouteTable{RouteTableId: t.ID, VpcId: t.VPC, OwnerId: tx.Scope().Account, Associations: []TableAssociation{}, PropagatingVgws: []struct{}{},
		Routes: routes(tx, t), Tags: renderTags(t.Tags)}
	if t.Main != "" {
		out.Associations = append(out.Associations, TableAssociation{true, t.Main, t.ID, "", AssociationState{"associated"}})
	}
	for _, a := range t.Subnets {
		out.Associations = append(out.Associations, TableAssociation{false, a.ID, t.ID, a.Subnet, AssociationState{"associated"}})
	}
	return out
}

// routes are those of a table, and the one that every table has: to the VPC itself.
func routes(tx *store.Tx, t model.RouteTable) []Route {
	v, _ := store.VPCs.Get(tx, t.VPC)
	out := []Route{{v.CIDR, "local", "CreateRouteTable", "active"}}
	for _, r := range t.Routes {
		state := "blackhole"
		if g, ok := store.InternetGateways.Get(tx, r.Gateway); ok && g.VPC == t.VPC {
			state = "active"
		}
		out = append(out, Route{r.CIDR, r.Gateway, "CreateRoute", state})
	}
	return out
}

func routeTableProperties(tx *store.Tx) properties[model.RouteTable] {
	association := func(of func(TableAssociation) string) func(model.RouteTable) []string {
		return func(t model.RouteTable) (all []string) {
			for _, a := range renderRouteTable(tx, t).Associations {
				if v := of(a); v != "" {
					all = append(all, v)
				}
			}
			return all
		}
	}
	route := func(of func(Route) string) func(model.RouteTable) []string {
		return func(t model.RouteTable) (all []string) {
			for _, r := range routes(tx, t) {
				all = append(all, of(r))
			}
			return all
		}
	}
	by := map[string]func(model.RouteTable) []string{
		"association.main":                       association(func(a TableAssociation) string { return strconv.FormatBool(a.Main) }),
		"association.route-table-association-id": association(func(a TableAssociation) string { return a.RouteTableAssociationId }),
		"association.route-table-id":             association(func(a TableAssociation) string { return a.RouteTableId }),
		"association.subnet-id":                  association(func(a TableAssociation) string { return a.SubnetId }),
		"owner-id":                               func(model.RouteTable) []string { return []string{tx.Scope().Account} },
		"route-table-id":                         one(model.RouteTable.Key),
		"route.destination-cidr-block":           route(func(r Route) string { return r.DestinationCidrBlock }),
		"route.gateway-id":                       route(func(r Route) string { return r.GatewayId }),
		"route.origin":                           route(func(r Route) string { return r.Origin }),
		"route.state":                            route(func(r Route) string { return r.State }),
		"vpc-id":                                 one(func(t model.RouteTable) string { return t.VPC }),
	}
	nothing(by, `association.gateway-id route.destination-ipv6-cidr-block route.destination-prefix-list-id route.egress-only-internet-gateway-id
		route.instance-id route.nat-gateway-id route.transit-gateway-id route.vpc-peering-connection-id`)
	return properties[model.RouteTable]{by, func(t model.RouteTable) model.Tags { return t.Tags }}
}

// CreateRouteTableInput asks for a new route table.
type CreateRouteTableInput struct {
	DryRun            *bool
	VpcId             *string
	TagSpecifications []TagSpecification `wire:"TagSpecification"`

	ClientToken *string
}

// CreateRouteTableOutput is the table.
type CreateRouteTableOutput struct {
	RouteTable  RouteTable
	ClientToken *string
}

// mostTables is how many route tables a VPC can have.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const mostTables = 200

// createRouteTable makes a table with the local route alone. A request that repeats a ClientToken is
// answered with what the first one made.
func createRouteTable(tx *store.Tx, in *CreateRouteTableInput) (*CreateRouteTableOutput, error) {
	v, err := wanted(tx, store.VPCs, vpcKind, in.VpcId, "VpcId")
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(in.TagSpecifications, routeTableKind)
	if err != nil {
		return nil, err
	}
	n := 0
	for t := range store.RouteTables.All(tx) {
		if in.ClientToken != nil && *in.ClientToken != "" && t.Token == *in.ClientToken {
			if t.VPC != v.ID {
				return nil, fail("IdempotentParameterMismatch", "The client token %s was used before with different parameters", t.Token)
			}
			return &CreateRouteTableOutput{renderRouteTable(tx, t), in.ClientToken}, nil
		}
		if t.VPC == v.ID {
			n++
		}
	}
	if n >= mostTables {
		return nil, fail("RouteTableLimitExceeded", "The maximum number of route tables has been reached.")
	}
	t := model.RouteTable{ID: "rtb-" + ids.Hex(17), VPC: v.ID, Token: str(in.ClientToken), Tags: tags}
	store.RouteTables.Put(tx, t)
	return &CreateRouteTableOutput{renderRouteTable(tx, t), in.ClientToken}, nil
}

// DeleteRouteTableInput names a route table to delete.
type DeleteRouteTableInput struct {
	DryRun       *bool
	RouteTableId *string
}

func deleteRouteTable(tx *store.Tx, in *DeleteRouteTableInput) (*Done, error) {
	t, err := wanted(tx, store.RouteTables, routeTableKind, in.RouteTableId, "RouteTableId")
	if err != nil {
		return nil, err
	}
	if t.Main != "" || len(t.Subnets) > 0 {
		return nil, fail("DependencyViolation", "The routeTable '%s' has dependencies and cannot be deleted.", t.ID)
	}
	store.RouteTables.Delete(tx, t.ID)
	return &Done{true}, nil
}

// AssociateRouteTableInput gives a subnet its own route table.
type AssociateRouteTableInput struct {
	DryRun       *bool
	RouteTableId *string
	SubnetId     *string

	GatewayId      *string `acts:"no"`
	PublicIpv4Pool *string `acts:"no"`
}

// AssociateRouteTableOutput names the association.
type AssociateRouteTableOutput struct {
	AssociationId    string
	AssociationState AssociationState
}

func associateRouteTable(tx *store.Tx, in *AssociateRouteTableInput) (*AssociateRouteTableOutput, error) {
	t, err := wanted(tx, store.RouteTables, routeTableKind, in.RouteTableId, "RouteTableId")
	if err != nil {
		return nil, err
	}
	s, err := wanted(tx, store.Subnets, subnetKind, in.SubnetId, "SubnetId")
	if err != nil {
		return nil, err
	}
	if s.VPC != t.VPC {
		return nil, fail("InvalidParameterValue", "Route table %s and subnet %s belong to different networks", t.ID, s.ID)
	}
	for o := range store.RouteTablesFor.Each(tx, s.ID) {
		i := slices.IndexFunc(o.Subnets, func(a model.SubnetRoutes) bool { return a.Subnet == s.ID })
		if o.ID != t.ID {
			return nil, fail("Resource.AlreadyAssociated", "the specified association for route table %s conflicts with an existing association", t.ID)
		}
		return &AssociateRouteTableOutput{o.Subnets[i].ID, AssociationState{"associated"}}, nil
	}
	a := model.SubnetRoutes{ID: "rtbassoc-" + ids.Hex(17), Subnet: s.ID}
	t.Subnets = append(slices.Clone(t.Subnets), a)
	store.RouteTables.Put(tx, t)
	return &AssociateRouteTableOutput{a.ID, AssociationState{"associated"}}, nil
}

// DisassociateRouteTableInput gives a subnet the main route table again.
type DisassociateRouteTableInput struct {
	DryRun        *bool
	AssociationId *string
}

func disassociateRouteTable(tx *store.Tx, in *DisassociateRouteTableInput) (*Done, error) {
	t, subnet, err := tableOf(tx, in.AssociationId)
	switch {
	case err != nil:
		return nil, err
	case subnet == "":
		return nil, fail("InvalidParameterValue", "cannot disassociate the main route table association %s", *in.AssociationId)
	}
	store.RouteTables.Put(tx, without(t, subnet))
	return &Done{true}, nil
}

// tableOf returns the table that an association is of, and its subnet; none for that of the main table.
func tableOf(tx *store.Tx, association *string) (t model.RouteTable, subnet string, err error) {
	id := str(association)
	if id == "" {
		return t, "", missing("AssociationId")
	}
	for t := range store.RouteTables.All(tx) {
		if t.Main == id {
			return t, "", nil
		}
		for _, a := range t.Subnets {
			if a.ID == id {
				return t, a.Subnet, nil
			}
		}
	}
	return t, "", fail("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", id)
}

// ReplaceRouteTableAssociationInput gives a subnet another route table, or a VPC another main one.
type ReplaceRouteTableAssociationInput struct {
	DryRun        *bool
	AssociationId *string
	RouteTableId  *string
}

// ReplaceRouteTableAssociationOutput names the new association.
type ReplaceRouteTableAssociationOutput struct {
	NewAssociationId string
	AssociationState AssociationState
}

func replaceRouteTableAssociation(tx *store.Tx, in *ReplaceRouteTableAssociationInput) (*ReplaceRouteTableAssociationOutput, error) {
	old, subnet, err := tableOf(tx, in.AssociationId)
	if err != nil {
		return nil, err
	}
	t, err := wanted(tx, store.RouteTables, routeTableKind, in.RouteTableId, "RouteTableId")
	switch {
	case err != nil:
		return nil, err
	case t.VPC != old.VPC:
		return nil, fail("InvalidParameterValue", "Route table %s and association %s belong to different networks", t.ID, *in.AssociationId)
	case t.ID == old.ID:
		return &ReplaceRouteTableAssociationOutput{*in.AssociationId, AssociationState{"associated"}}, nil
	}
	id := "rtbassoc-" + ids.Hex(17)
	if subnet == "" {
		old.Main, t.Main = "", id
	} else {
		old, t.Subnets = without(old, subnet), append(slices.Clone(t.Subnets), model.SubnetRoutes{ID: id, Subnet: subnet})
	}
	store.RouteTables.Put(tx, old)
	store.RouteTables.Put(tx, t)
	return &ReplaceRouteTableAssociationOutput{id, AssociationState{"associated"}}, nil
}
