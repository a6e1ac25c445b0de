package control

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/rollout"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// services starts and stops tasks until every service has what it wants.
func (p *pass) services() error {
	ended := p.ended()
	for _, key := range p.touchedServices(ended) {
		svc, ok := store.Services.Get(p.tx, key)
		if !ok || svc.Status == "INACTIVE" {
			continue
		}
		svc.Deployments = slices.Clone(svc.Deployments)
		v := &visit{pass: p, svc: &svc}
		v.note(ended[key])
		v.step()
		store.Services.Put(p.tx, svc)
		if svc.Status == "INACTIVE" {
			p.touch(store.Services.Name(), key)
		}
	}
	return nil
}

// ended returns the stopped tasks of services of whose end no note was taken yet, by service.
func (p *pass) ended() map[string][]model.Task {
	all := map[string][]model.Task{}
	note := func(t model.Task) {
		if !t.Live() && !t.Noted && t.Birth.Service != "" {
			key := t.Birth.Cluster + "/" + t.Birth.Service
			all[key] = append(all[key], t)
		}
	}
	if p.full {
		for t := range store.TasksStopped.Each(p.tx, "stopped") {
			note(t)
		}
		return all
	}
	tasks, _ := rows(p, store.Tasks)
	for _, t := range tasks {
		note(t)
	}
	return all
}

// touchedServices returns the keys of the services that a change may concern.
func (p *pass) touchedServices(ended map[string][]model.Task) []string {
	touched := keys{}
	if p.full {
		for s := range store.Services.All(p.tx) {
			touched[s.Key()] = struct{}{}
		}
		return sorted(touched)
	}
	for key := range p.changed[store.Services.Name()] {
		touched[key] = struct{}{}
	}
	for key := range ended {
		touched[key] = struct{}{}
	}
	for key := range p.changed[store.Targets.Name()] {
		group, _, _ := strings.Cut(key, "|")
		p.byGroup(touched, group)
	}
	for group := range p.changed[store.TargetGroups.Name()] {
		p.byGroup(touched, group)
	}
	p.byCapacity(touched)
	return sorted(touched)
}

func (p *pass) byGroup(touched keys, group string) {
	for s := range store.ServicesByGroup.Each(p.tx, group) {
		touched[s.Key()] = struct{}{}
	}
}

// byCapacity adds the services whose tasks or instances changed, and those that wait for a place
// where one may have become free.
func (p *pass) byCapacity(touched keys) {
	changed := keys{} // clusters where tasks or instances are not what they were
	tasks, _ := rows(p, store.Tasks)
	for _, t := range tasks {
		if t.Birth.Service != "" {
			touched[t.Birth.Cluster+"/"+t.Birth.Service] = struct{}{}
		}
		changed[t.Birth.Cluster] = struct{}{}
	}
	instances, gone := rows(p, store.ContainerInstances)
	for _, ci := range instances {
		changed[ci.Cluster] = struct{}{}
		for t := range store.TasksByInstance.Each(p.tx, ci.ID) {
			if t.Birth.Service != "" {
				touched[t.Birth.Cluster+"/"+t.Birth.Service] = struct{}{}
			}
		}
	}
	if len(changed) == 0 && !gone {
		return
	}
	for s := range store.ServicesWaiting.Each(p.tx, "waiting") {
		if _, ok := changed[s.Cluster]; ok || gone {
			touched[s.Key()] = struct{}{}
		}
	}
}

// visit is one look at one service.
type visit struct {
	*pass
	svc *model.Service

	launch struct {
		started []string // ids
		refused string   // why a task found no place
	}
}

// step asks rollout for the next step and takes it.
func (v *visit) step() {
	s := v.svc
	copies, tasks := v.copies()
	plan := rollout.Next(v.now, rollout.Service{
		Desired: s.Desired, MinPercent: s.Spec.MinPercent, MaxPercent: s.Spec.MaxPercent, Primary: s.Primary().ID,
		Grace: v.Scale.Of(s.Spec.Grace), Settling: v.Scale.Of(rollout.Settling), Until: s.Throttle.Until,
		Ending: s.Status == "DRAINING"}, copies)
	v.start(plan.Start, failing(plan, copies))
	v.stop(plan, tasks)
	v.settle(plan, len(copies) == 0)
	if !plan.Again.IsZero() {
		v.again(store.Services.Name(), s.Key(), plan.Again)
	}
}

// failing counts the copies that newly started ones replace because their health checks fail.
func failing(plan rollout.Plan, copies []rollout.Copy) (n int) {
	for _, c := range copies {
		if c.Running && !c.Stopping && (c.Failing || c.Health == model.HealthUnhealthy) {
			n++
		}
	}
	return min(n, plan.Start)
}

// stop asks the tasks that the plan names to stop, and says so.
func (v *visit) stop(plan rollout.Plan, tasks map[string]model.Task) {
	for _, id := range plan.Stop {
		t := tasks[id]
		reason := "Scaling activity initiated by (deployment " + t.Birth.Deployment + ")"
		if slices.Contains(plan.Failed, id) {
			reason = v.sick(t)
			v.countFailure(t)
		}
		t.End(types.TaskStopCodeServiceSchedulerInitiated, reason, v.now)
		v.putTask(t)
	}
	v.tellTasks("has stopped %d running tasks:", plan.Stop, "")
}

// settle keeps the books of deployments and of what was told.
func (v *visit) settle(plan rollout.Plan, empty bool) {
	s := v.svc
	if plan.Stuck && !s.Stuck {
		v.say("was unable to stop or start tasks during a deployment because of the service deployment configuration. " +
			"Update the minimumHealthyPercent or maximumPercent value and try again.")
	}
	s.Stuck = plan.Stuck
	s.Deployments = slices.DeleteFunc(s.Deployments, func(d model.Deployment) bool {
		return d.ID != s.Primary().ID && store.Counts.Get(v.tx, s.Key()+"/"+d.ID).Live == 0
	})
	steady := plan.Steady && v.launch.refused == "" && len(s.Deployments) > 0
	if d := s.Primary(); steady && d.State == string(types.DeploymentRolloutStateInProgress) {
		d.State, d.Reason, d.Updated, d.Failed = string(types.DeploymentRolloutStateCompleted), "ECS deployment "+d.ID+" completed.", v.now, 0
		s.Deployments[0] = d
		v.say("(deployment " + d.ID + ") deployment completed.")
	}
	if steady && !s.Steady {
		v.say("has reached a steady state.")
	}
	s.Steady = steady
	if s.Status == "DRAINING" && empty {
		s.Status, s.Ended, s.Deployments, s.Waiting = "INACTIVE", v.now, nil, ""
	}
}
