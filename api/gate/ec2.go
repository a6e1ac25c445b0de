package gate

import (
	"maps"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"
)

// ec2Rules are those of Amazon EC2, which describes nothing by resource.
//
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
var ec2Rules = table(map[string]rule{
	"RunInstances":       {on: launched, keys: keyed(launching), tagged: tagEC2, tags: launchTagged, passes: toInstances(newInstances), also: imageParameter},
	"TerminateInstances": {on: arns("instance/", "InstanceIds", "")},

	"AssociateIamInstanceProfile":          {on: arns("instance/", "InstanceId", ""), keys: keyed(launching), passes: toInstances(arns("instance/", "InstanceId", ""))},
	"ReplaceIamInstanceProfileAssociation": {on: newInstances, keys: keyed(launching), passes: toInstances(newInstances)}, // of which one, only EC2 knows
	"DisassociateIamInstanceProfile":       {on: newInstances},

	"ModifyInstanceMetadataOptions": {on: arns("instance/", "InstanceId", "")},

	"CreateSecurityGroup": {on: newGroup, tagged: tagEC2, tags: newSecurityGroup},
	"DeleteSecurityGroup": {on: securityGroup},
	"CreateTags":          {on: byID("Resources")},
	"DeleteTags":          {on: byID("Resources")},
},
	all(plain, `DescribeAvailabilityZones DescribeIamInstanceProfileAssociations DescribeInstanceStatus DescribeInstanceTypes DescribeInstances DescribeRegions
		DescribeSecurityGroups DescribeSubnets DescribeTags DescribeVpcs`),
	func(t map[string]rule) { maps.Copy(t, ec2NetworkRules) },
	func(t map[string]rule) { maps.Copy(t, ec2FlowLogRules) },
)

const tagEC2 = "ec2:CreateTags"

// launched is everything that RunInstances makes and uses.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances
func launched(a *asking) []string {
	all := append(newInstances(a), a.sc.ARN("ec2", "network-interface/*"), a.sc.ARN("ec2", "volume/*"))
	if image := a.image(); image != "" {
		all = append(all, "arn:"+a.sc.Partition()+":ec2:"+a.sc.Region+"::image/"+image)
	}
	subnets := append(a.texts("SubnetId"), a.texts("NetworkInterfaces.SubnetId")...)
	if len(subnets) == 0 {
		subnets = []string{"*"}
	}
	groups := append(a.texts("SecurityGroupIds"), a.texts("NetworkInterfaces.Groups")...)
	if len(groups) == 0 {
		groups = []string{"*"}
	}
	for _, id := range subnets {
		all = append(all, a.sc.ARN("ec2", "subnet/"+id))
	}
	for _, id := range groups {
		all = append(all, a.sc.ARN("ec2", "security-group/"+id))
	}
	for _, name := range a.texts("KeyName") {
		all = append(all, a.sc.ARN("ec2", "key-pair/"+name))
	}
	return all
}

// alias is the parameter of Systems Manager that names the image; empty where its id stands there.
func (a *asking) alias() string {
	if name, ok := strings.CutPrefix(a.text("ImageId"), "resolve:ssm:"); ok {
		return name
	}
	return ""
}

// image is the id of the image to launch: of one that cannot be found, any. What is not kept as the id of an
// image is not opened, for a denial tells it, perhaps to somebody who may not read it.
func (a *asking) image() string {
	name := a.alias()
	if name == "" {
		return a.text("ImageId")
	}
	v, err := secrets.ParameterVersion(a.tx, name)
	if err != nil || v.DataType != model.DataTypeImage && !secrets.Public(v.Parameter) {
		return "*"
	}
	id, err := secrets.OpenParameter(a.sc, a.vault, v)
	if err != nil || !model.IsImage(id) {
		return "*"
	}
	return id
}

// imageParameter is that the caller must be allowed to read the parameter that names the image.
//
// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ec2-aliases.html
func imageParameter(a *asking) []need {
	name := a.alias()
	if name == "" {
		return nil
	}
	arn := a.parameter(name)
	return []need{{action: "ssm:GetParameters", resource: arn, keys: a.resourceTags(arn), denial: &noParameter}}
}

// launchTagged is what of a launch has tags: instances or network interfaces.
func launchTagged(a *asking) (all []string) {
	for _, kind := range a.texts("TagSpecifications.ResourceType") {
		all = append(all, a.sc.ARN("ec2", kind+"/*"))
	}
	return all
}

func newInstances(a *asking) []string { return []string{a.sc.ARN("ec2", "instance/*")} }

func newSecurityGroup(a *asking) []string { return []string{a.sc.ARN("ec2", "security-group/*")} }

func newGroup(a *asking) []string {
	all := newSecurityGroup(a)
	for _, id := range a.texts("VpcId") {
		all = append(all, a.sc.ARN("ec2", "vpc/"+id))
	}
	return all
}

// securityGroup is the group that is named by its id, or by its name in the default VPC.
func securityGroup(a *asking) []string {
	if id := a.text("GroupId"); id != "" {
		return []string{a.sc.ARN("ec2", "security-group/"+id)}
	}
	for g := range store.SecurityGroups.All(a.tx) {
		if v, _ := store.VPCs.Get(a.tx, g.VPC); v.Default && g.Name == a.text("GroupName") {
			return []string{a.sc.ARN("ec2", "security-group/"+g.ID)}
		}
	}
	return newSecurityGroup(a)
}

// byID is the ARNs of resources that are told apart by the beginnings of their ids.
func byID(member string) func(*asking) []string {
	kinds := map[string]string{"i": "instance", "vpc": "vpc", "subnet": "subnet", "sg": "security-group", "eni": "network-interface", "vol": "volume",
		"sgr": "security-group-rule", "rtb": "route-table", "igw": "internet-gateway", "eipalloc": "elastic-ip", "fl": "vpc-flow-log"}
	return func(a *asking) (all []string) {
		for _, id := range a.texts(member) {
			prefix, _, _ := strings.Cut(id, "-")
			kind := kinds[prefix]
			if kind == "" {
				kind = "*"
			}
			all = append(all, a.sc.ARN("ec2", kind+"/"+id))
		}
		return all
	}
}

func launching(a *asking) {
	a.keys.Set("ec2:InstanceType", a.texts("InstanceType")...)
	a.keys.Set("ec2:AvailabilityZone", a.texts("Placement.AvailabilityZone")...)
	a.keys.Set("ec2:Tenancy", a.texts("Placement.Tenancy")...)
	for _, p := range a.profiles() {
		a.keys.Set("ec2:InstanceProfile", p.ARN(a.sc))
	}
}

// profiles is the instance profile that is given by its name or ARN.
func (a *asking) profiles() []model.InstanceProfile {
	name := a.text("IamInstanceProfile.Name")
	if arn := a.text("IamInstanceProfile.Arn"); arn != "" {
		name = arn[strings.LastIndexByte(arn, '/')+1:]
	}
	p, ok := store.InstanceProfiles.Get(a.tx.In(a.sc.Global()), model.InstanceProfile{Name: name}.Key())
	if !ok {
		return nil
	}
	return []model.InstanceProfile{p}
}

// toInstances is the role in the instance profile.
func toInstances(which func(*asking) []string) func(*asking) []passing {
	return func(a *asking) (all []passing) {
		for _, p := range a.profiles() {
			if p.Role != "" {
				all = append(all, a.pass("ec2.amazonaws.com", which(a), []string{p.Role})...)
			}
		}
		return all
	}
}
