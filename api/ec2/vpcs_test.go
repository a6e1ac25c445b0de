package ec2

import (
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

func (w *world) vpc(cidr string) (Vpc, error) {
	out, err := call[CreateVpcOutput](w, "CreateVpc", &CreateVpcInput{CidrBlock: &cidr})
	if err != nil {
		return Vpc{}, err
	}
	return out.Vpc, nil
}

func (w *world) makeVPC(cidr string) string {
	w.t.Helper()
	v, err := w.vpc(cidr)
	if err != nil {
		w.t.Fatal(err)
	}
	return v.VpcId
}

func (w *world) makeSubnet(vpc, cidr string) string {
	w.t.Helper()
	out, err := call[CreateSubnetOutput](w, "CreateSubnet", &CreateSubnetInput{VpcId: &vpc, CidrBlock: &cidr})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Subnet.SubnetId
}

func TestAVPCIsBornWithItsParts(t *testing.T) {
	w := newWorld(t)
	v, err := w.vpc("10.1.2.3/16")
	if err != nil || v.CidrBlock != "10.1.0.0/16" || v.IsDefault || v.State != "available" {
		t.Fatal(v, err)
	}
	in := []Filter{{ptr("vpc-id"), []string{v.VpcId}}}
	groups, err := call[DescribeSecurityGroupsOutput](w, "DescribeSecurityGroups", &DescribeSecurityGroupsInput{Filters: in})
	if err != nil || len(groups.SecurityGroups) != 1 || groups.SecurityGroups[0].GroupName != "default" {
		t.Fatal(groups, err)
	}
	if got := w.picture(groups.SecurityGroups[0].GroupId); got != "<-1 group; >-1 0.0.0.0/0" {
		t.Errorf("got %s", got)
	}
	acls, err := call[DescribeNetworkAclsOutput](w, "DescribeNetworkAcls", &DescribeNetworkAclsInput{Filters: append(in, Filter{ptr("default"), []string{"true"}})})
	if err != nil || len(acls.NetworkAcls) != 1 || acls.NetworkAcls[0].Entries[0] != (AclEntry{100, "-1", "allow", true, "0.0.0.0/0"}) {
		t.Error(acls, err)
	}
	attribute := func(name string) string {
		out, err := call[DescribeVpcAttributeOutput](w, "DescribeVpcAttribute", &DescribeVpcAttributeInput{VpcId: &v.VpcId, Attribute: &name})
		if err != nil {
			return code(err)
		}
		return map[bool]string{true: "on", false: "off"}[out.EnableDnsSupport.on() || out.EnableDnsHostnames.on() || out.EnableNetworkAddressUsageMetrics.on()]
	}
	if got := attribute("enableDnsSupport") + " " + attribute("enableDnsHostnames") + " " + attribute("enableNetworkAddressUsageMetrics") + " " + attribute("x"); got != "on off off InvalidParameterValue" {
		t.Errorf("got %s", got)
	}
}

func TestVPCsThatCannotBe(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		rule string
		in   CreateVpcInput
		want string
	}{
		{"too large", CreateVpcInput{CidrBlock: ptr("10.0.0.0/15")}, "InvalidVpc.Range"},
		{"too small", CreateVpcInput{CidrBlock: ptr("10.0.0.0/29")}, "InvalidVpc.Range"},
		{"no range", CreateVpcInput{CidrBlock: ptr("10.0.0.0")}, "InvalidParameterValue"},
		{"IPv6", CreateVpcInput{CidrBlock: ptr("fd00::/56")}, "InvalidParameterValue"},
		{"the machine itself", CreateVpcInput{CidrBlock: ptr("127.1.0.0/16")}, "InvalidVpc.Range"},
		{"link-local", CreateVpcInput{CidrBlock: ptr("169.254.0.0/16")}, "InvalidVpc.Range"},
		{"none", CreateVpcInput{}, "MissingParameter"},
		{"dedicated hosts", CreateVpcInput{CidrBlock: ptr("10.0.0.0/16"), InstanceTenancy: ptr("dedicated")}, "UnsupportedOperation"},
		{"IPv6 beside", CreateVpcInput{CidrBlock: ptr("10.0.0.0/16"), AmazonProvidedIpv6CidrBlock: ptr(true)}, "UnsupportedOperation"},
		{"no IPv6 beside", CreateVpcInput{CidrBlock: ptr("10.0.0.0/16"), AmazonProvidedIpv6CidrBlock: ptr(false), InstanceTenancy: ptr("default")}, ""},
		{"tags of another kind", CreateVpcInput{CidrBlock: ptr("10.0.0.0/16"), TagSpecifications: []TagSpecification{{ResourceType: ptr("subnet")}}}, "UnsupportedOperation"},
		{"tried", CreateVpcInput{CidrBlock: ptr("10.0.0.0/16"), DryRun: ptr(true)}, "DryRunOperation"},
	} {
		if _, err := call[CreateVpcOutput](w, "CreateVpc", &c.in); code(err) != c.want {
			t.Errorf("%s: got %v", c.rule, err)
		}
	}
	for range 3 {
		w.makeVPC("10.0.0.0/16")
	}
	if _, err := w.vpc("10.0.0.0/16"); code(err) != "VpcLimitExceeded" {
		t.Error(err)
	}
}

