package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestWaiters lets each waiter of the Go SDK come to both of its ends, on the simulated engine.
func TestWaiters(t *testing.T) {
	d := start(t, nil, "--engine", "sim", "--time-scale", "20")
	d.awaitInstance()
	d.register("web", 80, "v1")
	t.Run("tasks", d.taskWaiters)
	t.Run("services", d.serviceWaiters)
}

const atOnce, most = 20 * time.Millisecond, 30 * time.Second

func (d *daemon) taskWaiters(t *testing.T) {
	running := ecs.NewTasksRunningWaiter(d.ecs, func(o *ecs.TasksRunningWaiterOptions) { o.MinDelay, o.MaxDelay = atOnce, 10*atOnce })
	stopped := ecs.NewTasksStoppedWaiter(d.ecs, func(o *ecs.TasksStoppedWaiterOptions) { o.MinDelay, o.MaxDelay = atOnce, 10*atOnce })
	all := &ecs.DescribeTasksInput{}
	for _, task := range must(d.ecs.RunTask(t.Context(), &ecs.RunTaskInput{TaskDefinition: aws.String("web"), Count: aws.Int32(3)})).Tasks {
		all.Tasks = append(all.Tasks, *task.TaskArn)
	}
	out, err := running.WaitForOutput(t.Context(), all, most)
	if err != nil || len(out.Tasks) != 3 || len(out.Failures) != 0 {
		t.Fatalf("tasks running: %v, %+v", err, out)
	}
	if err := stopped.Wait(t.Context(), all, 10*atOnce); err == nil || !strings.Contains(err.Error(), "exceeded max wait time") {
		t.Errorf("tasks that run are stopped: %v", err)
	}
	must(d.ecs.StopTask(t.Context(), &ecs.StopTaskInput{Task: &all.Tasks[0], Reason: aws.String("enough")}))
	if err := stopped.Wait(t.Context(), &ecs.DescribeTasksInput{Tasks: all.Tasks[:1]}, most); err != nil {
		t.Errorf("tasks stopped: %v", err)
	}
	if err := running.Wait(t.Context(), all, most); !failedState(err) {
		t.Errorf("tasks running, one of which stopped: %v", err)
	}
	unknown := append([]string{strings.Repeat("0", 32)}, all.Tasks[1:]...)
	if err := running.Wait(t.Context(), &ecs.DescribeTasksInput{Tasks: unknown}, most); !failedState(err) {
		t.Errorf("tasks running, one of which is not there: %v", err)
	}
}

func (d *daemon) serviceWaiters(t *testing.T) {
	stable := ecs.NewServicesStableWaiter(d.ecs, func(o *ecs.ServicesStableWaiterOptions) { o.MinDelay, o.MaxDelay = atOnce, 10*atOnce })
	gone := ecs.NewServicesInactiveWaiter(d.ecs, func(o *ecs.ServicesInactiveWaiterOptions) { o.MinDelay, o.MaxDelay = atOnce, 10*atOnce })
	web, both := &ecs.DescribeServicesInput{Services: []string{"web"}}, &ecs.DescribeServicesInput{Services: []string{"web", "nope"}}
	must(d.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{ServiceName: aws.String("web"), TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(2)}))
	out, err := stable.WaitForOutput(t.Context(), web, most)
	if err != nil || out.Services[0].RunningCount != 2 {
		t.Fatalf("services stable: %v, %+v", err, out)
	}
	if err := stable.Wait(t.Context(), both, most); !failedState(err) {
		t.Errorf("services stable, one of which is not there: %v", err)
	}
	must(d.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("web"), ForceNewDeployment: true}))
	if out, err = stable.WaitForOutput(t.Context(), web, most); err != nil || len(out.Services[0].Deployments) != 1 ||
		out.Services[0].Deployments[0].RolloutState == types.DeploymentRolloutStateFailed {
		t.Errorf("services stable after a deployment: %v, %+v", err, out)
	}
	if err := gone.Wait(t.Context(), web, 10*atOnce); err == nil || !strings.Contains(err.Error(), "exceeded max wait time") {
		t.Errorf("a service that is ACTIVE is inactive: %v", err)
	}
	if err := gone.Wait(t.Context(), both, most); !failedState(err) {
		t.Errorf("services inactive, one of which is not there: %v", err)
	}
	must(d.ecs.DeleteService(t.Context(), &ecs.DeleteServiceInput{Service: aws.String("web"), Force: aws.Bool(true)}))
	if err := gone.Wait(t.Context(), web, most); err != nil {
		t.Errorf("services inactive: %v", err)
	}
	if err := stable.Wait(t.Context(), web, most); !failedState(err) {
		t.Errorf("services stable, which is INACTIVE: %v", err)
	}
}

// failedState reports whether a waiter gave up because of what it saw, not of time.
func failedState(err error) bool {
	return err != nil && strings.Contains(err.Error(), "waiter state transitioned to Failure")
}
