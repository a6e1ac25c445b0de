package control

import (
	"fmt"
	"math/rand/v2"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// crowd adds services of large tasks, which often wait for a place, each for one of another kind.
func (w *world) crowd(rnd *rand.Rand) {
	w.do(func(tx *store.Tx) {
		for n := range 5 {
			name := fmt.Sprint("big", n)
			store.TaskDefs.Put(tx, model.TaskDef{Family: name, Revision: 1, Status: "ACTIVE", Doc: types.TaskDefinition{
				ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("app"), Image: aws.String(name),
					Cpu: int32(100 + 400*rnd.IntN(3)), Memory: aws.Int32(int32(300 + 300*rnd.IntN(3)))}}}})
			s := model.Service{Name: name, Cluster: "demo", Status: "ACTIVE", Desired: 1 + rnd.IntN(5)}
			s.Spec = model.ServiceSpec{MinPercent: 100, MaxPercent: 200, Scheduling: "REPLICA", Rebalancing: []string{"ENABLED", "DISABLED"}[rnd.IntN(2)]}
			d := deployment(1, false)
			d.ID, d.Def = "ecs-svc/"+name, name+":1"
			picky(&s, &d, rnd)
			s.Deployments = []model.Deployment{d}
			store.Services.Put(tx, s)
		}
	})
}

// picky restricts where tasks of a service may run.
func picky(s *model.Service, d *model.Deployment, rnd *rand.Rand) {
	memberOf := func(expression string) {
		s.Spec.Constraints = []types.PlacementConstraint{{Type: types.PlacementConstraintTypeMemberOf, Expression: &expression}}
	}
	switch rnd.IntN(8) {
	case 0:
		s.Spec.Constraints = []types.PlacementConstraint{{Type: types.PlacementConstraintTypeDistinctInstance}}
	case 1:
		memberOf("attribute:stack == gold")
	case 2:
		memberOf("task:group == service:web")
	case 3:
		memberOf("not(task:group == service:big0) and runningTasksCount < 3")
	case 4:
		s.Spec.Scheduling, s.Spec.MinPercent, s.Spec.MaxPercent = "DAEMON", 0, 100
	case 5:
		d.Capacity.Strategy = []model.ProviderShare{{Provider: "one", Weight: 1}, {Provider: "two", Weight: 1}}
	}
}

// jostle scales some service of the crowd, takes room for a while, or puts attributes on instances.
func (w *world) jostle(rnd *rand.Rand, tx *store.Tx) {
	switch rnd.IntN(3) {
	case 0:
		if s, ok := store.Services.Get(tx, fmt.Sprint("demo/big", rnd.IntN(5))); ok && s.Spec.Scheduling == "REPLICA" {
			s.Desired = rnd.IntN(6)
			store.Services.Put(tx, s)
		}
	case 1:
		for t := range store.TasksByWant.Each(tx, "demo/RUNNING") {
			if t.Birth.Service != "web" && rnd.IntN(3) == 0 {
				t.End(types.TaskStopCodeUserInitiated, "", tx.Now())
				store.Tasks.Put(tx, t)
			}
		}
	case 2:
		for ci := range store.ContainerInstancesByCluster.Each(tx, "demo") {
			if rnd.IntN(2) == 0 {
				ci.Attributes = []model.Attribute{{Name: "stack", Value: []string{"gold", "tin"}[rnd.IntN(2)]}}
				store.ContainerInstances.Put(tx, ci)
			}
		}
	}
}
