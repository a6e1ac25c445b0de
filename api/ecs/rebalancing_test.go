package ecs

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestRebalancingIsOnWhereItCan(t *testing.T) {
	spread := func(field string) []types.PlacementStrategy {
		return []types.PlacementStrategy{{Type: types.PlacementStrategyTypeSpread, Field: aws.String(field)}}
	}
	for _, c := range []struct {
		rule string
		edit func(in *ecs.CreateServiceInput)
		on   bool
	}{
		{"without strategy", func(*ecs.CreateServiceInput) {}, true},
		{"zones first", func(in *ecs.CreateServiceInput) { in.PlacementStrategy = spread("attribute:ecs.availability-zone") }, true},
		{"another strategy", func(in *ecs.CreateServiceInput) { in.PlacementStrategy = spread("instanceId") }, false},
		{"a constraint on zones", func(in *ecs.CreateServiceInput) {
			in.PlacementConstraints = []types.PlacementConstraint{{Type: types.PlacementConstraintTypeMemberOf, Expression: aws.String("attribute:ecs.availability-zone == us-east-1a")}}
		}, false},
		{"no room above the desired count", func(in *ecs.CreateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{MaximumPercent: aws.Int32(100), MinimumHealthyPercent: aws.Int32(0)}
		}, false},
		{"daemons", func(in *ecs.CreateServiceInput) {
			in.DesiredCount, in.SchedulingStrategy = nil, types.SchedulingStrategyDaemon
		}, false},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := seed(t)
			in := web("")
			c.edit(in)
			out := must(w.client.CreateService(t.Context(), in))(t).Service
			w.equal(out.AvailabilityZoneRebalancing == types.AvailabilityZoneRebalancingEnabled, c.on)
			in.ServiceName, in.AvailabilityZoneRebalancing = aws.String("told"), types.AvailabilityZoneRebalancingEnabled
			_, err := w.client.CreateService(t.Context(), in)
			w.equal(err == nil, c.on)
		})
	}
}

func TestRebalancingFollowsUpdates(t *testing.T) {
	w := seed(t)
	must(w.client.CreateService(t.Context(), web("")))(t)
	to := func(v types.AvailabilityZoneRebalancing) types.AvailabilityZoneRebalancing {
		return w.updateWeb(ecs.UpdateServiceInput{AvailabilityZoneRebalancing: v}).AvailabilityZoneRebalancing
	}
	w.equal(line(to(""), to("DISABLED"), to(""), to("ENABLED")), "ENABLED DISABLED DISABLED ENABLED")
	for _, c := range []struct {
		says string
		in   ecs.UpdateServiceInput
	}{
		{"Availability Zone rebalancing does not support placement strategies other than a spread over attribute:ecs.availability-zone first.",
			ecs.UpdateServiceInput{PlacementStrategy: []types.PlacementStrategy{{Type: types.PlacementStrategyTypeRandom}}}},
		{"Availability Zone rebalancing does not support a maximumPercent of 100.",
			ecs.UpdateServiceInput{DeploymentConfiguration: &types.DeploymentConfiguration{MaximumPercent: aws.Int32(100), MinimumHealthyPercent: aws.Int32(0)}}},
		{"Invalid availabilityZoneRebalancing: SOMETIMES", ecs.UpdateServiceInput{AvailabilityZoneRebalancing: "SOMETIMES"}},
	} {
		c.in.Cluster, c.in.Service = aws.String("demo"), aws.String("web")
		_, err := w.client.UpdateService(t.Context(), &c.in)
		w.fails(err, "InvalidParameterException", c.says)
	}
}
