package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/docker/docker/api/types/container"
)

// subnets are those of the default VPC.
func (d *daemon) subnets() (ids []string) {
	d.t.Helper()
	var sub struct{ Subnets []struct{ SubnetId string } }
	d.unmarshal(d.aws("ec2", "describe-subnets"), &sub)
	for _, s := range sub.Subnets {
		ids = append(ids, s.SubnetId)
	}
	return ids
}

func inSubnets(ids []string) *types.NetworkConfiguration {
	return &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: ids}}
}

// own registers a family whose tasks have a network of their own: a container on port 80 that asks
// another one on port 81.
func (d *daemon) own(family, version string) {
	d.t.Helper()
	on := func(name string, port int32) types.ContainerDefinition {
		return types.ContainerDefinition{Name: &name, Image: aws.String("drydock/probe"), PortMappings: []types.PortMapping{{ContainerPort: &port}},
			Environment: []types.KeyValuePair{{Name: aws.String("PORT"), Value: aws.String(fmt.Sprint(port))}, {Name: aws.String("VERSION"), Value: &version}}}
	}
	d.define(&ecs.RegisterTaskDefinitionInput{Family: &family, NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityEc2, types.CompatibilityFargate},
		ContainerDefinitions:    []types.ContainerDefinition{on("web", 80), on("side", 81)}})
}

// detail returns what the task's network interface says of itself.
func detail(t types.Task, name string) string {
	for _, a := range t.Attachments {
		for _, d := range a.Details {
			if *d.Name == name {
				return *d.Value
			}
		}
	}
	return ""
}

// asks asks the container on a port of a task once it listens.
func (d *daemon) asks(task types.Task, port int, path string) (body string) {
	d.t.Helper()
	d.open()
	await(d.t, 20*time.Second, func() error {
		resp, err := http.Get(fmt.Sprintf("http://%s:%d%s", detail(task, "privateIPv4Address"), port, path))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		body = string(b)
		if err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", resp.Status, b)
		}
		return err
	})
	return body
}

// TestTasksHaveANetworkOfTheirOwn runs tasks on port 80 beside each other, on an instance and on
// Fargate, kills the daemon, and takes the network from under a task.
func TestTasksHaveANetworkOfTheirOwn(t *testing.T) {
	d := start(t, needEngine(t))
	d.awaitInstance()
	d.own("own", "v1")
	config := inSubnets(d.subnets())
	one := d.run(&ecs.RunTaskInput{TaskDefinition: aws.String("own"), NetworkConfiguration: config})
	two := d.run(&ecs.RunTaskInput{TaskDefinition: aws.String("own"), NetworkConfiguration: config, LaunchType: types.LaunchTypeFargate})
	seen := map[string]types.Task{}
	for arn, env := range map[string]string{one: "AWS_ECS_EC2", two: "AWS_ECS_FARGATE"} {
		task := d.until(arn, is("RUNNING"))
		seen[arn] = task
		c := task.Containers[0]
		if len(c.NetworkBindings) != 0 || len(c.NetworkInterfaces) != 1 || *c.NetworkInterfaces[0].PrivateIpv4Address != detail(task, "privateIPv4Address") ||
			*task.Attachments[0].Status != "ATTACHED" || *task.AvailabilityZone == "" || (task.ContainerInstanceArn == nil) != (arn == two) {
			t.Errorf("task %s", show(task))
		}
		d.asks(task, 81, "/healthz")
		if got := d.asks(task, 80, "/fetch?url=http://localhost:81/healthz"); !strings.Contains(got, "ok") {
			t.Errorf("over localhost: %s", got)
		}
		if got := d.asks(task, 80, "/env?name=AWS_EXECUTION_ENV"); strings.TrimSpace(got) != env {
			t.Errorf("AWS_EXECUTION_ENV is %s, want %s", got, env)
		}
	}
	if got := d.asks(seen[one], 80, "/fetch?url=http://"+detail(seen[two], "privateIPv4Address")+"/healthz"); !strings.Contains(got, "ok") {
		t.Errorf("from task to task: %s", got)
	}
	if ps := d.drydock("ps"); !strings.Contains(ps, "FARGATE") || !strings.Contains(ps, detail(seen[two], "privateIPv4Address")+":80/tcp") {
		t.Errorf("ps:\n%s", ps)
	}
	d.kill()
	d.serve()
	d.same(seen)
	d.cut(two)
	d.stopAll(one)
}

// same wants tasks to be as they were before the daemon was killed.
func (d *daemon) same(seen map[string]types.Task) {
	d.t.Helper()
	await(d.t, 20*time.Second, func() error {
		if !d.engineOK() {
			return errStill("starting")
		}
		return nil
	})
	for arn, was := range seen {
		now := d.describe(arn)
		if *now.LastStatus != "RUNNING" || !now.StartedAt.Equal(*was.StartedAt) || show(now.Attachments) != show(was.Attachments) {
			d.t.Errorf("after the restart %s\nbefore %s", show(now), show(was))
		}
		d.asks(now, 80, "/healthz")
	}
}

