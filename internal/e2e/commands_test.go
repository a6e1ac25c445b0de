package e2e

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestCommands drives the main operations with the AWS command line client, on the simulated engine.
func TestCommands(t *testing.T) {
	d := start(t, nil, "--engine", "sim", "--time-scale", "20", "--default-instances", "2")
	d.awaitInstance()
	d.register("web", 80, "v1")
	t.Run("clusters", d.clusterCommands) // alone: it looks at all there are, and others make more
	for name, play := range map[string]func(*testing.T){"tasks": d.taskCommands, "instances": d.instanceCommands,
		"services": d.serviceCommands, "task sets": d.taskSetCommands, "capacity providers": d.providerCommands, "errors": d.refusedCommands} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of the time is the client's own start
			play(t)
		})
	}
}

// text runs a command and returns the words that its query selects.
func (d *daemon) text(query string, args ...string) []string {
	d.t.Helper()
	return strings.Fields(d.aws(append(append([]string{"ecs"}, args...), "--query", query, "--output", "text")...))
}

// prints checks what a command's query selects.
func (d *daemon) prints(t *testing.T, want, query string, args ...string) {
	t.Helper()
	if got := strings.Join(d.text(query, args...), " "); got != want {
		t.Errorf("aws ecs %s: %s is %q, want %q", args[0], query, got, want)
	}
}

func (d *daemon) clusterCommands(t *testing.T) {
	arn := "arn:aws:ecs:us-east-1:000000000000:cluster/shop"
	d.prints(t, arn+" ACTIVE", "cluster.[clusterArn,status]", "create-cluster", "--cluster-name", "shop", "--tags", "key=team,value=web")
	d.prints(t, "arn:aws:ecs:us-east-1:000000000000:cluster/default "+arn, "clusterArns", "list-clusters")
	var first struct {
		ClusterArns []string
		NextToken   string
	}
	d.unmarshal(d.aws("ecs", "list-clusters", "--max-items", "1"), &first)
	d.prints(t, arn, "clusterArns", "list-clusters", "--starting-token", first.NextToken)
	d.prints(t, "web disabled", "clusters[0].[tags[0].value,settings[0].value]", "describe-clusters", "--clusters", "shop", "--include", "TAGS", "SETTINGS")
	d.aws("ecs", "tag-resource", "--resource-arn", arn, "--tags", "key=stage,value=test", "key=team,value=api")
	d.aws("ecs", "untag-resource", "--resource-arn", arn, "--tag-keys", "stage")
	d.prints(t, "team api", "tags[].[key,value]", "list-tags-for-resource", "--resource-arn", arn)
	d.prints(t, "INACTIVE", "cluster.status", "delete-cluster", "--cluster", "shop")
}

func (d *daemon) taskCommands(t *testing.T) {
	d.prints(t, "1 ACTIVE True", "taskDefinition.[revision,status,containerDefinitions[0].essential]", "register-task-definition", "--family", "job",
		"--container-definitions", `[{"name":"main","image":"drydock/probe","cpu":64,"memory":64}]`)
	run := []string{"run-task", "--task-definition", "job", "--count", "3", "--group", "nightly", "--started-by", "cron", "--client-token", "tonight",
		"--overrides", `{"containerOverrides":[{"name":"main","environment":[{"name":"A","value":"1"}]}]}`}
	arns := d.text("tasks[].taskArn", run...)
	again := d.text("tasks[].taskArn", run...)
	slices.Sort(arns)
	slices.Sort(again)
	if len(arns) != 3 || !slices.Equal(arns, again) {
		t.Errorf("run-task started %v, and with the same token %v", arns, again)
	}
	d.aws(append([]string{"ecs", "wait", "tasks-running", "--tasks"}, arns...)...)
	d.prints(t, "cron nightly 1", "tasks[0].[startedBy,group,overrides.containerOverrides[0].environment[0].value]", "describe-tasks", "--tasks", arns[0])
	var first struct {
		TaskArns  []string
		NextToken string
	}
	d.unmarshal(d.aws("ecs", "list-tasks", "--family", "job", "--page-size", "1", "--max-items", "2"), &first)
	rest := d.text("taskArns", "list-tasks", "--family", "job", "--page-size", "1", "--starting-token", first.NextToken)
	if got := slices.Sorted(slices.Values(append(first.TaskArns, rest...))); !slices.Equal(got, arns) {
		t.Errorf("list-tasks in pages: %v, want %v", got, arns)
	}
	d.prints(t, "STOPPED UserInitiated enough", "task.[desiredStatus,stopCode,stoppedReason]", "stop-task", "--task", arns[0], "--reason", "enough")
	d.aws("ecs", "wait", "tasks-stopped", "--tasks", arns[0])
	if out, err := d.tryAWS("ecs", "wait", "tasks-running", "--tasks", arns[0]); err == nil || !strings.Contains(out, "Waiter TasksRunning failed") {
		t.Errorf("wait tasks-running of a stopped task: %v: %s", err, out)
	}
	d.prints(t, "INACTIVE", "taskDefinition.status", "deregister-task-definition", "--task-definition", "job:1")
	d.prints(t, "DELETE_IN_PROGRESS", "taskDefinitions[0].status", "delete-task-definitions", "--task-definitions", "job:1")
}

