package ecs

import (
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// lend associates the cluster demo with capacity providers, those of groups made for it.
func (w *world) lend(strategy []types.CapacityProviderStrategyItem, providers ...string) {
	w.Helper()
	for _, p := range providers {
		if !model.IsFargate(p) {
			must(w.client.CreateCapacityProvider(w.Context(), &ecs.CreateCapacityProviderInput{Name: &p, AutoScalingGroupProvider: group("asg-" + p)}))(w)
		}
	}
	if strategy == nil {
		strategy = []types.CapacityProviderStrategyItem{}
	}
	must(w.client.PutClusterCapacityProviders(w.Context(), &ecs.PutClusterCapacityProvidersInput{Cluster: aws.String("demo"),
		CapacityProviders: providers, DefaultCapacityProviderStrategy: strategy}))(w)
}

func describeProviders(w *world, in *ecs.DescribeCapacityProvidersInput) (out []string) {
	got := must(w.client.DescribeCapacityProviders(w.Context(), in))(w)
	for _, p := range got.CapacityProviders {
		group := "-"
		if p.AutoScalingGroupProvider != nil {
			group = *p.AutoScalingGroupProvider.AutoScalingGroupArn
		}
		out = append(out, line(*p.Name, p.Type, p.Status, p.UpdateStatus, group, len(p.Tags)))
	}
	for _, f := range got.Failures {
		out = append(out, *f.Arn+" "+*f.Reason)
	}
	if got.NextToken != nil {
		out = append(out, describeProviders(w, &ecs.DescribeCapacityProvidersInput{Include: in.Include, Cluster: in.Cluster, MaxResults: in.MaxResults,
			CapacityProviders: in.CapacityProviders, NextToken: got.NextToken})...)
	}
	return out
}

func TestCapacityProvidersComeAndGo(t *testing.T) {
	w := seed(t)
	made := must(w.client.CreateCapacityProvider(t.Context(), &ecs.CreateCapacityProviderInput{Name: aws.String("spare"), AutoScalingGroupProvider: group("asg"), Tags: oneTag}))(w).CapacityProvider
	w.equal(line(*made.CapacityProviderArn, made.Status, made.AutoScalingGroupProvider.ManagedScaling.Status, made.AutoScalingGroupProvider.ManagedTerminationProtection, made.AutoScalingGroupProvider.ManagedDraining),
		arnPrefix+"capacity-provider/spare ACTIVE DISABLED DISABLED DISABLED")
	all := []string{"FARGATE FARGATE ACTIVE  - 0", "FARGATE_SPOT FARGATE_SPOT ACTIVE  - 0", "spare EC2_AUTOSCALING ACTIVE CREATE_COMPLETE asg 0"}
	w.equal(describeProviders(w, &ecs.DescribeCapacityProvidersInput{}), all)
	w.equal(describeProviders(w, &ecs.DescribeCapacityProvidersInput{MaxResults: aws.Int32(1)}), all)
	w.equal(describeProviders(w, &ecs.DescribeCapacityProvidersInput{CapacityProviders: []string{*made.CapacityProviderArn, "nope"}, Include: []types.CapacityProviderField{"TAGS"}}),
		[]string{"spare EC2_AUTOSCALING ACTIVE CREATE_COMPLETE asg 1", arnPrefix + "capacity-provider/nope MISSING"})

	updated := must(w.client.UpdateCapacityProvider(t.Context(), &ecs.UpdateCapacityProviderInput{Name: aws.String("spare"), AutoScalingGroupProvider: &types.AutoScalingGroupProviderUpdate{
		ManagedScaling: &types.ManagedScaling{TargetCapacity: aws.Int32(80)}}}))(w).CapacityProvider
	w.equal(line(updated.UpdateStatus, *updated.AutoScalingGroupProvider.ManagedScaling.TargetCapacity), "UPDATE_COMPLETE 80")

	put := &ecs.PutClusterCapacityProvidersInput{Cluster: aws.String("demo"), CapacityProviders: []string{"spare"}, DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{item("spare", 2, 0)}}
	cluster := must(w.client.PutClusterCapacityProviders(t.Context(), put))(w).Cluster
	w.equal(line(cluster.CapacityProviders, *cluster.DefaultCapacityProviderStrategy[0].CapacityProvider, cluster.DefaultCapacityProviderStrategy[0].Base), "[spare] spare 2")
	w.equal(describeProviders(w, &ecs.DescribeCapacityProvidersInput{Cluster: aws.String("demo")}), []string{"spare EC2_AUTOSCALING ACTIVE UPDATE_COMPLETE asg 0"})
	stays := must(w.client.DeleteCapacityProvider(t.Context(), &ecs.DeleteCapacityProviderInput{CapacityProvider: made.CapacityProviderArn}))(w).CapacityProvider
	w.equal(line(stays.Status, stays.UpdateStatus, *stays.UpdateStatusReason),
		"ACTIVE DELETE_FAILED The capacity provider cannot be deleted because it is associated with cluster: demo. Remove the capacity provider from the cluster and try again.")

	put.CapacityProviders, put.DefaultCapacityProviderStrategy = []string{}, []types.CapacityProviderStrategyItem{}
	must(w.client.PutClusterCapacityProviders(t.Context(), put))(w)
	gone := must(w.client.DeleteCapacityProvider(t.Context(), &ecs.DeleteCapacityProviderInput{CapacityProvider: made.CapacityProviderArn}))(w).CapacityProvider
	w.equal(line(gone.Status, gone.UpdateStatus), "INACTIVE DELETE_COMPLETE")
	w.equal(describeProviders(w, &ecs.DescribeCapacityProvidersInput{}), all[:2])
	must(w.client.CreateCapacityProvider(t.Context(), &ecs.CreateCapacityProviderInput{Name: aws.String("spare"), AutoScalingGroupProvider: group("asg")}))(w) // name and group are free
}

func TestCapacityProvidersAreTagged(t *testing.T) {
	w := seed(t)
	must(w.client.CreateCapacityProvider(t.Context(), &ecs.CreateCapacityProviderInput{Name: aws.String("spare"), AutoScalingGroupProvider: group("asg")}))(w)
	arn := aws.String(arnPrefix + "capacity-provider/spare")
	must(w.client.TagResource(t.Context(), &ecs.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")}}}))(w)
	must(w.client.UntagResource(t.Context(), &ecs.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}}))(w)
	tags := must(w.client.ListTagsForResource(t.Context(), &ecs.ListTagsForResourceInput{ResourceArn: arn}))(w).Tags
	w.equal(line(len(tags), *tags[0].Key), "1 b")
}

func TestClusterIsMadeWithItsCapacityProviders(t *testing.T) {
	w := seed(t)
	c := must(w.client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("new"), CapacityProviders: []string{"FARGATE", "FARGATE_SPOT"},
		DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{item("FARGATE_SPOT", 0, 1)}}))(w).Cluster
	w.equal(line(c.CapacityProviders, len(c.DefaultCapacityProviderStrategy)), "[FARGATE FARGATE_SPOT] 1")
}

