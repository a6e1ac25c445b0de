package lb

import (
	"fmt"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// health is what the probes of one target came to so far.
type health struct {
	model.TargetHealth
	passes, fails int // in a row, since the last change of state
}

// result is the outcome of one probe.
type result struct {
	pass                bool
	unreached           bool // no HTTP answer came: refused, reset, closed
	reason, description string
}

// The outcomes, in the words of DescribeTargetHealth.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/check-target-health.html
func mismatch(code int) result {
	return result{reason: string(types.TargetHealthReasonEnumResponseCodeMismatch), description: fmt.Sprintf("Health checks failed with these codes: [%d]", code)}
}

var (
	passed    = result{pass: true}
	timedOut  = result{reason: string(types.TargetHealthReasonEnumTimeout), description: "Request timed out"}
	unreached = result{unreached: true, reason: string(types.TargetHealthReasonEnumFailedHealthChecks), description: "Health checks failed"}
)

// The states that lb writes.
var (
	healthy  = model.TargetHealth{State: string(types.TargetHealthStateEnumHealthy)}
	checking = model.TargetHealth{State: string(types.TargetHealthStateEnumInitial),
		Reason: string(types.TargetHealthReasonEnumInitialHealthChecking), Description: "Initial health checks in progress"}
	apart = model.TargetHealth{State: string(types.TargetHealthStateEnumUnused),
		Reason: string(types.TargetHealthReasonEnumNotInUse), Description: "Target is in an Availability Zone that is not enabled for the load balancer"}
	unchecked = model.TargetHealth{State: string(types.TargetHealthStateEnumUnavailable),
		Reason: string(types.TargetHealthReasonEnumHealthCheckDisabled), Description: "Health checks are disabled"}
)

func (h health) is(s types.TargetHealthStateEnum) bool { return h.State == string(s) }

// serves reports whether a target in this state gets requests while others are unhealthy.
func (h health) serves() bool {
	return h.is(types.TargetHealthStateEnumHealthy) || h.is(types.TargetHealthStateEnumUnavailable)
}

// settled reports whether the first checks are over.
func (h health) settled() bool {
	return h.is(types.TargetHealthStateEnumHealthy) || h.is(types.TargetHealthStateEnumUnhealthy)
}

// step is h after one more probe. One pass makes a new target healthy; Healthy passes in a row an
// unhealthy one, Unhealthy failures in a row make any target unhealthy. An unhealthy target carries
// the reason of its last failure.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func (h health) step(r result, c model.HealthCheck) health {
	if r.pass {
		h.passes, h.fails = h.passes+1, 0
		if !h.is(types.TargetHealthStateEnumUnhealthy) || h.passes >= c.Healthy {
			return health{TargetHealth: healthy}
		}
		return h
	}
	h.fails, h.passes = h.fails+1, 0
	unhealthy := model.TargetHealth{State: string(types.TargetHealthStateEnumUnhealthy), Reason: r.reason, Description: r.description}
	switch {
	case h.is(types.TargetHealthStateEnumUnhealthy):
		h.TargetHealth = unhealthy
	case h.fails >= max(c.Unhealthy, 1):
		return health{TargetHealth: unhealthy}
	case !h.settled():
		h.TargetHealth = checking
	}
	return h
}
