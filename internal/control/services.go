package control

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/rollout"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// services starts and stops tasks until every service has what it wants.
func (p *pass) services() error {
	ended := p.ended()
	touched, on := p.touchedServices(ended), p.changedOn()
	for _, key := range p.daemonsFirst(p.andHopeful(touched, on)) {
		cluster, _, _ := strings.Cut(key, "/")
		if _, own := touched[key]; !own && !p.hopeful(cluster, key, on[cluster]) {
			continue
		}
		p.unwait(cluster, key)
		svc, ok := store.Services.Get(p.tx, key)
		if !ok || svc.Status == "INACTIVE" {
			continue
		}
		svc.Deployments = slices.Clone(svc.Deployments)
		v := &visit{pass: p, svc: &svc, told: &told{before: svc.Told}}
		v.step(ended[key])
		svc.Told = v.told.standing()
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
	note := func(t *model.Task) {
		if !t.Live() && !t.Noted && t.Birth.Service != "" {
			key := t.Birth.Cluster + "/" + t.Birth.Service
			all[key] = append(all[key], *t)
		}
	}
	if p.full {
		for t := range store.TasksStopped.Each(p.tx, "stopped") {
			note(&t)
		}
		return all
	}
	for t := range each(p, store.Tasks) {
		note(t)
	}
	return all
}

// touchedServices returns the keys of the services that a change may concern, besides those that wait.
func (p *pass) touchedServices(ended map[string][]model.Task) keys {
	touched := keys{}
	if p.full {
		for s := range store.Services.All(p.tx) {
			touched[s.Key()] = struct{}{}
		}
		return touched
	}
	for key := range p.changed[store.Services.Name()] {
		touched[key] = struct{}{}
	}
	for key := range ended {
		touched[key] = struct{}{}
	}
	for key := range p.changed[store.ServiceDeployments.Name()] {
		touched[key[:strings.LastIndexByte(key, '/')]] = struct{}{}
	}
	for key := range p.changed[store.Targets.Name()] {
		group, _, _ := strings.Cut(key, "|")
		p.byGroup(touched, group)
	}
	for group := range p.changed[store.TargetGroups.Name()] {
		p.byGroup(touched, group)
	}
	p.byCapacity(touched)
	return touched
}

func (p *pass) byGroup(touched keys, group string) {
	for s := range store.ServicesByGroup.Each(p.tx, group) {
		touched[s.Key()] = struct{}{}
	}
}

// byCapacity adds the services whose tasks or instances changed.
func (p *pass) byCapacity(touched keys) {
	on, joined := keys{}, keys{} // instances; clusters of those
	for t := range each(p, store.Tasks) {
		if t.Birth.Service != "" {
			touched[t.Birth.Cluster+"/"+t.Birth.Service] = struct{}{}
		}
		if ci := store.ContainerInstances.Peek(p.tx, t.Instance); ci != nil && !t.Live() && ci.Status == "DRAINING" {
			on[ci.ID] = struct{}{} // a daemon may have waited for it
		}
	}
	instances, _ := rows(p, store.ContainerInstances)
	for _, ci := range instances {
		joined[ci.Cluster], on[ci.ID] = struct{}{}, struct{}{}
	}
	for id := range on {
		p.onInstance(touched, id)
	}
	for cluster := range joined {
		for s := range store.ServicesDaemon.Each(p.tx, cluster) {
			touched[s.Key()] = struct{}{}
		}
	}
	p.byZone(touched, instances)
}

// onInstance adds the services of the tasks on a container instance.
func (p *pass) onInstance(touched keys, id string) {
	for t := range store.TasksByInstance.Each(p.tx, id) {
		if t.Birth.Service != "" {
			touched[t.Birth.Cluster+"/"+t.Birth.Service] = struct{}{}
		}
	}
}

// visit is one look at one service.
type visit struct {
	*pass
	svc  *model.Service
	told *told
	set  string // in the visit of one task set: its id; svc is the service as if it had no other

	eligible map[string]bool // of a DAEMON service: the instances that are to run it
	zones    []string        // of a service that rebalances: where a task may find a place
	uneven   []string        // those where one for balance found none
	moved    []string        // ids of tasks started for balance
	launch   struct {
		started []string // ids
		refused string   // why a task found no place
	}
}

// step keeps the books of what happened, asks rollout for the next step, and takes it.
func (v *visit) step(ended []model.Task) {
	if v.svc.External() {
		v.sets(ended)
		return
	}
	v.begin()
	v.survey()
	v.zones = v.open()
	plan, copies := v.move(ended)
	v.recount(plan, copies)
	v.settle(plan, len(copies))
	v.balance(v.svc.Steady, copies)
	v.remember(plan)
}

// move takes note of what ended, asks rollout for the next step, and starts and stops tasks. What it
// returns besides the plan are the tasks as they were before.
func (v *visit) move(ended []model.Task) (rollout.Plan, []rollout.Copy) {
	s := v.svc
	copies := v.copies()
	if len(s.Deployments) > 0 {
		s.Deployments[0] = rollout.Healed(s.Spec.Breaker, s.Primary(), rollout.Ready(v.now, v.ask(), copies))
	}
	v.note(ended)
	v.trip()
	plan := v.next(&copies)
	v.start(plan, failing(plan, copies))
	v.stop(plan)
	if !plan.Again.IsZero() {
		v.again(store.Services.Name(), s.Key(), plan.Again)
	}
	return plan, copies
}

// recount writes down how many tasks of a deployment under way are healthy after the plan, so that the
// next look can tell that one became so.
func (v *visit) recount(plan rollout.Plan, copies []rollout.Copy) {
	d := v.svc.Primary()
	if d.State != underWay {
		return
	}
	left := copies
	if len(plan.Stop) > 0 {
		gone := keys{}
		for _, id := range plan.Stop {
			gone[id] = struct{}{}
		}
		left = slices.DeleteFunc(slices.Clone(copies), func(c rollout.Copy) bool { _, ok := gone[c.ID]; return ok })
	}
	d.Ready = rollout.Ready(v.now, v.ask(), left)
	v.svc.Deployments[0] = d
}

// ask is the service as rollout sees it.
func (v *visit) ask() rollout.Service {
	s := v.svc
	var shares map[string]int
	if strategy := s.Primary().Capacity.Strategy; len(strategy) > 0 {
		shares = scheduler.Shares(strategy, s.Desired)
	}
	return rollout.Service{Desired: s.Desired, Shares: shares, MinPercent: s.Spec.MinPercent, MaxPercent: s.Spec.MaxPercent, Primary: s.Primary().ID,
		Grace: v.Scale.Of(s.Spec.Grace), Settling: v.Scale.Of(rollout.Settling), Until: s.Throttle.Until,
		Chain: chain(s.Spec.Strategy), Zones: v.zones, Moving: s.Moving,
		Halted: s.Primary().State == string(types.DeploymentRolloutStateFailed), Ending: s.Status == "DRAINING"}
}

// next asks rollout for the next step. Tasks for balance are started at once and join copies: where
// they find no place is no goal any more, which may make another zone one.
func (v *visit) next(copies *[]rollout.Copy) rollout.Plan {
	if v.daemon() {
		return rollout.Daemon(v.now, v.ask(), *copies, slices.Sorted(maps.Keys(v.eligible)))
	}
	for {
		plan := rollout.Next(v.now, v.ask(), *copies)
		if len(plan.Into) == 0 || !v.into(plan, copies) {
			return plan
		}
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
func (v *visit) stop(plan rollout.Plan) {
	var running, away []string
	for _, id := range plan.Stop {
		t, _ := store.Tasks.Get(v.tx, id)
		switch {
		case t.Is >= model.Running && slices.Contains(plan.Away, id):
			away = append(away, id)
		case t.Is >= model.Running:
			running = append(running, id)
		}
		reason := "Scaling activity initiated by (deployment " + t.Birth.Deployment + ")"
		if slices.Contains(plan.Failed, id) {
			reason = v.sick(t)
			v.countFailure(t)
		}
		t.End(types.TaskStopCodeServiceSchedulerInitiated, reason, v.now)
		v.putTask(t)
	}
	v.tellBarred(plan)
	v.tellTasks("has stopped %d running tasks:", running, "")
	v.tellAway(away)
	if n := len(plan.Stop) - len(running) - len(away); n > 0 {
		v.say(fmt.Sprintf("stopped %d pending tasks.", n))
	}
}
