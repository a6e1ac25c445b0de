package ecs

import (
	"reflect"
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	maxSubnets = 16
	maxGroups  = 5
)

// networkSupport is the definitive list of what in a network configuration acts.
var networkSupport = map[reflect.Type]support{
	reflect.TypeFor[types.NetworkConfiguration](): members("AwsvpcConfiguration"),
	reflect.TypeFor[types.AwsVpcConfiguration]():  members("AssignPublicIp SecurityGroups Subnets"),
}

// network checks the network configuration of tasks of def, which those in awsvpc mode must have and
// the others must not.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
func network(tx *store.Tx, def model.TaskDef, fargate bool, in *types.NetworkConfiguration) (*types.AwsVpcConfiguration, error) {
	if def.Mode() != types.NetworkModeAwsvpc {
		return nil, noNetwork(in)
	}
	if in == nil || in.AwsvpcConfiguration == nil {
		return nil, invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	c := types.AwsVpcConfiguration{Subnets: in.AwsvpcConfiguration.Subnets, SecurityGroups: in.AwsvpcConfiguration.SecurityGroups,
		AssignPublicIp: in.AwsvpcConfiguration.AssignPublicIp}
	if path, _ := unsupported(in, networkSupport, "networkConfiguration"); path != "" {
		return nil, invalid("%s", notSupported("the parameter "+path, "remove it."))
	}
	switch {
	case c.AssignPublicIp == "" || c.AssignPublicIp == types.AssignPublicIpDisabled:
		c.AssignPublicIp = types.AssignPublicIpDisabled
	case c.AssignPublicIp != types.AssignPublicIpEnabled:
		return nil, invalid("Invalid assignPublicIp: %s", c.AssignPublicIp)
	case !fargate:
		return nil, invalid("Assign public IP is not supported for this launch type.")
	}
	vpc, err := subnetsVPC(tx, c.Subnets)
	if err != nil {
		return nil, err
	}
	return &c, checkGroups(tx, c.SecurityGroups, vpc)
}

// subnetsVPC checks that subnets are there and belong together, and returns the VPC that they are of.
func subnetsVPC(tx *store.Tx, ids []string) (vpc string, err error) {
	switch n := len(ids); {
	case n == 0:
		return "", invalid("subnets can not be empty.")
	case n > maxSubnets:
		return "", invalid("subnets can have at most %d items.", maxSubnets)
	}
	for _, id := range ids {
		s, ok := store.Subnets.Get(tx, id)
		switch {
		case !ok:
			return "", invalid("Error retrieving subnet information for [%s]: The subnet ID '%s' does not exist (ErrorCode: InvalidSubnetID.NotFound)", id, id)
		case vpc != "" && vpc != s.VPC:
			return "", invalid("All subnets must belong to the same VPC.")
		}
		vpc = s.VPC
	}
	return vpc, nil
}

// checkGroups checks that security groups are there and of the VPC. Without any, tasks have the default
// one of the VPC.
func checkGroups(tx *store.Tx, ids []string, vpc string) error {
	if len(ids) > maxGroups {
		return invalid("securityGroups can have at most %d items.", maxGroups)
	}
	for at, id := range ids {
		g, ok := store.SecurityGroups.Get(tx, id)
		switch {
		case id == "":
			return invalid("security group can not be blank.")
		case !ok:
			return invalid("Error retrieving security group information for [%s]: The security group '%s' does not exist (ErrorCode: InvalidGroup.NotFound)", id, id)
		case g.VPC != vpc:
			return invalid("Security group %s does not appear to belong to the same VPC as the input subnets.", id)
		case slices.Contains(ids[:at], id):
			return invalid("securityGroups can not contain duplicates: %s", id)
		}
	}
	return nil
}

// noNetwork refuses a network configuration: only tasks of the awsvpc mode have one.
func noNetwork(c *types.NetworkConfiguration) error {
	if c != nil {
		return invalid("Network Configuration is not valid for the given networkMode of this task definition.")
	}
	return nil
}

func showNetwork(c model.Capacity) *types.NetworkConfiguration {
	if c.Network == nil {
		return nil
	}
	shown := *c.Network
	shown.SecurityGroups = full(shown.SecurityGroups)
	return &types.NetworkConfiguration{AwsvpcConfiguration: &shown}
}
