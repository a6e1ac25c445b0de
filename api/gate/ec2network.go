package gate

import "github.com/drydock-ecs/drydock/internal/store"

// ec2NetworkRules are those of EC2's networks.
//
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
var ec2NetworkRules = table(map[string]rule{
	"AllocateAddress":              {on: born("elastic-ip"), tagged: tagEC2},
	"AssociateAddress":             {on: both(ec2Named("elastic-ip", "AllocationId"), ec2Named("instance", "InstanceId"), ec2Named("network-interface", "NetworkInterfaceId"))},
	"AssociateRouteTable":          {on: both(ec2Named("route-table", "RouteTableId"), ec2Named("subnet", "SubnetId"))},
	"AttachInternetGateway":        {on: gatewayAndVPC},
	"CreateDefaultSubnet":          plain,
	"CreateDefaultVpc":             plain,
	"CreateInternetGateway":        {on: born("internet-gateway"), tagged: tagEC2},
	"CreateNetworkInterface":       {on: both(born("network-interface"), ec2Named("subnet", "SubnetId"), ec2Named("security-group", "Groups")), tagged: tagEC2, tags: born("network-interface")},
	"CreateRouteTable":             {on: both(born("route-table"), ec2Named("vpc", "VpcId")), tagged: tagEC2, tags: born("route-table")},
	"CreateSubnet":                 {on: both(born("subnet"), ec2Named("vpc", "VpcId")), tagged: tagEC2, tags: born("subnet")},
	"CreateVpc":                    {on: born("vpc"), tagged: tagEC2},
	"DeleteInternetGateway":        {on: ec2Named("internet-gateway", "InternetGatewayId")},
	"DetachInternetGateway":        {on: gatewayAndVPC},
	"DisassociateAddress":          {on: associatedAddress},
	"DisassociateRouteTable":       {on: associatedTable},
	"ModifyInstanceAttribute":      {on: both(ec2Named("instance", "InstanceId"), ec2Named("security-group", "Groups"))},
	"ReleaseAddress":               {on: both(ec2Named("elastic-ip", "AllocationId"))},
	"ReplaceRouteTableAssociation": {on: both(ec2Named("route-table", "RouteTableId"), associatedTable)},
},
	all(rule{on: both(securityGroup, born("security-group-rule")), tagged: tagEC2, tags: born("security-group-rule")}, "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress"),
	all(rule{on: securityGroup}, `RevokeSecurityGroupEgress RevokeSecurityGroupIngress
		UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress`),
	all(rule{on: both(ec2Named("security-group", "GroupId"), ec2Named("security-group-rule", "SecurityGroupRules.SecurityGroupRuleId"))}, "ModifySecurityGroupRules"),
	all(rule{on: ec2Named("route-table", "RouteTableId")}, "CreateRoute DeleteRoute DeleteRouteTable ReplaceRoute"),
	all(rule{on: ec2Named("subnet", "SubnetId")}, "DeleteSubnet ModifySubnetAttribute"),
	all(rule{on: ec2Named("instance", "InstanceId")}, "DescribeInstanceAttribute"),
	all(rule{on: ec2Named("vpc", "VpcId")}, "DeleteVpc DescribeVpcAttribute ModifyVpcAttribute"),
	all(rule{on: both(ec2Named("network-interface", "NetworkInterfaceId"), ec2Named("security-group", "Groups"))},
		"DeleteNetworkInterface DescribeNetworkInterfaceAttribute ModifyNetworkInterfaceAttribute"),
	all(plain, `DescribeAddresses DescribeAddressesAttribute DescribeInternetGateways DescribeNetworkAcls DescribeNetworkInterfaces DescribeRouteTables DescribeSecurityGroupRules`),
)

// born is a resource that is yet to be made.
func born(kind string) func(*asking) []string {
	return func(a *asking) []string { return []string{a.sc.ARN("ec2", kind+"/*")} }
}

// ec2Named are the resources of a kind whose ids are in a member.
func ec2Named(kind, member string) func(*asking) []string { return arns(kind+"/", member, "") }

// both joins what several say.
func both(of ...func(*asking) []string) func(*asking) []string {
	return func(a *asking) (all []string) {
		for _, f := range of {
			all = append(all, f(a)...)
		}
		return all
	}
}

var gatewayAndVPC = both(ec2Named("internet-gateway", "InternetGatewayId"), ec2Named("vpc", "VpcId"))

// associatedTable is the route table of an association.
func associatedTable(a *asking) []string {
	for t := range store.RouteTables.All(a.tx) {
		ids := []string{t.Main}
		for _, s := range t.Subnets {
			ids = append(ids, s.ID)
		}
		for _, id := range ids {
			if id != "" && id == a.text("AssociationId") {
				return []string{a.sc.ARN("ec2", "route-table/"+t.ID)}
			}
		}
	}
	return nil
}

// associatedAddress is the Elastic IP address of an association.
func associatedAddress(a *asking) []string {
	for n := range store.NetworkInterfaces.All(a.tx) {
		if n.Allocation != "" && (n.Association == a.text("AssociationId") || n.Public == a.text("PublicIp")) {
			return []string{a.sc.ARN("ec2", "elastic-ip/"+n.Allocation)}
		}
	}
	return nil
}
