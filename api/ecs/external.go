package ecs

import (
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// external reports whether a call asks for the EXTERNAL deployment controller.
func external(c *types.DeploymentController) bool {
	return c != nil && c.Type == types.DeploymentControllerTypeExternal
}

// newExternal is the row of a service whose deployments are task sets: it has none yet, and takes
// nothing that belongs to one.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html
func newExternal(tx *store.Tx, cluster string, in *ecs.CreateServiceInput) (s model.Service, err error) {
	if err := checkExternal(in); err != nil {
		return s, err
	}
	s = model.Service{Name: *in.ServiceName, Cluster: cluster, Status: active, Created: tx.Now(), Creator: tx.Caller().Entity(),
		Token: aws.ToString(in.ClientToken), Spec: model.ServiceSpec{MinPercent: 100, MaxPercent: 200,
			Scheduling: string(types.SchedulingStrategyReplica), Controller: string(types.DeploymentControllerTypeExternal),
			PropagateTags: string(types.PropagateTagsNone), ManagedTags: in.EnableECSManagedTags, Rebalancing: string(types.AvailabilityZoneRebalancingDisabled)}}
	if s.Tags, err = newTags(in.Tags); err != nil {
		return s, err
	}
	return s, setService(&s, serviceChange{Desired: in.DesiredCount, Config: in.DeploymentConfiguration, Controller: in.DeploymentController,
		Grace: in.HealthCheckGracePeriodSeconds, Constraints: full(in.PlacementConstraints), Strategy: full(in.PlacementStrategy), Propagate: in.PropagateTags})
}

// checkExternal refuses what a service with the EXTERNAL controller cannot have.
//
// Source, also of the wording: https://github.com/aws/aws-cdk/issues/6245, https://github.com/aws/aws-cdk/issues/26335,
// https://github.com/hashicorp/terraform-provider-aws/issues/27291
func checkExternal(in *ecs.CreateServiceInput) error {
	switch {
	case in.TaskDefinition != nil:
		return invalid("TaskDefinition must be blank.")
	case in.LaunchType != "":
		return invalid("LaunchType must be blank.")
	case len(in.LoadBalancers) > 0:
		return invalid("LoadBalancers must be empty or null.")
	case in.NetworkConfiguration != nil:
		return invalid("NetworkConfiguration must be null.")
	case len(in.CapacityProviderStrategy) > 0:
		return invalid("CapacityProviderStrategy must be empty or null.")
	case in.PlatformVersion != nil:
		return invalid("PlatformVersion must be blank.")
	case in.SchedulingStrategy == types.SchedulingStrategyDaemon:
		return invalid("The daemon scheduling strategy is not supported with the EXTERNAL deployment controller.")
	case in.AvailabilityZoneRebalancing == types.AvailabilityZoneRebalancingEnabled:
		return invalid("Availability Zone rebalancing is only supported with the ECS deployment controller.")
	case in.DeploymentConfiguration != nil && in.DeploymentConfiguration.DeploymentCircuitBreaker != nil:
		return invalid("The deployment circuit breaker is only supported with the ECS deployment controller.")
	}
	return nil
}

// checkExternalUpdate refuses to change of a service with the EXTERNAL controller what belongs to its
// task sets, and what this controller does not let change.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
func checkExternalUpdate(in *ecs.UpdateServiceInput) error {
	what := ""
	switch {
	case in.TaskDefinition != nil:
		what = "task definition"
	case in.LoadBalancers != nil:
		what = "load balancers"
	case in.NetworkConfiguration != nil:
		what = "network parameters"
	case in.CapacityProviderStrategy != nil:
		what = "capacity provider strategy"
	case in.PlatformVersion != nil:
		what = "platform version"
	case in.DeploymentConfiguration != nil:
		return invalid("Unable to update deployment configuration on services with an EXTERNAL deployment controller.")
	case in.AvailabilityZoneRebalancing != "":
		return invalid("Unable to update Availability Zone rebalancing on services with an EXTERNAL deployment controller.")
	case in.ForceNewDeployment:
		return invalid("Unable to force a new deployment on services with an EXTERNAL deployment controller. Create a new task set instead.")
	default:
		return nil
	}
	return invalid("Unable to update %s on services with an EXTERNAL deployment controller. Create a new task set instead.", what)
}

// checkController refuses the controllers that are not there, and to change the one of a service.
func checkController(s *model.Service, c *types.DeploymentController) error {
	if c == nil || c.Type == "" || string(c.Type) == or(s.Spec.Controller, string(types.DeploymentControllerTypeEcs)) {
		return nil
	}
	if c.Type == types.DeploymentControllerTypeEcs || external(c) {
		return invalid("%s", notSupported("changing the deployment controller of a service", "create another service."))
	}
	return invalid("%s", notSupported("the deployment controller "+string(c.Type), "use ECS or EXTERNAL."))
}

// serving is the deployment of which a service shows what belongs to one: the primary one, with the
// EXTERNAL controller the primary task set, if there is one.
func serving(s model.Service) model.Deployment {
	if s.External() {
		return s.PrimarySet()
	}
	return s.Primary()
}

// showExternal adds to an answer what a service with the EXTERNAL controller has instead of
// deployments. Without a primary task set its launch type is EC2.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html,
// https://docs.aws.amazon.com/cli/latest/reference/ecs/describe-services.html (the second example)
func showExternal(tx *store.Tx, s model.Service, out *types.Service, tags bool) {
	out.DeploymentController = &types.DeploymentController{Type: types.DeploymentControllerTypeExternal}
	out.HealthCheckGracePeriodSeconds = aws.Int32(int32(s.Spec.Grace / time.Second))
	out.DeploymentConfiguration = &types.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(int32(s.Spec.MinPercent)), MaximumPercent: aws.Int32(int32(s.Spec.MaxPercent))}
	out.TaskSets = []types.TaskSet{}
	if s.PrimarySet().ID == "" {
		out.LaunchType = types.LaunchTypeEc2
	}
	for _, d := range s.Deployments {
		out.TaskSets = append(out.TaskSets, showTaskSet(tx, s, d, tags))
	}
}
