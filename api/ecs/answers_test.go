package ecs

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// answered is a request to the stage that succeeds, and which members one struct of the answer has on
// the wire: those that ECS answers, no fewer and no more.
type answered struct {
	in   any
	at   string // where the struct is: members and list positions; empty for the answer itself
	want string
}

const (
	clusterMembers = "activeServicesCount capacityProviders clusterArn clusterName defaultCapacityProviderStrategy pendingTasksCount registeredContainerInstancesCount " +
		"runningTasksCount settings statistics status tags"
	serviceMembers = "availabilityZoneRebalancing clusterArn createdAt createdBy currentServiceDeployment currentServiceRevisions deploymentConfiguration deploymentController " +
		"deployments desiredCount enableECSManagedTags enableExecuteCommand events healthCheckGracePeriodSeconds launchType loadBalancers pendingCount placementConstraints " +
		"placementStrategy propagateTags resourceManagementType runningCount schedulingStrategy serviceArn serviceName serviceRegistries status taskDefinition"
	deploymentMembers = "createdAt desiredCount failedTasks id launchType pendingCount rolloutState rolloutStateReason runningCount status taskDefinition updatedAt"
	bornMembers       = "attachments attributes availabilityZone clusterArn containerInstanceArn containers cpu createdAt desiredStatus enableExecuteCommand group " +
		"lastStatus launchType memory overrides tags taskArn taskDefinitionArn version"
	runningMembers   = bornMembers + " connectivity connectivityAt healthStatus startedAt"
	containerMembers = "containerArn cpu image lastStatus memory name networkInterfaces taskArn"
	instanceMembers  = "agentConnected attachments attributes containerInstanceArn ec2InstanceId pendingTasksCount registeredAt registeredResources remainingResources " +
		"runningTasksCount status tags version versionInfo"
	taskSetMembers = "clusterArn computedDesiredCount createdAt id launchType loadBalancers pendingCount runningCount scale serviceArn serviceRegistries stabilityStatus " +
		"stabilityStatusAt status taskDefinition taskSetArn updatedAt"
	providerMembers = "autoScalingGroupProvider capacityProviderArn name status tags type updateStatus"
	taskDefMembers  = "compatibilities containerDefinitions family placementConstraints registeredAt registeredBy requiresAttributes revision status taskDefinitionArn volumes"
)

