package control

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/rollout"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// copies returns the live tasks of the service, or of the task set, as rollout sees them.
func (v *visit) copies() []rollout.Copy {
	l := v.lens()
	copies := make([]rollout.Copy, 0, store.Counts.Get(v.tx, v.svc.Key()).Live)
	for t := range store.TasksByService.Each(v.tx, v.svc.Key()) {
		if v.set != "" && t.Birth.Deployment != v.set {
			continue
		}
		copies = append(copies, l.copy(&t))
	}
	return copies
}

func (v *visit) lens() lens {
	return lens{visit: v, checked: map[string]map[string]bool{}, groups: map[string][]string{}}
}

// lens turns tasks into copies and remembers what many of them share.
type lens struct {
	*visit
	checked map[string]map[string]bool // task definition → essential containers with a health check
	groups  map[string][]string        // deployment → target groups its tasks join
}

func (l *lens) copy(t *model.Task) rollout.Copy {
	ci := l.instance(t.Instance)
	c := rollout.Copy{ID: t.ID, Deployment: t.Birth.Deployment, Zone: zone(t, ci), Instance: t.Instance, Provider: t.Birth.Provider,
		Created: t.Times.Created, Started: t.Times.Started, Running: t.Is == model.Running, Protected: t.Protected,
		Stopping: t.Want == model.Stopped, Leaving: ci.Status != "ACTIVE" && !t.OnFargate(), Health: l.health(t)}
	c.Spots = spots(l.svc.Spec.Strategy, ci, c.Zone)
	if resource := packs(l.svc.Spec.Strategy); resource != "" {
		c.Free, c.Needs = l.free(ci, t, resource)
	}
	if l.daemon() {
		c.Leaving = !l.eligible[ci.ID]
		c.Barred = c.Leaving && ci.Status == "ACTIVE"
		c.Last = ci.Status == "DRAINING" && l.others(ci.ID)
	}
	c.Checked = len(l.checks(t.Birth.Def)) > 0
	if groups := l.join(t.Birth.Deployment); len(groups) > 0 {
		c.Balanced = true
		c.Serving, c.Failing = l.targets(t, len(groups))
	}
	return c
}

// packs returns the resource by which a strategy packs, CPU or MEMORY; empty if it does not.
func packs(chain []types.PlacementStrategy) string {
	for _, s := range chain {
		if s.Type == types.PlacementStrategyTypeBinpack && s.Field != nil {
			return strings.ToUpper(*s.Field)
		}
	}
	return ""
}

// chain is the placement strategy as far as scale-in undoes it.
func chain(strategy []types.PlacementStrategy) (steps []rollout.Step) {
	for _, s := range strategy {
		switch s.Type {
		case types.PlacementStrategyTypeSpread:
			steps = append(steps, rollout.Spread)
		case types.PlacementStrategyTypeBinpack:
			steps = append(steps, rollout.Pack)
		}
	}
	return steps
}

// spots are the values by which the steps of the strategy spread a task on ci.
func spots(strategy []types.PlacementStrategy, ci *model.ContainerInstance, zone string) (values []string) {
	for _, s := range strategy {
		switch s.Type {
		case types.PlacementStrategyTypeSpread:
			values = append(values, spot(s, ci, zone))
		case types.PlacementStrategyTypeBinpack:
			values = append(values, "")
		}
	}
	return values
}

func spot(s types.PlacementStrategy, ci *model.ContainerInstance, zone string) string {
	name, attribute := strings.CutPrefix(*s.Field, "attribute:")
	switch {
	case !attribute:
		return ci.ID
	case name == zoneAttribute:
		return zone
	}
	for _, a := range ci.Attributes {
		if a.Name == name {
			return "=" + a.Value
		}
	}
	return "" // those without the attribute are together
}

// free returns how much of a resource is left on an instance, and how much of it t takes.
func (l *lens) free(ci *model.ContainerInstance, t *model.Task, resource string) (left, takes int) {
	used := store.Usage.Get(l.tx, ci.ID)
	if resource == "CPU" {
		return ci.CPU - used.CPU, t.Needs.CPU
	}
	return ci.Memory - used.Memory, t.Needs.Memory
}

// wasHealthy reports whether t, which has stopped, counted as healthy when it did.
func (l *lens) wasHealthy(t *model.Task) bool {
	c := l.copy(t)
	c.Running = true
	return c.Healthy(t.Times.Stopped, l.Scale.Of(rollout.Settling))
}

// zone returns the Availability Zone in which t runs on ci, or on Fargate.
func zone(t *model.Task, ci *model.ContainerInstance) string {
	if t.ENI != nil {
		return t.ENI.Zone
	}
	return ci.Zone
}

// instance returns the instance of a task, an empty one if it has none.
func (p *pass) instance(id string) *model.ContainerInstance {
	if ci := store.ContainerInstances.Peek(p.tx, id); ci != nil {
		return ci
	}
	return &model.ContainerInstance{}
}

// join returns the target groups that tasks of a deployment join, as far as they still exist.
func (l *lens) join(deployment string) []string {
	groups, ok := l.groups[deployment]
	if !ok {
		d, _ := l.svc.Deployment(deployment)
		for _, b := range d.LBs {
			if _, there := store.TargetGroups.Get(l.tx, b.Group); there {
				groups = append(groups, b.Group)
			}
		}
		l.groups[deployment] = groups
	}
	return groups
}

// targets reports whether all n targets of t are healthy, and whether one is unhealthy. Where health
// checks are switched off there is nothing to wait for.
func (l *lens) targets(t *model.Task, n int) (serving, failing bool) {
	good := 0
	for g := range store.TargetsByTask.Each(l.tx, t.ID) {
		off := g.Health.State == string(elbtypes.TargetHealthStateEnumUnavailable) && g.Draining.IsZero()
		if off || g.Healthy() {
			good++
		}
		failing = failing || g.Failing()
	}
	return good >= n, failing
}

// checks returns the essential containers of a task definition that have a health check.
func (l *lens) checks(def string) map[string]bool {
	names, ok := l.checked[def]
	if !ok {
		names = map[string]bool{}
		d, _ := store.TaskDefs.Get(l.tx, def)
		for _, c := range d.Doc.ContainerDefinitions {
			if c.HealthCheck != nil && c.Name != nil && (c.Essential == nil || *c.Essential) {
				names[*c.Name] = true
			}
		}
		l.checked[def] = names
	}
	return names
}

// health returns the health of t: UNHEALTHY if a check fails, HEALTHY once all checks pass.
func (l *lens) health(t *model.Task) model.Health {
	names := l.checks(t.Birth.Def)
	worst := model.HealthHealthy
	for _, c := range t.Containers {
		switch {
		case !names[c.Name]:
		case c.Health == model.HealthUnhealthy:
			return model.HealthUnhealthy
		case c.Health != model.HealthHealthy:
			worst = model.HealthUnknown
		}
	}
	if len(names) == 0 {
		return model.HealthUnknown
	}
	return worst
}
