package ecs

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/scheduler/query"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	maxConstraints = 10
	maxStrategies  = 5
)

// constraints checks the placement constraints of a service, a RunTask call or a task definition.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementConstraint.html
func constraints(in []types.PlacementConstraint) ([]types.PlacementConstraint, error) {
	if len(in) > maxConstraints {
		return nil, invalid("Placement constraints can have at most %d items.", maxConstraints)
	}
	for i, c := range in {
		switch c.Type {
		case types.PlacementConstraintTypeDistinctInstance:
			if c.Expression != nil { // ECS refuses an empty one, too
				return nil, invalid("distinctInstance expression should not be specified.")
			}
			if slices.ContainsFunc(in[:i], func(o types.PlacementConstraint) bool { return o.Type == c.Type }) {
				return nil, invalid("Duplicate placement constraint distinctInstance.")
			}
		case types.PlacementConstraintTypeMemberOf:
			if aws.ToString(c.Expression) == "" {
				return nil, invalid("memberOf expression must be specified.")
			}
			if _, err := query.Parse(*c.Expression); err != nil {
				return nil, invalid("Invalid memberOf expression: %s.", err)
			}
		default:
			return nil, invalid("Invalid placement constraint type: %s", c.Type)
		}
	}
	return in, nil
}

// strategies checks the placement strategies of a service or a RunTask call. The field host means
// instanceId, and is answered so.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementStrategy.html
func strategies(in []types.PlacementStrategy) ([]types.PlacementStrategy, error) {
	if len(in) > maxStrategies {
		return nil, invalid("Placement strategies can have at most %d items.", maxStrategies)
	}
	out := slices.Clone(in)
	for i, s := range in {
		field := aws.ToString(s.Field)
		switch s.Type {
		case types.PlacementStrategyTypeRandom:
			if field != "" {
				return nil, invalid("Field must be empty for the placement strategy random.")
			}
		case types.PlacementStrategyTypeBinpack:
			if !strings.EqualFold(field, "cpu") && !strings.EqualFold(field, "memory") {
				return nil, invalid("Invalid field for the placement strategy binpack: %q. Valid fields are cpu and memory.", field)
			}
			out[i].Field = aws.String(strings.ToUpper(field))
		case types.PlacementStrategyTypeSpread:
			name, attribute := strings.CutPrefix(field, "attribute:")
			switch {
			case strings.EqualFold(field, "host") || strings.EqualFold(field, "instanceId"):
				out[i].Field = aws.String("instanceId")
			case !attribute || name == "":
				return nil, invalid("Invalid field for the placement strategy spread: %q. Valid fields are instanceId, host and attribute:NAME.", field)
			}
		default:
			return nil, invalid("Invalid placement strategy type: %s", s.Type)
		}
	}
	return out, nil
}
