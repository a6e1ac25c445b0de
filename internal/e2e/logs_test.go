package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// logging runs a task whose container writes to a log group, and returns the task and how to reach the
// container without the daemon.
func (d *daemon) logging(group string) (task types.Task, address string) {
	d.t.Helper()
	must(d.ecs.RegisterTaskDefinition(d.t.Context(), &ecs.RegisterTaskDefinitionInput{Family: aws.String("logging"),
		ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("app"), Image: aws.String("drydock/probe"), Memory: aws.Int32(128),
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80), HostPort: aws.Int32(0)}},
			LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{
				"awslogs-group": group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p", "mode": "blocking"}}}}}))
	d.awaitInstance()
	ran := must(d.ecs.RunTask(d.t.Context(), &ecs.RunTaskInput{Cluster: aws.String(cluster), TaskDefinition: aws.String("logging")}))
	await(d.t, 60*time.Second, func() error {
		task = must(d.ecs.DescribeTasks(d.t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: []string{*ran.Tasks[0].TaskArn}})).Tasks[0]
		if s := *task.LastStatus; s != "RUNNING" && s != "STOPPED" {
			return fmt.Errorf("the task is %s", s)
		}
		return nil
	})
	if bs := task.Containers[0].NetworkBindings; len(bs) == 1 {
		address = fmt.Sprintf("http://%s:%d", d.hostOf(task), *bs[0].HostPort)
		d.ask(task, "app", "/healthz") // it runs a moment before it listens
	}
	return task, address
}

func (d *daemon) logsClient() *cloudwatchlogs.Client {
	return cloudwatchlogs.New(cloudwatchlogs.Options{Region: "us-east-1", BaseEndpoint: aws.String("http://" + d.addr), Credentials: aws.CredentialsProviderFunc(
		func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
}

// printed returns what the containers printed, by their log streams.
func (d *daemon) printed(c *cloudwatchlogs.Client, stream string) (lines []string, err error) {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(c, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/e2e"), LogStreamNames: []string{stream}, FilterPattern: aws.String(`-"probe:"`)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(d.t.Context())
		if err != nil {
			return nil, err
		}
		for _, e := range out.Events {
			lines = append(lines, *e.Message)
		}
	}
	return lines, nil
}

func demand(t testing.TB, url string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s %v", url, res.Status, body, err)
	}
}

// TestLogsArriveWhileAContainerWrites reads what a container writes: while it runs, what it wrote while
// the daemon was killed, and after it ended. No line is missing, and none is there twice.
func TestLogsArriveWhileAContainerWrites(t *testing.T) {
	d := start(t, needEngine(t))
	d.aws("logs", "create-log-group", "--log-group-name", "/e2e")
	task, address := d.logging("/e2e")
	if address == "" {
		t.Fatalf("the task is %s: %s", *task.LastStatus, aws.ToString(task.StoppedReason))
	}
	stream, c := "p/app/"+(*task.TaskArn)[strings.LastIndex(*task.TaskArn, "/")+1:], d.logsClient()
	var want []string
	tell := func(text string, lines int) {
		demand(t, fmt.Sprintf("%s/print?text=%s&lines=%d", address, text, lines))
		for n := range lines {
			want = append(want, fmt.Sprint(text, " ", n+1))
		}
	}
	complete := func() {
		t.Helper()
		await(t, 60*time.Second, func() error {
			got, err := d.printed(c, stream)
			if err == nil && !slices.Equal(got, want) {
				err = fmt.Errorf("%d lines of %d, the last %v", len(got), len(want), got[max(0, len(got)-1):])
			}
			return err
		})
	}
	complete() // it was never asked to print
	tell("hello", 1)
	began := time.Now()
	complete()
	t.Logf("a line was there after %v", time.Since(began).Round(time.Millisecond))
	if out := d.aws("logs", "filter-log-events", "--log-group-name", "/e2e", "--filter-pattern", "hello"); !strings.Contains(out, "hello 1") {
		t.Errorf("got %s", out)
	}
	tell("many", 50000)
	began = time.Now()
	complete()
	t.Logf("50000 lines were there after %v", time.Since(began).Round(time.Millisecond))

	for range 2 {
		tell("before", 2000)
		d.kill() // at whatever line
		tell("away", 10)
		d.serve()
		complete()
	}
	tell("last", 5)
	_, err := http.Get(address + "/exit?code=0")
	t.Logf("told to end: %v", err)
	await(t, 60*time.Second, func() error {
		now := must(d.ecs.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: []string{*task.TaskArn}})).Tasks[0]
		if *now.LastStatus != "STOPPED" {
			return errors.New("the task is " + *now.LastStatus)
		}
		return nil
	})
	complete()
}