func TestSubnetsPartTheirVPC(t *testing.T) {
	w := newWorld(t)
	vpc := w.makeVPC("10.0.0.0/16")
	w.makeSubnet(vpc, "10.0.0.0/24")
	for _, c := range []struct {
		rule string
		in   CreateSubnetInput
		want string
	}{
		{"beside", CreateSubnetInput{VpcId: &vpc, CidrBlock: ptr("10.0.1.7/24")}, ""},
		{"on another", CreateSubnetInput{VpcId: &vpc, CidrBlock: ptr("10.0.0.128/25")}, "InvalidSubnet.Conflict: The CIDR '10.0.0.128/25' conflicts with another subnet"},
		{"outside", CreateSubnetInput{VpcId: &vpc, CidrBlock: ptr("10.1.0.0/24")}, "InvalidSubnet.Range: The CIDR '10.1.0.0/24' is invalid."},
		{"too small", CreateSubnetInput{VpcId: &vpc, CidrBlock: ptr("10.0.2.0/29")}, "InvalidSubnet.Range"},
		{"no range", CreateSubnetInput{VpcId: &vpc, CidrBlock: ptr("x")}, "InvalidParameterValue: Value (x) for parameter cidrBlock is invalid. This is not a valid CIDR block."},
		{"a zone", CreateSubnetInput{VpcId: &vpc, CidrBlock: ptr("10.0.2.0/24"), AvailabilityZone: ptr("us-east-1c")}, ""},
		{"its id", CreateSubnetInput{VpcId: &vpc, CidrBlock: ptr("10.0.3.0/24"), AvailabilityZoneId: ptr("use1-az2")}, ""},
		{"no such zone", CreateSubnetInput{VpcId: &vpc, CidrBlock: ptr("10.0.4.0/24"), AvailabilityZone: ptr("us-east-1z")},
			"InvalidParameterValue: Value (us-east-1z) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: us-east-1a, us-east-1b, us-east-1c."},
		{"no VPC", CreateSubnetInput{CidrBlock: ptr("10.0.4.0/24")}, "MissingParameter"},
		{"no such VPC", CreateSubnetInput{VpcId: ptr("vpc-00000000"), CidrBlock: ptr("10.0.4.0/24")}, "InvalidVpcID.NotFound: The vpc ID 'vpc-00000000' does not exist"},
		{"an outpost", CreateSubnetInput{VpcId: &vpc, CidrBlock: ptr("10.0.4.0/24"), OutpostArn: ptr("x")}, "UnsupportedOperation"},
	} {
		_, err := call[CreateSubnetOutput](w, "CreateSubnet", &c.in)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(c.want, code(err)) || !strings.Contains(err.Error(), strings.TrimPrefix(c.want, code(err)+": "))) {
			t.Errorf("%s: got %v", c.rule, err)
		}
	}
	out, err := call[DescribeSubnetsOutput](w, "DescribeSubnets", &DescribeSubnetsInput{Filters: []Filter{{ptr("vpc-id"), []string{vpc}}}})
	if err != nil || len(out.Subnets) != 4 {
		t.Fatal(out, err)
	}
	zones := map[string]int{}
	for _, s := range out.Subnets {
		zones[s.AvailabilityZone]++
		if s.AvailableIpAddressCount != 251 || s.DefaultForAz || s.MapPublicIpOnLaunch {
			t.Errorf("got %+v", s)
		}
	}
	if zones["us-east-1a"] != 1 || zones["us-east-1b"] != 2 {
		t.Errorf("got %v", zones)
	}
}

