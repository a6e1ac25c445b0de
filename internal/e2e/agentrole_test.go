package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const forAgents = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"

// machine launches an instance with the profile machines, whose role machine has no policy yet.
func (d *daemon) machine() (instance, role string) {
	d.t.Helper()
	role = d.aws("iam", "create-role", "--role-name", "machine", "--query", "Role.Arn", "--output", "text", "--assume-role-policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
	d.aws("iam", "create-instance-profile", "--instance-profile-name", "machines")
	d.aws("iam", "add-role-to-instance-profile", "--instance-profile-name", "machines", "--role-name", "machine")
	d.aws("ecs", "create-cluster", "--cluster-name", cluster)
	instance = d.aws("ec2", "run-instances", "--image-id", "ami-0abcdef1234567890", "--instance-type", "t3.small", "--count", "1", "--iam-instance-profile", "Name=machines",
		"--user-data", fmt.Sprintf("echo ECS_CLUSTER=%s >> /etc/ecs/ecs.config", cluster), "--query", "Instances[0].InstanceId", "--output", "text")
	return instance, role
}

// TestAnInstanceRegistersInItsRole: without the permission it runs and is in no cluster, and the reason is seen;
// with it, it registers by itself. One that loses it later is cut off and what runs there runs on, until it has it again.
func TestAnInstanceRegistersInItsRole(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "0")
	id, _ := d.machine()
	denied := "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/machine/" + id + " is not authorized to perform: ecs:RegisterContainerInstance on resource: " +
		"arn:aws:ecs:us-east-1:000000000000:cluster/" + cluster + " because no identity-based policy allows the ecs:RegisterContainerInstance action"
	await(t, 20*time.Second, func() error {
		if why := d.drydock("why", id); !strings.Contains(why, denied) {
			return errors.New(why)
		}
		return nil
	})
	if got := d.aws("ec2", "describe-instances", "--query", "Reservations[].Instances[].State.Name", "--output", "text"); got != "running" {
		t.Errorf("the instance is %s", got)
	}
	if got := d.aws("ecs", "list-container-instances", "--cluster", cluster, "--query", "length(containerInstanceArns)"); got != "0" {
		t.Errorf("%s container instances", got)
	}
	d.says(d.drydock("instance", "list"), "not registered: "+denied)
	d.says(d.log.String(), "Unable to register as a container instance with ECS: "+denied)

	d.aws("iam", "attach-role-policy", "--role-name", "machine", "--policy-arn", forAgents)
	d.awaitInstance()
	d.says(d.aws("iam", "get-role", "--role-name", "machine", "--query", "Role.RoleLastUsed.Region", "--output", "text"), "us-east-1")
	def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("plain"), ContainerDefinitions: []types.ContainerDefinition{probed("web")}})
	task := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &def}), is("RUNNING"))

	d.aws("iam", "put-role-policy", "--role-name", "machine", "--policy-name", "deaf", "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ecs:Poll","Resource":"*"}]}`)
	d.connected(false)
	d.says(d.drydock("why", id), "is not authorized to perform: ecs:Poll on resource: ")
	d.says(d.aws("ecs", "run-task", "--cluster", cluster, "--task-definition", "plain", "--query", "failures[0].reason", "--output", "text"), "AGENT")
	d.aws("ecs", "stop-task", "--cluster", cluster, "--task", *task.TaskArn)
	if got := d.aws("ecs", "describe-tasks", "--cluster", cluster, "--tasks", *task.TaskArn, "--query", "tasks[0].lastStatus", "--output", "text"); got != "RUNNING" {
		t.Errorf("the task is %s, though nobody hears of the order", got)
	}
	d.aws("iam", "delete-role-policy", "--role-name", "machine", "--policy-name", "deaf")
	d.connected(true)
	d.until(*task.TaskArn, is("STOPPED"))
}

// TestAnInstanceLogsAndTellsTagsInItsRole: AWS's policy for instances lets streams be made, and neither groups nor
// tags be told; what it lacks is refused in AWS's words.
func TestAnInstanceLogsAndTellsTagsInItsRole(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "0")
	id, _ := d.machine()
	d.aws("iam", "attach-role-policy", "--role-name", "machine", "--policy-arn", forAgents)
	d.awaitInstance()
	c := probed("web")
	c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "/new", "awslogs-region": "us-east-1",
		"awslogs-stream-prefix": "p", "awslogs-create-group": "true"}}
	def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("logs"), ContainerDefinitions: []types.ContainerDefinition{c}})
	task := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &def}), is("STOPPED"))
	d.says(*task.StoppedReason, "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log group: ")
	d.says(*task.StoppedReason, "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/machine/"+id+" is not authorized to perform: logs:CreateLogGroup on resource: "+
		"arn:aws:logs:us-east-1:000000000000:log-group:/new")
	d.aws("logs", "create-log-group", "--log-group-name", "/new")
	task = d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &def, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}}), is("RUNNING"))
	d.says(d.aws("logs", "describe-log-streams", "--log-group-name", "/new"), "p/web/"+(*task.TaskArn)[strings.LastIndexByte(*task.TaskArn, '/')+1:])
	at := d.ask(task, "web", "/env?name=ECS_CONTAINER_METADATA_URI_V4")
	_, body := d.fetches(task, at+"/taskWithTags")
	d.says(body, `"ErrorField":"TaskTags","ErrorCode":"AccessDeniedException","ErrorMessage":"User: arn:aws:sts::000000000000:assumed-role/machine/`+id+
		` is not authorized to perform: ecs:ListTagsForResource on resource: `+*task.TaskArn)
	d.aws("iam", "put-role-policy", "--role-name", "machine", "--policy-name", "tags", "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:ListTagsForResource","Resource":"*"}]}`)
	_, body = d.fetches(task, at+"/taskWithTags")
	d.says(body, `"TaskTags":{"team":"red"}`)
}

// connected waits for the agent of the container instance.
func (d *daemon) connected(want bool) {
	d.t.Helper()
	await(d.t, 20*time.Second, func() error {
		arn := d.aws("ecs", "list-container-instances", "--cluster", cluster, "--query", "containerInstanceArns[0]", "--output", "text")
		got := d.aws("ecs", "describe-container-instances", "--cluster", cluster, "--container-instances", arn, "--query", "containerInstances[0].agentConnected")
		if got != fmt.Sprint(want) {
			return errors.New("agentConnected is " + got)
		}
		return nil
	})
}
