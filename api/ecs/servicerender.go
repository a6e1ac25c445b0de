package ecs

import (
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// maxEvents is how many events ECS shows of a service.
const maxEvents = 100

// showService is the only way from a service's row to the wire.
func showService(tx *store.Tx, s model.Service, tags bool) types.Service {
	n := store.Counts.Get(tx, s.Key())
	out := types.Service{
		ServiceArn: aws.String(serviceARN(tx, s.Cluster, s.Name)), ServiceName: aws.String(s.Name),
		ClusterArn: aws.String(clusterARN(tx, s.Cluster)), Status: aws.String(s.Status),
		DesiredCount: int32(s.Desired), RunningCount: int32(n.Running), PendingCount: int32(n.Pending),
		SchedulingStrategy:          types.SchedulingStrategy(s.Spec.Scheduling),
		DeploymentController:        &types.DeploymentController{Type: types.DeploymentControllerTypeEcs},
		DeploymentConfiguration:     showConfiguration(s.Spec.MinPercent, s.Spec.MaxPercent, s.Spec.Breaker),
		AvailabilityZoneRebalancing: types.AvailabilityZoneRebalancing(s.Spec.Rebalancing),
		PlacementConstraints:        full(s.Spec.Constraints), PlacementStrategy: full(s.Spec.Strategy),
		PropagateTags: types.PropagateTags(s.Spec.PropagateTags), EnableECSManagedTags: s.Spec.ManagedTags,
		CreatedAt: aws.Time(s.Created), CreatedBy: aws.String(s.Creator),
		Deployments: []types.Deployment{}, Events: showEvents(tx, s),
		LoadBalancers: []types.LoadBalancer{}, ServiceRegistries: []types.ServiceRegistry{},
		ResourceManagementType: types.ResourceManagementTypeCustomer,
	}
	if d := serving(s); d.ID != "" {
		out.TaskDefinition = aws.String(taskDefARN(tx, d.Def))
		out.LoadBalancers = showLBs(tx, d.LBs)
		out.LaunchType, out.CapacityProviderStrategy, out.NetworkConfiguration = showLaunchType(d.Capacity), showStrategy(d.Capacity), showNetwork(d.Capacity)
		out.PlatformVersion, out.PlatformFamily = showPlatform(d.Capacity)
		out.HealthCheckGracePeriodSeconds = aws.Int32(int32(s.Spec.Grace / time.Second))
		if len(d.LBs) > 0 || d.Capacity.Network != nil {
			out.RoleArn = aws.String(linkedRole(tx.Scope()))
		}
	}
	if s.External() {
		showExternal(tx, s, &out, tags)
		s.Deployments = nil
	}
	for _, d := range s.Deployments {
		shown := showDeployment(tx, s, d)
		out.Deployments = append(out.Deployments, shown)
		out.CurrentServiceRevisions = append(out.CurrentServiceRevisions, types.ServiceCurrentRevisionSummary{
			Arn: aws.String(revisionARN(tx, s.Cluster, s.Name, d.ID)), RequestedTaskCount: shown.DesiredCount,
			RunningTaskCount: shown.RunningCount, PendingTaskCount: shown.PendingCount})
	}
	if s.Current != "" {
		out.CurrentServiceDeployment = aws.String(serviceDeploymentARN(tx, s.Current))
	}
	if tags {
		out.Tags = showTags(s.Tags)
	}
	return out
}

// linkedRole is the role by which ECS reaches load balancers and network interfaces for a service.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html
func linkedRole(sc model.Scope) string {
	return "arn:" + sc.Partition() + ":iam::" + sc.Account + ":role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
}

// showDeployment answers a deployment. A new one wants no tasks until its service deployment has
// begun, an older one those that were not yet asked to stop, a DRAINING service none.
//
// Source: the answers of https://docs.aws.amazon.com/cli/latest/reference/ecs/update-service.html
func showDeployment(tx *store.Tx, s model.Service, d model.Deployment) types.Deployment {
	n := store.Counts.Get(tx, s.Key()+"/"+d.ID)
	desired := s.Desired
	switch {
	case s.Status == draining || d.Status == primary && !begun(tx, s):
		desired = 0
	case d.Status != primary:
		desired = n.Running + n.Pending
	}
	version, family := showResolved(d.Capacity)
	return types.Deployment{
		Id: aws.String(d.ID), Status: aws.String(d.Status), TaskDefinition: aws.String(taskDefARN(tx, d.Def)),
		LaunchType: showLaunchType(d.Capacity), CapacityProviderStrategy: showStrategy(d.Capacity),
		NetworkConfiguration: showNetwork(d.Capacity), PlatformVersion: version, PlatformFamily: family,
		DesiredCount: int32(desired), RunningCount: int32(n.Running), PendingCount: int32(n.Pending), FailedTasks: int32(d.Failed),
		CreatedAt: at(d.Created), UpdatedAt: at(d.Updated),
		RolloutState: types.DeploymentRolloutState(d.State), RolloutStateReason: given(d.Reason),
	}
}

// begun reports whether the services stage has taken up the service deployment under way.
func begun(tx *store.Tx, s model.Service) bool {
	d, _ := store.ServiceDeployments.Get(tx, s.Current)
	return types.ServiceDeploymentStatus(d.Status) != types.ServiceDeploymentStatusPending
}

func showLBs(tx *store.Tx, lbs []model.ServiceLB) []types.LoadBalancer {
	out := make([]types.LoadBalancer, len(lbs))
	for i, l := range lbs {
		out[i] = types.LoadBalancer{TargetGroupArn: aws.String(tx.Scope().TargetGroupARN(l.Group)),
			ContainerName: aws.String(l.Container), ContainerPort: aws.Int32(int32(l.Port))}
	}
	return out
}

// showEvents returns the newest events first. Those of an earlier service of the same name are
// older than this one.
func showEvents(tx *store.Tx, s model.Service) []types.ServiceEvent {
	out := []types.ServiceEvent{}
	for e := range store.Events.From(tx, model.EventPrefix("service", s.Cluster, s.Name), "") {
		if !e.At.Before(s.Created) {
			out = append(out, types.ServiceEvent{Id: aws.String(e.ID), CreatedAt: aws.Time(e.At), Message: aws.String(e.Message)})
		}
	}
	slices.Reverse(out)
	return out[:min(len(out), maxEvents)]
}
