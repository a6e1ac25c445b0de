package agent

import (
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// need is a condition of a container's start: another container has come so far.
type need struct {
	on      int // place of that container
	when    types.ContainerCondition
	timeout time.Duration // how long that container may take; 0 for ever
}

// needs returns what each container waits for: its dependsOn, and the start of those it
// links to or shares volumes of.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
func needs(def model.TaskDef, cs []model.Container) [][]need {
	all := make([][]need, len(cs))
	if len(cs) < 2 {
		return all
	}
	for i, c := range cs {
		doc, _ := def.Container(c.Name)
		add := func(name string, when types.ContainerCondition) {
			on := slices.IndexFunc(cs, func(o model.Container) bool { return o.Name == name })
			if on < 0 || on == i {
				return
			}
			n := need{on: on, when: when}
			if o, _ := def.Container(name); o.StartTimeout != nil {
				n.timeout = time.Duration(*o.StartTimeout) * time.Second
			}
			all[i] = append(all[i], n)
		}
		for _, d := range doc.DependsOn {
			if d.ContainerName != nil {
				add(*d.ContainerName, d.Condition)
			}
		}
		for _, l := range doc.Links {
			name, _, _ := strings.Cut(l, ":")
			add(name, types.ContainerConditionStart)
		}
		for _, f := range doc.VolumesFrom {
			add(str(f.SourceContainer), types.ContainerConditionStart)
		}
	}
	return all
}

// met reports whether a condition holds.
func (v view) met(n need) bool {
	f := &v.facts[n.on]
	ran := f.phase >= running && f.call != starting && f.err == nil
	switch n.when {
	case types.ContainerConditionComplete:
		return ran && v.over(n.on)
	case types.ContainerConditionSuccess:
		return ran && v.over(n.on) && f.exit != nil && *f.exit == 0
	case types.ContainerConditionHealthy:
		return ran && f.phase == running && f.health == model.HealthHealthy
	}
	return ran
}

// deadline returns when a condition that does not hold yet is given up; zero for never.
//
// The clock runs from the start of the container depended upon, and only its own startTimeout
// limits it, as in the ECS agent.
func (v view) deadline(n need) time.Time {
	f := &v.facts[n.on]
	if n.timeout == 0 || n.when == types.ContainerConditionStart || f.phase != running {
		return time.Time{}
	}
	return f.since.Add(n.timeout)
}

// failures returns why containers cannot start: the engine refused, or a condition can never hold.
func failures(v view) []error {
	v.fails = make([]error, len(v.facts))
	for i := range v.facts {
		v.fails[i] = v.facts[i].err
	}
	if v.task.Is >= model.Running {
		return v.fails
	}
	for range v.facts { // what waits for one that fails, fails too
		for i := range v.facts {
			if f := &v.facts[i]; v.fails[i] != nil || f.phase > created || f.call != idle {
				continue
			}
			for _, n := range v.needs[i] {
				if why := v.never(n); why != "" {
					v.fails[i] = &engine.Error{Name: engine.CannotStart, Message: "dependency " +
						v.task.Containers[n.on].Name + " of container " + v.task.Containers[i].Name + " " + why}
					break
				}
			}
		}
	}
	return v.fails
}

// never says why a condition cannot hold any more; empty while it can.
func (v view) never(n need) string {
	f, at := &v.facts[n.on], v.deadline(n)
	switch {
	case v.fails[n.on] != nil:
		return "did not start"
	case v.met(n):
		return ""
	case n.when == types.ContainerConditionSuccess && v.over(n.on):
		return "did not exit successfully"
	case n.when == types.ContainerConditionHealthy && v.over(n.on):
		return "ended before it was healthy"
	case !at.IsZero() && !v.now.Before(at) && v.task.Want == model.Running && f.call != starting:
		// The stop that follows from it is under way when the row is written.
		return "did not become " + string(n.when) + " within its startTimeout of " + n.timeout.String()
	}
	return ""
}
