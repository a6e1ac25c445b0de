package e2e

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestNoRequestFails changes everything that may change under a steady load of 64 connections.
func TestNoRequestFails(t *testing.T) {
	w := startWeb(start(t, needEngine(t)), 4)
	for _, step := range []struct {
		name string
		do   func()
		// lost is how many requests may fail: those in flight on a container that was killed.
		lost int
	}{
		{"scale out to 8", func() { w.scale(8); w.stable(8) }, 0},
		{"scale in to 2", func() { w.scale(2); w.stable(2) }, 0},
		{"scale out to 4", func() { w.scale(4); w.stable(4) }, 0},
		{"stop a task", func() { w.stopOne(); w.stable(4) }, 0},
		{"kill a container", func() { w.killOne(); w.stable(4) }, 64},
		{"roll out a new revision", func() { w.roll("web", 80, "v2"); w.stable(4) }, 0},
		{"roll out another container port", func() { w.roll("web", 8080, "v3"); w.stable(4) }, 0},
	} {
		t.Run(step.name, func(t *testing.T) {
			stop := w.load()
			step.do()
			ok, failed := stop()
			t.Logf("%d requests answered, %d failed", ok, len(failed))
			if ok < 100 {
				t.Errorf("only %d requests were answered", ok)
			}
			if len(failed) > step.lost {
				t.Errorf("%d requests failed, the first: %v", len(failed), failed[:min(3, len(failed))])
			}
		})
	}
}

func (w *web) stopOne() {
	w.t.Helper()
	task := w.tasks()[0]
	must(w.ecs.StopTask(w.t.Context(), &ecs.StopTaskInput{Cluster: aws.String(cluster), Task: task.TaskArn}))
	w.gone(*task.TaskArn)
}

// killOne kills a container behind the daemon's back.
func (w *web) killOne() {
	w.t.Helper()
	task := w.tasks()[0]
	if err := w.engine.ContainerKill(w.t.Context(), *task.Containers[0].RuntimeId, "KILL"); err != nil {
		w.t.Fatal(err)
	}
	w.gone(*task.TaskArn)
}

// gone returns once a task is STOPPED.
func (w *web) gone(arn string) {
	w.t.Helper()
	await(w.t, 60*time.Second, func() error {
		out, err := w.ecs.DescribeTasks(w.t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: []string{arn}})
		if err == nil && *out.Tasks[0].LastStatus != "STOPPED" {
			err = errStill(*out.Tasks[0].LastStatus)
		}
		return err
	})
}

type errStill string

func (e errStill) Error() string { return "the task is still " + string(e) }

// roll registers a new revision and updates the service to it.
func (w *web) roll(family string, port int32, version string) {
	w.t.Helper()
	w.register(family, port, version)
	must(w.ecs.UpdateService(w.t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String(cluster), Service: aws.String(service),
		TaskDefinition: &family, LoadBalancers: []types.LoadBalancer{{TargetGroupArn: &w.group, ContainerName: aws.String("web"), ContainerPort: &port}}}))
}
