package ecs

import (
	"reflect"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// serviceSupport is the definitive list of what in CreateService, UpdateService and CreateTaskSet acts.
var serviceSupport = map[reflect.Type]support{
	reflect.TypeFor[ecs.CreateServiceInput](): members(`ServiceName AvailabilityZoneRebalancing CapacityProviderStrategy ClientToken Cluster
		DeploymentConfiguration DeploymentController DesiredCount EnableECSManagedTags HealthCheckGracePeriodSeconds
		LaunchType LoadBalancers NetworkConfiguration PlacementConstraints PlacementStrategy PlatformVersion PropagateTags
		SchedulingStrategy Tags TaskDefinition`),
	reflect.TypeFor[ecs.UpdateServiceInput](): members(`Service AvailabilityZoneRebalancing CapacityProviderStrategy Cluster DeploymentConfiguration
		DeploymentController DesiredCount EnableECSManagedTags ForceNewDeployment HealthCheckGracePeriodSeconds
		LoadBalancers NetworkConfiguration PlacementConstraints PlacementStrategy PlatformVersion PropagateTags TaskDefinition`),
	reflect.TypeFor[ecs.CreateTaskSetInput](): members(`Cluster Service TaskDefinition CapacityProviderStrategy ClientToken ExternalId
		LaunchType LoadBalancers NetworkConfiguration PlatformVersion Scale Tags`),
	reflect.TypeFor[types.DeploymentConfiguration]():  members("DeploymentCircuitBreaker MaximumPercent MinimumHealthyPercent Strategy"),
	reflect.TypeFor[types.DeploymentCircuitBreaker](): members("Enable ResetOnHealthyTask Rollback ThresholdConfiguration"),
	reflect.TypeFor[types.ThresholdConfiguration]():   members("Type Value"),
	reflect.TypeFor[types.LoadBalancer]():             members("ContainerName ContainerPort TargetGroupArn"),
}

const maxTargetGroups = 5

// serviceChange is what CreateService and UpdateService may set alike; nil leaves as it is.
type serviceChange struct {
	Desired, Grace *int32
	Config         *types.DeploymentConfiguration
	Controller     *types.DeploymentController
	Constraints    []types.PlacementConstraint
	Strategy       []types.PlacementStrategy
	Propagate      types.PropagateTags
	Rebalancing    types.AvailabilityZoneRebalancing
}

// setService applies a change to s, whose primary deployment is already the new one.
func setService(s *model.Service, c serviceChange) (err error) {
	if err := setDesired(s, c); err != nil {
		return err
	}
	if err := checkController(s, c.Controller); err != nil {
		return err
	}
	if slices.ContainsFunc(targeted(s), func(d model.Deployment) bool { return d.Capacity.OnFargate() }) {
		if err := onFargate(wish{Constraints: c.Constraints, Placement: c.Strategy}); err != nil {
			return err
		}
	}
	if c.Constraints != nil {
		if s.Spec.Constraints, err = constraints(c.Constraints); err != nil {
			return err
		}
	}
	if c.Strategy != nil {
		if s.Spec.Strategy, err = strategies(c.Strategy); err != nil {
			return err
		}
	}
	switch c.Propagate {
	case "":
	case types.PropagateTagsNone, types.PropagateTagsService, types.PropagateTagsTaskDefinition:
		s.Spec.PropagateTags = string(c.Propagate)
	default:
		return invalid("Invalid propagateTags: %s", c.Propagate)
	}
	if err := setGrace(s, c.Grace); err != nil {
		return err
	}
	if err := setPercents(s, c.Config); err != nil {
		return err
	}
	return setRebalancing(s, c.Rebalancing)
}

// targeted are the deployments that get new tasks: the primary one, or every task set.
func targeted(s *model.Service) []model.Deployment {
	if s.External() {
		return s.Deployments
	}
	return s.Deployments[:min(1, len(s.Deployments))]
}

// setDesired sets the count of a service; that of a daemon follows its cluster, and where it runs is
// no matter of strategy.
func setDesired(s *model.Service, c serviceChange) error {
	daemon := s.Spec.Scheduling == string(types.SchedulingStrategyDaemon)
	switch {
	case daemon && c.Desired != nil:
		return invalid("The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again")
	case daemon && len(c.Strategy) > 0:
		return invalid("The daemon scheduling strategy does not support placement strategies. Remove the placement strategy and try again")
	case c.Desired == nil:
	case *c.Desired < 0:
		return invalid("Desired count can not be negative.")
	default:
		s.Desired = int(*c.Desired)
	}
	return nil
}

func setGrace(s *model.Service, seconds *int32) error {
	switch {
	case seconds == nil:
	case *seconds < 0:
		return invalid("Health check grace period can not be negative.")
	case *seconds > 0 && len(s.Primary().LBs) == 0 && !s.External():
		return invalid("Health check grace period is only valid for services configured to use load balancers")
	default:
		s.Spec.Grace = time.Duration(*seconds) * time.Second
	}
	return nil
}

func setPercents(s *model.Service, c *types.DeploymentConfiguration) error {
	if c == nil {
		return nil
	}
	if c.Strategy != "" && c.Strategy != types.DeploymentStrategyRolling {
		return invalid("%s", notSupported("the deployment strategy "+string(c.Strategy), "use ROLLING."))
	}
	least, most := int(*orInt(c.MinimumHealthyPercent, int32(s.Spec.MinPercent))), int(*orInt(c.MaximumPercent, int32(s.Spec.MaxPercent)))
	switch {
	case least < 0 || least > 100:
		return invalid("minimumHealthyPercent must be between 0 and 100.")
	case most < 100:
		return invalid("maximumPercent must be at least 100.")
	case least == 100 && most == 100:
		return invalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
	}
	if s.Spec.Scheduling == string(types.SchedulingStrategyDaemon) && most != 100 {
		return invalid("%s", notSupported("a maximumPercent other than 100 with the DAEMON scheduling strategy", "an instance runs one task of a daemon at a time."))
	}
	s.Spec.MinPercent, s.Spec.MaxPercent = least, most
	return setBreaker(s, c.DeploymentCircuitBreaker)
}

// setBreaker sets the deployment circuit breaker; what is not given goes back to its default.
func setBreaker(s *model.Service, c *types.DeploymentCircuitBreaker) error {
	if c == nil {
		return nil
	}
	b := model.Breaker{Enable: c.Enable, Rollback: c.Rollback, Keep: c.ResetOnHealthyTask != nil && !*c.ResetOnHealthyTask}
	if t := c.ThresholdConfiguration; t != nil {
		b.Type, b.Value = string(t.Type), int(t.Value)
		switch {
		case !slices.Contains(t.Type.Values(), t.Type):
			return invalid("Invalid threshold type: %s", t.Type)
		case t.Value < 1:
			return invalid("The value of the deployment circuit breaker's thresholdConfiguration must be at least 1.")
		case t.Value > 100 && t.Type != types.ThresholdTypeCount:
			return invalid("The value of the deployment circuit breaker's thresholdConfiguration can be at most 100 for the type %s.", t.Type)
		}
	}
	s.Spec.Breaker = b
	return nil
}

// serviceLBs reads the load balancers of a service whose tasks are of def.
func serviceLBs(tx *store.Tx, def model.TaskDef, in []types.LoadBalancer) ([]model.ServiceLB, error) {
	if len(in) > maxTargetGroups {
		return nil, invalid("Load balancers can have at most %d items.", maxTargetGroups)
	}
	var lbs []model.ServiceLB
	for _, l := range in {
		group, err := targetGroup(tx, aws.ToString(l.TargetGroupArn))
		if err != nil {
			return nil, err
		}
		lbs = append(lbs, model.ServiceLB{Group: group, Container: aws.ToString(l.ContainerName), Port: int(aws.ToInt32(l.ContainerPort))})
	}
	return lbs, checkLBs(tx, def, lbs)
}

// targetGroup returns the key of the group that an ARN names, if a load balancer uses it.
func targetGroup(tx *store.Tx, arn string) (string, error) {
	if arn == "" {
		return "", invalid("TargetGroupArn can not be blank for a load balancer.")
	}
	a, ok := model.ParseARN(arn)
	key, form := model.TargetGroupKey(arn)
	if !ok || !form {
		return "", invalid("Unable to parse target group arn %s.", arn)
	}
	_, ok = store.TargetGroups.Get(tx, key)
	switch {
	case !ok || a.Scope() != tx.Scope() || a.Partition != tx.Scope().Partition():
		return "", invalid("The specified target group does not exist.")
	case !store.ListenersByGroup.Any(tx, key):
		return "", invalid("The target group with targetGroupArn %s does not have an associated load balancer.", arn)
	}
	return key, nil
}

// targetType is what the target groups of tasks of def hold: the tasks' own addresses, or ports of their
// instances.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html
func targetType(def model.TaskDef) string {
	if def.Mode() == types.NetworkModeAwsvpc {
		return "ip"
	}
	return "instance"
}

// checkLBs checks that def has the containers and ports that load balancers are to reach, and that their
// target groups take its tasks.
func checkLBs(tx *store.Tx, def model.TaskDef, lbs []model.ServiceLB) error {
	for i, l := range lbs {
		if g, ok := store.TargetGroups.Get(tx, l.Group); ok && g.TargetType != targetType(def) {
			return invalid("The provided target group %s has target type %s, which is incompatible with the %s network mode specified in the task definition.",
				tx.Scope().TargetGroupARN(l.Group), g.TargetType, def.Mode())
		}
		c, ok := def.Container(l.Container)
		if !ok {
			return invalid("The container %s does not exist in the task definition.", l.Container)
		}
		if !hasPort(c, l.Port) {
			return invalid("The container %s did not have a container port %d defined.", l.Container, l.Port)
		}
		for _, o := range lbs[:i] {
			if o == l {
				return invalid("Duplicate load balancer for container %s and port %d.", l.Container, l.Port)
			}
		}
	}
	return nil
}

func hasPort(c types.ContainerDefinition, port int) bool {
	for _, m := range c.PortMappings {
		if int(aws.ToInt32(m.ContainerPort)) == port && m.Protocol != types.TransportProtocolUdp {
			return true
		}
	}
	return false
}
