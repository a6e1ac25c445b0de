package agent

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// reading gives a definition an execution role that is allowed an action on everything.
func (w *world) reading(family, action string) {
	w.tx(func(tx *store.Tx) {
		r := model.Role{Name: "execution", Path: "/", ID: "AROAEXAMPLE",
			Trust: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}}`}
		r.Inline = []model.Inline{{Name: "p", Document: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"*"}}`}}
		store.Roles.Put(tx.In(tx.Scope().Global()), r)
		d, _ := store.TaskDefs.Get(tx, family+":1")
		d.Doc.ExecutionRoleArn = ptr(r.ARN(tx.Scope()))
		store.TaskDefs.Put(tx, d)
	})
}

// TestATaskWithoutItsSecretStops: no container of it runs, and the reason is ECS's.
func TestATaskWithoutItsSecretStops(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		side := after("side", "", "")
		side.Essential = ptr(false)
		side.Secrets = []types.Secret{{Name: ptr("S"), ValueFrom: ptr("/none")}}
		w.define("secret", def("web"), side)
		w.reading("secret", "*")
		w.place("secret", "t")
		time.Sleep(time.Minute)
		synctest.Wait()
		const want = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: " +
			"unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /none"
		if s := w.task("t").Stop; s.Reason != want || s.Code != string(types.TaskStopCodeTaskFailedToStart) {
			t.Errorf("got %s %s", s.Code, s.Reason)
		}
		if l := w.rt.list(); len(l) != 0 {
			t.Errorf("on the engine: %v", l)
		}
	})
}

// TestATaskThatMayNotWriteItsLogsStops: so says its execution role, before anything is made.
func TestATaskThatMayNotWriteItsLogsStops(t *testing.T) {
	for action, want := range map[string]string{
		"ssm:*":                "CloudWatch Logs: CreateLogStream, ",
		"logs:CreateLogStream": "CloudWatch Logs: PutLogEvents, ",
		"logs:*":               "",
	} {
		bubble(t, sim.Config{}, func(t *testing.T, w *world) {
			c := def("web")
			c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwslogs,
				Options: map[string]string{"awslogs-group": "g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"}}
			w.define("logging", c)
			w.reading("logging", action)
			w.place("logging", "t")
			time.Sleep(time.Minute)
			synctest.Wait()
			task := w.task("t")
			if want == "" {
				if task.Is != model.Running {
					t.Errorf("%s: %v %s", action, task.Is, task.Stop.Reason)
				}
				return
			}
			const failed = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: operation error "
			s := task.Stop
			if !strings.HasPrefix(s.Reason, failed+want) || !strings.Contains(s.Reason, "api error AccessDeniedException: User: ") || s.Code != string(types.TaskStopCodeTaskFailedToStart) {
				t.Errorf("%s: got %s %s", action, s.Code, s.Reason)
			}
			if l := w.rt.list(); len(l) != 0 {
				t.Errorf("%s: on the engine: %v", action, l)
			}
		})
	}
}

// TestWhatRunsNeedsNoSecretAgain: a daemon that comes back adopts a task whose secret is gone.
func TestWhatRunsNeedsNoSecretAgain(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		c := def("web")
		c.Secrets = []types.Secret{{Name: ptr("S"), ValueFrom: ptr("arn:aws:ssm:us-east-1::parameter/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id")}}
		w.define("secret", c)
		w.reading("secret", "*")
		w.place("secret", "t")
		time.Sleep(time.Minute)
		synctest.Wait()
		if p := w.picture(); !strings.Contains(p, "running") && !strings.Contains(p, "RUNNING") {
			t.Fatalf("got %s", p)
		}
		w.stop()
		c.Secrets[0].ValueFrom = ptr("/none")
		w.define("secret", c)
		w.reading("secret", "*")
		w.run()
		time.Sleep(time.Minute)
		synctest.Wait()
		if t2 := w.task("t"); !t2.Live() {
			t.Errorf("stopped: %s", t2.Stop.Reason)
		}
	})
}

// TestTheDefinitionSaysWhoHasSecrets: others cost no look at the store.
func TestTheDefinitionSaysWhoHasSecrets(t *testing.T) {
	bubble(t, sim.Config{}, func(t *testing.T, w *world) {
		w.view(func(tx *store.Tx) {
			if d, _ := store.TaskDefs.Get(tx, "web:1"); secrets.Wants(d, nil) {
				t.Error("web has none")
			}
		})
	})
}
