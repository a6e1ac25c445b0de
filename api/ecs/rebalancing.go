package ecs

import (
	"regexp"
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// setRebalancing sets whether a service, everything else of which is set, rebalances over zones. A
// new service that is not told does if it can.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html,
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
func setRebalancing(s *model.Service, asked types.AvailabilityZoneRebalancing) error {
	const enabled, disabled = types.AvailabilityZoneRebalancingEnabled, types.AvailabilityZoneRebalancingDisabled
	if asked != "" && !slices.Contains(asked.Values(), asked) {
		return invalid("Invalid availabilityZoneRebalancing: %s", asked)
	}
	against := unbalanced(s)
	want := or(asked, types.AvailabilityZoneRebalancing(s.Spec.Rebalancing))
	switch {
	case want == "" && against == "":
		want = enabled
	case want == "":
		want = disabled
	case want == enabled && against != "":
		return invalid("Availability Zone rebalancing does not support %s.", against)
	}
	s.Spec.Rebalancing = string(want)
	return nil
}

var overZones = regexp.MustCompile(`\battribute:ecs\.availability-zone\b`)

// unbalanced says what of a service does not go together with rebalancing; empty if all does.
func unbalanced(s *model.Service) string {
	switch {
	case s.Spec.Scheduling == string(types.SchedulingStrategyDaemon):
		return "the DAEMON scheduling strategy"
	case s.External():
		return "the EXTERNAL deployment controller"
	case s.Spec.MaxPercent <= 100:
		return "a maximumPercent of 100"
	case len(s.Spec.Strategy) > 0 && !firstOverZones(s.Spec.Strategy[0]):
		return "placement strategies other than a spread over attribute:ecs.availability-zone first"
	case slices.ContainsFunc(s.Spec.Constraints, func(c types.PlacementConstraint) bool { return overZones.MatchString(aws.ToString(c.Expression)) }):
		return "placement constraints on attribute:ecs.availability-zone"
	}
	return ""
}

func firstOverZones(s types.PlacementStrategy) bool {
	return s.Type == types.PlacementStrategyTypeSpread && aws.ToString(s.Field) == "attribute:ecs.availability-zone"
}