func (d *daemon) instanceCommands(t *testing.T) {
	all := d.text("containerInstanceArns", "list-container-instances", "--status", "ACTIVE")
	d.aws("ecs", "put-attributes", "--attributes", "name=stack,value=blue,targetId="+all[0])
	d.prints(t, all[0], "containerInstanceArns", "list-container-instances", "--filter", "attribute:stack == blue")
	d.prints(t, "stack blue", "attributes[].[name,value]", "list-attributes", "--target-type", "container-instance", "--attribute-name", "stack")
	d.prints(t, all[0], "tasks[].containerInstanceArn", "run-task", "--task-definition", "web",
		"--placement-constraints", `type=memberOf,expression="attribute:stack == blue"`, "--placement-strategy", "type=binpack,field=memory")
	d.prints(t, all[1], "tasks[].containerInstanceArn", "start-task", "--task-definition", "web", "--container-instances", all[1])
	d.prints(t, "MemberOf placement constraint unsatisfied.", "failures[0].reason", "run-task", "--task-definition", "web", "--placement-constraints", `type=memberOf,expression="attribute:stack == red"`)
	d.prints(t, "DRAINING", "containerInstances[0].status", "update-container-instances-state", "--container-instances", all[1], "--status", "DRAINING")
	d.prints(t, "DRAINING True", "containerInstances[0].[status,agentConnected]", "describe-container-instances", "--container-instances", all[1])
	d.prints(t, "ACTIVE", "containerInstances[0].status", "update-container-instances-state", "--container-instances", all[1], "--status", "ACTIVE")
	d.aws("ecs", "delete-attributes", "--attributes", "name=stack,targetId="+all[0])
}

func (d *daemon) serviceCommands(t *testing.T) {
	d.prints(t, "ACTIVE REPLICA 2", "service.[status,schedulingStrategy,desiredCount]", "create-service", "--service-name", "web", "--task-definition", "web", "--desired-count", "2",
		"--deployment-configuration", "deploymentCircuitBreaker={enable=true,rollback=true},minimumHealthyPercent=50", "--propagate-tags", "SERVICE", "--tags", "key=team,value=web")
	d.described("web", settled(2))
	d.aws("ecs", "wait", "services-stable", "--services", "web")
	d.prints(t, "web True 50", "services[0].[tags[0].value,deploymentConfiguration.deploymentCircuitBreaker.enable,deploymentConfiguration.minimumHealthyPercent]",
		"describe-services", "--services", "web", "--include", "TAGS")
	d.prints(t, "arn:aws:ecs:us-east-1:000000000000:service/default/web", "serviceArns[?ends_with(@, '/web')]", "list-services", "--scheduling-strategy", "REPLICA") // others have services too
	d.prints(t, "1 PRIMARY", "service.[desiredCount,deployments[0].status]", "update-service", "--service", "web", "--desired-count", "1", "--force-new-deployment")
	d.described("web", settled(1))
	d.prints(t, "SUCCESSFUL SUCCESSFUL", "serviceDeployments[].status", "list-service-deployments", "--service", "web")
	d.prints(t, "web", "tasks[0].tags[?key=='team'].value[]", append([]string{"describe-tasks", "--include", "TAGS", "--tasks"}, d.text("taskArns", "list-tasks", "--service-name", "web")...)...) // it moves when another play drains its instance
	d.prints(t, "DRAINING", "service.status", "delete-service", "--service", "web", "--force")
	d.described("web", func(s types.Service) bool { return *s.Status == "INACTIVE" })
	d.aws("ecs", "wait", "services-inactive", "--services", "web")
}