// answers are checked against those that AWS shows of real calls.
//
// Source: the examples of https://docs.aws.amazon.com/cli/latest/reference/ecs/create-cluster.html,
// create-service.html, update-service.html, run-task.html, describe-tasks.html, …
var answers = []answered{
	{&ecs.CreateClusterInput{ClusterName: new("new")}, "cluster", clusterMembers},
	{&ecs.UpdateClusterInput{Cluster: new("demo")}, "cluster", clusterMembers},
	{&ecs.UpdateClusterSettingsInput{Cluster: new("demo"), Settings: []types.ClusterSetting{}}, "cluster", clusterMembers},
	{&ecs.DeleteClusterInput{Cluster: new("gone")}, "cluster", clusterMembers},
	{&ecs.DescribeClustersInput{Clusters: []string{"demo"}}, "", "clusters failures"},
	{&ecs.DescribeClustersInput{Clusters: []string{"demo"}}, "clusters.0", clusterMembers},
	{&ecs.DescribeClustersInput{Clusters: []string{"nope"}}, "failures.0", "arn reason"},
	{&ecs.ListClustersInput{}, "", "clusterArns"},
	{&ecs.ListClustersInput{MaxResults: new(int32(1))}, "", "clusterArns nextToken"},

	{&ecs.CreateCapacityProviderInput{Name: new("two"), AutoScalingGroupProvider: group("asg")}, "capacityProvider", providerMembers},
	{&ecs.CreateCapacityProviderInput{Name: new("two"), AutoScalingGroupProvider: group("asg")}, "capacityProvider.autoScalingGroupProvider",
		"autoScalingGroupArn managedDraining managedScaling managedTerminationProtection"},
	{&ecs.UpdateCapacityProviderInput{Name: new("one"), AutoScalingGroupProvider: &types.AutoScalingGroupProviderUpdate{}}, "capacityProvider", providerMembers},
	{&ecs.DeleteCapacityProviderInput{CapacityProvider: new("one")}, "capacityProvider", providerMembers + " updateStatusReason"},
	{&ecs.DescribeCapacityProvidersInput{}, "", "capacityProviders failures"},
	{&ecs.DescribeCapacityProvidersInput{CapacityProviders: []string{"FARGATE"}}, "capacityProviders.0", "capacityProviderArn name status tags type"},
	{&ecs.PutClusterCapacityProvidersInput{Cluster: new("demo"), CapacityProviders: []string{"one"}, DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{item("one", 1, 1)}},
		"cluster.defaultCapacityProviderStrategy.0", "base capacityProvider weight"},

	{webDef("new"), "", "taskDefinition"},
	{webDef("new"), "taskDefinition", taskDefMembers},
	{webDef("new"), "taskDefinition.containerDefinitions.0", "cpu environment essential image memory mountPoints name portMappings systemControls volumesFrom"},
	{webDef("new"), "taskDefinition.containerDefinitions.0.portMappings.0", "containerPort hostPort protocol"},
	{&registration{Family: new("new"), ContainerDefinitions: webDef("new").ContainerDefinitions, Tags: oneTag}, "", "tags taskDefinition"},
	{&ecs.DescribeTaskDefinitionInput{TaskDefinition: new("web")}, "", "tags taskDefinition"},
	{&ecs.DescribeTaskDefinitionInput{TaskDefinition: new("web")}, "taskDefinition", taskDefMembers},
	{&ecs.DeregisterTaskDefinitionInput{TaskDefinition: new("web:1")}, "taskDefinition", taskDefMembers + " deregisteredAt"},
	{&ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{"retired:1"}}, "taskDefinitions.0", taskDefMembers + " deleteRequestedAt deregisteredAt"},
	{&ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{"web:1"}}, "failures.0", "arn reason"},
	{&ecs.ListTaskDefinitionsInput{}, "", "taskDefinitionArns"},
	{&ecs.ListTaskDefinitionFamiliesInput{}, "", "families"},

	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("web")}, "", "failures tasks"},
	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("web")}, "tasks.0", bornMembers},
	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("web")}, "tasks.0.containers.0", containerMembers},
	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("web")}, "tasks.0.overrides", "containerOverrides inferenceAcceleratorOverrides"},
	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("web")}, "tasks.0.overrides.containerOverrides.0", "name"},
	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("api"), LaunchType: "FARGATE", NetworkConfiguration: inSubnet}, "tasks.0",
		strings.Replace(bornMembers, " containerInstanceArn", "", 1) + " platformFamily platformVersion"},
	{&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("api"), LaunchType: "FARGATE", NetworkConfiguration: inSubnet}, "tasks.0.attachments.0", "details id status type"},
	{&ecs.StartTaskInput{Cluster: new("demo"), TaskDefinition: new("web"), ContainerInstances: []string{instanceOf(1)}, StartedBy: new("me")}, "tasks.0", bornMembers + " startedBy"},
	{&ecs.StopTaskInput{Cluster: new("demo"), Task: new(standalone)}, "task", runningMembers + " stopCode stoppedReason stoppingAt"},
	{&ecs.DescribeTasksInput{Cluster: new("demo"), Tasks: []string{standalone}}, "tasks.0", runningMembers},
	{&ecs.DescribeTasksInput{Cluster: new("demo"), Tasks: []string{serviceTask}}, "tasks.0", runningMembers + " startedBy"},
	{&ecs.DescribeTasksInput{Cluster: new("demo"), Tasks: []string{standalone}}, "tasks.0.containers.0", containerMembers + " healthStatus networkBindings"},
	{&ecs.ListTasksInput{Cluster: new("demo")}, "", "taskArns"},
	{&ecs.GetTaskProtectionInput{Cluster: new("demo"), Tasks: []string{serviceTask}}, "protectedTasks.0", "protectionEnabled taskArn"},
	{&ecs.UpdateTaskProtectionInput{Cluster: new("demo"), Tasks: []string{serviceTask}, ProtectionEnabled: true}, "protectedTasks.0", "expirationDate protectionEnabled taskArn"},

	{newWeb(), "service", serviceMembers},
	{newWeb(), "service.deployments.0", deploymentMembers},
	{newWeb(), "service.deploymentConfiguration", "bakeTimeInMinutes deploymentCircuitBreaker maximumPercent minimumHealthyPercent strategy"},
	{newWeb(oneTag...), "service", serviceMembers + " tags"},
	{&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("api"), ForceNewDeployment: true}, "service", serviceMembers + " networkConfiguration platformFamily platformVersion roleArn"},
	{&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("api"), ForceNewDeployment: true}, "service.deployments.0", deploymentMembers + " networkConfiguration platformFamily platformVersion"},
	{&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("api"), ForceNewDeployment: true}, "service.networkConfiguration.awsvpcConfiguration", "assignPublicIp securityGroups subnets"},
	{&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("web"), ForceNewDeployment: true}, "service", serviceMembers},
	{&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("web"), ForceNewDeployment: true}, "service.deployments.1", deploymentMembers},
	{&ecs.DescribeServicesInput{Cluster: new("demo"), Services: []string{"web"}}, "services.0", serviceMembers},
	{&ecs.DescribeServicesInput{Cluster: new("demo"), Services: []string{"web"}, Include: []types.ServiceField{"TAGS"}}, "services.0", serviceMembers + " tags"},
	{&ecs.DeleteServiceInput{Cluster: new("demo"), Service: new("web"), Force: new(true)}, "service", strings.Replace(serviceMembers, " currentServiceDeployment", "", 1)},
	{&ecs.ListServicesInput{Cluster: new("demo")}, "", "serviceArns"},
	{&ecs.ListServiceDeploymentsInput{Cluster: new("demo"), Service: new("web")}, "serviceDeployments.0",
		"clusterArn createdAt serviceArn serviceDeploymentArn startedAt status targetServiceRevisionArn"},
	{&ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arnPrefix + "service-deployment/" + finished}}, "serviceDeployments.0",
		"alarms clusterArn createdAt deploymentCircuitBreaker deploymentConfiguration finishedAt serviceArn serviceDeploymentArn sourceServiceRevisions startedAt status " +
			"targetServiceRevision updatedAt"},
	{&ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{arnPrefix + "service-revision/demo/web/" + digits[len("ecs-svc/"):]}}, "serviceRevisions.0",
		"clusterArn containerImages createdAt guardDutyEnabled launchType loadBalancers serviceArn serviceRevisionArn taskDefinition"},
	{&ecs.StopServiceDeploymentInput{ServiceDeploymentArn: new(arnPrefix + "service-deployment/" + stoppable)}, "", "serviceDeploymentArn"},

	{ext(func(*newSet) {}), "taskSet", taskSetMembers},
	{ext(func(in *newSet) { in.Tags = oneTag }), "taskSet", taskSetMembers + " tags"},
	{ext(func(in *newSet) {
		in.TaskDefinition, in.LaunchType, in.NetworkConfiguration = new("api"), "FARGATE", inSubnet
	}), "taskSet", taskSetMembers + " networkConfiguration platformFamily platformVersion"},
	{&ecs.UpdateTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: new(set(3)), Scale: percent(50)}, "taskSet", taskSetMembers},
	{&ecs.UpdateServicePrimaryTaskSetInput{Cluster: new("demo"), Service: new("ext"), PrimaryTaskSet: new(set(3))}, "taskSet", taskSetMembers},
	{&ecs.DeleteTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: new(set(3)), Force: new(true)}, "taskSet", taskSetMembers},
	{&ecs.DescribeTaskSetsInput{Cluster: new("demo"), Service: new("ext"), TaskSets: []string{set(3)}}, "taskSets.0", taskSetMembers},
	{&ecs.DescribeTaskSetsInput{Cluster: new("demo"), Service: new("ext"), TaskSets: []string{set(9)}}, "failures.0", "arn reason"},

	{&ecs.DescribeContainerInstancesInput{Cluster: new("demo"), ContainerInstances: []string{instanceOf(1)}}, "containerInstances.0", instanceMembers},
	{&ecs.DescribeContainerInstancesInput{Cluster: new("demo"), ContainerInstances: []string{instanceOf(1)}}, "containerInstances.0.registeredResources.2",
		"doubleValue integerValue longValue name stringSetValue type"},
	{&ecs.UpdateContainerInstancesStateInput{Cluster: new("demo"), ContainerInstances: []string{instanceOf(1)}, Status: draining}, "containerInstances.0", instanceMembers},
	{&ecs.DeregisterContainerInstanceInput{Cluster: new("demo"), ContainerInstance: new(instanceOf(2))}, "containerInstance", instanceMembers},
	{&ecs.ListContainerInstancesInput{Cluster: new("demo")}, "", "containerInstanceArns"},
	{&ecs.PutAttributesInput{Cluster: new("demo"), Attributes: []types.Attribute{{Name: new("a"), Value: new("b"), TargetId: new(instanceOf(1))}}}, "attributes.0", "name targetId value"},
	{&ecs.DeleteAttributesInput{Cluster: new("demo"), Attributes: []types.Attribute{{Name: new("a0"), TargetId: new(instanceOf(2))}}}, "attributes.0", "name targetId"},
	{&ecs.ListAttributesInput{Cluster: new("demo"), TargetType: "container-instance", AttributeName: new("a0")}, "attributes.0", "name targetId value"},

	{&ecs.TagResourceInput{ResourceArn: new(arnPrefix + "cluster/demo"), Tags: oneTag}, "", ""},
	{&ecs.UntagResourceInput{ResourceArn: new(arnPrefix + "cluster/demo"), TagKeys: []string{"a"}}, "", ""},
	{&ecs.ListTagsForResourceInput{ResourceArn: new(arnPrefix + "cluster/demo")}, "", "tags"},
	{&ecs.ListAccountSettingsInput{EffectiveSettings: true}, "settings.0", "name principalArn type value"},
	{&ecs.PutAccountSettingInput{Name: "awsvpcTrunking", Value: new("disabled")}, "setting", "name principalArn type value"},
	{&ecs.PutAccountSettingDefaultInput{Name: "taskLongArnFormat", Value: new("enabled")}, "setting", "name principalArn type value"},
	{&ecs.DeleteAccountSettingInput{Name: "awsvpcTrunking"}, "setting", "name principalArn type value"},
}