func TestATaskWithoutItsLogGroupStops(t *testing.T) {
	d := start(t, needEngine(t))
	task, _ := d.logging("/missing")
	const want = "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: " +
		"ResourceNotFoundException: The specified log group does not exist."
	if *task.LastStatus != "STOPPED" || aws.ToString(task.StoppedReason) != want || task.StopCode != types.TaskStopCodeTaskFailedToStart {
		t.Errorf("the task is %s: %s %s", *task.LastStatus, task.StopCode, aws.ToString(task.StoppedReason))
	}
}

// TestALogIsMadeByTheRightOfTheRole: one that may not log, or not read a secret, makes neither group nor stream.
func TestALogIsMadeByTheRightOfTheRole(t *testing.T) {
	d := start(t, nil, "--engine", "sim")
	d.awaitInstance()
	role := d.execution("writer", "logs:CreateLogStream", "*")
	d.allow("writer", "logs:PutLogEvents", "*")
	made := func(secrets ...types.Secret) (task types.Task, groups string) {
		def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("logging"), ExecutionRoleArn: &role, ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("app"), Image: aws.String("app"), Memory: aws.Int32(64), Secrets: secrets, LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs,
				Options: map[string]string{"awslogs-group": "/made", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p", "awslogs-create-group": "true"}}}}})
		task = d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &def}), func(t types.Task) bool { return *t.LastStatus == "RUNNING" || *t.LastStatus == "STOPPED" })
		return task, d.aws("logs", "describe-log-groups", "--query", "logGroups[].logGroupName", "--output", "text")
	}
	task, groups := made()
	if d.says(aws.ToString(task.StoppedReason), "is not authorized to perform: logs:CreateLogGroup on resource: arn:aws:logs:us-east-1:000000000000:log-group:/made"); groups != "" {
		t.Errorf("there is %s", groups)
	}
	d.allow("writer", "logs:CreateLogGroup", "*")
	task, groups = made(types.Secret{Name: aws.String("S"), ValueFrom: aws.String("/none")})
	if d.says(aws.ToString(task.StoppedReason), "is not authorized to perform: ssm:GetParameters"); groups != "" {
		t.Errorf("there is %s", groups)
	}
	if task, groups = made(); *task.LastStatus != "RUNNING" || groups != "/made" {
		t.Errorf("the task is %s (%s), and there is %q", *task.LastStatus, aws.ToString(task.StoppedReason), groups)
	}
}

// TestNoContainerWaitsForItsLog unless the account, or the container itself, wants it to.
func TestNoContainerWaitsForItsLog(t *testing.T) {
	d := start(t, needEngine(t))
	d.awaitInstance()
	c := probed("app")
	c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "/e2e", "awslogs-region": "us-east-1"}}
	d.aws("logs", "create-log-group", "--log-group-name", "/e2e")
	def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("app"), ContainerDefinitions: []types.ContainerDefinition{c}})
	for _, want := range []string{"non-blocking 10m", "blocking "} {
		task := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &def}), is("RUNNING"))
		in := must(d.engine.ContainerInspect(t.Context(), *box(task, "app").RuntimeId)).HostConfig.LogConfig.Config
		if got := in["mode"] + " " + in["max-buffer-size"]; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		d.aws("ecs", "put-account-setting-default", "--name", "defaultLogDriverMode", "--value", "blocking")
	}
}
