package ecs

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/rollout"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func serviceDeploymentARN(tx *store.Tx, key string) string {
	return tx.Scope().ARN("ecs", "service-deployment/"+key)
}

// revisionARN is the ARN of the revision that a deployment of a service rolls out.
func revisionARN(tx *store.Tx, cluster, service, deployment string) string {
	return tx.Scope().ARN("ecs", "service-revision/"+cluster+"/"+service+"/"+model.RevisionID(deployment))
}

func showConfiguration(least, most int, b model.Breaker) *types.DeploymentConfiguration {
	breaker := &types.DeploymentCircuitBreaker{Enable: b.Enable, Rollback: b.Rollback}
	if b.Keep {
		breaker.ResetOnHealthyTask = aws.Bool(false)
	}
	if b.Type != "" {
		breaker.ThresholdConfiguration = &types.ThresholdConfiguration{Type: types.ThresholdType(b.Type), Value: int32(b.Value)}
	}
	return &types.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(int32(least)), MaximumPercent: aws.Int32(int32(most)),
		DeploymentCircuitBreaker: breaker, Strategy: types.DeploymentStrategyRolling, BakeTimeInMinutes: aws.Int32(0)}
}

func briefDeployment(tx *store.Tx, d model.ServiceDeployment) types.ServiceDeploymentBrief {
	return types.ServiceDeploymentBrief{ServiceDeploymentArn: aws.String(serviceDeploymentARN(tx, d.Key())),
		ClusterArn: aws.String(clusterARN(tx, d.Cluster)), ServiceArn: aws.String(serviceARN(tx, d.Cluster, d.Service)),
		CreatedAt: at(d.Created), StartedAt: at(d.Started), FinishedAt: at(d.Finished),
		Status: types.ServiceDeploymentStatus(d.Status), StatusReason: given(d.Reason),
		TargetServiceRevisionArn: aws.String(revisionARN(tx, d.Cluster, d.Service, d.Deployment))}
}

// showServiceDeployment is the only way from a service deployment's row to the wire. Task counts are
// those of now.
func showServiceDeployment(tx *store.Tx, d model.ServiceDeployment) types.ServiceDeployment {
	s, _ := store.Services.Get(tx, d.ServiceKey())
	out := types.ServiceDeployment{ServiceDeploymentArn: aws.String(serviceDeploymentARN(tx, d.Key())),
		ClusterArn: aws.String(clusterARN(tx, d.Cluster)), ServiceArn: aws.String(serviceARN(tx, d.Cluster, d.Service)),
		CreatedAt: at(d.Created), StartedAt: at(d.Started), FinishedAt: at(d.Finished), StoppedAt: at(d.Stopped), UpdatedAt: at(d.Updated),
		Status: types.ServiceDeploymentStatus(d.Status), StatusReason: given(d.Reason),
		DeploymentConfiguration:  showConfiguration(d.MinPercent, d.MaxPercent, d.Breaker),
		DeploymentCircuitBreaker: showBreaker(s, d), TargetServiceRevision: revisionSummary(tx, s, d, d.Deployment),
		SourceServiceRevisions: []types.ServiceRevisionSummary{},
		Alarms:                 &types.ServiceDeploymentAlarms{Status: types.ServiceDeploymentRollbackMonitorsStatusDisabled}}
	for _, id := range d.Sources {
		out.SourceServiceRevisions = append(out.SourceServiceRevisions, *revisionSummary(tx, s, d, id))
	}
	if r := d.Rollback; r.Deployment != "" {
		out.Rollback = &types.Rollback{Reason: aws.String(r.Reason), StartedAt: at(r.Started),
			ServiceRevisionArn: aws.String(revisionARN(tx, d.Cluster, d.Service, r.Deployment))}
	}
	return out
}

func revisionSummary(tx *store.Tx, s model.Service, d model.ServiceDeployment, id string) *types.ServiceRevisionSummary {
	sum := &types.ServiceRevisionSummary{Arn: aws.String(revisionARN(tx, d.Cluster, d.Service, id))}
	if now, there := s.Deployment(id); there {
		shown := showDeployment(tx, s, now)
		sum.RequestedTaskCount, sum.RunningTaskCount, sum.PendingTaskCount = shown.DesiredCount, shown.RunningCount, shown.PendingCount
	}
	return sum
}

