package control

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/rollout"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	completed = string(types.DeploymentRolloutStateCompleted)
	underWay  = string(types.DeploymentRolloutStateInProgress)
	failed    = string(types.DeploymentRolloutStateFailed)
)

// begin takes up what the API wrote of the service's deployment: that it is to begin, or that it is
// to be rolled back.
func (v *visit) begin() {
	d, ok := store.ServiceDeployments.Get(v.tx, v.svc.Current)
	if !ok {
		return
	}
	switch types.ServiceDeploymentStatus(d.Status) {
	case types.ServiceDeploymentStatusPending:
		d.Started = v.now
		d.Move(types.ServiceDeploymentStatusInProgress, "", v.now)
		store.ServiceDeployments.Put(v.tx, d)
	case types.ServiceDeploymentStatusRollbackRequested:
		v.fail("ECS deployment " + v.svc.Primary().ID + " stopped: a rollback was requested.")
		v.rollBack("ECS deployment rolling back to deploymentId "+v.svc.Good.ID+".", "Service deployment rolled back because a rollback was requested.")
	}
}

// history changes the record of the service deployment under way, and closes it once that is over.
func (v *visit) history(change func(*model.ServiceDeployment)) {
	d, ok := store.ServiceDeployments.Get(v.tx, v.svc.Current)
	if !ok {
		return
	}
	change(&d)
	store.ServiceDeployments.Put(v.tx, d)
	if d.Over() {
		v.svc.Current = ""
	}
}

// trip fails the deployment under way if too many of its tasks failed, and rolls back if the service
// asks for that and a deployment that completed is there. Else nothing more is started.
func (v *visit) trip() {
	s := v.svc
	d := s.Primary()
	if s.Status != "ACTIVE" || !rollout.Trips(s.Spec.Breaker, d, s.Desired) {
		return
	}
	v.fail("ECS deployment circuit breaker: tasks failed to start.")
	v.say("(deployment " + d.ID + ") deployment failed: tasks failed to start.")
	v.history(func(h *model.ServiceDeployment) {
		h.Tripped, h.Failures, h.Threshold = true, d.Failed, rollout.Threshold(s.Spec.Breaker, s.Desired)
	})
	const why = "the circuit breaker threshold was exceeded."
	if s.Spec.Breaker.Rollback && s.Good.ID != "" {
		v.rollBack("ECS deployment circuit breaker: rolling back to deploymentId "+s.Good.ID+".", "Service deployment rolled back because "+why)
		return
	}
	v.history(func(h *model.ServiceDeployment) {
		to := types.ServiceDeploymentStatusStopped
		if h.Status == string(types.ServiceDeploymentStatusRollbackInProgress) {
			to = types.ServiceDeploymentStatusRollbackFailed
		}
		h.Move(to, "Service deployment failed because "+why, v.now)
	})
}

// fail ends the primary deployment.
func (v *visit) fail(reason string) {
	d := v.svc.Primary()
	d.State, d.Reason, d.Updated, d.Ready = failed, reason, v.now, 0
	v.svc.Deployments[0] = d
	v.svc.Throttle = model.Throttle{}
}

// rollBack makes the last deployment that completed the primary one again. Until it completes once
// more there is nothing to go back to.
func (v *visit) rollBack(reason, why string) {
	s := v.svc
	good := s.Good
	if good.ID == "" {
		v.history(func(h *model.ServiceDeployment) { h.Move(types.ServiceDeploymentStatusRollbackFailed, why, v.now) })
		return
	}
	good.Status, good.State, good.Reason, good.Updated, good.Failed, good.Ready = "PRIMARY", underWay, reason, v.now, 0, 0
	all := []model.Deployment{good}
	for _, d := range s.Deployments {
		if d.ID == good.ID {
			all[0].Started = d.Started
			continue
		}
		d.Status = "ACTIVE"
		all = append(all, d)
	}
	s.Deployments, s.Good, s.Steady = all, model.Deployment{}, false
	v.say("rolling back to deployment " + good.ID + ".")
	v.history(func(h *model.ServiceDeployment) {
		h.Rollback = model.ServiceRollback{Reason: why, Deployment: good.ID, Started: v.now}
		h.Move(types.ServiceDeploymentStatusRollbackInProgress, why, v.now)
	})
}

// complete ends the primary deployment well.
func (v *visit) complete() {
	s := v.svc
	d := s.Primary()
	failures := d.Failed
	d.State, d.Reason, d.Updated, d.Failed, d.Ready = completed, "ECS deployment "+d.ID+" completed.", v.now, 0, 0
	s.Deployments[0], s.Good = d, d
	v.say("(deployment " + d.ID + ") deployment completed.")
	v.history(func(h *model.ServiceDeployment) {
		to := types.ServiceDeploymentStatusSuccessful
		if h.Status == string(types.ServiceDeploymentStatusRollbackInProgress) {
			to = types.ServiceDeploymentStatusRollbackSuccessful
		} else {
			h.Failures, h.Threshold = failures, rollout.Threshold(s.Spec.Breaker, s.Desired)
		}
		h.Move(to, h.Reason, v.now)
	})
}

// settle keeps the books of deployments and of what was told.
func (v *visit) settle(plan rollout.Plan, live int) {
	s := v.svc
	v.limits(plan)
	s.Deployments = slices.DeleteFunc(s.Deployments, func(d model.Deployment) bool {
		return d.ID != s.Primary().ID && store.Counts.Get(v.tx, s.Key()+"/"+d.ID).Live == 0
	})
	steady := plan.Steady && v.launch.refused == "" && len(s.Deployments) > 0
	if steady && s.Primary().State == underWay {
		v.complete()
	}
	v.settled(steady)
	if s.Status == "DRAINING" && live == 0 {
		v.bury()
	}
}

// settled says that the service has reached a steady state; ECS repeats it for as long as that lasts.
func (v *visit) settled(steady bool) {
	reached := v.ours("has reached a steady state.")
	if !v.svc.Steady {
		v.news(reached)
	}
	if steady {
		v.still(reached)
	}
	v.svc.Steady = steady
}

// bury makes a service that was deleted and has no task left INACTIVE.
func (v *visit) bury() {
	s := v.svc
	s.Status, s.Ended, s.Deployments, s.Waiting, s.Good, s.Current = "INACTIVE", v.now, nil, "", model.Deployment{}, ""
}

// limits says what keeps the plan from going further: the healthy percents, task protection.
func (v *visit) limits(plan rollout.Plan) {
	s := v.svc
	if plan.Stuck {
		v.still(v.ours("was unable to stop or start tasks during a deployment because of the service deployment configuration. " +
			"Update the minimumHealthyPercent or maximumPercent value and try again."))
	}
	s.Stuck = plan.Stuck
	v.keep(plan)
}

// keep says what task protection keeps from being stopped, once for as long as that is so.
func (v *visit) keep(plan rollout.Plan) {
	n := map[string]int{} // deployment → tasks
	for _, id := range plan.Kept {
		if t := store.Tasks.Peek(v.tx, id); t != nil {
			n[t.Birth.Deployment]++
		}
	}
	told := []string{}
	for _, d := range slices.Sorted(maps.Keys(n)) {
		sentence := fmt.Sprintf("was unable to reach steady state because (taskSet %s) was unable to scale in due to (reason %d tasks under protection)", d, n[d])
		told = append(told, sentence)
		v.still(v.ours(sentence))
	}
	v.svc.Kept = strings.Join(told, "\n")
}
