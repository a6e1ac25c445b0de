package console_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/console"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

func TestFargateTasksHaveABoxOfTheirOwn(t *testing.T) {
	s := open(t)
	update(t, s, func(tx *store.Tx) {
		for id, is := range map[string]model.Status{"4f2a0000000000000000000000000000": model.Running, "5f2a0000000000000000000000000000": model.Provisioning} {
			far := task(id, is)
			far.Instance, far.Birth.LaunchType, far.ENI = "", "FARGATE", &model.ENI{IP: "172.17.0.5", Zone: "us-east-1b"}
			far.Birth.Provider = "FARGATE_SPOT"
			if is == model.Provisioning { // not placed yet
				far.ENI = nil
			}
			far.Containers[0].Bindings = []model.Binding{{ContainerPort: 8080, Protocol: "tcp"}}
			store.Tasks.Put(tx, far)
		}
	})
	page := get(t, handler(s), "/_drydock/").Body.String()
	box, rest, _ := strings.Cut(page[strings.Index(page, "<h3>Fargate</h3>"):], "</article>")
	for _, want := range []string{"cluster <b>demo</b>", "4f2a00000000", "172.17.0.5, us-east-1b, FARGATE_SPOT", "<b>8080</b>/tcp"} {
		if !strings.Contains(box, want) {
			t.Errorf("no %q in %s", want, box)
		}
	}
	if strings.Contains(box, "5f2a00000000") || strings.Contains(rest, "Fargate</h3>") {
		t.Errorf("what waits is in a box, or there are more: %s", box)
	}
	for _, k := range read[console.Tasks](t, handler(s), "/_drydock/ps").Tasks {
		if k.Launch == "FARGATE" && k.Placed != (k.Status == "RUNNING") || k.Placed && k.Launch == "FARGATE" && (k.Provider != "FARGATE_SPOT" || k.Address != "172.17.0.5" || k.Containers[0].Ports[0].Bind != "172.17.0.5") {
			t.Errorf("got %+v", k)
		}
	}
	var told []string
	for _, e := range read[console.Events](t, handler(s), "/_drydock/events").Events {
		told = append(told, e.Message)
	}
	if want := "task 4f2a00000000 (service web) is RUNNING, 172.17.0.5:8080 → nginx:8080"; !slices.Contains(told, want) {
		t.Errorf("no %q in\n%s", want, strings.Join(told, "\n"))
	}
}

func TestTaskSetsShowTheirScaleAndStability(t *testing.T) {
	s := open(t)
	update(t, s, func(tx *store.Tx) {
		store.Services.Put(tx, model.Service{Name: "ext", Cluster: "demo", Status: "ACTIVE", Desired: 2, Spec: model.ServiceSpec{Controller: "EXTERNAL"}, Deployments: []model.Deployment{
			{ID: "ecs-svc/1", Status: "PRIMARY", Def: "web:1", TaskSet: &model.TaskSet{Scale: 100, Steady: true}},
			{ID: "ecs-svc/2", Status: "ACTIVE", Def: "web:2", TaskSet: &model.TaskSet{}}}})
	})
	page := get(t, handler(s), "/_drydock/").Body.String()
	for _, want := range []string{`<b class="pill steady_state">STEADY_STATE</b> PRIMARY task set at 100%: 0 running`, `<b class="pill stabilizing">STABILIZING</b> ACTIVE task set at 0%: 0 running`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %q:\n%s", want, page)
		}
	}
}
