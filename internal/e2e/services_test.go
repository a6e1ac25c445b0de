package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// broken registers a revision of a family whose image cannot be had.
func (d *daemon) broken(family string) {
	d.t.Helper()
	must(d.ecs.RegisterTaskDefinition(d.t.Context(), &ecs.RegisterTaskDefinitionInput{Family: &family,
		ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("127.0.0.1:1/no/such:image"),
			Memory: aws.Int32(32), PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80), HostPort: aws.Int32(0)}}}}}))
}

// described describes a service once that holds.
func (d *daemon) described(name string, holds func(types.Service) bool) types.Service {
	d.t.Helper()
	var s types.Service
	await(d.t, 120*time.Second, func() error {
		out, err := d.ecs.DescribeServices(d.t.Context(), &ecs.DescribeServicesInput{Services: []string{name}})
		if err != nil {
			return err
		}
		if s = out.Services[0]; !holds(s) {
			return fmt.Errorf("%d of %d run, deployments %+v; %s", s.RunningCount, s.DesiredCount, s.Deployments, firstEvents(s.Events))
		}
		return nil
	})
	return s
}

// settled reports whether a service runs n tasks of one deployment that completed.
func settled(n int32) func(types.Service) bool {
	return func(s types.Service) bool {
		return len(s.Deployments) == 1 && s.RunningCount == n && s.Deployments[0].RolloutState == types.DeploymentRolloutStateCompleted
	}
}

// TestCircuitBreaker rolls out an image that cannot be pulled: the breaker trips, the service rolls
// back, no request fails meanwhile, and the history tells it.
func TestCircuitBreaker(t *testing.T) {
	w := startWeb(start(t, needEngine(t), "--time-scale", "10"), 2)
	good := must(w.ecs.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{service}})).Services[0].Deployments[0]
	w.broken("web")
	stop := w.load()
	must(w.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String(service), TaskDefinition: aws.String("web"),
		DeploymentConfiguration: &types.DeploymentConfiguration{DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: true}}}))
	w.toldOf(service, "deployment failed: tasks failed to start.")
	w.toldOf(service, "rolling back to deployment "+*good.Id+".")
	s := w.described(service, settled(2))
	if ok, failed := stop(); ok < 100 || len(failed) > 0 {
		t.Errorf("%d requests answered, %d failed: %v", ok, len(failed), failed[:min(3, len(failed))])
	}
	if d := s.Deployments[0]; *d.Id != *good.Id || !strings.HasSuffix(*d.TaskDefinition, "web:1") {
		t.Errorf("the primary deployment is %s of %s, want %s", *d.Id, *d.TaskDefinition, *good.Id)
	}
	list := must(w.ecs.ListServiceDeployments(t.Context(), &ecs.ListServiceDeploymentsInput{Service: aws.String(service)})).ServiceDeployments
	d := must(w.ecs.DescribeServiceDeployments(t.Context(), &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{*list[0].ServiceDeploymentArn}})).ServiceDeployments[0]
	if len(list) != 2 || list[1].Status != types.ServiceDeploymentStatusSuccessful || d.Status != types.ServiceDeploymentStatusRollbackSuccessful ||
		d.DeploymentCircuitBreaker.Status != types.ServiceDeploymentRollbackMonitorsStatusTriggered || !strings.HasSuffix(*d.Rollback.ServiceRevisionArn, strings.TrimPrefix(*good.Id, "ecs-svc/")) {
		t.Errorf("service deployments: %d, %+v", len(list), d)
	}
}

// TestDaemonFollowsInstances runs a fixed host port once on every instance, lets one join, one drain
// and one end.
func TestDaemonFollowsInstances(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "1", "--time-scale", "20")
	d.awaitInstance()
	d.aws("ecs", "register-task-definition", "--family", "agent", "--container-definitions",
		`[{"name":"web","image":"drydock/probe","memory":64,"portMappings":[{"containerPort":80,"hostPort":18082}]}]`)
	d.aws("ecs", "create-service", "--service-name", "agent", "--task-definition", "agent", "--scheduling-strategy", "DAEMON")
	d.described("agent", settled(1))
	d.drydock("instance", "add", "--cluster", cluster, "--type", "t3.medium", "--count", "2")
	if s := d.described("agent", settled(3)); s.DesiredCount != 3 {
		t.Errorf("desired count %d, want 3", s.DesiredCount)
	}
	first := *d.tasks()[0].ContainerInstanceArn
	d.aws("ecs", "update-container-instances-state", "--container-instances", first, "--status", "DRAINING")
	d.described("agent", settled(2))
	if slices.ContainsFunc(d.tasks(), func(t types.Task) bool { return *t.ContainerInstanceArn == first }) {
		t.Error("a task runs on the instance that drains")
	}
	second := *d.tasks()[0].ContainerInstanceArn
	id := d.aws("ecs", "describe-container-instances", "--container-instances", second, "--query", "containerInstances[0].ec2InstanceId", "--output", "text")
	d.aws("ec2", "terminate-instances", "--instance-ids", id)
	d.described("agent", settled(1))
}

