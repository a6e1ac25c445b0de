package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// why asks drydock why until the answer says all of it.
func (d *daemon) why(subject string, want ...string) {
	d.t.Helper()
	await(d.t, 60*time.Second, func() error {
		out := d.drydock("why", subject)
		for _, w := range want {
			if !strings.Contains(out, w) {
				return fmt.Errorf("drydock why %s does not say %q:\n%s", subject, w, out)
			}
		}
		return nil
	})
}

// TestAServiceSaysWhyItWaitsAndRunsOnceItCan creates a service whose fixed port only one task can have
// on an instance, and gives it another instance. Then its tasks say why they are where they are.
func TestAServiceSaysWhyItWaitsAndRunsOnceItCan(t *testing.T) {
	d := start(t, nil, "--engine", "sim", "--default-instances", "1", "--time-scale", "20")
	d.awaitInstance()
	d.aws("ecs", "register-task-definition", "--family", "web", "--container-definitions",
		`[{"name":"web","image":"drydock/probe","memory":64,"portMappings":[{"containerPort":80,"hostPort":18085}]}]`)
	d.aws("ecs", "create-service", "--service-name", "web", "--task-definition", "web", "--desired-count", "2")
	d.why("web", "1 task wanted, no place: the only instance, i-", "(RESOURCE:PORTS): 18085/tcp is taken by a task. It is tried again whenever capacity changes",
		"start 1", "0 of 2 tasks of the deployment were there")
	d.drydock("instance", "add", "--cluster", cluster, "--type", "t3.large")
	d.described("web", settled(2))
	d.why("web", "it has what it wants", "steady")
	var first, second types.Task
	for _, task := range d.tasks() {
		if first.CreatedAt == nil || task.CreatedAt.Before(*first.CreatedAt) {
			first, second = task, first
		} else {
			second = task
		}
	}
	d.why(*first.TaskArn, "service web had 0 of 2 tasks", "the only instance there is")
	d.why(*second.TaskArn, "service web had 1 of 2 tasks", "the only one of 2 instances that could take it", "chosen", "RESOURCE:PORTS  ", "18085/tcp is taken by a task")
	d.register("job", 80, "v1")
	d.aws("ecs", "run-task", "--task-definition", "job", "--query", "failures")
	for _, task := range d.tasks() {
		if strings.HasPrefix(*task.Group, "family:") {
			d.why(*task.TaskArn, "a client asked for it", ", before i-", "the strategy finds them equal, and it has", "runner-up")
		}
	}
}