func TestWhatIsInUseStays(t *testing.T) {
	w := newWorld(t)
	vpc := w.makeVPC("10.0.0.0/16")
	subnet, group := w.makeSubnet(vpc, "10.0.0.0/24"), w.group("web", vpc)
	deleteVPC := func() string {
		_, err := call[Done](w, "DeleteVpc", &DeleteVpcInput{VpcId: &vpc})
		return code(err)
	}
	deleteSubnet := func() string {
		_, err := call[Done](w, "DeleteSubnet", &DeleteSubnetInput{SubnetId: &subnet})
		return code(err)
	}
	w.update(func(tx *store.Tx) {
		store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-1", VPC: vpc, Subnet: subnet, IP: "10.0.0.4", Groups: []string{group}})
	})
	if got := deleteVPC() + " " + deleteSubnet(); got != "DependencyViolation DependencyViolation" {
		t.Errorf("got %s", got)
	}
	w.update(func(tx *store.Tx) { store.NetworkInterfaces.Delete(tx, "eni-1") })
	if got := deleteSubnet() + " " + deleteVPC(); got != " DependencyViolation" {
		t.Errorf("with a group left: got %s", got)
	}
	if _, err := call[DeleteSecurityGroupOutput](w, "DeleteSecurityGroup", &DeleteSecurityGroupInput{GroupId: &group}); err != nil {
		t.Error(err)
	}
	if got := deleteVPC() + " " + deleteVPC(); got != " InvalidVpcID.NotFound" {
		t.Errorf("got %s", got)
	}
	_ = w.store.View(home, func(tx *store.Tx) error {
		if g, r, c := count(tx, store.SecurityGroups), count(tx, store.SecurityGroupRules), count(tx, store.RouteTables); g != 1 || r != 2 || c != 1 {
			t.Errorf("%d groups, %d rules and %d route tables are left", g, r, c)
		}
		return nil
	})
}

