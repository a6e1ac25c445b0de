package rollout

import (
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The deployment circuit breaker. A task of the deployment under way fails when it ends by itself
// before it was healthy, or is stopped because its health checks fail. A task that finds no place
// does not come to be and does not count. Failures count in a row: a task that becomes healthy begins
// the count anew, unless the client switched that off.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html,
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html
const (
	defaultPercent = 50
	leastThreshold = 3
	mostThreshold  = 200
)

// Threshold returns how many failures trip the breaker of a service of so many tasks.
func Threshold(b model.Breaker, desired int) int {
	value := b.Value
	if b.Type == "" {
		value = defaultPercent
	}
	share := (desired*value + 99) / 100
	switch types.ThresholdType(b.Type) {
	case types.ThresholdTypeCount:
		return value
	case types.ThresholdTypeUnboundedPercent:
		return max(share, 1)
	}
	return min(max(share, leastThreshold), mostThreshold)
}

// Trips reports whether a deployment under way is to fail.
func Trips(b model.Breaker, d model.Deployment, desired int) bool {
	return b.Enable && d.State == string(types.DeploymentRolloutStateInProgress) && d.Failed > 0 && d.Failed >= Threshold(b, desired)
}

// Healed returns d after a look at which so many of its tasks are healthy: more than at the look
// before means that one became so.
func Healed(b model.Breaker, d model.Deployment, ready int) model.Deployment {
	if d.State != string(types.DeploymentRolloutStateInProgress) {
		return d
	}
	if ready > d.Ready && !b.Keep {
		d.Failed = 0
	}
	d.Ready = ready
	return d
}
