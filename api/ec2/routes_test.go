package ec2

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

func (w *world) table(vpc string) string {
	w.t.Helper()
	out, err := call[CreateRouteTableOutput](w, "CreateRouteTable", &CreateRouteTableInput{VpcId: &vpc})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.RouteTable.RouteTableId
}

// main is the main route table of a VPC.
func (w *world) main(vpc string) RouteTable {
	w.t.Helper()
	out, err := call[DescribeRouteTablesOutput](w, "DescribeRouteTables", &DescribeRouteTablesInput{Filters: []Filter{
		{ptr("vpc-id"), []string{vpc}}, {ptr("association.main"), []string{"true"}}}})
	if err != nil || len(out.RouteTables) != 1 {
		w.t.Fatal(out, err)
	}
	return out.RouteTables[0]
}

func (w *world) gateway(vpc string) string {
	w.t.Helper()
	out, err := call[CreateInternetGatewayOutput](w, "CreateInternetGateway", &CreateInternetGatewayInput{})
	if err != nil {
		w.t.Fatal(err)
	}
	id := out.InternetGateway.InternetGatewayId
	if _, err := call[Done](w, "AttachInternetGateway", &InternetGatewayInput{InternetGatewayId: &id, VpcId: &vpc}); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// routed draws which of the subnets are public.
func (w *world) routed(subnets ...string) (s string) {
	_ = w.store.View(home, func(tx *store.Tx) error {
		for _, id := range subnets {
			s += map[bool]string{true: "+", false: "-"}[nic.Routed(tx, id)]
		}
		return nil
	})
	return s
}

func drawnRoutes(t RouteTable) string {
	var all []string
	for _, r := range t.Routes {
		all = append(all, r.DestinationCidrBlock+" "+r.GatewayId[:3]+" "+r.State)
	}
	return strings.Join(all, ", ")
}

func TestASubnetBecomesPublicByItsRoute(t *testing.T) {
	w := newWorld(t)
	if got := w.routed(w.subnet("us-east-1a").ID, w.subnet("us-east-1c").ID); got != "++" {
		t.Errorf("default subnets: got %s", got)
	}
	vpc := w.makeVPC("10.0.0.0/16")
	a, b := w.makeSubnet(vpc, "10.0.0.0/24"), w.makeSubnet(vpc, "10.0.1.0/24")
	gateway, own, all := w.gateway(vpc), w.table(vpc), "0.0.0.0/0"
	want := func(rule, want string, err error) {
		t.Helper()
		if got := w.routed(a, b); got != want || err != nil {
			t.Errorf("%s: got %s, want %s, %v", rule, got, want, err)
		}
	}
	want("a gateway alone does nothing", "--", nil)
	_, err := call[Done](w, "CreateRoute", &CreateRouteInput{RouteTableId: &own, DestinationCidrBlock: &all, GatewayId: &gateway})
	want("nor does a table that no subnet has", "--", err)
	associated, err := call[AssociateRouteTableOutput](w, "AssociateRouteTable", &AssociateRouteTableInput{RouteTableId: &own, SubnetId: &a})
	want("a subnet with the table is public", "+-", err)
	main := w.main(vpc)
	replaced, err := call[ReplaceRouteTableAssociationOutput](w, "ReplaceRouteTableAssociation", &ReplaceRouteTableAssociationInput{
		AssociationId: &main.Associations[0].RouteTableAssociationId, RouteTableId: &own})
	want("as the main table it is everybody's", "++", err)
	_, err = call[Done](w, "DisassociateRouteTable", &DisassociateRouteTableInput{AssociationId: &associated.AssociationId})
	want("also of those without their own", "++", err)
	if _, err = call[Done](w, "DisassociateRouteTable", &DisassociateRouteTableInput{AssociationId: &replaced.NewAssociationId}); code(err) != "InvalidParameterValue" {
		t.Error(err)
	}
	_, err = call[Done](w, "DetachInternetGateway", &InternetGatewayInput{InternetGatewayId: &gateway, VpcId: &vpc})
	want("not without the gateway", "--", err)
	if got := drawnRoutes(w.main(vpc)); got != "10.0.0.0/16 loc active, 0.0.0.0/0 igw blackhole" {
		t.Errorf("got %s", got)
	}
	another := w.gateway(vpc)
	want("nor with another one", "--", nil)
	_, err = call[Done](w, "ReplaceRoute", &ReplaceRouteInput{RouteTableId: &own, DestinationCidrBlock: &all, GatewayId: &another})
	want("unless the route leads to it", "++", err)
	_, err = call[Done](w, "DeleteRoute", &DeleteRouteInput{RouteTableId: &own, DestinationCidrBlock: &all})
	want("and no more without the route", "--", err)
	if got := drawnRoutes(w.main(vpc)); got != "10.0.0.0/16 loc active" {
		t.Errorf("got %s", got)
	}
}

func TestRoutesThatCannotBe(t *testing.T) {
	w := newWorld(t)
	vpc := w.makeVPC("10.0.0.0/16")
	gateway, own, foreign := w.gateway(vpc), w.table(vpc), w.main(w.subnet("us-east-1a").VPC)
	away := foreign.Routes[1].GatewayId
	for _, c := range []struct {
		rule string
		in   CreateRouteInput
		want string
	}{
		{"a part of the world", CreateRouteInput{DestinationCidrBlock: ptr("8.8.8.8/32"), GatewayId: &gateway}, "UnsupportedOperation"},
		{"a NAT gateway", CreateRouteInput{DestinationCidrBlock: ptr("0.0.0.0/0"), NatGatewayId: ptr("nat-00000000")}, "UnsupportedOperation"},
		{"an instance", CreateRouteInput{DestinationCidrBlock: ptr("0.0.0.0/0"), InstanceId: ptr("i-00000000")}, "UnsupportedOperation"},
		{"a virtual private gateway", CreateRouteInput{DestinationCidrBlock: ptr("0.0.0.0/0"), GatewayId: ptr("vgw-00000000")}, "UnsupportedOperation"},
		{"IPv6", CreateRouteInput{DestinationIpv6CidrBlock: ptr("::/0"), GatewayId: &gateway}, "UnsupportedOperation"},
		{"a gateway that is not there", CreateRouteInput{DestinationCidrBlock: ptr("0.0.0.0/0"), GatewayId: ptr("igw-00000000")}, "InvalidInternetGatewayID.NotFound"},
		{"the gateway of another VPC", CreateRouteInput{DestinationCidrBlock: ptr("0.0.0.0/0"), GatewayId: &away}, "InvalidParameterValue"},
		{"the VPC itself", CreateRouteInput{DestinationCidrBlock: ptr("10.0.0.0/16"), GatewayId: &gateway}, "RouteAlreadyExists"},
		{"no target", CreateRouteInput{DestinationCidrBlock: ptr("0.0.0.0/0")}, "MissingParameter"},
		{"no destination", CreateRouteInput{GatewayId: &gateway}, "MissingParameter"},
		{"a destination that is none", CreateRouteInput{DestinationCidrBlock: ptr("x"), GatewayId: &gateway}, "InvalidParameterValue"},
		{"everything", CreateRouteInput{DestinationCidrBlock: ptr("0.0.0.0/0"), GatewayId: &gateway}, ""},
		{"again", CreateRouteInput{DestinationCidrBlock: ptr("0.0.0.0/0"), GatewayId: &gateway}, "RouteAlreadyExists"},
	} {
		c.in.RouteTableId = &own
		if _, err := call[Done](w, "CreateRoute", &c.in); code(err) != c.want {
			t.Errorf("%s: got %v", c.rule, err)
		}
	}
	for _, c := range []struct {
		rule string
		in   ReplaceRouteInput
		want string
	}{
		{"the local one stays local", ReplaceRouteInput{DestinationCidrBlock: ptr("10.0.0.0/16"), LocalTarget: ptr(true)}, ""},
		{"and nothing else", ReplaceRouteInput{DestinationCidrBlock: ptr("10.0.0.0/16"), GatewayId: &gateway}, "UnsupportedOperation"},
		{"one that is not there", ReplaceRouteInput{DestinationCidrBlock: ptr("8.8.8.8/32"), GatewayId: &gateway}, "InvalidParameterValue"},
		{"another one to local", ReplaceRouteInput{DestinationCidrBlock: ptr("0.0.0.0/0"), GatewayId: ptr("local")}, "InvalidParameterValue"},
	} {
		c.in.RouteTableId = &own
		if _, err := call[Done](w, "ReplaceRoute", &c.in); code(err) != c.want {
			t.Errorf("%s: got %v", c.rule, err)
		}
	}
	for cidr, want := range map[string]string{"10.0.0.0/16": "InvalidParameterValue", "8.8.8.8/32": "InvalidRoute.NotFound"} {
		if _, err := call[Done](w, "DeleteRoute", &DeleteRouteInput{RouteTableId: &own, DestinationCidrBlock: &cidr}); code(err) != want {
			t.Errorf("%s: got %v", cidr, err)
		}
	}
}

func TestGatewaysAndTablesInUseStay(t *testing.T) {
	w := newWorld(t)
	far := w.subnet("us-east-1a")
	vpc := w.makeVPC("10.0.0.0/16")
	gateway, own, subnet, main := w.gateway(vpc), w.table(vpc), w.makeSubnet(vpc, "10.0.0.0/24"), w.main(vpc)
	deleteTable := func(id string) string {
		_, err := call[Done](w, "DeleteRouteTable", &DeleteRouteTableInput{RouteTableId: &id})
		return code(err)
	}
	gates := func(op, vpc string) string {
		_, err := call[Done](w, op, &InternetGatewayInput{InternetGatewayId: &gateway, VpcId: &vpc})
		return code(err)
	}
	associate := func(table, subnet string) string {
		_, err := call[AssociateRouteTableOutput](w, "AssociateRouteTable", &AssociateRouteTableInput{RouteTableId: &table, SubnetId: &subnet})
		return code(err)
	}
	deleteGateway := func() string {
		_, err := call[Done](w, "DeleteInternetGateway", &DeleteInternetGatewayInput{InternetGatewayId: &gateway})
		return code(err)
	}
	for _, c := range []struct{ rule, got, want string }{
		{"a table is associated", associate(own, subnet), ""},
		{"and again", associate(own, subnet), ""},
		{"a subnet has one table", associate(main.RouteTableId, subnet), "Resource.AlreadyAssociated"},
		{"of its VPC", associate(own, far.ID), "InvalidParameterValue"},
		{"a table in use", deleteTable(own), "DependencyViolation"},
		{"the main table", deleteTable(main.RouteTableId), "DependencyViolation"},
		{"a table that is not there", deleteTable("rtb-00000000"), "InvalidRouteTableID.NotFound"},
		{"a gateway has one VPC", gates("AttachInternetGateway", far.VPC), "Resource.AlreadyAssociated"},
		{"an attached gateway", deleteGateway(), "DependencyViolation"},
		{"it is attached to its own VPC", gates("DetachInternetGateway", far.VPC), "Gateway.NotAttached"},
		{"it is detached", gates("DetachInternetGateway", vpc), ""},
		{"a VPC has one gateway", gates("AttachInternetGateway", far.VPC), "InvalidParameterValue"},
		{"and deleted", deleteGateway(), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s", c.rule, c.got)
		}
	}
	w.run(1, nil)
	gateway = w.main(far.VPC).Routes[1].GatewayId
	if got := gates("DetachInternetGateway", far.VPC); got != "DependencyViolation" {
		t.Errorf("public addresses: got %s", got)
	}
	// A deleted subnet is in no table.
	if _, err := call[Done](w, "DeleteSubnet", &DeleteSubnetInput{SubnetId: &subnet}); err != nil {
		t.Error(err)
	}
	if got := deleteTable(own); got != "" {
		t.Errorf("got %s", got)
	}
}

func TestRouteTablesComeInPages(t *testing.T) {
	w := newWorld(t)
	vpc := w.makeVPC("10.0.0.0/16")
	token := ptr("once")
	for range 2 {
		if _, err := call[CreateRouteTableOutput](w, "CreateRouteTable", &CreateRouteTableInput{VpcId: &vpc, ClientToken: token}); err != nil {
			t.Fatal(err)
		}
	}
	for range 6 {
		w.table(vpc)
	}
	var sizes []int
	var seen []string
	in := &DescribeRouteTablesInput{MaxResults: ptr[int32](5)}
	for {
		out, err := call[DescribeRouteTablesOutput](w, "DescribeRouteTables", in)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(out.RouteTables))
		for _, r := range out.RouteTables {
			seen = append(seen, r.RouteTableId)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if slices.Sort(seen); fmt.Sprint(sizes) != "[5 4]" || len(slices.Compact(seen)) != 9 {
		t.Errorf("got %v", sizes)
	}
	if _, err := call[DescribeRouteTablesOutput](w, "DescribeRouteTables", &DescribeRouteTablesInput{MaxResults: ptr[int32](4)}); code(err) != "InvalidParameterValue" {
		t.Error(err)
	}
}
