package ecs

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// setProviders adds the capacity providers one, of the group asg-one, and old, INACTIVE; and the cluster
// lent, which has one and FARGATE, the former in use by a service.
func setProviders(tx *store.Tx) {
	store.CapacityProviders.Put(tx, model.CapacityProvider{Name: "one", Status: active, Group: "asg-one", Created: tx.Now(), Update: "CREATE_COMPLETE"})
	store.CapacityProviders.Put(tx, model.CapacityProvider{Name: "old", Status: inactive, Group: "asg-old", Created: tx.Now(), Update: "DELETE_COMPLETE"})
	store.Clusters.Put(tx, model.Cluster{Name: "lent", Status: active, Created: tx.Now(), Providers: []string{"one", "FARGATE"}})
	store.Services.Put(tx, model.Service{Name: "web", Cluster: "lent", Status: active, Created: tx.Now(), Spec: model.ServiceSpec{MinPercent: 100, MaxPercent: 200, Scheduling: "REPLICA"},
		Deployments: []model.Deployment{{ID: "ecs-svc/1000000000000000009", Status: "PRIMARY", Def: "web:1", Created: tx.Now(), Updated: tx.Now(),
			Capacity: model.Capacity{Strategy: []model.ProviderShare{{Provider: "one", Weight: 1}}}}}})
	store.TaskDefs.Put(tx, apiDef())
	store.Families.Put(tx, model.Family{Name: "api", Last: 1})
	old := apiDef()
	old.Family, old.Doc.PidMode = "modern", types.PidModeTask
	store.TaskDefs.Put(tx, old)
	store.Families.Put(tx, model.Family{Name: "modern", Last: 1})
	store.Subnets.Put(tx, model.Subnet{ID: "subnet-staged", VPC: "vpc-staged", Zone: "us-east-1d"})
	store.Services.Put(tx, model.Service{Name: "api", Cluster: "lent", Status: active, Created: tx.Now(), Spec: model.ServiceSpec{MinPercent: 100, MaxPercent: 200, Scheduling: "REPLICA"},
		Deployments: []model.Deployment{{ID: "ecs-svc/1000000000000000008", Status: "PRIMARY", Def: "modern:1", Created: tx.Now(), Updated: tx.Now(),
			Capacity: model.Capacity{LaunchType: "FARGATE", Platform: "LATEST", Network: &types.AwsVpcConfiguration{Subnets: []string{"subnet-staged"}, AssignPublicIp: "DISABLED"}}}}})
}

var staged = &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-staged"}}}

const (
	badName     = `The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters (upper and lowercase), numbers, underscores, and hyphens. The name cannot be prefixed with "aws", "ecs", or "fargate". Specify a valid name and try again.`
	unknownPlat = "The specified platform version does not exist."
	oldPlat     = "The specified platform version does not satisfy the required capabilities of the task definition."
	noSuchOne   = "The specified capacity provider nope was not found. Specify a valid name or ARN and try again."
)

func group(arn string) *types.AutoScalingGroupProvider {
	return &types.AutoScalingGroupProvider{AutoScalingGroupArn: &arn}
}

func item(name string, base, weight int32) types.CapacityProviderStrategyItem {
	return types.CapacityProviderStrategyItem{CapacityProvider: &name, Base: base, Weight: weight}
}

