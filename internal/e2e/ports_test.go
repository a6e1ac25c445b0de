package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// TestHostPortsBelongToTheirInstance runs the same fixed host port on two instances, is refused a
// third copy, and gets it by itself when an instance joins.
func TestHostPortsBelongToTheirInstance(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "2")
	d.awaitInstance()
	d.aws("ecs", "register-task-definition", "--family", "fixed", "--container-definitions",
		`[{"name":"web","image":"drydock/probe","memory":64,"portMappings":[{"containerPort":80,"hostPort":18080}]}]`)
	d.aws("ecs", "create-service", "--service-name", "fixed", "--task-definition", "fixed", "--desired-count", "3")
	d.count("fixed", 2)
	hosts := map[string]bool{}
	for _, task := range d.tasks() {
		b, host := task.Containers[0].NetworkBindings[0], d.hostOf(task)
		hosts[host] = true
		if *b.HostPort != 18080 {
			t.Errorf("host port %d, want 18080", *b.HostPort)
		}
		await(t, 20*time.Second, func() error { // it runs a moment before it listens
			resp, err := http.Get(fmt.Sprintf("http://%s:18080/", host))
			if err == nil {
				resp.Body.Close()
			}
			return err
		})
	}
	if len(hosts) != 2 {
		t.Errorf("the copies are bound on %d addresses, want 2", len(hosts))
	}
	out := must(d.ecs.RunTask(t.Context(), &ecs.RunTaskInput{TaskDefinition: aws.String("fixed")}))
	if len(out.Failures) != 2 || *out.Failures[0].Reason != "RESOURCE:PORTS" {
		t.Errorf("RunTask: %d tasks, failures %+v; want RESOURCE:PORTS of both instances", len(out.Tasks), out.Failures)
	}
	d.toldOf("fixed", "was unable to place a task because no container instance met all of its requirements",
		"is already using a port required by your task")
	d.drydock("instance", "add", "--cluster", cluster, "--type", "t3.medium", "--count", "1")
	d.count("fixed", 3)
}

// count returns once a service runs n tasks.
func (d *daemon) count(service string, n int32) {
	d.t.Helper()
	await(d.t, 60*time.Second, func() error {
		out, err := d.ecs.DescribeServices(d.t.Context(), &ecs.DescribeServicesInput{Services: []string{service}})
		if err == nil && out.Services[0].RunningCount != n {
			err = fmt.Errorf("%d tasks run, want %d; %s", out.Services[0].RunningCount, n, firstEvents(out.Services[0].Events))
		}
		return err
	})
}

// toldOf returns once one event of a service holds all the texts.
func (d *daemon) toldOf(service string, texts ...string) {
	d.t.Helper()
	await(d.t, 20*time.Second, func() error {
		out, err := d.ecs.DescribeServices(d.t.Context(), &ecs.DescribeServicesInput{Services: []string{service}})
		if err != nil {
			return err
		}
		for _, e := range out.Services[0].Events {
			all := true
			for _, text := range texts {
				all = all && strings.Contains(*e.Message, text)
			}
			if all {
				return nil
			}
		}
		return fmt.Errorf("no event holds %q: %s", texts, firstEvents(out.Services[0].Events))
	})
}

// TestDynamicHostPortsAreWhereTheAgentIsTold runs tasks with dynamic host ports on an instance that has but
// two of them, and asks both.
func TestDynamicHostPortsAreWhereTheAgentIsTold(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "0")
	d.aws("ecs", "create-cluster", "--cluster-name", cluster)
	d.aws("ec2", "run-instances", "--image-id", "ami-0abcdef1234567890", "--instance-type", "t3.small", "--count", "1",
		"--user-data", "printf 'ECS_CLUSTER="+cluster+"\\nECS_DYNAMIC_HOST_PORT_RANGE=700-701\\n' >> /etc/ecs/ecs.config")
	d.awaitInstance()
	d.aws("ecs", "register-task-definition", "--family", "dynamic", "--container-definitions",
		`[{"name":"web","image":"drydock/probe","memory":64,"portMappings":[{"containerPort":80}]}]`)
	in := func() *ecs.RunTaskInput { return &ecs.RunTaskInput{TaskDefinition: aws.String("dynamic")} } // the client keeps its token in it
	for _, want := range []int32{700, 701} {
		task := d.until(d.run(in()), is("RUNNING"))
		if got := *task.Containers[0].NetworkBindings[0].HostPort; got != want {
			t.Errorf("host port %d, want %d", got, want)
		}
		url := fmt.Sprintf("http://%s:%d/", d.hostOf(task), want)
		await(t, 20*time.Second, func() error { // it runs a moment before it listens
			resp, err := http.Get(url)
			if err == nil {
				resp.Body.Close()
			}
			return err
		})
	}
	d.fails(in(), "all ports are allocated")
}
