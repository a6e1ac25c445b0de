package gate_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	logsapi "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	ecsapi "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	iamapi "github.com/aws/aws-sdk-go-v2/service/iam"
)

// handing is a call that hands a role to a service.
type handing struct {
	rule      string
	role, to  string
	with      string // what the role is used with
	operation func(aws.Credentials) error
}

// handings are all calls that hand roles on: of definitions, of overrides, in instance profiles, of flow
// logs.
func (w *world) handings() []handing {
	w.Helper()
	const toTasks, toEC2 = "ecs-tasks.amazonaws.com", "ec2.amazonaws.com"
	task := w.role(model.Role{Name: "task", Trust: trusting("*", "")}, policy(allow("*", "*")))
	execution, other := w.role(model.Role{Name: "execution"}, policy("")), w.role(model.Role{Name: "other"}, policy(""))
	machine, flows, targets := w.role(model.Role{Name: "machine"}, policy("")), w.role(model.Role{Name: "flows"}, policy("")), w.role(model.Role{Name: "targets"}, policy(""))
	w.update(func(tx *store.Tx) {
		store.InstanceProfiles.Put(tx, model.InstanceProfile{Name: "machines", Path: "/", Role: "machine"})
		store.InstanceProfiles.Put(tx, model.InstanceProfile{Name: "empty", Path: "/"})
	})
	containers := []types.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("drydock/probe"), Memory: aws.Int32(64)}}
	admin, ctx := w.user("admin", policy(allow("*", "*"))), w.Context()
	for family, roles := range map[string][2]*string{"tasks": {&task, nil}, "executes": {nil, &execution}, "plain": {}} {
		must(w.ecs(admin).RegisterTaskDefinition(ctx, &ecsapi.RegisterTaskDefinitionInput{Family: &family, TaskRoleArn: roles[0], ExecutionRoleArn: roles[1], ContainerDefinitions: containers}))(w)
	}
	def := func(family string) string { return scope.ARN("ecs", "task-definition/"+family+":1") }
	instance := scope.ARN("ec2", "instance/*")
	const profile = "&IamInstanceProfile.Name=machines"
	form := func(parameters string) func(aws.Credentials) error {
		return func(c aws.Credentials) error { return w.ec2(c, parameters) }
	}
	run := func(family string, o *types.TaskOverride) func(aws.Credentials) error {
		return func(c aws.Credentials) error {
			_, err := w.ecs(c).RunTask(ctx, &ecsapi.RunTaskInput{TaskDefinition: &family, Overrides: o})
			return err
		}
	}
	register := func(in ecsapi.RegisterTaskDefinitionInput) func(aws.Credentials) error {
		return func(c aws.Credentials) error {
			in.Family, in.ContainerDefinitions = aws.String("new"), containers
			_, err := w.ecs(c).RegisterTaskDefinition(ctx, &in)
			return err
		}
	}
	return []handing{
		{"RegisterTaskDefinition: the task role", task, toTasks, scope.ARN("ecs", "task-definition/new:*"), register(ecsapi.RegisterTaskDefinitionInput{TaskRoleArn: &task})},
		{"RegisterTaskDefinition: by its name", task, toTasks, scope.ARN("ecs", "task-definition/new:*"), register(ecsapi.RegisterTaskDefinitionInput{TaskRoleArn: aws.String("task")})},
		{"RegisterTaskDefinition: the execution role", execution, toTasks, scope.ARN("ecs", "task-definition/new:*"), register(ecsapi.RegisterTaskDefinitionInput{ExecutionRoleArn: &execution})},
		{"RunTask: the task role", task, toTasks, def("tasks"), run("tasks", nil)},
		{"RunTask: the execution role", execution, toTasks, def("executes"), run("executes:1", nil)},
		{"RunTask: an override goes before the definition", other, toTasks, def("tasks"), run("tasks", &types.TaskOverride{TaskRoleArn: &other})},
		{"RunTask: so does that of the execution role", other, toTasks, def("plain"), run("plain", &types.TaskOverride{ExecutionRoleArn: &other})},
		{"StartTask", task, toTasks, def("tasks"), func(c aws.Credentials) error {
			_, err := w.ecs(c).StartTask(ctx, &ecsapi.StartTaskInput{TaskDefinition: aws.String("tasks"), ContainerInstances: []string{"x"}})
			return err
		}},
		{"CreateService", task, toTasks, def("tasks"), func(c aws.Credentials) error {
			_, err := w.ecs(c).CreateService(ctx, &ecsapi.CreateServiceInput{ServiceName: aws.String("s"), TaskDefinition: aws.String("tasks")})
			return err
		}},
		{"CreateService: the role for load balancers", targets, "ecs.amazonaws.com", scope.ARN("ecs", "service/default/s"), func(c aws.Credentials) error {
			_, err := w.ecs(c).CreateService(ctx, &ecsapi.CreateServiceInput{ServiceName: aws.String("s"), TaskDefinition: aws.String("plain"), Role: aws.String("targets")})
			return err
		}},
		{"UpdateService: to another definition", execution, toTasks, def("executes"), func(c aws.Credentials) error {
			_, err := w.ecs(c).UpdateService(ctx, &ecsapi.UpdateServiceInput{Service: aws.String("s"), TaskDefinition: aws.String(def("executes"))})
			return err
		}},
		{"CreateTaskSet", task, toTasks, def("tasks"), func(c aws.Credentials) error {
			_, err := w.ecs(c).CreateTaskSet(ctx, &ecsapi.CreateTaskSetInput{Cluster: aws.String("c"), Service: aws.String("s"), TaskDefinition: aws.String("tasks")})
			return err
		}},
		{"RunInstances: the role in the profile", machine, toEC2, instance, form("Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1" + profile)},
		{"AssociateIamInstanceProfile", machine, toEC2, scope.ARN("ec2", "instance/i-0123456789abcdef0"), form("Action=AssociateIamInstanceProfile&InstanceId=i-0123456789abcdef0" + profile)},
		{"ReplaceIamInstanceProfileAssociation", machine, toEC2, instance, form("Action=ReplaceIamInstanceProfileAssociation&AssociationId=iip-assoc-1" + profile)},
		{"AddRoleToInstanceProfile", other, toEC2, scope.IAM("instance-profile/empty"), func(c aws.Credentials) error {
			_, err := iamapi.NewFromConfig(w.as(c)).AddRoleToInstanceProfile(ctx, &iamapi.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("empty"), RoleName: aws.String("other")})
			return err
		}},
		{"CreateFlowLogs", flows, "vpc-flow-logs.amazonaws.com", scope.ARN("ec2", "vpc-flow-log/*"),
			form("Action=CreateFlowLogs&ResourceType=VPC&ResourceId.1=vpc-1&LogGroupName=g&DeliverLogsPermissionArn=" + flows)},
		{"PutSubscriptionFilter", flows, "logs.amazonaws.com", scope.LogGroupARN("g"), func(c aws.Credentials) error {
			_, err := logsapi.NewFromConfig(w.as(c)).PutSubscriptionFilter(ctx, &logsapi.PutSubscriptionFilterInput{LogGroupName: aws.String("g"), FilterName: aws.String("f"),
				FilterPattern: aws.String(""), DestinationArn: aws.String(scope.LogDestinationARN("d")), RoleArn: &flows})
			return err
		}},
		{"PutDestination", flows, "logs.amazonaws.com", scope.LogDestinationARN("d"), func(c aws.Credentials) error {
			_, err := logsapi.NewFromConfig(w.as(c)).PutDestination(ctx, &logsapi.PutDestinationInput{DestinationName: aws.String("d"), RoleArn: &flows, TargetArn: aws.String("arn:aws:sqs:::q")})
			return err
		}},
	}
}