var providerRefusals = []refusal{
	{&ecs.CreateCapacityProviderInput{Name: new("fargate-mine"), AutoScalingGroupProvider: group("asg")}, "InvalidParameter", badName},
	{&ecs.CreateCapacityProviderInput{Name: new("a b"), AutoScalingGroupProvider: group("asg")}, "InvalidParameter", badName},
	{&ecs.CreateCapacityProviderInput{Name: new("two")}, "InvalidParameter", "An Auto Scaling group provider must be specified for the capacity provider."},
	{&ecs.CreateCapacityProviderInput{Name: new("two"), Cluster: new("demo"), AutoScalingGroupProvider: group("asg")}, "InvalidParameter", "Drydock does not support the parameter cluster."},
	{&ecs.CreateCapacityProviderInput{Name: new("two"), AutoScalingGroupProvider: &types.AutoScalingGroupProvider{AutoScalingGroupArn: new("asg"),
		ManagedScaling: &types.ManagedScaling{Status: types.ManagedScalingStatusEnabled}}}, "InvalidParameter",
		"Drydock does not support autoScalingGroupProvider.managedScaling.status=ENABLED: Auto Scaling groups are not scaled; use DISABLED."},
	{&ecs.CreateCapacityProviderInput{Name: new("two"), AutoScalingGroupProvider: &types.AutoScalingGroupProvider{AutoScalingGroupArn: new("asg"),
		ManagedScaling: &types.ManagedScaling{TargetCapacity: new(int32(101))}}}, "InvalidParameter", "The managed scaling targetCapacity must be between 1 and 100."},
	{&ecs.CreateCapacityProviderInput{Name: new("two"), AutoScalingGroupProvider: group("arn:aws:ec2:us-east-1:000000000000:x")}, "Client",
		"The specified Auto Scaling group ARN is not valid. Specify a valid Auto Scaling group ARN and try again."},
	{&ecs.CreateCapacityProviderInput{Name: new("one"), AutoScalingGroupProvider: group("asg")}, "Client",
		"The specified capacity provider already exists. To change the configuration of an existing capacity provider, update the capacity provider."},
	{&ecs.CreateCapacityProviderInput{Name: new("two"), AutoScalingGroupProvider: group("arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:0:autoScalingGroupName/asg-one")},
		"Client", "The specified Auto Scaling group ARN is already being used by another capacity provider. Specify a unique Auto Scaling group ARN and try again."},

	{&ecs.UpdateCapacityProviderInput{Name: new("nope"), AutoScalingGroupProvider: &types.AutoScalingGroupProviderUpdate{}}, "InvalidParameter", noSuchOne},
	{&ecs.UpdateCapacityProviderInput{Name: new("one"), AutoScalingGroupProvider: &types.AutoScalingGroupProviderUpdate{ManagedDraining: types.ManagedDrainingEnabled}},
		"InvalidParameter", "Drydock does not support autoScalingGroupProvider.managedDraining=ENABLED: Auto Scaling groups are not scaled; use DISABLED."},
	{&ecs.UpdateCapacityProviderInput{Name: new("one")}, "InvalidParameter", "An Auto Scaling group provider must be specified for the capacity provider."},

	{&ecs.DeleteCapacityProviderInput{CapacityProvider: new("nope")}, "InvalidParameter", noSuchOne},
	{&ecs.DeleteCapacityProviderInput{CapacityProvider: new("FARGATE")}, "InvalidParameter", "The FARGATE capacity provider is reserved and cannot be updated or deleted."},

	{&ecs.DescribeCapacityProvidersInput{MaxResults: new(int32(11))}, "InvalidParameter", "maxResults must be between 1 and 10."},
	{&ecs.DescribeCapacityProvidersInput{Cluster: new("nope")}, "ClusterNotFound", noCluster},

	{&ecs.PutClusterCapacityProvidersInput{Cluster: new("nope"), CapacityProviders: []string{}, DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{}},
		"ClusterNotFound", noCluster},
	{&ecs.PutClusterCapacityProvidersInput{Cluster: new("demo"), CapacityProviders: []string{"nope"}, DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{}},
		"InvalidParameter", noSuchOne},
	{&ecs.PutClusterCapacityProvidersInput{Cluster: new("demo"), CapacityProviders: []string{"FARGATE"}, DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{item("one", 0, 1)}},
		"InvalidParameter", "The specified capacity provider strategy contains a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again."},
	{&ecs.PutClusterCapacityProvidersInput{Cluster: new("lent"), CapacityProviders: []string{"FARGATE"}, DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{}},
		"ResourceInUse", "The specified capacity provider is in use and cannot be removed."},
	{&ecs.CreateClusterInput{ClusterName: new("x"), CapacityProviders: []string{"nope"}}, "InvalidParameter", noSuchOne},

	{&ecs.RunTaskInput{Cluster: new("lent"), TaskDefinition: new("api"), LaunchType: "FARGATE", NetworkConfiguration: staged, PlatformVersion: new("9")}, "PlatformUnknown", unknownPlat},
	{&ecs.RunTaskInput{Cluster: new("lent"), TaskDefinition: new("modern"), LaunchType: "FARGATE", NetworkConfiguration: staged, PlatformVersion: new("1.3.0")},
		"PlatformTaskDefinitionIncompatibility", oldPlat},
	{&creation{Cluster: new("lent"), ServiceName: new("x"), DesiredCount: new(int32(1)), TaskDefinition: new("api"), LaunchType: "FARGATE", NetworkConfiguration: staged, PlatformVersion: new("9")},
		"PlatformUnknown", unknownPlat},
	{&creation{Cluster: new("lent"), ServiceName: new("x"), DesiredCount: new(int32(1)), TaskDefinition: new("modern"), LaunchType: "FARGATE", NetworkConfiguration: staged, PlatformVersion: new("1.3.0")},
		"PlatformTaskDefinitionIncompatibility", oldPlat},
	{&ecs.CreateTaskSetInput{Cluster: new("demo"), Service: new("ext-new"), TaskDefinition: new("api"), LaunchType: "FARGATE", NetworkConfiguration: staged, PlatformVersion: new("9")},
		"PlatformUnknown", unknownPlat},
	{&ecs.CreateTaskSetInput{Cluster: new("demo"), Service: new("ext-new"), TaskDefinition: new("modern"), LaunchType: "FARGATE", NetworkConfiguration: staged, PlatformVersion: new("1.3.0")},
		"PlatformTaskDefinitionIncompatibility", oldPlat},
	{&ecs.UpdateServiceInput{Cluster: new("lent"), Service: new("api"), PlatformVersion: new("9")}, "PlatformUnknown", unknownPlat},
	{&ecs.UpdateServiceInput{Cluster: new("lent"), Service: new("api"), PlatformVersion: new("1.3.0")}, "PlatformTaskDefinitionIncompatibility", oldPlat},
}
