package elbv2

import (
	"strconv"

	"github.com/drydock-ecs/drydock/internal/store"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// The quotas that are kept, with AWS's default values.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const (
	maxLoadBalancers = 50
	maxListeners     = 50 // per load balancer
	maxTargetGroups  = 3000
	maxTargets       = 1000 // per target group
	maxForwardGroups = 5    // per forward action
)

var limits = []struct {
	name string
	max  int
}{
	{"application-load-balancers", maxLoadBalancers},
	{"listeners-per-application-load-balancer", maxListeners},
	{"target-groups", maxTargetGroups},
	{"target-groups-per-action-on-application-load-balancer", maxForwardGroups},
	{"targets-per-target-group", maxTargets},
}

// describeAccountLimits tells the quotas that are kept, and no others.
func describeAccountLimits(_ *store.Tx, in *elb.DescribeAccountLimitsInput) (*elb.DescribeAccountLimitsOutput, error) {
	p, err := newPage(in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	some, next := slice(p, limits)
	out := &elb.DescribeAccountLimitsOutput{Limits: []types.Limit{}, NextMarker: next}
	for _, l := range some {
		n := strconv.Itoa(l.max)
		out.Limits = append(out.Limits, types.Limit{Name: &l.name, Max: &n})
	}
	return out, nil
}