func (d *daemon) taskSetCommands(t *testing.T) {
	d.prints(t, "EXTERNAL 2", "service.[deploymentController.type,desiredCount]", "create-service", "--service-name", "ext", "--deployment-controller", "type=EXTERNAL", "--desired-count", "2")
	set := d.text("taskSet.id", "create-task-set", "--cluster", cluster, "--service", "ext", "--task-definition", "web", "--scale", "value=50,unit=PERCENT")[0]
	d.prints(t, "1", "taskSet.computedDesiredCount", "create-task-set", "--cluster", cluster, "--service", "ext", "--task-definition", "web", "--scale", "value=50,unit=PERCENT", "--client-token", "b")
	d.prints(t, "PRIMARY", "taskSet.status", "update-service-primary-task-set", "--cluster", cluster, "--service", "ext", "--primary-task-set", set)
	d.prints(t, "100.0 2", "taskSet.[scale.value,computedDesiredCount]", "update-task-set", "--cluster", cluster, "--service", "ext", "--task-set", set, "--scale", "value=100,unit=PERCENT")
	d.described("ext", func(s types.Service) bool {
		return len(s.TaskSets) == 2 && s.RunningCount == 3 && s.TaskSets[0].StabilityStatus == types.StabilityStatusSteadyState
	})
	d.prints(t, "STEADY_STATE 2", "taskSets[0].[stabilityStatus,runningCount]", "describe-task-sets", "--cluster", cluster, "--service", "ext", "--task-sets", set)
	d.prints(t, "DRAINING", "taskSet.status", "delete-task-set", "--cluster", cluster, "--service", "ext", "--task-set", set, "--force")
	d.aws("ecs", "delete-service", "--service", "ext", "--force")
}

func (d *daemon) providerCommands(t *testing.T) {
	group := "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:00000000-0000-4000-8000-000000000000:autoScalingGroupName/blue"
	d.prints(t, "blue ACTIVE", "capacityProvider.[name,status]", "create-capacity-provider", "--name", "blue", "--auto-scaling-group-provider", "autoScalingGroupArn="+group)
	d.prints(t, "ACTIVE blue FARGATE FARGATE", "cluster.[status,capacityProviders,defaultCapacityProviderStrategy[].capacityProvider][]|[]", "create-cluster", "--cluster-name", "lent",
		"--capacity-providers", "blue", "FARGATE", "--default-capacity-provider-strategy", "capacityProvider=FARGATE,weight=1")
	d.prints(t, "FARGATE FARGATE_SPOT blue", "sort(capacityProviders[].name)", "describe-capacity-providers")
	d.prints(t, "FARGATE_SPOT", "cluster.capacityProviders", "put-cluster-capacity-providers", "--cluster", "lent", "--capacity-providers", "FARGATE_SPOT",
		"--default-capacity-provider-strategy", "capacityProvider=FARGATE_SPOT,weight=1")
	d.prints(t, "blue", "capacityProvider.name", "delete-capacity-provider", "--capacity-provider", "blue")
}

// refusedCommands shows what a person sees of errors, and what a script does.
func (d *daemon) refusedCommands(t *testing.T) {
	for _, c := range []struct{ command, want string }{
		{"describe-services --cluster nope --services web", "An error occurred (ClusterNotFoundException) when calling the DescribeServices operation: Cluster not found."},
		{"update-service --service nope", "An error occurred (ServiceNotFoundException) when calling the UpdateService operation: Service not found."},
		{"run-task --task-definition nope", "An error occurred (ClientException) when calling the RunTask operation: TaskDefinition not found."},
		{"list-tasks --starting-token eyJuZXh0VG9rZW4iOiAieCJ9", "An error occurred (InvalidParameterException) when calling the ListTasks operation: Invalid nextToken."},
		{"discover-poll-endpoint", "An error occurred (UnsupportedOperationException) when calling the DiscoverPollEndpoint operation: Drydock does not serve ecs:DiscoverPollEndpoint."},
	} {
		out, err := d.tryAWS(append([]string{"ecs"}, strings.Fields(c.command)...)...)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() < 254 || !strings.Contains(out, c.want) {
			t.Errorf("aws ecs %s: %v: %s\nwant %s", c.command, err, out, c.want)
		}
	}
}