func newWeb(tags ...types.Tag) *creation {
	return &creation{Cluster: new("demo"), ServiceName: new("new"), TaskDefinition: new("web"), DesiredCount: new(int32(2)), Tags: tags}
}

// TestEveryOperationSucceeds keeps answers complete.
func TestEveryOperationSucceeds(t *testing.T) {
	succeeds := map[string]bool{}
	for _, a := range answers {
		succeeds[operationOf(a.in)] = true
	}
	for op := range operations(handlers{}) {
		if !succeeds[op] {
			t.Errorf("%s: add a request that succeeds to answers", op)
		}
	}
}

// TestAnswersHaveTheMembersOfECS makes each of these calls and reads what came on the wire.
func TestAnswersHaveTheMembersOfECS(t *testing.T) {
	for _, a := range answers {
		t.Run(operationOf(a.in)+" "+a.at, func(t *testing.T) {
			wire := &recorder{}
			if _, err := stage(t).call(a.in, func(o *ecs.Options) { o.HTTPClient = wire }); err != nil {
				t.Fatal(err)
			}
			var whole any
			if err := json.Unmarshal(wire.body, &whole); err != nil {
				t.Fatal(err)
			}
			members, ok := part(whole, a.at).(map[string]any)
			if !ok {
				t.Fatalf("the answer has no %s: %s", a.at, wire.body)
			}
			got, want := slices.Sorted(maps.Keys(members)), strings.Fields(a.want)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// part returns what a path such as tasks.0.overrides leads to in a JSON value.
func part(v any, path string) any {
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' }) {
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n >= len(in) {
				return nil
			}
			v = in[n]
		default:
			return nil
		}
	}
	return v
}

// recorder is an HTTP client that keeps the last answer's body.
type recorder struct{ body []byte }

// Do sends a request.
func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	r.body, err = io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(r.body))
	return resp, err
}
