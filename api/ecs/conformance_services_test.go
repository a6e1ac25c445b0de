package ecs

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	noService = "Service not found."
	notActive = "Service was not ACTIVE."

	noPlatform  = "The specified platform version does not exist."
	oldPlatform = "The specified platform version does not satisfy the required capabilities of the task definition."
)

var serviceRefusals = []refusal{
	{&creation{Cluster: new("nope"), ServiceName: new("new"), TaskDefinition: new("web"), DesiredCount: new(int32(1))}, "ClusterNotFound", noCluster},
	{&creation{Cluster: new("demo"), ServiceName: new("a b"), TaskDefinition: new("web"), DesiredCount: new(int32(1))}, "InvalidParameter",
		"Service name must be 1 to 255 letters, numbers, hyphens and underscores."},
	{&creation{Cluster: new("demo"), ServiceName: new("web"), TaskDefinition: new("web"), DesiredCount: new(int32(7))}, "InvalidParameter",
		"Creation of service was not idempotent."},
	{&creation{Cluster: new("demo"), ServiceName: new("leaving"), TaskDefinition: new("web"), DesiredCount: new(int32(1))}, "InvalidParameter",
		"Unable to Start a service that is still Draining."},
	{&creation{Cluster: new("demo"), ServiceName: new("new"), TaskDefinition: new("nope"), DesiredCount: new(int32(1))}, "Client", "TaskDefinition not found."},
	{&creation{Cluster: new("demo"), ServiceName: new("new"), TaskDefinition: new("retired:1"), DesiredCount: new(int32(1))}, "Client", "TaskDefinition is inactive"},
	{&creation{Cluster: new("demo"), ServiceName: new("new"), TaskDefinition: new("api"), DesiredCount: new(int32(1)), LaunchType: "FARGATE", PlatformVersion: new("1.5.0"),
		NetworkConfiguration: inSubnet}, "PlatformUnknown", noPlatform},
	{&creation{Cluster: new("demo"), ServiceName: new("new"), TaskDefinition: new("api-new"), DesiredCount: new(int32(1)), LaunchType: "FARGATE", PlatformVersion: new("1.3.0"),
		NetworkConfiguration: inSubnet}, "PlatformTaskDefinitionIncompatibility", oldPlatform},

	{&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("api"), PlatformVersion: new("1.5.0")}, "PlatformUnknown", noPlatform},
	{&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("api"), PlatformVersion: new("1.3.0")}, "PlatformTaskDefinitionIncompatibility", oldPlatform},
	{&ecs.UpdateServiceInput{Cluster: new("nope"), Service: new("web")}, "ClusterNotFound", noCluster},
	{&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("nope")}, "ServiceNotFound", noService},
	{&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("leaving")}, "ServiceNotActive", notActive},
	{&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("left")}, "ServiceNotActive", notActive},
	{&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("web"), DesiredCount: new(int32(-1))}, "InvalidParameter", "Desired count can not be negative."},
	{&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("web"), TaskDefinition: new("web:9")}, "Client", "TaskDefinition not found."},

	{&ecs.DeleteServiceInput{Cluster: new("nope"), Service: new("web")}, "ClusterNotFound", noCluster},
	{&ecs.DeleteServiceInput{Cluster: new("demo"), Service: new("nope")}, "ServiceNotFound", noService},
	{&ecs.DeleteServiceInput{Cluster: new("demo"), Service: new("web")}, "InvalidParameter", "The service cannot be stopped while it is scaled above 0."},

	{&ecs.DescribeServicesInput{Cluster: new("gone"), Services: []string{"web"}}, "ClusterNotFound", inactiveOne},
	{&ecs.DescribeServicesInput{Cluster: new("demo"), Services: make([]string, 11)}, "InvalidParameter", "Services can have at most 10 items."},

	{&ecs.ListServicesInput{Cluster: new("nope")}, "ClusterNotFound", noCluster},
	{&ecs.ListServicesInput{Cluster: new("demo"), MaxResults: new(int32(101))}, "InvalidParameter", "maxResults must be between 1 and 100."},
	{&ecs.ListServicesInput{Cluster: new("demo"), LaunchType: "MOON"}, "InvalidParameter", "Invalid launch type: MOON"},
	{&ecs.ListServicesInput{Cluster: new("demo"), ResourceManagementType: "MINE"}, "InvalidParameter", "Invalid resource management type: MINE"},
	{&ecs.ListServicesInput{Cluster: new("demo"), SchedulingStrategy: "SOME"}, "InvalidParameter", "Invalid scheduling strategy: SOME"},
}

var serviceHistoryRefusals = []refusal{
	{&ecs.ListServiceDeploymentsInput{Cluster: new("nope"), Service: new("web")}, "ClusterNotFound", noCluster},
	{&ecs.ListServiceDeploymentsInput{Cluster: new("demo"), Service: new("nope")}, "ServiceNotFound", noService},
	{&ecs.ListServiceDeploymentsInput{Cluster: new("demo"), Service: new("web"), MaxResults: new(int32(0))}, "InvalidParameter", "maxResults must be between 1 and 100."},

	{&ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arnPrefix + "service-deployment/nope/web/x"}}, "ClusterNotFound", noCluster},
	{&ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arnPrefix + "service-deployment/demo/nope/x"}}, "ServiceNotFound", noService},
	{&ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{}}, "InvalidParameter", "Service deployment ARNs cannot be empty."},
	{&ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{"web"}}, "InvalidParameter", "Invalid identifier: web"},

	{&ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{arnPrefix + "service-revision/nope/web/1"}}, "ClusterNotFound", noCluster},
	{&ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{arnPrefix + "service-revision/demo/nope/1"}}, "ServiceNotFound", noService},
	{&ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: make([]string, 21)}, "InvalidParameter", "Service revision ARNs can have at most 20 items."},

	{&ecs.StopServiceDeploymentInput{ServiceDeploymentArn: new("x")}, "InvalidParameter", "Invalid identifier: x"},
	{&ecs.StopServiceDeploymentInput{ServiceDeploymentArn: new(arnPrefix + "service-deployment/demo/web/x"), StopType: "HALT"}, "InvalidParameter", "Invalid stop type: HALT"},
	{&ecs.StopServiceDeploymentInput{ServiceDeploymentArn: new(arnPrefix + "service-deployment/demo/web/x")}, "ServiceDeploymentNotFound", "Service deployment not found."},
	{&ecs.StopServiceDeploymentInput{ServiceDeploymentArn: new(arnPrefix + "service-deployment/" + finished)}, "Conflict",
		"The service deployment is in the SUCCESSFUL state and cannot be stopped."},
	{&ecs.StopServiceDeploymentInput{ServiceDeploymentArn: new(arnPrefix + "service-deployment/" + current), StopType: types.StopServiceDeploymentStopTypeRollback}, "Conflict",
		"The service deployment cannot be rolled back: no service revision of the service was deployed successfully before."},
}
