package ecs

import (
	"fmt"
	"math"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	notExternal = "Amazon ECS only supports task set management on services configured to use external deployment controllers."
	noTaskSet   = "The specified task set was not found."
	badTaskSet  = "Task Set Identifier is invalid"
)

// setTaskSets adds the services ext, with the EXTERNAL controller and five task sets (the first is
// PRIMARY, the second DRAINING), ext-new without any, ext-leaving, which is DRAINING, and ext-left, INACTIVE.
func setTaskSets(tx *store.Tx) {
	ext, _ := store.Services.Get(tx, "demo/web")
	ext.Name, ext.Desired, ext.Current, ext.Tags, ext.Deployments = "ext", 2, "", nil, nil
	ext.Spec.Controller = "EXTERNAL"
	fresh, leaving, left := ext, ext, ext
	for i, status := range []string{"PRIMARY", draining, active, active, active} {
		d := model.Deployment{ID: set(i + 1), Status: status, Def: "web:1", Capacity: model.Capacity{LaunchType: "EC2"}, Created: tx.Now(), Updated: tx.Now(),
			TaskSet: &model.TaskSet{Scale: 100, Token: fmt.Sprint("token-", i+1), SteadyAt: tx.Now()}}
		ext.Deployments = append(ext.Deployments, d)
	}
	fresh.Name = "ext-new"
	leaving.Name, leaving.Status, leaving.Desired = "ext-leaving", draining, 0
	left.Name, left.Status, left.Desired = "ext-left", inactive, 0
	for _, s := range []model.Service{ext, fresh, leaving, left} {
		store.Services.Put(tx, s)
	}
}

// set is the id of the nth task set of ext.
func set(n int) string { return fmt.Sprintf("ecs-svc/200000000000000000%d", n) }

func percent(v float64) *types.Scale {
	return &types.Scale{Unit: types.ScaleUnitPercent, Value: v}
}

func ext(edit func(in *ecs.CreateTaskSetInput)) *ecs.CreateTaskSetInput {
	in := &ecs.CreateTaskSetInput{Cluster: new("demo"), Service: new("ext-new"), TaskDefinition: new("web")}
	edit(in)
	return in
}

type newSet = ecs.CreateTaskSetInput