func TestRunTaskSplitsExactly(t *testing.T) {
	w := fargate(t)
	w.lend([]types.CapacityProviderStrategyItem{item("FARGATE", 1, 1), item("FARGATE_SPOT", 0, 3)}, "FARGATE", "FARGATE_SPOT")
	split := func(in *ecs.RunTaskInput) (out map[string]int) {
		in.TaskDefinition, in.NetworkConfiguration, out = aws.String("api"), w.awsvpc("a"), map[string]int{}
		for _, task := range w.run(in).Tasks {
			out[line(aws.ToString(task.CapacityProviderName), task.LaunchType)]++
		}
		return out
	}
	w.equal(split(&ecs.RunTaskInput{Count: aws.Int32(9)}), "map[FARGATE FARGATE:3 FARGATE_SPOT FARGATE:6]") // the cluster's default
	w.equal(split(&ecs.RunTaskInput{Count: aws.Int32(4), CapacityProviderStrategy: []types.CapacityProviderStrategyItem{item("FARGATE", 0, 1), item("FARGATE_SPOT", 0, 1)}}),
		"map[FARGATE FARGATE:2 FARGATE_SPOT FARGATE:2]")
	w.equal(split(&ecs.RunTaskInput{LaunchType: types.LaunchTypeFargate}), "map[ FARGATE:1]")
}

func TestGroupProvidersRunOnTheirInstancesOnly(t *testing.T) {
	w := seed(t)
	w.lend(nil, "one", "two")
	w.addInstance(2)
	w.update(func(tx *store.Tx) {
		ci, _ := store.ContainerInstances.Get(tx, instanceOf(2))
		ci.Provider = "two"
		store.ContainerInstances.Put(tx, ci)
	})
	out := w.run(&ecs.RunTaskInput{Count: aws.Int32(2), CapacityProviderStrategy: []types.CapacityProviderStrategyItem{item("one", 0, 1), item("two", 0, 1)}})
	w.equal(line(len(out.Tasks), *out.Tasks[0].CapacityProviderName, *out.Tasks[0].ContainerInstanceArn, out.Tasks[0].LaunchType), "1 two "+arnPrefix+"container-instance/demo/"+instanceOf(2)+" EC2")
	w.equal(*out.Failures[0].Reason, "No Container Instances were found in your capacity provider.")
	shown := must(w.client.DescribeContainerInstances(t.Context(), &ecs.DescribeContainerInstancesInput{Cluster: aws.String("demo"), ContainerInstances: []string{instanceOf(1), instanceOf(2)}}))(w)
	w.equal(line(shown.ContainerInstances[0].CapacityProviderName == nil, *shown.ContainerInstances[1].CapacityProviderName), "true two")
}

