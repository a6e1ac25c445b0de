package ecs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestRunTaskPlacesAtOnce(t *testing.T) {
	w := seed(t)
	out := w.run(&ecs.RunTaskInput{Count: aws.Int32(2), StartedBy: aws.String("me"), EnableECSManagedTags: true,
		Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
		Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{
			{Name: aws.String("app"), Command: []string{"sh"}, Cpu: aws.Int32(100), Environment: []types.KeyValuePair{{Name: aws.String("A"), Value: aws.String("1")}}}}}})
	w.equal(line(len(out.Tasks), len(out.Failures)), "2 0")
	task := out.Tasks[0]
	w.equal(line(*task.LastStatus, *task.DesiredStatus, *task.Group, *task.StartedBy, task.LaunchType, *task.Cpu, *task.Memory, *task.AvailabilityZone, task.Version),
		"PENDING RUNNING family:web me EC2 100 512 us-east-1a 1")
	w.equal(*task.ContainerInstanceArn, arnPrefix+"container-instance/demo/"+instanceOf(1))
	w.equal(line(*task.TaskDefinitionArn, *task.ClusterArn), arnPrefix+"task-definition/web:1 "+arnPrefix+"cluster/demo")
	c := task.Containers[0]
	w.equal(line(*c.Name, *c.Image, *c.Cpu, *c.Memory, *c.LastStatus, c.HealthStatus, c.NetworkBindings != nil), "app nginx:1 100 512 PENDING  false")
	if !strings.HasPrefix(*c.ContainerArn, strings.Replace(*task.TaskArn, ":task/", ":container/", 1)+"/") {
		t.Error(*c.ContainerArn)
	}
	w.equal(line(*task.Overrides.ContainerOverrides[0].Name, task.Overrides.ContainerOverrides[0].Command), "app [sh]")
	w.equal(names(task.Tags, func(t types.Tag) string { return *t.Key + "=" + *t.Value }), "[aws:ecs:clusterName=demo k=v]")

	i := must(w.client.DescribeContainerInstances(t.Context(), &ecs.DescribeContainerInstancesInput{Cluster: aws.String("demo"), ContainerInstances: []string{instanceOf(1)}}))(t).ContainerInstances[0]
	w.equal(line(i.PendingTasksCount, i.RunningTasksCount, i.RemainingResources[0].IntegerValue, i.RemainingResources[1].IntegerValue), "2 0 1848 3072")
}

func TestRunTaskTellsWhyThereIsNoRoom(t *testing.T) {
	w := seed(t)
	out := w.run(&ecs.RunTaskInput{Count: aws.Int32(10)})
	w.equal(len(out.Tasks), 8)
	w.equal(failures(out.Failures), []string{arnPrefix + "container-instance/demo/" + instanceOf(1) + " RESOURCE:CPU"})

	fixed := webDef("fixed")
	fixed.ContainerDefinitions[0].Cpu, fixed.ContainerDefinitions[0].Memory = 0, aws.Int32(4)
	fixed.ContainerDefinitions[0].PortMappings[0].HostPort = aws.Int32(22)
	must(w.client.RegisterTaskDefinition(t.Context(), fixed))(t)
	w.addInstance(2)
	out = w.run(&ecs.RunTaskInput{TaskDefinition: aws.String("fixed")})
	w.equal(names(out.Failures, func(f types.Failure) string { return *f.Reason }), "[RESOURCE:MEMORY RESOURCE:PORTS]")

	must(w.client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("empty")}))(t)
	_, err := w.client.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String("empty"), TaskDefinition: aws.String("web")})
	w.fails(err, "InvalidParameterException", "No Container Instances were found in your cluster.")
}

