package ecs

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

var taskRefusals = []refusal{
	{&ecs.RunTaskInput{Cluster: new("nope"), TaskDefinition: new("web")}, "ClusterNotFound", noCluster},
	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("web"), Count: new(int32(11))}, "InvalidParameter", "Count must be between 1 and 10."},
	{&ecs.RunTaskInput{Cluster: new("only-tasks"), TaskDefinition: new("web")}, "InvalidParameter", "No Container Instances were found in your cluster."},
	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("retired:1")}, "InvalidParameter", "TaskDefinition is inactive"},
	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("nope")}, "Client", "TaskDefinition not found."},
	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("web"), ClientToken: new("once")}, "Conflict",
		"The request with this client token conflicts with an earlier one that had other parameters."},

	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("api"), LaunchType: "FARGATE", PlatformVersion: new("1.5.0"), NetworkConfiguration: inSubnet}, "PlatformUnknown", noPlatform},
	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("api-new"), LaunchType: "FARGATE", PlatformVersion: new("1.3.0"), NetworkConfiguration: inSubnet},
		"PlatformTaskDefinitionIncompatibility", oldPlatform},

	{&ecs.StartTaskInput{Cluster: new("nope"), TaskDefinition: new("web"), ContainerInstances: []string{instanceOf(1)}}, "ClusterNotFound", noCluster},
	{&ecs.StartTaskInput{Cluster: new("demo"), TaskDefinition: new("web"), ContainerInstances: []string{}}, "InvalidParameter", "Container instances cannot be empty."},
	{&ecs.StartTaskInput{Cluster: new("demo"), TaskDefinition: new("nope"), ContainerInstances: []string{instanceOf(1)}}, "Client", "TaskDefinition not found."},

	{&ecs.StopTaskInput{Cluster: new("gone"), Task: new(standalone)}, "ClusterNotFound", inactiveOne},
	{&ecs.StopTaskInput{Cluster: new("demo"), Task: new(instanceOf(9))}, "InvalidParameter", "The referenced task was not found."},
	{&ecs.StopTaskInput{Cluster: new("demo"), Task: new("1")}, "InvalidParameter", "taskId length should be one of [32,36]"},

	{&ecs.DescribeTasksInput{Cluster: new("nope"), Tasks: []string{standalone}}, "ClusterNotFound", noCluster},
	{&ecs.DescribeTasksInput{Cluster: new("demo"), Tasks: make([]string, 101)}, "InvalidParameter", "Tasks can have at most 100 items."},

	{&ecs.ListTasksInput{Cluster: new("nope")}, "ClusterNotFound", noCluster},
	{&ecs.ListTasksInput{Cluster: new("demo"), ServiceName: new("nope")}, "ServiceNotFound", noService},
	{&ecs.ListTasksInput{Cluster: new("demo"), DesiredStatus: "IDLE"}, "InvalidParameter", "Invalid desiredStatus: IDLE"},
	{&ecs.ListTasksInput{Cluster: new("demo"), ContainerInstance: new(instanceOf(9))}, "InvalidParameter", noInstance},
	{&ecs.ListTasksInput{Cluster: new("demo"), StartedBy: new("me"), Family: new("web")}, "InvalidParameter", "StartedBy cannot be combined with another filter."},

	{&ecs.GetTaskProtectionInput{Cluster: new("nope"), Tasks: []string{serviceTask}}, "ClusterNotFound", noCluster},
	{&ecs.GetTaskProtectionInput{Cluster: new("demo"), Tasks: []string{"1"}}, "InvalidParameter", "taskId length should be one of [32,36]"},
	{&ecs.UpdateTaskProtectionInput{Cluster: new("gone"), Tasks: []string{serviceTask}}, "ClusterNotFound", inactiveOne},
	{&ecs.UpdateTaskProtectionInput{Cluster: new("demo"), Tasks: []string{serviceTask}, ProtectionEnabled: true, ExpiresInMinutes: new(int32(0))}, "InvalidParameter",
		"expiresInMinutes must be between 1 and 2880."},
}
