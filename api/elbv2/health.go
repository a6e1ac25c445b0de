package elbv2

import (
	"strconv"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// describeTargetHealth tells how the targets of a group do: all of them, or those asked for.
func describeTargetHealth(tx *store.Tx, in *elb.DescribeTargetHealthInput) (*elb.DescribeTargetHealthOutput, error) {
	g, err := targetGroup(tx, in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	if err := wire.Refuse(in, validationError, "Include"); err != nil {
		return nil, err
	}
	used := store.ListenersByGroup.Any(tx, g.ID)
	out := &elb.DescribeTargetHealthOutput{TargetHealthDescriptions: []types.TargetHealthDescription{}}
	add := func(t model.Target, h types.TargetHealth) {
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, renderHealth(g, t, h))
	}
	if len(in.Targets) == 0 {
		for t := range store.Targets.From(tx, g.ID+"|", "") {
			if !left(tx, t) {
				add(t, health(tx, g, t, used))
			}
		}
		return out, nil
	}
	for _, d := range in.Targets {
		want, err := describedTarget(g, d)
		if err != nil {
			return nil, err
		}
		if t, ok := store.Targets.Get(tx, want.Key()); ok && !left(tx, t) {
			add(t, health(tx, g, t, used))
			continue
		}
		if _, ok := store.Instances.Get(tx, want.ID); !ok && g.TargetType == "instance" {
			return nil, &types.InvalidTargetException{Message: say("The following targets do not exist: '%s'", want.ID)}
		}
		add(want, state(types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotRegistered,
			"Target is not registered to the target group"))
	}
	return out, nil
}

// left reports whether the deregistration of t is over. The row may stay until its task has stopped.
func left(tx *store.Tx, t model.Target) bool {
	return !t.Draining.IsZero() && !tx.Now().Before(t.Draining)
}

// health says how a registered target does. What lb saw counts only while the group is in use and
// the target is not leaving.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html#target-health-reason-codes
func health(tx *store.Tx, g model.TargetGroup, t model.Target, used bool) types.TargetHealth {
	if !t.Draining.IsZero() {
		return state(types.TargetHealthStateEnumDraining, types.TargetHealthReasonEnumDeregistrationInProgress,
			"Target deregistration is in progress")
	}
	if g.TargetType == "instance" {
		i, ok := store.Instances.Get(tx, t.ID)
		if !ok {
			i.State = "terminated"
		}
		if i.State != "running" {
			return state(types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumInvalidState, "Target is in the "+i.State+" state")
		}
	}
	switch {
	case !used:
		return state(types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotInUse,
			"Target group is not configured to receive traffic from the load balancer")
	case t.Health.State == "":
		return state(types.TargetHealthStateEnumInitial, types.TargetHealthReasonEnumRegistrationInProgress,
			"Target registration is in progress")
	}
	return state(types.TargetHealthStateEnum(t.Health.State), types.TargetHealthReasonEnum(t.Health.Reason), t.Health.Description)
}

func state(s types.TargetHealthStateEnum, reason types.TargetHealthReasonEnum, description string) types.TargetHealth {
	h := types.TargetHealth{State: s, Reason: reason}
	if description != "" {
		h.Description = &description
	}
	return h
}

func renderHealth(g model.TargetGroup, t model.Target, h types.TargetHealth) types.TargetHealthDescription {
	port := g.Check.Port
	if port == "traffic-port" {
		port = strconv.Itoa(t.Port)
	}
	d := types.TargetHealthDescription{
		Target:          &types.TargetDescription{Id: &t.ID, Port: i32(t.Port)},
		TargetHealth:    &h,
		HealthCheckPort: &port,
		AdministrativeOverride: &types.AdministrativeOverride{
			State:       types.TargetAdministrativeOverrideStateEnumNoOverride,
			Reason:      types.TargetAdministrativeOverrideReasonEnumNoOverrideEngaged,
			Description: say("No override is currently active on target"),
		},
	}
	if g.TargetType == "ip" && t.Zone != "" {
		d.Target.AvailabilityZone = &t.Zone
	}
	return d
}
