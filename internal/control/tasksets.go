package control

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/rollout"
	"github.com/drydock-ecs/drydock/internal/store"
)

// sets visits the task sets of the service one after the other: each is kept at its own count by the
// rules for a service whose only deployment it is.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html
func (v *visit) sets(ended []model.Task) {
	s := v.svc
	v.noteStrays(ended)
	left := make([]model.Deployment, 0, len(s.Deployments))
	for _, d := range s.Deployments {
		one := alone(*s, d)
		w := &visit{pass: v.pass, svc: &one, set: d.ID, told: v.told}
		w.stepSet(slices.DeleteFunc(slices.Clone(ended), func(t model.Task) bool { return t.Birth.Deployment != d.ID }))
		if one.Status != "DRAINING" || store.Counts.Get(v.tx, s.Key()+"/"+d.ID).Live > 0 {
			left = append(left, back(one))
		}
	}
	s.Deployments = left
	v.sum()
}

// noteStrays takes note of the ends of tasks whose task set is gone.
func (v *visit) noteStrays(ended []model.Task) {
	for _, t := range ended {
		if _, there := v.svc.Deployment(t.Birth.Deployment); !there {
			t.Noted = true
			store.Tasks.Put(v.tx, t)
		}
	}
}

// alone returns a service as if the task set d were all it has.
func alone(s model.Service, d model.Deployment) model.Service {
	t := d.TaskSet
	s.Deployments = []model.Deployment{d}
	s.Desired = rollout.Computed(s.Desired, t.Scale)
	s.Throttle, s.Waiting, s.Stuck, s.Kept, s.Steady = t.Throttle, t.Waiting, t.Stuck, t.Kept, t.Steady
	if d.Status == "DRAINING" {
		s.Status, s.Desired = "DRAINING", 0
	}
	return s
}

// back returns the task set of a service that alone made, with what the visit of it wrote down.
func back(s model.Service) model.Deployment {
	d := s.Primary()
	t := *d.TaskSet
	t.Throttle, t.Waiting, t.Stuck, t.Kept = s.Throttle, s.Waiting, s.Stuck, s.Kept
	d.TaskSet = &t
	return d
}

// stepSet is step for one task set.
func (v *visit) stepSet(ended []model.Task) {
	v.recompute()
	plan, copies := v.move(ended)
	v.limits(plan)
	d := v.svc.Primary()
	t := *d.TaskSet
	idle := plan.Start == 0 && len(plan.Stop) == 0 && v.svc.Status == "ACTIVE"
	if steady := idle && rollout.Stable(v.now, v.ask(), copies); steady != t.Steady {
		t.Steady, t.SteadyAt = steady, v.now
		if steady {
			v.say("updated state to STEADY_STATE.")
		}
	}
	d.TaskSet = &t
	v.svc.Deployments[0] = d
	v.remember(plan)
}

// recompute says so when a task set is to run another number of tasks than before.
func (v *visit) recompute() {
	d := v.svc.Primary()
	if d.TaskSet.Count == v.svc.Desired {
		return
	}
	t := *d.TaskSet
	t.Count = v.svc.Desired
	d.TaskSet = &t
	v.svc.Deployments[0] = d
	v.announce(fmt.Sprintf("updated computedDesiredCount for taskSet %s to %d.", d.ID, t.Count))
}

// sum writes down of the service what its task sets have in common.
func (v *visit) sum() {
	s := v.svc
	steady := len(s.Deployments) > 0
	s.Throttle, s.Waiting, s.Stuck = model.Throttle{}, "", false
	for _, d := range s.Deployments {
		t := d.TaskSet
		steady = steady && t.Steady
		s.Waiting, s.Stuck = cmp.Or(s.Waiting, t.Waiting), s.Stuck || t.Stuck
		if t.Throttle.Until.After(s.Throttle.Until) {
			s.Throttle = t.Throttle
		}
	}
	v.settled(steady)
	if s.Status == "DRAINING" && len(s.Deployments) == 0 && store.Counts.Get(v.tx, s.Key()).Live == 0 {
		v.bury()
	}
}
