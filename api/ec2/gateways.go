package ec2

import (
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// DescribeInternetGatewaysInput asks what internet gateways there are.
type DescribeInternetGatewaysInput struct {
	DryRun             *bool
	InternetGatewayIds []string `wire:"InternetGatewayId"`
	Filters            []Filter `wire:"Filter"`
	MaxResults         *int32
	NextToken          *string
}

// DescribeInternetGatewaysOutput is one page of them.
type DescribeInternetGatewaysOutput struct {
	InternetGateways []InternetGateway `wire:"internetGatewaySet"`
	NextToken        *string
}

// InternetGateway is an internet gateway.
type InternetGateway struct {
	InternetGatewayId string
	OwnerId           string
	Attachments       []GatewayAttachment `wire:"attachmentSet"`
	Tags              []Tag               `wire:"tagSet"`
}

// GatewayAttachment ties an internet gateway to its VPC. Its state is "available", as EC2 calls it.
type GatewayAttachment struct{ State, VpcId string }

func describeInternetGateways(tx *store.Tx, in *DescribeInternetGatewaysInput) (*DescribeInternetGatewaysOutput, error) {
	all, next, err := listed(tx, list[model.InternetGateway]{store.InternetGateways, gatewayKind, in.InternetGatewayIds, gatewayProperties(tx), in.Filters},
		paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	out := &DescribeInternetGatewaysOutput{InternetGateways: []InternetGateway{}, NextToken: next}
	for _, g := range all {
		out.InternetGateways = append(out.InternetGateways, renderGateway(tx, g))
	}
	return out, err
}

func renderGateway(tx *store.Tx, g model.InternetGateway) InternetGateway {
	out := InternetGateway{g.ID, tx.Scope().Account, []GatewayAttachment{}, renderTags(g.Tags)}
	if g.VPC != "" {
		out.Attachments = append(out.Attachments, GatewayAttachment{"available", g.VPC})
	}
	return out
}

func gatewayProperties(tx *store.Tx) properties[model.InternetGateway] {
	attached := func(what func(model.InternetGateway) string) func(model.InternetGateway) []string {
		return func(g model.InternetGateway) []string {
			if g.VPC == "" {
				return nil
			}
			return []string{what(g)}
		}
	}
	return properties[model.InternetGateway]{map[string]func(model.InternetGateway) []string{
		"attachment.state":    attached(func(model.InternetGateway) string { return "available" }),
		"attachment.vpc-id":   attached(func(g model.InternetGateway) string { return g.VPC }),
		"internet-gateway-id": one(model.InternetGateway.Key),
		"owner-id":            func(model.InternetGateway) []string { return []string{tx.Scope().Account} },
	}, func(g model.InternetGateway) model.Tags { return g.Tags }}
}

// CreateInternetGatewayInput asks for a new internet gateway.
type CreateInternetGatewayInput struct {
	DryRun            *bool
	TagSpecifications []TagSpecification `wire:"TagSpecification"`
}

// CreateInternetGatewayOutput is the gateway.
type CreateInternetGatewayOutput struct{ InternetGateway InternetGateway }

func createInternetGateway(tx *store.Tx, in *CreateInternetGatewayInput) (*CreateInternetGatewayOutput, error) {
	tags, err := tagsOf(in.TagSpecifications, gatewayKind)
	if err != nil {
		return nil, err
	}
	if count(tx, store.InternetGateways) >= mostVPCs { // the quotas are one
		return nil, fail("InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached.")
	}
	g := model.InternetGateway{ID: "igw-" + ids.Hex(17), Tags: tags}
	store.InternetGateways.Put(tx, g)
	return &CreateInternetGatewayOutput{renderGateway(tx, g)}, nil
}

// InternetGatewayInput names an internet gateway and, to attach or detach it, a VPC.
type InternetGatewayInput struct {
	DryRun            *bool
	InternetGatewayId *string
	VpcId             *string
}

// DeleteInternetGatewayInput names an internet gateway to delete.
type DeleteInternetGatewayInput struct {
	DryRun            *bool
	InternetGatewayId *string
}

func deleteInternetGateway(tx *store.Tx, in *DeleteInternetGatewayInput) (*Done, error) {
	g, err := wanted(tx, store.InternetGateways, gatewayKind, in.InternetGatewayId, "InternetGatewayId")
	if err != nil {
		return nil, err
	}
	if g.VPC != "" {
		return nil, fail("DependencyViolation", "The internetGateway '%s' has dependencies and cannot be deleted.", g.ID)
	}
	store.InternetGateways.Delete(tx, g.ID)
	return &Done{true}, nil
}

// attachInternetGateway gives a VPC its way out. Routes have to lead to it.
func attachInternetGateway(tx *store.Tx, in *InternetGatewayInput) (*Done, error) {
	g, v, err := gatewayAndVPC(tx, in)
	switch {
	case err != nil:
		return nil, err
	case g.VPC != "":
		return nil, fail("Resource.AlreadyAssociated", "resource %s is already attached to network %s", g.ID, g.VPC)
	case anyOf(tx, store.InternetGateways, func(o model.InternetGateway) bool { return o.VPC == v.ID }):
		return nil, fail("InvalidParameterValue", "Network %s already has an internet gateway attached", v.ID)
	}
	g.VPC = v.ID
	store.InternetGateways.Put(tx, g)
	return &Done{true}, nil
}

// detachInternetGateway takes it away again, unless somebody has a public address. Routes that lead to
// it lead nowhere then.
func detachInternetGateway(tx *store.Tx, in *InternetGatewayInput) (*Done, error) {
	g, v, err := gatewayAndVPC(tx, in)
	switch {
	case err != nil:
		return nil, err
	case g.VPC != v.ID:
		return nil, fail("Gateway.NotAttached", "resource %s is not attached to network %s", g.ID, v.ID)
	case anyOf(tx, store.NetworkInterfaces, func(n model.NetworkInterface) bool { return n.VPC == v.ID && n.Public != "" }):
		return nil, fail("DependencyViolation", "Network %s has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.", v.ID)
	}
	g.VPC = ""
	store.InternetGateways.Put(tx, g)
	return &Done{true}, nil
}

func gatewayAndVPC(tx *store.Tx, in *InternetGatewayInput) (g model.InternetGateway, v model.VPC, err error) {
	if g, err = wanted(tx, store.InternetGateways, gatewayKind, in.InternetGatewayId, "InternetGatewayId"); err != nil {
		return g, v, err
	}
	v, err = wanted(tx, store.VPCs, vpcKind, in.VpcId, "VpcId")
	return g, v, err
}