// ec2 makes a call of EC2, whose API has no client in Go here.
func (w *world) ec2(c aws.Credentials, parameters string) error {
	w.Helper()
	p := protocols[2]
	p.body = parameters + "&Version=2016-11-15"
	m := w.signed(p, c, signing{})
	r, err := http.NewRequest(http.MethodPost, w.url+m.target, strings.NewReader(m.body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header = m.header
	res := must(http.DefaultClient.Do(r))(w)
	defer res.Body.Close()
	if body := must(io.ReadAll(res.Body))(w); res.StatusCode != http.StatusOK {
		return errors.New(string(body))
	}
	return nil
}

// TestWhoHandsARoleOnMustBeAllowedTo, for the service that gets it and for what it is used with; all
// else that the call needs is allowed.
func TestWhoHandsARoleOnMustBeAllowedTo(t *testing.T) {
	w := newWorld(t, true)
	all := allow("ecs:*", "*") + "," + allow("ec2:*", "*") + "," + allow("logs:*", "*") + "," + allow("iam:AddRoleToInstanceProfile", "*")
	for _, h := range w.handings() {
		pass := func(role, to, with string) string {
			return policy(all + `,{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + role + `","Condition":{"StringEquals":{"iam:PassedToService":"` + to +
				`"},"ArnLike":{"iam:AssociatedResourceARN":"` + with + `"}}}`)
		}
		for rule, document := range map[string]string{"nothing of it": policy(all), "another role": pass(h.role+"x", h.to, "*"), "another service": pass(h.role, "lambda.amazonaws.com", "*"),
			"to be used with something else": pass(h.role, h.to, h.with+"x"), "all but one": policy(all + "," + allow("iam:PassRole", "*") + "," + deny("iam:PassRole", h.role))} {
			if got := told(h.operation(w.user("u", document))); !strings.Contains(got, "user/u is not authorized to perform: iam:PassRole on resource: "+h.role+" ") {
				t.Errorf("%s: who may hand on %s is told %s", h.rule, rule, got)
			}
		}
		if got := told(h.operation(w.user("u", pass(h.role, h.to, h.with)))); strings.Contains(got, "not authorized") {
			t.Errorf("%s: %s", h.rule, got)
		}
	}
}

// TestWhereNoRoleIsHandedOnNobodyAsks.
func TestWhereNoRoleIsHandedOnNobodyAsks(t *testing.T) {
	w := newWorld(t, true)
	w.handings()
	u := w.user("u", policy(allow("ecs:*", "*")+","+allow("ec2:*", "*")))
	for rule, call := range map[string]func() error{
		"a definition without roles": func() error {
			_, err := w.ecs(u).RunTask(t.Context(), &ecsapi.RunTaskInput{TaskDefinition: aws.String("plain")})
			return err
		},
		"a service that only gets larger": func() error {
			_, err := w.ecs(u).UpdateService(t.Context(), &ecsapi.UpdateServiceInput{Service: aws.String("s"), DesiredCount: aws.Int32(3)})
			return err
		},
		"a profile without a role": func() error {
			return w.ec2(u, "Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1&IamInstanceProfile.Name=empty")
		},
	} {
		if got := told(call()); strings.Contains(got, "not authorized") {
			t.Errorf("%s: %s", rule, got)
		}
	}
}