func TestRunTaskRules(t *testing.T) {
	w := seed(t)
	must(w.client.RegisterTaskDefinition(t.Context(), webDef("web")))(t)
	must(w.client.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("web:2")}))(t)
	for _, c := range []struct {
		code, message string
		edit          func(in *ecs.RunTaskInput)
	}{
		{"ClusterNotFoundException", "Cluster not found.", func(in *ecs.RunTaskInput) { in.Cluster = nil }},
		{"ClientException", "TaskDefinition not found.", func(in *ecs.RunTaskInput) { in.TaskDefinition = aws.String("nope") }},
		{"InvalidParameterException", "TaskDefinition is inactive", func(in *ecs.RunTaskInput) { in.TaskDefinition = aws.String("web:2") }},
		{"InvalidParameterException", "Count must be between 1 and 10.", func(in *ecs.RunTaskInput) { in.Count = aws.Int32(11) }},
		{"InvalidParameterException", "Count must be between 1 and 10.", func(in *ecs.RunTaskInput) { in.Count = aws.Int32(0) }},
		{"InvalidParameterException", "Task definition does not support launch_type FARGATE.", func(in *ecs.RunTaskInput) { in.LaunchType = types.LaunchTypeFargate }},
		{"InvalidParameterException", "Drydock does not support the parameter enableExecuteCommand: use docker exec on the container's runtimeId.", func(in *ecs.RunTaskInput) { in.EnableExecuteCommand = true }},
		{"InvalidParameterException", "Network Configuration is not valid for the given networkMode of this task definition.", func(in *ecs.RunTaskInput) {
			in.NetworkConfiguration = &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"s"}}}
		}},
		{"InvalidParameterException", "Override for container named db is not a container in the TaskDefinition.", func(in *ecs.RunTaskInput) {
			in.Overrides = &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{Name: aws.String("db")}}}
		}},
		{"ClientException", "ECS was unable to assume the role 'arn:aws:iam::000000000000:role/r' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.", func(in *ecs.RunTaskInput) {
			in.Overrides = &types.TaskOverride{TaskRoleArn: aws.String("r")}
		}},
		{"InvalidParameterException", "Container Overrides length must be at most 8192", func(in *ecs.RunTaskInput) {
			in.Overrides = &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{Name: aws.String("app"), Command: []string{strings.Repeat("x", 9000)}}}}
		}},
		{"InvalidParameterException", "Invalid group: the prefix service: is reserved for tasks of services.", func(in *ecs.RunTaskInput) { in.Group = aws.String("service:x") }},
		{"InvalidParameterException", `Invalid memberOf expression: Unknown subject "x" at position 1.`, func(in *ecs.RunTaskInput) {
			in.PlacementConstraints = []types.PlacementConstraint{{Type: types.PlacementConstraintTypeMemberOf, Expression: aws.String("x")}}
		}},
		{"InvalidParameterException", `Invalid field for the placement strategy binpack: "disk". Valid fields are cpu and memory.`, func(in *ecs.RunTaskInput) {
			in.PlacementStrategy = []types.PlacementStrategy{{Type: types.PlacementStrategyTypeBinpack, Field: aws.String("disk")}}
		}},
		{"InvalidParameterException", "Duplicate tag key a.", func(in *ecs.RunTaskInput) { in.Tags = []types.Tag{{Key: aws.String("a")}, {Key: aws.String("a")}} }},
		{"InvalidParameterException", "Tag keys that begin with aws: are reserved.", func(in *ecs.RunTaskInput) { in.Tags = []types.Tag{{Key: aws.String("aws:a")}} }},
	} {
		in := &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("web")}
		c.edit(in)
		_, err := w.client.RunTask(t.Context(), in)
		w.fails(err, c.code, c.message)
	}
	w.equal(len(must(w.client.ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: aws.String("demo")}))(t).TaskArns), 0)
}

func TestRunTaskWithAClientTokenRunsOnce(t *testing.T) {
	w := seed(t)
	first := w.run(&ecs.RunTaskInput{ClientToken: aws.String("a"), Count: aws.Int32(2)})
	w.run(&ecs.RunTaskInput{ClientToken: aws.String("a/b"), Count: aws.Int32(1)}) // its index entry begins with "a/"
	again := w.run(&ecs.RunTaskInput{ClientToken: aws.String("a"), Count: aws.Int32(2)})
	arn := func(t types.Task) string { return *t.TaskArn }
	w.equal(names(again.Tasks, arn), names(first.Tasks, arn))
	_, err := w.client.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("web"), ClientToken: aws.String("a")})
	var conflict *types.ConflictException
	if !errors.As(err, &conflict) || len(conflict.ResourceIds) != 2 {
		t.Errorf("got %v", err)
	}
}

