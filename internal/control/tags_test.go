package control

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// tagged returns the tags of the live tasks of the service, oldest first.
func (w *world) tagged() string {
	var live []model.Task
	w.do(func(tx *store.Tx) {
		for t := range store.TasksByService.Each(tx, "demo/web") {
			if t.Live() {
				live = append(live, t)
			}
		}
	})
	slices.SortFunc(live, func(a, b model.Task) int { return a.Times.Created.Compare(b.Times.Created) })
	var all []string
	for _, t := range live {
		all = append(all, fmt.Sprint(t.Tags))
	}
	return fmt.Sprint(all)
}

func (w *world) wantTagged(want string) {
	w.Helper()
	if got := w.tagged(); got != want {
		w.Errorf("got %s, want %s", got, want)
	}
}

// retag changes what the tasks of the service are tagged with.
func retag(propagate string, managed bool, tags ...model.Tag) func(*model.Service) {
	return func(s *model.Service) { s.Spec.PropagateTags, s.Spec.ManagedTags, s.Tags = propagate, managed, tags }
}

// TestTasksHaveTheTagsOfTheirStart: an update of the tags, of propagateTags or of enableECSManagedTags
// makes no deployment and changes no task that is there.
func TestTasksHaveTheTagsOfTheirStart(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "us-east-1a")
		w.def(1, 0)
		w.do(func(tx *store.Tx) {
			d, _ := store.TaskDefs.Get(tx, "web:1")
			d.Tags = model.Tags{{Key: "of", Value: "definition"}}
			store.TaskDefs.Put(tx, d)
		})
		w.service(1, false)
		w.update(retag("NONE", false, model.Tag{Key: "of", Value: "service"}))
		w.after(time.Minute)
		w.wantTagged("[[]]")
		w.update(retag("SERVICE", false, model.Tag{Key: "of", Value: "service"}))
		w.after(time.Minute)
		w.wantTagged("[[]]")
		w.update(scaleTo(2))
		w.after(time.Minute)
		w.update(retag("TASK_DEFINITION", true, model.Tag{Key: "of", Value: "nobody"}))
		w.update(scaleTo(3))
		w.after(time.Minute)
		w.wantTagged("[[] [{of service}] [{aws:ecs:clusterName demo} {aws:ecs:serviceName web} {of definition}]]")
		w.want("ACTIVE steady web:1:COMPLETED", "web:1@i-1 RUNNING", "web:1@i-1 RUNNING", "web:1@i-1 RUNNING")
	})
}

// TestTasksOfTaskSetsHaveTheTagsOfTheService: those of the task set itself are its own.
func TestTasksOfTaskSetsHaveTheTagsOfTheService(t *testing.T) {
	scenario(t, func(w *world) {
		w.external(1)
		w.update(retag("SERVICE", true, model.Tag{Key: "of", Value: "service"}))
		w.update(addSet("1", 1, 100))
		w.update(eachSet(func(d *model.Deployment) { d.TaskSet.Tags = model.Tags{{Key: "of", Value: "set"}} }))
		w.after(time.Minute)
		w.wantTagged("[[{aws:ecs:clusterName demo} {aws:ecs:serviceName web} {of service}]]")
	})
}
