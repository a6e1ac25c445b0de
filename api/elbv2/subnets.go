package elbv2

import (
	"slices"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// subnets finds the subnets of a load balancer and their VPC. There must be at least two, each in
// a zone of its own.
func subnets(tx *store.Tx, plain []string, mappings []types.SubnetMapping) (found []model.LBSubnet, vpc string, err error) {
	if len(plain) > 0 && len(mappings) > 0 {
		return nil, "", invalid("You must specify either subnets or subnet mappings, but not both")
	}
	wanted := slices.Clone(plain)
	for _, m := range mappings {
		if err := plainMapping(m); err != nil {
			return nil, "", err
		}
		wanted = append(wanted, str(m.SubnetId))
	}
	for _, id := range wanted {
		s, ok := store.Subnets.Get(tx, id)
		if !ok {
			return nil, "", &types.SubnetNotFoundException{Message: say("The subnet ID '%s' does not exist", id)}
		}
		if vpc != "" && s.VPC != vpc {
			return nil, "", &types.InvalidSubnetException{Message: say("The subnet '%s' is not in the VPC '%s' of the other subnets", id, vpc)}
		}
		vpc = s.VPC
		if slices.ContainsFunc(found, func(f model.LBSubnet) bool { return f.Zone == s.Zone }) {
			return nil, "", &types.InvalidConfigurationRequestException{
				Message: say("A load balancer cannot be attached to multiple subnets in the same Availability Zone")}
		}
		found = append(found, model.LBSubnet{ID: s.ID, Zone: s.Zone})
	}
	if len(found) < 2 {
		return nil, "", invalid("At least two subnets in two different Availability Zones must be specified")
	}
	return found, vpc, nil
}

// plainMapping refuses what only Network Load Balancers may map to a subnet.
func plainMapping(m types.SubnetMapping) error {
	member := ""
	switch {
	case m.AllocationId != nil:
		member = "AllocationId"
	case m.PrivateIPv4Address != nil:
		member = "PrivateIPv4Address"
	case m.IPv6Address != nil:
		member = "IPv6Address"
	case m.SourceNatIpv6Prefix != nil:
		member = "SourceNatIpv6Prefix"
	default:
		return nil
	}
	return &types.InvalidConfigurationRequestException{
		Message: say("%s cannot be specified for load balancers of type 'application'", member)}
}

// securityGroups checks the groups of a load balancer; none given means the VPC's default group.
func securityGroups(tx *store.Tx, vpc string, wanted []string) ([]string, error) {
	if len(wanted) == 0 {
		for g := range store.SecurityGroups.All(tx) {
			if g.VPC == vpc && g.Name == "default" {
				return []string{g.ID}, nil
			}
		}
	}
	var found []string
	for _, id := range wanted {
		g, ok := store.SecurityGroups.Get(tx, id)
		if !ok {
			return nil, &types.InvalidSecurityGroupException{Message: say("One or more security groups are invalid: '%s'", id)}
		}
		if g.VPC != vpc {
			return nil, &types.InvalidConfigurationRequestException{
				Message: say("One or more security groups are not in the same VPC as the load balancer: '%s'", id)}
		}
		if !slices.Contains(found, id) {
			found = append(found, id)
		}
	}
	if len(found) > 5 {
		return nil, &types.InvalidConfigurationRequestException{Message: say("Up to '5' security groups can be specified, but '%d' were specified", len(found))}
	}
	return found, nil
}

func setSecurityGroups(tx *store.Tx, in *elb.SetSecurityGroupsInput) (*elb.SetSecurityGroupsOutput, error) {
	lb, err := loadBalancer(tx, in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if err := wire.Refuse(in, validationError, "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"); err != nil {
		return nil, err
	}
	if len(in.SecurityGroups) == 0 {
		return nil, invalid("At least one security group must be specified")
	}
	if lb.Groups, err = securityGroups(tx, lb.VPC, in.SecurityGroups); err != nil {
		return nil, err
	}
	store.LoadBalancers.Put(tx, lb)
	return &elb.SetSecurityGroupsOutput{SecurityGroupIds: lb.Groups}, Attach(tx, lb)
}

func setSubnets(tx *store.Tx, in *elb.SetSubnetsInput) (*elb.SetSubnetsOutput, error) {
	lb, err := loadBalancer(tx, in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if err := firstErr(ipv4Only(in.IpAddressType), wire.Refuse(in, validationError, "EnablePrefixForIpv6SourceNat")); err != nil {
		return nil, err
	}
	found, vpc, err := subnets(tx, in.Subnets, in.SubnetMappings)
	if err != nil {
		return nil, err
	}
	if vpc != lb.VPC {
		return nil, &types.InvalidSubnetException{Message: say("The specified subnets are not in the VPC '%s' of the load balancer", lb.VPC)}
	}
	lb.Subnets = found
	store.LoadBalancers.Put(tx, lb)
	return &elb.SetSubnetsOutput{AvailabilityZones: renderZones(lb), IpAddressType: types.IpAddressTypeIpv4}, Attach(tx, lb)
}

// setIPAddressType accepts what already stands: ipv4.
func setIPAddressType(tx *store.Tx, in *elb.SetIpAddressTypeInput) (*elb.SetIpAddressTypeOutput, error) {
	if _, err := loadBalancer(tx, in.LoadBalancerArn); err != nil {
		return nil, err
	}
	if in.IpAddressType == "" {
		return nil, missing("ipAddressType")
	}
	if err := ipv4Only(in.IpAddressType); err != nil {
		return nil, err
	}
	return &elb.SetIpAddressTypeOutput{IpAddressType: types.IpAddressTypeIpv4}, nil
}