// showBreaker says what the circuit breaker counts, or had counted when the deployment ended.
func showBreaker(s model.Service, d model.ServiceDeployment) *types.ServiceDeploymentCircuitBreaker {
	out := &types.ServiceDeploymentCircuitBreaker{Status: types.ServiceDeploymentRollbackMonitorsStatusDisabled, FailureCount: int32(d.Failures), Threshold: int32(d.Threshold)}
	if !d.Over() && !d.Tripped {
		now, _ := s.Deployment(d.Deployment)
		out.FailureCount, out.Threshold = int32(now.Failed), int32(rollout.Threshold(d.Breaker, s.Desired))
	}
	switch {
	case !d.Breaker.Enable:
		out.Threshold = 0
	case d.Tripped:
		out.Status = types.ServiceDeploymentRollbackMonitorsStatusTriggered
	case d.Over():
		out.Status = types.ServiceDeploymentRollbackMonitorsStatusMonitoringComplete
	default:
		out.Status = types.ServiceDeploymentRollbackMonitorsStatusMonitoring
	}
	return out
}

func describeServiceRevisions(tx *store.Tx, in *ecs.DescribeServiceRevisionsInput) (*ecs.DescribeServiceRevisionsOutput, error) {
	if err := checkCount("Service revision ARNs", len(in.ServiceRevisionArns), maxDeployments); err != nil {
		return nil, err
	}
	out := &ecs.DescribeServiceRevisionsOutput{ServiceRevisions: []types.ServiceRevision{}, Failures: []types.Failure{}}
	for _, ref := range in.ServiceRevisionArns {
		key, err := ofKnownService(tx, "service-revision", ref)
		if err != nil {
			return nil, err
		}
		if r, ok := store.ServiceRevisions.Get(tx, key); ok {
			out.ServiceRevisions = append(out.ServiceRevisions, showRevision(tx, r))
		} else {
			out.Failures = append(out.Failures, missing(ref))
		}
	}
	return out, nil
}

// showRevision is the only way from a revision's row to the wire.
func showRevision(tx *store.Tx, r model.ServiceRevision) types.ServiceRevision {
	id := "ecs-svc/" + r.ID
	out := types.ServiceRevision{ServiceRevisionArn: aws.String(revisionARN(tx, r.Cluster, r.Service, id)),
		ClusterArn: aws.String(clusterARN(tx, r.Cluster)), ServiceArn: aws.String(serviceARN(tx, r.Cluster, r.Service)),
		TaskDefinition: aws.String(taskDefARN(tx, r.Def)), CreatedAt: at(r.Created),
		ContainerImages: []types.ContainerImage{}, LoadBalancers: showLBs(tx, r.LBs)}
	out.LaunchType, out.CapacityProviderStrategy, out.NetworkConfiguration = showLaunchType(r.Capacity), showStrategy(r.Capacity), showNetwork(r.Capacity)
	out.PlatformVersion, out.PlatformFamily = showResolved(r.Capacity)
	digests := runningDigests(tx, r, id)
	def, _ := store.TaskDefs.Get(tx, r.Def)
	for _, c := range def.Doc.ContainerDefinitions {
		out.ContainerImages = append(out.ContainerImages, types.ContainerImage{ContainerName: c.Name, Image: c.Image, ImageDigest: given(digests[aws.ToString(c.Name)])})
	}
	if len(r.LBs) > 0 {
		out.ResolvedConfiguration = &types.ResolvedConfiguration{}
		for _, l := range r.LBs {
			out.ResolvedConfiguration.LoadBalancers = append(out.ResolvedConfiguration.LoadBalancers,
				types.ServiceRevisionLoadBalancer{TargetGroupArn: aws.String(tx.Scope().TargetGroupARN(l.Group))})
		}
	}
	return out
}

// runningDigests returns the image digests of a task of the revision that runs, by container name.
func runningDigests(tx *store.Tx, r model.ServiceRevision, deployment string) map[string]string {
	digests := map[string]string{}
	for t := range store.TasksByService.Each(tx, r.Cluster+"/"+r.Service) {
		if t.Birth.Deployment == deployment && t.Is == model.Running {
			for _, c := range t.Containers {
				digests[c.Name] = c.Digest
			}
			return digests
		}
	}
	return digests
}