func TestDistinctInstanceKeepsTasksOfAGroupApart(t *testing.T) {
	w := seed(t)
	w.addInstance(2)
	out := w.run(&ecs.RunTaskInput{Count: aws.Int32(3), PlacementConstraints: []types.PlacementConstraint{{Type: types.PlacementConstraintTypeDistinctInstance}}})
	w.equal(names(out.Tasks, func(t types.Task) string { return *t.ContainerInstanceArn }),
		[]string{arnPrefix + "container-instance/demo/" + instanceOf(1), arnPrefix + "container-instance/demo/" + instanceOf(2)})
	w.equal(len(out.Failures), 2)
}

func TestStartTaskGoesWhereItIsTold(t *testing.T) {
	w := seed(t)
	w.addInstance(2)
	out := must(w.client.StartTask(t.Context(), &ecs.StartTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("web"),
		ContainerInstances: []string{instanceOf(2), instanceOf(9)}}))(t)
	w.equal(*out.Tasks[0].ContainerInstanceArn, arnPrefix+"container-instance/demo/"+instanceOf(2))
	w.equal(failures(out.Failures), []string{arnPrefix + "container-instance/demo/" + instanceOf(9) + " MISSING"})
	_, err := w.client.StartTask(t.Context(), &ecs.StartTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("web"), ContainerInstances: []string{}})
	w.fails(err, "InvalidParameterException", "Container instances cannot be empty.")
}

func TestStoppedTaskSaysWhy(t *testing.T) {
	w := seed(t)
	arn := *w.run(&ecs.RunTaskInput{}).Tasks[0].TaskArn
	stop := func(ref, reason string) (*ecs.StopTaskOutput, error) {
		return w.client.StopTask(t.Context(), &ecs.StopTaskInput{Cluster: aws.String("demo"), Task: &ref, Reason: &reason})
	}
	out := must(stop(arn, ""))(t).Task
	w.equal(line(*out.DesiredStatus, *out.LastStatus, out.StopCode, *out.StoppedReason, recent(out.StoppingAt)), "STOPPED PENDING UserInitiated Task stopped by user true")
	w.advance(arn, model.Stopped)
	w.equal(*must(stop(arn[len(arn)-32:], "again"))(t).Task.StoppedReason, "Task stopped by user")
	for ref, message := range map[string]string{
		"nope":               "taskId length should be one of [32,36]",
		instanceOf(7):        "The referenced task was not found.",
		arnPrefix + "task/x": "taskId length should be one of [32,36]",
		arnPrefix + "task/other/" + instanceOf(7): "Invalid identifier: Identifier is for cluster other. Your cluster is demo",
	} {
		_, err := stop(ref, "")
		w.fails(err, "InvalidParameterException", message)
	}
}

func TestDescribeTasksShowsWhatTheAgentSaw(t *testing.T) {
	w := seed(t)
	arn := *w.run(&ecs.RunTaskInput{Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}).Tasks[0].TaskArn
	w.update(func(tx *store.Tx) {
		task, _ := store.Tasks.Get(tx, arn[len(arn)-32:])
		_ = task.Advance(model.Running, tx.Now())
		task.Times.Connected = tx.Now()
		task.Containers = slices.Clone(task.Containers)
		c := &task.Containers[0]
		c.Is, c.RuntimeID, c.Digest, c.Exit = model.Stopped, "abc", "sha256:1", new(137)
		c.Reason, c.Health = "OutOfMemoryError: Container killed due to memory usage", model.HealthUnhealthy
		c.Bindings = []model.Binding{{ContainerPort: 80, HostPort: 32768, Protocol: "tcp", BindIP: "0.0.0.0"}}
		store.Tasks.Put(tx, task)
	})
	out := must(w.client.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("demo"), Tasks: []string{arn, instanceOf(7)}}))(t)
	w.equal(failures(out.Failures), []string{arnPrefix + "task/demo/" + instanceOf(7) + " MISSING"})
	task := out.Tasks[0]
	c := task.Containers[0]
	w.equal(line(*task.LastStatus, task.Connectivity, recent(task.StartedAt), task.HealthStatus, len(task.Tags)), "RUNNING CONNECTED true UNHEALTHY 0")
	w.equal(line(*c.LastStatus, *c.RuntimeId, *c.ImageDigest, *c.ExitCode, *c.Reason, *c.NetworkBindings[0].HostPort), "STOPPED abc sha256:1 137 OutOfMemoryError: Container killed due to memory usage 32768")
	for n, message := range map[int]string{0: "Tasks cannot be empty.", 101: "Tasks can have at most 100 items."} {
		_, err := w.client.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("demo"), Tasks: make([]string, n)})
		w.fails(err, "InvalidParameterException", message)
	}
}