var taskSetRefusals = []refusal{
	{&creation{Cluster: new("demo"), ServiceName: new("new"), DeploymentController: &types.DeploymentController{Type: "EXTERNAL"}, TaskDefinition: new("web")}, "InvalidParameter", "TaskDefinition must be blank."},
	{&ecs.DeleteServiceInput{Cluster: new("demo"), Service: new("ext")}, "InvalidParameter", "The service cannot be stopped while it is scaled above 0."},

	{ext(func(in *newSet) { in.Cluster = new("") }), "InvalidParameter", "Cluster can not be blank."},
	{ext(func(in *newSet) { in.Cluster = new("nope") }), "ClusterNotFound", noCluster},
	{ext(func(in *newSet) { in.Cluster = new("gone") }), "ClusterNotFound", inactiveOne},
	{ext(func(in *newSet) { in.Service = new("") }), "InvalidParameter", "Service can not be blank."},
	{ext(func(in *newSet) { in.Service = new("nope") }), "ServiceNotFound", noService},
	{ext(func(in *newSet) { in.Service = new("ext-leaving") }), "ServiceNotActive", notActive},
	{ext(func(in *newSet) { in.Service = new("web") }), "InvalidParameter", notExternal},
	{ext(func(in *newSet) { in.Service = new("ext") }), "InvalidParameter", "5 deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit."},
	{ext(func(in *newSet) { in.Service, in.ClientToken = new("ext"), new("token-3") }), "InvalidParameter", "Creation of task set was not idempotent."},
	{ext(func(in *newSet) { in.TaskDefinition = new("nope") }), "Client", "TaskDefinition not found."},
	{ext(func(in *newSet) { in.TaskDefinition = new("retired:1") }), "Client", "TaskDefinition is inactive"},
	{ext(func(in *newSet) { in.ClientToken = new("a b") }), "InvalidParameter", "Client token must be up to 36 ASCII characters in the range of 33-126."},
	{ext(func(in *newSet) { in.LoadBalancers = make([]types.LoadBalancer, 2) }), "InvalidParameter", "CreateTaskSet cannot have more than 1 load balancer."},
	{ext(func(in *newSet) { in.LoadBalancers = make([]types.LoadBalancer, 1) }), "InvalidParameter", "TargetGroupArn can not be blank for a load balancer."},
	{ext(func(in *newSet) { in.Scale = percent(101) }), "InvalidParameter", "Scale value must be between 0 and 100."},
	{ext(func(in *newSet) { in.Scale = percent(math.NaN()) }), "InvalidParameter", "Scale value must be between 0 and 100."},
	{ext(func(in *newSet) { in.Scale = &types.Scale{Unit: "TASKS", Value: 1} }), "InvalidParameter", "Invalid scale unit: TASKS"},
	{ext(func(in *newSet) { in.Tags = []types.Tag{{Key: new("aws:x")}} }), "InvalidParameter", "Tag keys that begin with aws: are reserved."},
	{ext(func(in *newSet) { in.ServiceRegistries = []types.ServiceRegistry{{RegistryArn: new("x")}} }), "InvalidParameter", "Drydock does not support the parameter serviceRegistries."},

	{ext(func(in *newSet) {
		in.TaskDefinition, in.LaunchType, in.PlatformVersion, in.NetworkConfiguration = new("api"), "FARGATE", new("1.5.0"), inSubnet
	}), "PlatformUnknown", noPlatform},
	{ext(func(in *newSet) {
		in.TaskDefinition, in.LaunchType, in.PlatformVersion, in.NetworkConfiguration = new("api-new"), "FARGATE", new("1.3.0"), inSubnet
	}), "PlatformTaskDefinitionIncompatibility", oldPlatform},

	{&ecs.UpdateTaskSetInput{Cluster: new("nope"), Service: new("ext"), TaskSet: new(set(1)), Scale: percent(1)}, "ClusterNotFound", noCluster},
	{&ecs.UpdateTaskSetInput{Cluster: new("demo"), Service: new("nope"), TaskSet: new(set(1)), Scale: percent(1)}, "ServiceNotFound", noService},
	{&ecs.UpdateTaskSetInput{Cluster: new("demo"), Service: new("ext-leaving"), TaskSet: new(set(1)), Scale: percent(1)}, "ServiceNotActive", notActive},
	{&ecs.UpdateTaskSetInput{Cluster: new("demo"), Service: new("web"), TaskSet: new(digits), Scale: percent(1)}, "InvalidParameter", notExternal},
	{&ecs.UpdateTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: new(set(9)), Scale: percent(1)}, "TaskSetNotFound", noTaskSet},
	{&ecs.UpdateTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: new("blue"), Scale: percent(1)}, "InvalidParameter", badTaskSet},
	{&ecs.UpdateTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: new(set(1)), Scale: percent(-1)}, "InvalidParameter", "Scale value must be between 0 and 100."},
	{&ecs.UpdateTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: new(set(2)), Scale: percent(1)}, "InvalidParameter", "The task set is DRAINING and cannot be updated."},

	{&ecs.DeleteTaskSetInput{Cluster: new("nope"), Service: new("ext"), TaskSet: new(set(3))}, "ClusterNotFound", noCluster},
	{&ecs.DeleteTaskSetInput{Cluster: new("demo"), Service: new("nope"), TaskSet: new(set(3))}, "ServiceNotFound", noService},
	{&ecs.DeleteTaskSetInput{Cluster: new("demo"), Service: new("ext-leaving"), TaskSet: new(set(3))}, "ServiceNotActive", notActive},
	{&ecs.DeleteTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: new(set(9))}, "TaskSetNotFound", noTaskSet},
	{&ecs.DeleteTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: new(set(1))}, "InvalidParameter", "Primary TaskSet cannot be deleted"},
	{&ecs.DeleteTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: new(set(3))}, "InvalidParameter", "The task set cannot be stopped while it is scaled above 0."},

	{&ecs.DescribeTaskSetsInput{Cluster: new("nope"), Service: new("ext"), TaskSets: []string{set(1)}}, "ClusterNotFound", noCluster},
	{&ecs.DescribeTaskSetsInput{Cluster: new("demo"), Service: new("nope"), TaskSets: []string{set(1)}}, "ServiceNotFound", noService},
	{&ecs.DescribeTaskSetsInput{Cluster: new("demo"), Service: new("ext-left"), TaskSets: []string{set(1)}}, "ServiceNotActive", notActive},
	{&ecs.DescribeTaskSetsInput{Cluster: new("demo"), Service: new("web"), TaskSets: []string{digits}}, "InvalidParameter", notExternal},
	{&ecs.DescribeTaskSetsInput{Cluster: new("demo"), Service: new("ext")}, "InvalidParameter", "Task sets cannot be empty."},
	{&ecs.DescribeTaskSetsInput{Cluster: new("demo"), Service: new("ext"), TaskSets: []string{arnPrefix + "task/demo/" + standalone}}, "InvalidParameter", badTaskSet},
	{&ecs.DescribeTaskSetsInput{Cluster: new("demo"), Service: new("ext"), TaskSets: []string{arnPrefix + "task-set/demo/web/" + set(1)}}, "InvalidParameter", badTaskSet},
	{&ecs.DescribeTaskSetsInput{Cluster: new("demo"), Service: new("ext"), TaskSets: []string{set(1)}, Include: []types.TaskSetField{"ALL"}}, "InvalidParameter", "Invalid include: ALL"},

	{&ecs.UpdateServicePrimaryTaskSetInput{Cluster: new("nope"), Service: new("ext"), PrimaryTaskSet: new(set(3))}, "ClusterNotFound", noCluster},
	{&ecs.UpdateServicePrimaryTaskSetInput{Cluster: new("demo"), Service: new("nope"), PrimaryTaskSet: new(set(3))}, "ServiceNotFound", noService},
	{&ecs.UpdateServicePrimaryTaskSetInput{Cluster: new("demo"), Service: new("ext-leaving"), PrimaryTaskSet: new(set(3))}, "ServiceNotActive", notActive},
	{&ecs.UpdateServicePrimaryTaskSetInput{Cluster: new("demo"), Service: new("ext"), PrimaryTaskSet: new(set(9))}, "TaskSetNotFound", noTaskSet},
	{&ecs.UpdateServicePrimaryTaskSetInput{Cluster: new("demo"), Service: new("ext"), PrimaryTaskSet: new(set(2))}, "InvalidParameter", "The task set is DRAINING and cannot be the primary task set."},

	{&ecs.TagResourceInput{ResourceArn: new(arnPrefix + "task-set/demo/ext/" + set(9)), Tags: oneTag}, "ResourceNotFound", noResource},
	{&ecs.TagResourceInput{ResourceArn: new(arnPrefix + "task-set/demo/ext"), Tags: oneTag}, "InvalidParameter", "Invalid identifier: " + arnPrefix + "task-set/demo/ext"},
}
