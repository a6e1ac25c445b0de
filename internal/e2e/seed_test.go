package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestSeedStory(t *testing.T) {
	w := startWeb(start(t, needEngine(t)), 4)

	ports, instances := map[int32]bool{}, map[string]bool{}
	for _, h := range w.targets() {
		ports[*h.Target.Port], instances[*h.Target.Id] = true, true
		if h.TargetHealth.State != elbtypes.TargetHealthStateEnumHealthy {
			t.Errorf("target %s:%d is %s", *h.Target.Id, *h.Target.Port, h.TargetHealth.State)
		}
	}
	if len(ports) != 4 || len(instances) != 1 {
		t.Fatalf("%d distinct ports on %d instances, want 4 on 1", len(ports), len(instances))
	}
	w.bindingsAreTrue(ports)

	answers := map[string]int{}
	for i := range 400 {
		who, err := w.get("/")
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		answers[who]++
	}
	if len(answers) != 4 {
		t.Errorf("%d containers answered, want 4", len(answers))
	}
	for who, n := range answers {
		if n < 99 || n > 101 {
			t.Errorf("%s answered %d of 400 requests, want 100 ± 1", who, n)
		}
	}
	w.otherDoors()
}

// bindingsAreTrue wants each host port that the API says to be one of its own, to be a target, and to
// lead from the instance's address to that very container.
func (w *web) bindingsAreTrue(targets map[int32]bool) {
	w.t.Helper()
	seen := map[int32]bool{}
	for _, task := range w.tasks() {
		c := task.Containers[0]
		if len(c.NetworkBindings) != 1 {
			w.t.Fatalf("task %s has %d network bindings", *task.TaskArn, len(c.NetworkBindings))
		}
		b := c.NetworkBindings[0]
		if *b.BindIP != "0.0.0.0" || !targets[*b.HostPort] || seen[*b.HostPort] {
			w.t.Errorf("host port %d on %s: a target %v, another task's %v", *b.HostPort, *b.BindIP, targets[*b.HostPort], seen[*b.HostPort])
		}
		seen[*b.HostPort] = true
		if got, err := w.fetch(task, *c.Name, "/env?name=DRYDOCK_TASK_ARN"); err != nil || got != *task.TaskArn {
			w.t.Errorf("host port %d leads to %s, want %s; %v", *b.HostPort, got, *task.TaskArn, err)
		}
	}
}

// otherDoors asks the load balancer by its own name on the API's port.
func (w *web) otherDoors() {
	w.t.Helper()
	out := w.aws("elbv2", "describe-load-balancers", "--names", "web", "--query", "LoadBalancers[0].DNSName", "--output", "text")
	req, _ := http.NewRequestWithContext(w.t.Context(), "GET", "http://"+w.addr+"/", nil)
	req.Host = out
	resp := must(w.http.Do(req))
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		w.t.Errorf("by the name %s on the gateway port: %s", out, resp.Status)
	}
}

func TestLifecycleIsTold(t *testing.T) {
	d := start(t, needEngine(t))
	d.register("one", 80, "v1")
	d.awaitInstance()
	run := must(d.ecs.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String(cluster), TaskDefinition: aws.String("one")}))
	if len(run.Failures) > 0 {
		t.Fatalf("failures: %v", run.Failures)
	}
	arn := *run.Tasks[0].TaskArn
	d.aws("ecs", "wait", "tasks-running", "--cluster", cluster, "--tasks", arn)
	d.aws("ecs", "stop-task", "--cluster", cluster, "--task", arn, "--reason", "enough")
	d.aws("ecs", "wait", "tasks-stopped", "--cluster", cluster, "--tasks", arn)
	task := must(d.ecs.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: []string{arn}})).Tasks[0]
	if task.StopCode != "UserInitiated" || *task.StoppedReason != "enough" {
		t.Errorf("stopped with %s: %s", task.StopCode, *task.StoppedReason)
	}
	if c := task.Containers[0]; c.ExitCode == nil || *c.ExitCode != 0 {
		t.Errorf("the probe drains on SIGTERM and exits with 0; the API says %v", c.ExitCode)
	}
	var last int64
	for _, at := range []int64{task.CreatedAt.UnixMilli(), task.StartedAt.UnixMilli(), task.StoppingAt.UnixMilli(),
		task.ExecutionStoppedAt.UnixMilli(), task.StoppedAt.UnixMilli()} {
		if at < last {
			t.Errorf("timestamps go back: %+v", task)
		}
		last = at
	}
	if out := d.drydock("logs", arn[strings.LastIndex(arn, "/")+1:]); !strings.Contains(out, "told to stop") {
		t.Errorf("drydock logs of the stopped task does not tell how it ended: %q", out)
	}
}

func TestFailedStartsAreStoppedTasks(t *testing.T) {
	d := start(t, needEngine(t))
	d.awaitInstance()
	for _, c := range []struct{ rule, image, command, want string }{
		{"an image that is not there", "drydock-no-such-image:1", "", "CannotPullContainerError: "},
		{"a command that is not there", "drydock/probe", `,"entryPoint":["/nope"]`, "CannotStartContainerError: "},
	} {
		t.Run(c.rule, func(t *testing.T) {
			d.aws("ecs", "register-task-definition", "--family", "bad", "--container-definitions",
				fmt.Sprintf(`[{"name":"c","image":%q,"memory":32%s}]`, c.image, c.command))
			arn := d.aws("ecs", "run-task", "--task-definition", "bad", "--query", "tasks[0].taskArn", "--output", "text")
			d.aws("ecs", "wait", "tasks-stopped", "--tasks", arn)
			task := must(d.ecs.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Tasks: []string{arn}})).Tasks[0]
			if task.StopCode != "TaskFailedToStart" || !strings.HasPrefix(*task.StoppedReason, c.want) || task.StartedAt != nil {
				t.Errorf("%s: %s (started %v), want TaskFailedToStart: %s…", task.StopCode, *task.StoppedReason, task.StartedAt, c.want)
			}
		})
	}
}
