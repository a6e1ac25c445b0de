package control

import (
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

func TestAServiceWaitsForARoleThatECSCanAssume(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.def(1, 0)
		arn := here.IAM("role/app")
		w.do(func(tx *store.Tx) {
			d, _ := store.TaskDefs.Get(tx, "web:1")
			d.Doc.TaskRoleArn = &arn
			store.TaskDefs.Put(tx, d)
		})
		w.service(1, false)
		w.after(time.Minute)
		w.want("ACTIVE web:1:IN_PROGRESS")
		w.wantEvents(0, ") failed to launch a task with (error "+identity.CannotAssume(arn)+").")
		w.do(func(tx *store.Tx) {
			store.Roles.Put(tx.In(here.Global()), model.Role{Name: "app", Path: "/", ID: "AROAX",
				Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`})
		})
		w.after(assumeAgain + 15*time.Second)
		w.want("ACTIVE web:1:IN_PROGRESS", "web:1@i-1 RUNNING")
	})
}
