package control

import (
	"reflect"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/rollout"
	"github.com/drydock-ecs/drydock/internal/store"
)

// stepsKept is how many steps of a service are kept.
const stepsKept = 32

// remember keeps why the service was stepped as it was, unless that is what was found the last time too.
// Of steps that only wait, and for the same, one after the other, the newest is kept.
func (v *visit) remember(plan rollout.Plan) {
	step := v.taken(plan)
	story, _ := store.Stories.Get(v.tx, v.svc.Key())
	keep := story.Steps
	if at := v.before(keep); at >= 0 && waits(&keep[at], &step) {
		was := &keep[at]
		if was.Found == step.Found && was.Reason == step.Reason && reflect.DeepEqual(was.Holds, step.Holds) {
			return
		}
		step.Since, keep = was.Since, slices.Delete(slices.Clone(keep), at, at+1)
	}
	story.Cluster, story.Service = v.svc.Cluster, v.svc.Name
	story.Steps = append(slices.Clone(keep[max(0, len(keep)+1-stepsKept):]), step)
	store.Stories.Put(v.tx, story)
}

// before returns the step before this one: of a task set, which has others beside it, its own. -1 for none.
func (v *visit) before(steps []model.Step) int {
	at := len(steps) - 1
	for v.set != "" && at >= 0 && steps[at].Deployment != v.set {
		at--
	}
	return at
}

// taken is the step that was taken.
func (v *visit) taken(plan rollout.Plan) model.Step {
	d := v.svc.Primary()
	step := model.Step{At: v.now, Since: v.now, Deployment: d.ID, State: d.State, Reason: d.Reason, Found: plan.Because.Found,
		Stopped: plan.Because.Stopped, Holds: plan.Because.Holds, Steady: v.svc.Steady}
	if d.TaskSet != nil {
		step.State, step.Steady = d.Status, d.TaskSet.Steady
	}
	for _, id := range v.launch.started {
		step.Started.Add(id)
	}
	for _, id := range v.moved {
		step.Moved.Add(id)
	}
	if len(v.svc.Uneven) > 0 {
		h := model.Hold{Bar: model.BarUneven, N: len(v.svc.Uneven), Detail: strings.Join(v.svc.Uneven, ", ")}
		step.Holds = append(slices.Clip(step.Holds), h)
	}
	if v.launch.refused != "" {
		h := model.Hold{Bar: model.BarPlace, N: plan.Start - step.Started.N, Detail: v.launch.refused}
		step.Holds = append(slices.Clip(step.Holds), h)
	}
	return step
}

// waits reports whether two steps one after the other do nothing, and are held back by the same. How far
// single tasks are on their way does not count.
func waits(was, step *model.Step) bool {
	return !was.Acts() && !step.Acts() && was.Deployment == step.Deployment && was.State == step.State && was.Steady == step.Steady &&
		slices.Equal(bars(was), bars(step))
}

// bars returns what holds a step back besides tasks that are on their way.
func bars(s *model.Step) (all []model.Bar) {
	for _, h := range s.Holds {
		switch h.Bar {
		case model.BarStarting, model.BarHealth, model.BarStopping:
			continue
		}
		all = append(all, h.Bar)
	}
	return all
}