// cut kills what holds the network of a task, and wants the task to end.
func (d *daemon) cut(arn string) {
	d.t.Helper()
	id := arn[len(arn)-32:]
	running := d.containers(false)
	i := slices.IndexFunc(running, func(c container.Summary) bool { return c.Labels["io.drydock.task"] == id })
	if i < 0 {
		d.t.Fatalf("task %s has no container", id)
	}
	_, pause, _ := strings.Cut(running[i].HostConfig.NetworkMode, "container:")
	if err := d.engine.ContainerKill(context.Background(), pause, "KILL"); err != nil {
		d.t.Fatal(err)
	}
	task := d.until(arn, is("STOPPED"))
	if task.StopCode != types.TaskStopCodeEssentialContainerExited || !strings.Contains(*task.StoppedReason, "network") || *task.Attachments[0].Status != "DELETED" {
		d.t.Errorf("task without a network %s", show(task))
	}
}

// stopAll stops the last tasks, and wants none of their containers to run on, nor those that held their
// networks.
func (d *daemon) stopAll(arns ...string) {
	d.t.Helper()
	for _, arn := range arns {
		must(d.ecs.StopTask(d.t.Context(), &ecs.StopTaskInput{Cluster: aws.String(cluster), Task: &arn}))
		d.until(arn, is("STOPPED"))
	}
	if left := d.containers(false); len(left) > 0 {
		d.t.Errorf("%d containers run on", len(left))
	}
}

// TestFargateServiceLosesNoRequest has a service without instances behind a load balancer, and changes
// it under load.
func TestFargateServiceLosesNoRequest(t *testing.T) {
	w := balance(start(t, needEngine(t), "--default-instances", "0"), elbtypes.TargetTypeEnumIp)
	w.own("web", "v1")
	must(w.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{Cluster: aws.String(cluster), ServiceName: aws.String(service),
		TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(2), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: inSubnets(w.nets),
		LoadBalancers: []types.LoadBalancer{{TargetGroupArn: &w.group, ContainerName: aws.String("web"), ContainerPort: aws.Int32(80)}}}))
	w.stable(2)
	w.targetsAreTasks()
	for _, step := range []struct {
		name string
		do   func()
		lost int
	}{
		{"stop a task", func() { w.stopOne(); w.stable(2) }, 0},
		{"kill a container", func() { w.killOne(); w.stable(2) }, 64}, // those under way on it
		{"roll out a new revision", func() {
			w.own("web", "v2")
			must(w.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String(service), TaskDefinition: aws.String("web")}))
			w.stable(2)
		}, 0},
	} {
		t.Run(step.name, func(t *testing.T) {
			stop := w.load()
			step.do()
			ok, failed := stop()
			t.Logf("%d requests answered, %d failed", ok, len(failed))
			if ok < 100 || len(failed) > step.lost {
				t.Errorf("%d requests answered, %d failed: %v", ok, len(failed), failed[:min(3, len(failed))])
			}
		})
	}
	seen := map[string]types.Task{}
	for _, task := range w.tasks() {
		seen[*task.TaskArn] = task
	}
	w.kill()
	w.serve()
	w.same(seen)
	w.stable(2)
	w.targetsAreTasks()
	w.scale(0)
	await(t, 60*time.Second, func() error {
		if n := len(w.containers(false)); n > 0 {
			return fmt.Errorf("%d containers run on", n)
		}
		return nil
	})
}

// targetsAreTasks wants the targets to be the addresses of the tasks, in their zones.
func (w *web) targetsAreTasks() {
	w.t.Helper()
	var want, got []string
	for _, task := range w.tasks() {
		want = append(want, detail(task, "privateIPv4Address")+":80 "+*task.AvailabilityZone)
	}
	for _, h := range w.targets() {
		got = append(got, fmt.Sprintf("%s:%d %s", *h.Target.Id, *h.Target.Port, *h.Target.AvailabilityZone))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.t.Errorf("targets %v, tasks %v", got, want)
	}
}

// TestKilledWhileNetworksComeAndGo kills the daemon again and again while tasks with a network of their
// own start and stop. In the end the service runs, and when its tasks stopped nothing holds a network.
func TestKilledWhileNetworksComeAndGo(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "0")
	d.own("web", "v1")
	must(d.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{Cluster: aws.String(cluster), ServiceName: aws.String(service),
		TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(4), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: inSubnets(d.subnets())}))
	for n := range 6 {
		pause(t.Context(), time.Duration(150+230*n)*time.Millisecond)
		d.kill()
		d.serve()
		must(d.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String(cluster), Service: aws.String(service), DesiredCount: aws.Int32(int32(1 + 3*(n%2)))}))
	}
	await(t, 90*time.Second, func() error {
		out, err := d.ecs.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{service}})
		if err == nil && (out.Services[0].RunningCount != 4 || out.Services[0].PendingCount != 0 || len(d.containers(false)) != 8) {
			err = fmt.Errorf("%d run, %d pending, %d containers; %s", out.Services[0].RunningCount, out.Services[0].PendingCount, len(d.containers(false)), firstEvents(out.Services[0].Events))
		}
		return err
	})
	for _, task := range d.tasks() {
		d.asks(task, 80, "/fetch?url=http://localhost:81/healthz")
	}
	must(d.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String(cluster), Service: aws.String(service), DesiredCount: aws.Int32(0)}))
	await(t, 60*time.Second, func() error {
		for _, c := range d.containers(true) {
			if c.State == "running" {
				return fmt.Errorf("%s is %s", c.Names[0], c.State)
			}
		}
		return nil
	})
}
