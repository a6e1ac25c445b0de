package ec2

import (
	"maps"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/store"
)

// operations are those that act.
func operations(o Options) map[string]handler.Bind {
	all := map[string]handler.Bind{
		"RunInstances": write(func(tx *store.Tx, in *RunInstancesInput) (*RunInstancesOutput, error) {
			return RunInstances(tx, in, o)
		}),
		"AllocateAddress":     write(allocateAddress(o.Hosts)),
		"AssociateAddress":    write(associateAddress(o.Hosts)),
		"DisassociateAddress": write(disassociateAddress(o.Hosts)),
		"CreateFlowLogs":      reaching(o),
	}
	maps.Copy(all, plain)
	return all
}

// plain are the operations that need nothing but the store.
var plain = map[string]handler.Bind{
	"DescribeAvailabilityZones":     read(describeAvailabilityZones),
	"DescribeInstanceAttribute":     read(describeInstanceAttribute),
	"DescribeInstanceStatus":        read(describeInstanceStatus),
	"DescribeInstanceTypes":         read(describeInstanceTypes),
	"DescribeInstances":             read(describeInstances),
	"DescribeRegions":               read(describeRegions),
	"ModifyInstanceMetadataOptions": write(modifyInstanceMetadataOptions),
	"TerminateInstances":            write(terminateInstances),

	"AssociateIamInstanceProfile":            write(associateIamInstanceProfile),
	"DescribeIamInstanceProfileAssociations": read(describeIamInstanceProfileAssociations),
	"DisassociateIamInstanceProfile":         write(disassociateIamInstanceProfile),
	"ReplaceIamInstanceProfileAssociation":   write(replaceIamInstanceProfileAssociation),

	"CreateTags":   write(createTags),
	"DeleteTags":   write(deleteTags),
	"DescribeTags": read(describeTags),

	"AuthorizeSecurityGroupEgress":               write(authorizeSecurityGroupEgress),
	"AuthorizeSecurityGroupIngress":              write(authorizeSecurityGroupIngress),
	"CreateSecurityGroup":                        write(createSecurityGroup),
	"DeleteSecurityGroup":                        write(deleteSecurityGroup),
	"DescribeSecurityGroupRules":                 read(describeSecurityGroupRules),
	"DescribeSecurityGroups":                     read(describeSecurityGroups),
	"ModifySecurityGroupRules":                   write(modifySecurityGroupRules),
	"RevokeSecurityGroupEgress":                  write(revokeSecurityGroupEgress),
	"RevokeSecurityGroupIngress":                 write(revokeSecurityGroupIngress),
	"UpdateSecurityGroupRuleDescriptionsEgress":  write(updateRuleDescriptions(true)),
	"UpdateSecurityGroupRuleDescriptionsIngress": write(updateRuleDescriptions(false)),

	"CreateDefaultSubnet":   write(createDefaultSubnet),
	"CreateDefaultVpc":      write(createDefaultVpc),
	"CreateSubnet":          write(createSubnet),
	"CreateVpc":             write(createVpc),
	"DeleteSubnet":          write(deleteSubnet),
	"DeleteVpc":             write(deleteVpc),
	"DescribeNetworkAcls":   read(describeNetworkAcls),
	"DescribeSubnets":       read(describeSubnets),
	"DescribeVpcAttribute":  read(describeVpcAttribute),
	"DescribeVpcs":          read(describeVpcs),
	"ModifySubnetAttribute": write(modifySubnetAttribute),
	"ModifyVpcAttribute":    write(modifyVpcAttribute),

	"AssociateRouteTable":          write(associateRouteTable),
	"AttachInternetGateway":        write(attachInternetGateway),
	"CreateInternetGateway":        write(createInternetGateway),
	"CreateRoute":                  write(createRoute),
	"CreateRouteTable":             write(createRouteTable),
	"DeleteInternetGateway":        write(deleteInternetGateway),
	"DeleteRoute":                  write(deleteRoute),
	"DeleteRouteTable":             write(deleteRouteTable),
	"DescribeInternetGateways":     read(describeInternetGateways),
	"DescribeRouteTables":          read(describeRouteTables),
	"DetachInternetGateway":        write(detachInternetGateway),
	"DisassociateRouteTable":       write(disassociateRouteTable),
	"ReplaceRoute":                 write(replaceRoute),
	"ReplaceRouteTableAssociation": write(replaceRouteTableAssociation),

	"CreateNetworkInterface":            write(createNetworkInterface),
	"DeleteNetworkInterface":            write(deleteNetworkInterface),
	"DescribeNetworkInterfaceAttribute": read(describeNetworkInterfaceAttribute),
	"DescribeNetworkInterfaces":         read(describeNetworkInterfaces),
	"ModifyInstanceAttribute":           write(modifyInstanceAttribute),
	"ModifyNetworkInterfaceAttribute":   write(modifyNetworkInterfaceAttribute),

	"DescribeAddresses":          read(describeAddresses),
	"DescribeAddressesAttribute": read(describeAddressesAttribute),
	"ReleaseAddress":             write(releaseAddress),

	"DeleteFlowLogs":   write(deleteFlowLogs),
	"DescribeFlowLogs": read(describeFlowLogs),
}