// TestDrainingAnInstanceLosesNoRequest empties one of two instances under load, then takes the other
// one's tasks back by force.
func TestDrainingAnInstanceLosesNoRequest(t *testing.T) {
	w := startWeb(start(t, needEngine(t), "--default-instances", "2"), 4)
	first := *w.tasks()[0].ContainerInstanceArn
	stop := w.load()
	w.aws("ecs", "update-container-instances-state", "--container-instances", first, "--status", "DRAINING")
	await(t, 120*time.Second, func() error {
		ci := must(w.ecs.DescribeContainerInstances(t.Context(), &ecs.DescribeContainerInstancesInput{ContainerInstances: []string{first}})).ContainerInstances[0]
		if ci.RunningTasksCount > 0 {
			return fmt.Errorf("%d tasks still run on the instance that drains", ci.RunningTasksCount)
		}
		return nil
	})
	w.stable(4)
	ok, failed := stop()
	t.Logf("%d requests answered, %d failed", ok, len(failed))
	if ok < 100 || len(failed) > 0 {
		t.Errorf("%d requests answered, %d failed: %v", ok, len(failed), failed[:min(3, len(failed))])
	}
	w.aws("ecs", "update-container-instances-state", "--container-instances", first, "--status", "ACTIVE")
	all := w.instances() // by now some tasks may be back on the first, to balance the zones
	second := all[1-slices.Index(all, first)]
	w.aws("ecs", "deregister-container-instance", "--container-instance", second, "--force")
	await(t, 120*time.Second, func() error {
		for _, task := range w.tasks() {
			if *task.ContainerInstanceArn != first {
				return fmt.Errorf("a task runs on %s, want %s", *task.ContainerInstanceArn, first)
			}
		}
		return nil
	})
	w.stable(4)
}

// TestDeploymentIsStoppedAndTasksAreProtected drives both by hand, on the simulated engine.
func TestDeploymentIsStoppedAndTasksAreProtected(t *testing.T) {
	d := start(t, nil, "--engine", "sim", "--time-scale", "10")
	d.awaitInstance()
	d.register("web", 80, "v1")
	d.aws("ecs", "create-service", "--service-name", "web", "--task-definition", "web", "--desired-count", "2")
	good := *d.described("web", settled(2)).Deployments[0].Id
	d.aws("ecs", "register-task-definition", "--family", "web", "--container-definitions", `[{"name":"web","image":"drydock/probe","memory":1000000}]`)
	d.aws("ecs", "update-service", "--service", "web", "--task-definition", "web", "--query", "service.status") // finds no place
	arn := d.aws("ecs", "list-service-deployments", "--service", "web", "--status", "PENDING", "IN_PROGRESS",
		"--query", "serviceDeployments[0].serviceDeploymentArn", "--output", "text")
	d.aws("ecs", "stop-service-deployment", "--service-deployment-arn", arn, "--stop-type", "ROLLBACK")
	if s := d.described("web", settled(2)); *s.Deployments[0].Id != good {
		t.Errorf("the primary deployment is %s, want %s", *s.Deployments[0].Id, good)
	}
	if out := d.aws("ecs", "describe-service-deployments", "--service-deployment-arns", arn, "--query", "serviceDeployments[0].status", "--output", "text"); out != "ROLLBACK_SUCCESSFUL" {
		t.Errorf("the service deployment is %s", out)
	}
	kept := *d.tasks()[0].TaskArn
	d.aws("ecs", "update-task-protection", "--cluster", cluster, "--tasks", kept, "--protection-enabled", "--expires-in-minutes", "60")
	d.aws("ecs", "update-service", "--service", "web", "--desired-count", "0", "--query", "service.status")
	d.toldOf("web", "was unable to scale in due to (reason 1 tasks under protection)")
	d.described("web", settled(1))
	if got := *d.tasks()[0].TaskArn; got != kept {
		t.Errorf("%s runs, want the protected %s", got, kept)
	}
	d.aws("ecs", "update-task-protection", "--cluster", cluster, "--tasks", kept, "--no-protection-enabled")
	d.described("web", settled(0))
}
