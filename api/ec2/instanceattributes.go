package ec2

import (
	"encoding/base64"

	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// DescribeInstanceAttributeInput asks for one attribute of an instance.
type DescribeInstanceAttributeInput struct {
	DryRun     *bool
	InstanceId *string
	Attribute  *string
}

// DescribeInstanceAttributeOutput is that attribute.
type DescribeInstanceAttributeOutput struct {
	InstanceId                        string
	BlockDeviceMappings               []struct{} `wire:"blockDeviceMapping"`
	DisableApiStop                    *Switch
	DisableApiTermination             *Switch
	EbsOptimized                      *Switch
	EnaSupport                        *Switch
	EnclaveOptions                    *Enabling
	Groups                            []GroupIdentifier `wire:"groupSet"`
	InstanceInitiatedShutdownBehavior *Text
	InstanceType                      *Text
	KernelId                          *Text `wire:"kernel"`
	ProductCodes                      []struct{}
	RamdiskId                         *Text `wire:"ramdisk"`
	RootDeviceName                    *Text
	SourceDestCheck                   *Switch
	SriovNetSupport                   *Text
	UserData                          *Text
}

func describeInstanceAttribute(tx *store.Tx, in *DescribeInstanceAttributeInput) (*DescribeInstanceAttributeOutput, error) {
	i, err := wanted(tx, store.Instances, instanceKind, in.InstanceId, "InstanceId")
	if err != nil {
		return nil, err
	}
	shown := render(tx, i)
	whole := DescribeInstanceAttributeOutput{BlockDeviceMappings: shown.BlockDeviceMappings, DisableApiStop: &Switch{ptr(false)}, DisableApiTermination: &Switch{ptr(false)},
		EbsOptimized: &Switch{&shown.EbsOptimized}, EnaSupport: &Switch{&shown.EnaSupport}, EnclaveOptions: &Enabling{ptr(false)}, Groups: shown.SecurityGroups,
		InstanceInitiatedShutdownBehavior: &Text{ptr("stop")}, InstanceType: &Text{&shown.InstanceType}, KernelId: &Text{}, ProductCodes: shown.ProductCodes,
		RamdiskId: &Text{}, RootDeviceName: &Text{&shown.RootDeviceName}, SourceDestCheck: &Switch{shown.SourceDestCheck}, SriovNetSupport: &Text{}, UserData: &Text{}}
	if i.UserData != "" {
		whole.UserData.Value = ptr(base64.StdEncoding.EncodeToString([]byte(i.UserData)))
	}
	out := &DescribeInstanceAttributeOutput{InstanceId: i.ID}
	return out, choose(out, whole, str(in.Attribute))
}

// choose copies the one attribute that is asked for.
func choose(out *DescribeInstanceAttributeOutput, whole DescribeInstanceAttributeOutput, attribute string) error {
	switch attribute {
	case "blockDeviceMapping":
		out.BlockDeviceMappings = whole.BlockDeviceMappings
	case "disableApiStop":
		out.DisableApiStop = whole.DisableApiStop
	case "disableApiTermination":
		out.DisableApiTermination = whole.DisableApiTermination
	case "ebsOptimized":
		out.EbsOptimized = whole.EbsOptimized
	case "enaSupport":
		out.EnaSupport = whole.EnaSupport
	case "enclaveOptions":
		out.EnclaveOptions = whole.EnclaveOptions
	case "groupSet":
		out.Groups = whole.Groups
	case "instanceInitiatedShutdownBehavior":
		out.InstanceInitiatedShutdownBehavior = whole.InstanceInitiatedShutdownBehavior
	case "instanceType":
		out.InstanceType = whole.InstanceType
	case "kernel":
		out.KernelId = whole.KernelId
	case "productCodes":
		out.ProductCodes = whole.ProductCodes
	case "ramdisk":
		out.RamdiskId = whole.RamdiskId
	case "rootDeviceName":
		out.RootDeviceName = whole.RootDeviceName
	case "sourceDestCheck":
		out.SourceDestCheck = whole.SourceDestCheck
	case "sriovNetSupport":
		out.SriovNetSupport = whole.SriovNetSupport
	case "userData":
		out.UserData = whole.UserData
	case "":
		return missing("Attribute")
	default:
		return fail("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", attribute)
	}
	return nil
}

// ModifyInstanceAttributeInput sets one attribute of an instance: the groups of its first interface.
type ModifyInstanceAttributeInput struct {
	DryRun          *bool
	InstanceId      *string
	Groups          []string `wire:"GroupId"`
	SourceDestCheck *Switch

	Attribute                         *string `acts:"no"`
	Value                             *string `acts:"no"`
	DisableApiStop                    *Switch `acts:"no"`
	DisableApiTermination             *Switch `acts:"no"`
	EbsOptimized                      *Switch `acts:"no"`
	InstanceInitiatedShutdownBehavior *Text   `acts:"no"`
	InstanceType                      *Text   `acts:"no"`
	Kernel                            *Text   `acts:"no"`
	Ramdisk                           *Text   `acts:"no"`
	SriovNetSupport                   *Text   `acts:"no"`
	UserData                          *Text   `acts:"no"`
	BlockDeviceMappings               any     `wire:"BlockDeviceMapping"`
	EnaSupport                        any
}

func modifyInstanceAttribute(tx *store.Tx, in *ModifyInstanceAttributeInput) (*Done, error) {
	i, err := wanted(tx, store.Instances, instanceKind, in.InstanceId, "InstanceId")
	if err != nil {
		return nil, err
	}
	if err := checked(in.SourceDestCheck); err != nil {
		return nil, err
	}
	if len(in.Groups) == 0 {
		if in.SourceDestCheck == nil {
			return nil, fail("InvalidParameterCombination", "No attributes specified.")
		}
		return &Done{true}, nil
	}
	n, ok := nic.Primary(tx, i.ID)
	if !ok {
		return nil, fail("IncorrectInstanceState", "The instance '%s' is not in a state from which its groups can be modified.", i.ID)
	}
	if n.Groups, err = interfaceGroups(tx, n.VPC, in.Groups); err != nil {
		return nil, err
	}
	store.NetworkInterfaces.Put(tx, n)
	return &Done{true}, nil
}
