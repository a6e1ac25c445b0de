package ec2

import (
	"net/netip"
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// CreateRouteInput asks for a route.
type CreateRouteInput struct {
	DryRun               *bool
	RouteTableId         *string
	DestinationCidrBlock *string
	GatewayId            *string

	CarrierGatewayId            *string `acts:"no"`
	CoreNetworkArn              *string `acts:"no"`
	DestinationIpv6CidrBlock    *string `acts:"no"`
	DestinationPrefixListId     *string `acts:"no"`
	EgressOnlyInternetGatewayId *string `acts:"no"`
	InstanceId                  *string `acts:"no"`
	LocalGatewayId              *string `acts:"no"`
	NatGatewayId                *string `acts:"no"`
	NetworkInterfaceId          *string `acts:"no"`
	OdbNetworkArn               *string `acts:"no"`
	TransitGatewayId            *string `acts:"no"`
	VpcEndpointId               *string `acts:"no"`
	VpcPeeringConnectionId      *string `acts:"no"`
}

// ReplaceRouteInput gives a route another target.
type ReplaceRouteInput struct {
	DryRun               *bool
	RouteTableId         *string
	DestinationCidrBlock *string
	GatewayId            *string
	LocalTarget          *bool

	CarrierGatewayId            *string `acts:"no"`
	CoreNetworkArn              *string `acts:"no"`
	DestinationIpv6CidrBlock    *string `acts:"no"`
	DestinationPrefixListId     *string `acts:"no"`
	EgressOnlyInternetGatewayId *string `acts:"no"`
	InstanceId                  *string `acts:"no"`
	LocalGatewayId              *string `acts:"no"`
	NatGatewayId                *string `acts:"no"`
	NetworkInterfaceId          *string `acts:"no"`
	OdbNetworkArn               *string `acts:"no"`
	TransitGatewayId            *string `acts:"no"`
	VpcEndpointId               *string `acts:"no"`
	VpcPeeringConnectionId      *string `acts:"no"`
}

// DeleteRouteInput names a route to delete.
type DeleteRouteInput struct {
	DryRun               *bool
	RouteTableId         *string
	DestinationCidrBlock *string

	DestinationIpv6CidrBlock *string `acts:"no"`
	DestinationPrefixListId  *string `acts:"no"`
}

// createRoute leads packets to an internet gateway.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html
func createRoute(tx *store.Tx, in *CreateRouteInput) (*Done, error) {
	t, cidr, err := routeAt(tx, in.RouteTableId, in.DestinationCidrBlock)
	if err != nil {
		return nil, err
	}
	if cidr == cidrOf(tx, t) || slices.ContainsFunc(t.Routes, func(r model.Route) bool { return r.CIDR == cidr }) {
		return nil, fail("RouteAlreadyExists", "The route identified by %s already exists.", cidr)
	}
	g, err := target(tx, t, cidr, in.GatewayId)
	if err != nil {
		return nil, err
	}
	t.Routes = append(slices.Clone(t.Routes), model.Route{CIDR: cidr, Gateway: g})
	store.RouteTables.Put(tx, t)
	return &Done{true}, nil
}

func replaceRoute(tx *store.Tx, in *ReplaceRouteInput) (*Done, error) {
	t, cidr, err := routeAt(tx, in.RouteTableId, in.DestinationCidrBlock)
	if err != nil {
		return nil, err
	}
	local := in.LocalTarget != nil && *in.LocalTarget || str(in.GatewayId) == "local"
	if cidr == cidrOf(tx, t) && local {
		return &Done{true}, nil // it leads nowhere else
	}
	i := slices.IndexFunc(t.Routes, func(r model.Route) bool { return r.CIDR == cidr })
	switch {
	case cidr == cidrOf(tx, t):
		return nil, fail("UnsupportedOperation", "Drydock does not support other targets than local for the route to the VPC itself.")
	case i < 0:
		return nil, fail("InvalidParameterValue", "There is no route defined for '%s' in the route table. Use CreateRoute instead.", cidr)
	case local:
		return nil, fail("InvalidParameterValue", "The target local is for the route to the VPC itself: %s is not one.", cidr)
	}
	g, err := target(tx, t, cidr, in.GatewayId)
	if err != nil {
		return nil, err
	}
	t.Routes = slices.Clone(t.Routes)
	t.Routes[i].Gateway = g
	store.RouteTables.Put(tx, t)
	return &Done{true}, nil
}

func deleteRoute(tx *store.Tx, in *DeleteRouteInput) (*Done, error) {
	t, cidr, err := routeAt(tx, in.RouteTableId, in.DestinationCidrBlock)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(t.Routes, func(r model.Route) bool { return r.CIDR == cidr })
	switch {
	case cidr == cidrOf(tx, t):
		return nil, fail("InvalidParameterValue", "cannot remove local route %s in route table %s", cidr, t.ID)
	case i < 0:
		return nil, fail("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s", cidr, t.ID)
	}
	t.Routes = slices.Delete(slices.Clone(t.Routes), i, i+1)
	store.RouteTables.Put(tx, t)
	return &Done{true}, nil
}

// routeAt returns the table and the destination, in canonical form, of a request.
func routeAt(tx *store.Tx, table, destination *string) (t model.RouteTable, cidr string, err error) {
	if t, err = wanted(tx, store.RouteTables, routeTableKind, table, "RouteTableId"); err != nil {
		return t, "", err
	}
	if str(destination) == "" {
		return t, "", missing("DestinationCidrBlock")
	}
	p, err := netip.ParsePrefix(*destination)
	if err != nil || !p.Addr().Is4() {
		return t, "", fail("InvalidParameterValue", "Value (%s) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.", *destination)
	}
	return t, p.Masked().String(), nil
}

func cidrOf(tx *store.Tx, t model.RouteTable) string {
	v, _ := store.VPCs.Get(tx, t.VPC)
	return v.CIDR
}

// target is the internet gateway that a route leads to. It leads everything there: what leaves a
// subnet here gets out of the VPC as a whole, or not at all.
func target(tx *store.Tx, t model.RouteTable, cidr string, gateway *string) (string, error) {
	if str(gateway) == "" {
		return "", fail("MissingParameter", "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, egressOnlyInternetGatewayId, transitGatewayId or localGatewayId")
	}
	if err := gatewayKind.check(*gateway); err != nil {
		return "", fail("UnsupportedOperation", "Drydock does not support the GatewayId %s: routes lead to internet gateways.", *gateway)
	}
	g, err := wanted(tx, store.InternetGateways, gatewayKind, gateway, "GatewayId")
	switch {
	case err != nil:
		return "", err
	case g.VPC != t.VPC:
		return "", fail("InvalidParameterValue", "route table %s and network gateway %s belong to different networks", t.ID, g.ID)
	case cidr != nic.Anywhere:
		return "", fail("UnsupportedOperation", "Drydock does not support the DestinationCidrBlock %s: a route to an internet gateway is for %s.", cidr, nic.Anywhere)
	}
	return g.ID, nil
}
