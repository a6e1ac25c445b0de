package ec2

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// ModifyNetworkInterfaceAttributeInput sets one attribute of a network interface.
type ModifyNetworkInterfaceAttributeInput struct {
	DryRun             *bool
	NetworkInterfaceId *string
	Description        *Text
	Groups             []string `wire:"SecurityGroupId"`
	SourceDestCheck    *Switch
	Attachment         *AttachmentChange

	AssociatePublicIpAddress        *bool    `acts:"no"`
	AssociatedSubnetIds             []string `wire:"AssociatedSubnetId" acts:"no"`
	EnablePrimaryIpv6               *bool    `acts:"no"`
	ConnectionTrackingSpecification any
	EnaSrdSpecification             any
}

// Text is an attribute that is a text.
type Text struct{ Value *string }

// AttachmentChange says whether an interface goes with its instance.
type AttachmentChange struct {
	AttachmentId        *string
	DeleteOnTermination *bool

	DefaultEnaQueueCount *bool  `acts:"no"`
	EnaQueueCount        *int32 `acts:"no"`
}

// modifyNetworkInterfaceAttribute sets one attribute. Other groups act at once, on what is under way
// too as far as EC2 has it.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyNetworkInterfaceAttribute.html
func modifyNetworkInterfaceAttribute(tx *store.Tx, in *ModifyNetworkInterfaceAttributeInput) (*Done, error) {
	n, err := ownInterface(tx, in.NetworkInterfaceId)
	if err != nil {
		return nil, err
	}
	given := 0
	for _, is := range [...]bool{in.Description != nil, len(in.Groups) > 0, in.SourceDestCheck != nil, in.Attachment != nil} {
		if is {
			given++
		}
	}
	switch {
	case given == 0:
		return nil, fail("MissingParameter", "The request must contain exactly one attribute")
	case given > 1:
		return nil, fail("InvalidParameterCombination", "Only one attribute can be modified at a time")
	case in.SourceDestCheck != nil:
		err = checked(in.SourceDestCheck)
	case in.Description != nil:
		n.Description = str(in.Description.Value)
	case in.Attachment != nil:
		n, err = kept(n, *in.Attachment)
	default:
		n.Groups, err = interfaceGroups(tx, n.VPC, in.Groups)
	}
	if err == nil {
		store.NetworkInterfaces.Put(tx, n)
	}
	return &Done{true}, err
}

// checked refuses to switch the check of source and destination off: nothing here forwards for others.
func checked(s *Switch) error {
	if s != nil && s.Value != nil && !*s.Value {
		return fail("UnsupportedOperation", "Drydock does not support SourceDestCheck=false: no instance forwards what is not its own.")
	}
	return nil
}

func kept(n model.NetworkInterface, change AttachmentChange) (model.NetworkInterface, error) {
	switch id := str(change.AttachmentId); {
	case id == "":
		return n, missing("Attachment.AttachmentId")
	case id != n.Attachment:
		return n, fail("InvalidAttachmentID.NotFound", "The attachment ID '%s' does not exist", id)
	case change.DeleteOnTermination == nil:
		return n, missing("Attachment.DeleteOnTermination")
	}
	n.Keep = !*change.DeleteOnTermination
	return n, nil
}

// DescribeNetworkInterfaceAttributeInput asks for one attribute of a network interface.
type DescribeNetworkInterfaceAttributeInput struct {
	DryRun             *bool
	NetworkInterfaceId *string
	Attribute          *string
}

// DescribeNetworkInterfaceAttributeOutput is that attribute.
type DescribeNetworkInterfaceAttributeOutput struct {
	NetworkInterfaceId       string
	Attachment               *Attachment
	Description              *Text
	Groups                   []GroupIdentifier `wire:"groupSet"`
	SourceDestCheck          *Switch
	AssociatePublicIpAddress *bool
}

func describeNetworkInterfaceAttribute(tx *store.Tx, in *DescribeNetworkInterfaceAttributeInput) (*DescribeNetworkInterfaceAttributeOutput, error) {
	n, err := wanted(tx, store.NetworkInterfaces, interfaceKind, in.NetworkInterfaceId, "NetworkInterfaceId")
	if err != nil {
		return nil, err
	}
	out := &DescribeNetworkInterfaceAttributeOutput{NetworkInterfaceId: n.ID}
	switch a := str(in.Attribute); a {
	case "attachment":
		out.Attachment = renderAttachment(tx, n)
	case "description":
		out.Description = &Text{&n.Description}
	case "groupSet":
		out.Groups = identifiers(tx, n.Groups)
	case "sourceDestCheck":
		out.SourceDestCheck = &Switch{ptr(!n.NoDestCheck)}
	case "associatePublicIpAddress":
		out.AssociatePublicIpAddress = ptr(n.Public != "")
	case "":
		return nil, fail("InvalidParameterCombination", "No attributes specified.")
	default:
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", a)
	}
	return out, nil
}