// listed starts the tasks a and c, stops b, and has s for a service; it returns their names by ARN.
func listed(t *testing.T) (w *world, byName map[string]string) {
	w = seed(t)
	must(w.client.RegisterTaskDefinition(t.Context(), webDef("api")))(t)
	w.addInstance(2)
	must(w.client.CreateService(t.Context(), &ecs.CreateServiceInput{Cluster: aws.String("demo"), ServiceName: aws.String("s"), TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(1)}))(t)
	byName = map[string]string{}
	for _, c := range []struct {
		name, def string
		on        int
	}{{"a", "web", 1}, {"b", "web", 2}, {"c", "api", 2}} {
		out := must(w.client.StartTask(t.Context(), &ecs.StartTaskInput{Cluster: aws.String("demo"), TaskDefinition: &c.def, StartedBy: &c.name, ContainerInstances: []string{instanceOf(c.on)}}))(t)
		byName[*out.Tasks[0].TaskArn] = c.name
	}
	w.update(func(tx *store.Tx) { // as the services stage does
		d, _ := store.TaskDefs.Get(tx, "web:1")
		store.Tasks.Put(tx, d.NewTask(instanceOf(77), model.Birth{Cluster: "demo", Service: "s", LaunchType: "EC2"}, func() string { return "u" }, tx.Now()))
		byName[arnPrefix+"task/demo/"+instanceOf(77)] = "s"
	})
	for arn, name := range byName {
		if name == "b" {
			must(w.client.StopTask(t.Context(), &ecs.StopTaskInput{Cluster: aws.String("demo"), Task: &arn}))(t)
		}
	}
	return w, byName
}

func TestListTasksFilters(t *testing.T) {
	w, byName := listed(t)
	for _, c := range []struct {
		name, want string
		in         ecs.ListTasksInput
	}{
		{"those wanted running by default", "[a c s]", ecs.ListTasksInput{}},
		{"those wanted stopped", "[b]", ecs.ListTasksInput{DesiredStatus: types.DesiredStatusStopped}},
		{"none is wanted pending", "[]", ecs.ListTasksInput{DesiredStatus: types.DesiredStatusPending}},
		{"family", "[a s]", ecs.ListTasksInput{Family: aws.String("web")}},
		{"service", "[s]", ecs.ListTasksInput{ServiceName: aws.String("s")}},
		{"service by ARN", "[s]", ecs.ListTasksInput{ServiceName: aws.String(arnPrefix + "service/demo/s")}},
		{"instance", "[c]", ecs.ListTasksInput{ContainerInstance: aws.String(instanceOf(2))}},
		{"instance and stopped", "[b]", ecs.ListTasksInput{ContainerInstance: aws.String(instanceOf(2)), DesiredStatus: types.DesiredStatusStopped}},
		{"startedBy", "[a]", ecs.ListTasksInput{StartedBy: aws.String("a")}},
		{"launch type", "[]", ecs.ListTasksInput{LaunchType: types.LaunchTypeFargate}},
	} {
		c.in.Cluster, c.in.MaxResults = aws.String("demo"), aws.Int32(1)
		got := []string{}
		p := ecs.NewListTasksPaginator(w.client, &c.in)
		for p.HasMorePages() {
			for _, arn := range must(p.NextPage(t.Context()))(t).TaskArns {
				got = append(got, byName[arn])
			}
		}
		slices.Sort(got)
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
	}
	_, err := w.client.ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: aws.String("demo"), ServiceName: aws.String("nope")})
	w.fails(err, "ServiceNotFoundException", "Service not found.")
}
