package ec2

import (
	"github.com/drydock-ecs/drydock/internal/store"
)

// Switch is an attribute that is on or off.
type Switch struct{ Value *bool }

func (s *Switch) on() bool { return s != nil && s.Value != nil && *s.Value }

// DescribeVpcAttributeInput asks for one attribute of a VPC.
type DescribeVpcAttributeInput struct {
	DryRun    *bool
	Attribute *string
	VpcId     *string
}

// DescribeVpcAttributeOutput is that attribute.
type DescribeVpcAttributeOutput struct {
	VpcId                            string
	EnableDnsHostnames               *Switch
	EnableDnsSupport                 *Switch
	EnableNetworkAddressUsageMetrics *Switch
}

func describeVpcAttribute(tx *store.Tx, in *DescribeVpcAttributeInput) (*DescribeVpcAttributeOutput, error) {
	v, err := wanted(tx, store.VPCs, vpcKind, in.VpcId, "VpcId")
	if err != nil {
		return nil, err
	}
	out := &DescribeVpcAttributeOutput{VpcId: v.ID}
	switch a := str(in.Attribute); a {
	case "enableDnsHostnames":
		out.EnableDnsHostnames = &Switch{&v.Hostnames}
	case "enableDnsSupport":
		out.EnableDnsSupport = &Switch{ptr(!v.NoDNS)}
	case "enableNetworkAddressUsageMetrics":
		out.EnableNetworkAddressUsageMetrics = &Switch{ptr(false)}
	case "":
		return nil, missing("Attribute")
	default:
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown vpc attribute", a)
	}
	return out, nil
}

// ModifyVpcAttributeInput sets one attribute of a VPC.
type ModifyVpcAttributeInput struct {
	VpcId              *string
	EnableDnsHostnames *Switch
	EnableDnsSupport   *Switch

	EnableNetworkAddressUsageMetrics *Switch `acts:"no"`
}

// modifyVpcAttribute sets whether a VPC has a resolver, and public addresses in it have names.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
func modifyVpcAttribute(tx *store.Tx, in *ModifyVpcAttributeInput) (*Done, error) {
	v, err := wanted(tx, store.VPCs, vpcKind, in.VpcId, "VpcId")
	if err != nil {
		return nil, err
	}
	given := 0
	for _, s := range [...]*Switch{in.EnableDnsHostnames, in.EnableDnsSupport, in.EnableNetworkAddressUsageMetrics} {
		if s != nil && s.Value != nil {
			given++
		}
	}
	switch {
	case given == 0:
		return nil, fail("MissingParameter", "The request must contain exactly one attribute")
	case given > 1:
		return nil, fail("InvalidParameterCombination", "Only one attribute can be modified at a time")
	case in.EnableDnsHostnames.on() && v.NoDNS:
		return nil, fail("InvalidParameterValue", "DNS hostnames can be enabled only for a VPC with DNS support: %s has it disabled", v.ID)
	case in.EnableDnsHostnames != nil:
		v.Hostnames = in.EnableDnsHostnames.on()
	case in.EnableDnsSupport != nil:
		v.NoDNS = !in.EnableDnsSupport.on()
	}
	store.VPCs.Put(tx, v)
	return &Done{true}, nil
}
