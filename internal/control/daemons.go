package control

import (
	"fmt"
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/place"
	"github.com/drydock-ecs/drydock/internal/rollout"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// daemonsFirst puts the services of the DAEMON strategy before the others: a daemon's task is the
// first to be placed on an instance.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service-options.html
func (p *pass) daemonsFirst(names []string) []string {
	var others []string
	daemons := slices.DeleteFunc(names, func(key string) bool {
		s := store.Services.Peek(p.tx, key)
		other := s == nil || s.Spec.Scheduling != string(types.SchedulingStrategyDaemon)
		if other {
			others = append(others, key)
		}
		return other
	})
	return append(daemons, others...)
}

// daemon reports whether the service runs one task on each instance.
func (v *visit) daemon() bool {
	return v.svc.Spec.Scheduling == string(types.SchedulingStrategyDaemon)
}

// survey finds the instances that are to run a daemon: ACTIVE ones with what the task requires of
// the agent, in a zone of its subnets if it has some, that meet its placement constraints. Whether it
// has room there is another question. An expression over tasks is evaluated when the service is looked
// at, not whenever those tasks change.
func (v *visit) survey() {
	s := v.svc
	if !v.daemon() {
		return
	}
	v.eligible = map[string]bool{}
	def, ok := store.TaskDefs.Get(v.tx, s.Primary().Def)
	if s.Status != "ACTIVE" || !ok {
		return
	}
	ask := place.Within(v.tx, scheduler.Ask{Group: "service:" + s.Name, Needs: def.Needs(nil), Constraints: constraints(s, def)}, s.Primary().Capacity.Network)
	room := v.room(s.Cluster)
	for ci := range store.ContainerInstancesByCluster.Each(v.tx, s.Cluster) {
		if room.Meets(ci.ID, ask) {
			v.eligible[ci.ID] = true
		}
	}
	s.Desired = len(v.eligible)
}

// tellBarred says of daemons that are asked to stop that their instances do not meet the placement
// constraints any more. ECS has such an event, SERVICE_DAEMON_PLACEMENT_CONSTRAINT_VIOLATED; its
// sentence is published nowhere.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
func (v *visit) tellBarred(plan rollout.Plan) {
	for _, by := range plan.Because.Stopped {
		if by.Rule == model.RuleBarred {
			v.say(fmt.Sprintf("is stopping %d tasks that no longer meet the placement constraints of the service.", by.Tasks.N))
		}
	}
}

// others reports whether tasks that are no daemons live on an instance: those go first.
func (v *visit) others(instance string) bool {
	for t := range store.TasksByInstance.Each(v.tx, instance) {
		s, _ := store.Services.Get(v.tx, t.Birth.Cluster+"/"+t.Birth.Service)
		if t.Birth.Service == "" || s.Spec.Scheduling != string(types.SchedulingStrategyDaemon) {
			return true
		}
	}
	return false
}