func TestStrategyRules(t *testing.T) {
	w := fargate(t)
	w.lend(nil, "one", "FARGATE", "FARGATE_SPOT")
	many := make([]types.CapacityProviderStrategyItem, 21)
	for i := range many {
		many[i] = item("FARGATE", 0, 1)
	}
	for _, c := range []struct {
		strategy []types.CapacityProviderStrategyItem
		message  string
	}{
		{many, "Capacity provider strategy can have at most 20 items."},
		{[]types.CapacityProviderStrategyItem{item("FARGATE", 100_001, 1)}, "The base value of a capacity provider must be between 0 and 100000."},
		{[]types.CapacityProviderStrategyItem{item("FARGATE", 0, 1001)}, "The weight value of a capacity provider must be between 0 and 1000."},
		{[]types.CapacityProviderStrategyItem{item("FARGATE", 1, 1), item("FARGATE_SPOT", 1, 1)}, "Only one capacity provider in a capacity provider strategy can have a base value."},
		{[]types.CapacityProviderStrategyItem{item("FARGATE", 1, 0), item("FARGATE_SPOT", 0, 0)}, "At least one capacity provider in the capacity provider strategy must have a weight value greater than zero."},
		{[]types.CapacityProviderStrategyItem{item("FARGATE", 0, 1), item("FARGATE", 0, 1)}, "The capacity provider strategy names the capacity provider FARGATE more than once."},
		{[]types.CapacityProviderStrategyItem{item("FARGATE", 0, 1), item("one", 0, 1)},
			"A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers. Specify one or the other and try again."},
		{[]types.CapacityProviderStrategyItem{item("two", 0, 1)},
			"The specified capacity provider strategy contains a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again."},
	} {
		_, err := w.client.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("api"), NetworkConfiguration: w.awsvpc("a"), CapacityProviderStrategy: c.strategy})
		w.fails(err, "InvalidParameterException", c.message)
	}
	_, err := w.client.CreateService(t.Context(), &ecs.CreateServiceInput{Cluster: aws.String("demo"), ServiceName: aws.String("x"), TaskDefinition: aws.String("web"),
		SchedulingStrategy: types.SchedulingStrategyDaemon, CapacityProviderStrategy: []types.CapacityProviderStrategyItem{item("one", 0, 1)}})
	w.fails(err, "InvalidParameterException", "Specifying a capacity provider strategy is not supported when you create a service using the DAEMON scheduling strategy.")
}

func TestServicesFollowTheirStrategy(t *testing.T) {
	w := fargate(t)
	w.lend([]types.CapacityProviderStrategyItem{item("FARGATE_SPOT", 0, 1)}, "FARGATE", "FARGATE_SPOT")
	s := must(w.client.CreateService(t.Context(), &ecs.CreateServiceInput{Cluster: aws.String("demo"), ServiceName: aws.String("api"), TaskDefinition: aws.String("api"),
		DesiredCount: aws.Int32(0), NetworkConfiguration: w.awsvpc("a")}))(w).Service
	w.equal(line(s.LaunchType == "", *s.CapacityProviderStrategy[0].CapacityProvider, *s.PlatformVersion, *s.Deployments[0].CapacityProviderStrategy[0].CapacityProvider), "true FARGATE_SPOT LATEST FARGATE_SPOT")
	update := &ecs.UpdateServiceInput{Cluster: aws.String("demo"), Service: aws.String("api"), CapacityProviderStrategy: []types.CapacityProviderStrategyItem{item("FARGATE", 1, 1)}}
	_, err := w.client.UpdateService(t.Context(), update)
	w.fails(err, "InvalidParameterException", "When switching from launch type to capacity provider strategy on an existing service, or making a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.")
	update.ForceNewDeployment = true
	s = must(w.client.UpdateService(t.Context(), update))(w).Service
	w.equal(line(len(s.Deployments), *s.CapacityProviderStrategy[0].CapacityProvider), "2 FARGATE")
	update.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{}
	s = must(w.client.UpdateService(t.Context(), update))(w).Service
	w.equal(line(len(s.Deployments), s.LaunchType, len(s.CapacityProviderStrategy)), "3 FARGATE 0")
}

func TestClustersCountByLaunchType(t *testing.T) {
	w := fargate(t)
	w.run(&ecs.RunTaskInput{TaskDefinition: aws.String("api"), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: w.awsvpc("a"), Count: aws.Int32(2)})
	w.advance(*w.run(&ecs.RunTaskInput{TaskDefinition: aws.String("api"), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: w.awsvpc("a")}).Tasks[0].TaskArn, model.Running)
	w.run(&ecs.RunTaskInput{})
	must(w.client.CreateService(t.Context(), &ecs.CreateServiceInput{Cluster: aws.String("demo"), ServiceName: aws.String("api"), TaskDefinition: aws.String("api"),
		DesiredCount: aws.Int32(0), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: w.awsvpc("a")}))(w)
	c := must(w.client.DescribeClusters(t.Context(), &ecs.DescribeClustersInput{Clusters: []string{"demo"}, Include: []types.ClusterField{types.ClusterFieldStatistics}}))(w).Clusters[0]
	got := map[string]string{}
	for _, s := range c.Statistics {
		if *s.Value != "0" {
			got[*s.Name] = *s.Value
		}
	}
	w.equal(got, "map[activeFargateServiceCount:1 pendingEC2TasksCount:1 pendingFargateTasksCount:2 runningFargateTasksCount:1]")
}