func TestTheDefaultVPCCanBeMadeAnew(t *testing.T) {
	w := newWorld(t)
	vpcAnew := func() string {
		_, err := call[CreateVpcOutput](w, "CreateDefaultVpc", &CreateDefaultVpcInput{})
		return code(err)
	}
	subnetAnew := func(zone string) string {
		_, err := call[CreateSubnetOutput](w, "CreateDefaultSubnet", &CreateDefaultSubnetInput{AvailabilityZone: &zone})
		return code(err)
	}
	a := w.subnet("us-east-1a")
	if got := vpcAnew() + " " + subnetAnew("us-east-1a") + " " + subnetAnew("us-east-1z") + " " + subnetAnew(""); got !=
		"DefaultVpcAlreadyExists DefaultSubnetAlreadyExistsInAvailabilityZone InvalidParameterValue MissingParameter" {
		t.Errorf("got %s", got)
	}
	if _, err := call[Done](w, "DeleteSubnet", &DeleteSubnetInput{SubnetId: &a.ID}); err != nil {
		t.Fatal(err)
	}
	if got := subnetAnew("us-east-1a"); got != "" {
		t.Errorf("got %s", got)
	}
	if again := w.subnet("us-east-1a"); again.ID == a.ID || again.CIDR != a.CIDR || !again.Default || !again.MapPublic {
		t.Errorf("got %+v", again)
	}
	w.update(func(tx *store.Tx) {
		for s := range store.Subnets.All(tx) {
			store.Subnets.Delete(tx, s.ID)
		}
		for g := range store.InternetGateways.All(tx) {
			store.InternetGateways.Delete(tx, g.ID)
		}
	})
	if _, err := call[Done](w, "DeleteVpc", &DeleteVpcInput{VpcId: &a.VPC}); err != nil {
		t.Fatal(err)
	}
	if got := subnetAnew("us-east-1a") + " " + vpcAnew() + " " + vpcAnew(); got != "DefaultVpcDoesNotExist  DefaultVpcAlreadyExists" {
		t.Errorf("got %s", got)
	}
	if s := w.subnet("us-east-1b"); !s.Default || s.VPC == a.VPC {
		t.Errorf("got %+v", s)
	}
}

func TestAttributesOfNetworksAreSet(t *testing.T) {
	w := newWorld(t)
	vpc := w.makeVPC("10.0.0.0/16")
	on, off := &Switch{ptr(true)}, &Switch{ptr(false)}
	for _, c := range []struct {
		rule string
		in   ModifyVpcAttributeInput
		want string
		row  model.VPC
	}{
		{"names", ModifyVpcAttributeInput{EnableDnsHostnames: on}, "", model.VPC{Hostnames: true}},
		{"no names", ModifyVpcAttributeInput{EnableDnsHostnames: off}, "", model.VPC{}},
		{"no resolver", ModifyVpcAttributeInput{EnableDnsSupport: off}, "", model.VPC{NoDNS: true}},
		{"names need a resolver", ModifyVpcAttributeInput{EnableDnsHostnames: on}, "InvalidParameterValue", model.VPC{NoDNS: true}},
		{"a resolver", ModifyVpcAttributeInput{EnableDnsSupport: on}, "", model.VPC{}},
		{"one at a time", ModifyVpcAttributeInput{EnableDnsSupport: off, EnableDnsHostnames: on}, "InvalidParameterCombination", model.VPC{}},
		{"none", ModifyVpcAttributeInput{}, "MissingParameter", model.VPC{}},
		{"metrics", ModifyVpcAttributeInput{EnableNetworkAddressUsageMetrics: on}, "UnsupportedOperation", model.VPC{}},
		{"no metrics", ModifyVpcAttributeInput{EnableNetworkAddressUsageMetrics: off}, "", model.VPC{}},
	} {
		c.in.VpcId = &vpc
		_, err := call[Done](w, "ModifyVpcAttribute", &c.in)
		var row model.VPC
		_ = w.store.View(home, func(tx *store.Tx) error { row, _ = store.VPCs.Get(tx, vpc); return nil })
		if code(err) != c.want || row.NoDNS != c.row.NoDNS || row.Hostnames != c.row.Hostnames {
			t.Errorf("%s: got %v, %+v", c.rule, err, row)
		}
	}
	subnet := w.subnet("us-east-1a").ID
	if _, err := call[Done](w, "ModifySubnetAttribute", &ModifySubnetAttributeInput{SubnetId: &subnet, MapPublicIpOnLaunch: off}); err != nil || w.subnet("us-east-1a").MapPublic {
		t.Error(err)
	}
	for _, in := range []ModifySubnetAttributeInput{{SubnetId: &subnet, EnableDns64: on}, {SubnetId: &subnet, PrivateDnsHostnameTypeOnLaunch: ptr("resource-name")}} {
		if _, err := call[Done](w, "ModifySubnetAttribute", &in); code(err) != "UnsupportedOperation" {
			t.Error(err)
		}
	}
}
