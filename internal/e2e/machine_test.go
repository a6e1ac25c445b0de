package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/docker/docker/api/types/container"
)

// TestAKilledMachineIsALostInstance kills the container that is the machine of an instance: the instance
// is terminated, its task stops and goes on elsewhere, and nothing brings the machine back.
func TestAKilledMachineIsALostInstance(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "2")
	d.awaitInstance()
	d.aws("ecs", "register-task-definition", "--family", "two", "--container-definitions",
		`[{"name":"web","image":"drydock/probe","memory":64,"portMappings":[{"containerPort":80}]}]`)
	d.aws("ecs", "create-service", "--service-name", "two", "--task-definition", "two", "--desired-count", "2",
		"--placement-strategy", "type=spread,field=instanceId")
	d.count("two", 2)
	lost := d.machines()[0]
	if err := d.engine.ContainerKill(t.Context(), lost.ID, "KILL"); err != nil {
		t.Fatal(err)
	}
	id := lost.Labels["io.drydock.instance"]
	await(t, 30*time.Second, func() error {
		out := strings.TrimSpace(d.aws("ec2", "describe-instances", "--instance-ids", id, "--output", "text",
			"--query", "Reservations[0].Instances[0].[State.Name,StateReason.Code,length(NetworkInterfaces)]"))
		if strings.Join(strings.Fields(out), " ") != "terminated Server.InternalError 0" {
			return fmt.Errorf("the instance is %q", out)
		}
		return nil
	})
	d.count("two", 2)
	stopped := must(d.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{DesiredStatus: types.DesiredStatusStopped})).TaskArns
	if len(stopped) != 1 {
		t.Fatalf("%d tasks stopped, want that of the instance", len(stopped))
	}
	task := must(d.ecs.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Tasks: stopped})).Tasks[0]
	if want := "Host EC2 (instance " + id + ") terminated."; aws.ToString(task.StoppedReason) != want {
		t.Errorf("the task stopped because %q, want %q", aws.ToString(task.StoppedReason), want)
	}
	await(t, 20*time.Second, func() error {
		if left := d.machines(); len(left) != 1 || left[0].Labels["io.drydock.instance"] == id {
			return fmt.Errorf("%d machines", len(left))
		}
		return nil
	})
}

// machines lists the containers that are the machines of instances.
func (d *daemon) machines() (all []container.Summary) {
	d.t.Helper()
	for _, c := range d.everything(true) {
		if c.Labels[labelBox] == "instance" {
			all = append(all, c)
		}
	}
	return all
}
