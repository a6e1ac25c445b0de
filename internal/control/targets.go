package control

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// targets keeps the target groups of services in step with their tasks: running tasks are
// registered, those asked to stop drain, those that stopped are gone at once. Targets that clients
// registered go when their draining or their instance ends.
func (p *pass) targets() error {
	told := tally{}
	for _, t := range p.touchedTasks() {
		p.track(t, told)
	}
	touched, _ := rows(p, store.Targets)
	for _, g := range touched {
		p.expire(g)
	}
	p.forget()
	told.tell(p)
	return nil
}

// touchedTasks returns the service tasks whose targets a change may concern, stopped ones first: what
// they leave may be what others take.
func (p *pass) touchedTasks() (tasks []*model.Task) {
	for t := range each(p, store.Tasks) {
		if t.Birth.Service != "" {
			tasks = append(tasks, t)
		}
	}
	if !p.full {
		seen := maps.Clone(p.changed[store.Tasks.Name()])
		targets, _ := rows(p, store.Targets)
		for _, g := range targets {
			if _, ok := seen[g.Task]; g.Task == "" || ok {
				continue
			}
			if t := store.Tasks.Peek(p.tx, g.Task); t != nil && t.Birth.Service != "" {
				tasks = append(tasks, t)
			}
		}
	}
	slices.SortFunc(tasks, func(a, b *model.Task) int { return cmp.Or(cmp.Compare(b.Is, a.Is), strings.Compare(a.ID, b.ID)) })
	return tasks
}

// track brings the targets of one task to where the task is.
func (p *pass) track(t *model.Task, told tally) {
	switch {
	case !t.Live():
		for g := range store.TargetsByTask.Each(p.tx, t.ID) {
			told.count(t, g, g.Draining.IsZero())
			p.deleteTarget(g)
		}
	case t.Want == model.Stopped:
		for g := range store.TargetsByTask.Each(p.tx, t.ID) {
			if g.Draining.IsZero() {
				told.count(t, g, true)
				p.drain(g)
			}
		}
	case t.Is == model.Running:
		p.register(t, told)
	}
}

// register puts the targets of a running task into the groups of its deployment.
func (p *pass) register(t *model.Task, told tally) {
	svc, _ := store.Services.Get(p.tx, t.Birth.Cluster+"/"+t.Birth.Service)
	d, _ := svc.Deployment(t.Birth.Deployment)
	for _, l := range d.LBs {
		group, there := store.TargetGroups.Get(p.tx, l.Group)
		b, bound := binding(t, l)
		if !there || !bound {
			continue
		}
		g, fits := p.target(*t, group, b)
		if !fits || !p.free(g) {
			continue
		}
		store.Targets.Put(p.tx, g)
		p.touch(store.Targets.Name(), g.Key())
		told.of(t, g.Group).registered++
	}
}

// target returns how t joins a group with a bound port, if it can: with the address of its own network
// interface, which is no instance's, or on its instance.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb.html
func (p *pass) target(t model.Task, group model.TargetGroup, b model.Binding) (g model.Target, fits bool) {
	g = model.Target{Group: group.Key(), Task: t.ID, Registered: p.now}
	if t.ENI != nil {
		g.ID, g.Port, g.Zone = t.ENI.IP, b.ContainerPort, t.ENI.Zone
		g.Dial = net.JoinHostPort(g.ID, strconv.Itoa(g.Port))
		return g, group.TargetType == "ip" && g.ID != ""
	}
	ci, ok := store.ContainerInstances.Get(p.tx, t.Instance)
	in := store.Instances.Peek(p.tx, ci.EC2)
	if !ok || in == nil {
		return g, false
	}
	g.ID, g.Port, g.Zone = ci.EC2, b.HostPort, ci.Zone
	g.Dial = net.JoinHostPort(in.PrivateIP, strconv.Itoa(g.Port))
	if group.TargetType == "ip" {
		g.ID = in.PrivateIP
	}
	return g, true
}

// free reports whether the place of g in its group is free for g's task: nobody's, or that of a task
// whose containers are on their way out, so that the engine gave the port away again.
func (p *pass) free(g model.Target) bool {
	held, ok := store.Targets.Get(p.tx, g.Key())
	if !ok || held.Task == "" {
		return true
	}
	if held.Task == g.Task {
		return false
	}
	holder, ok := store.Tasks.Get(p.tx, held.Task)
	return !ok || holder.Is != model.Running
}

// binding returns where the container port that l names is bound.
func binding(t *model.Task, l model.ServiceLB) (model.Binding, bool) {
	for _, c := range t.Containers {
		if c.Name != l.Container {
			continue
		}
		for _, b := range c.Bindings {
			if b.ContainerPort == l.Port && (b.Protocol == "" || b.Protocol == "tcp") {
				return b, true
			}
		}
	}
	return model.Binding{}, false
}

// drain begins the draining of a target.
func (p *pass) drain(g model.Target) {
	group, _ := store.TargetGroups.Get(p.tx, g.Group)
	delay := p.Scale.Of(group.DeregistrationDelay())
	g.Draining = p.now.Add(delay)
	g.Drained = delay == 0
	store.Targets.Put(p.tx, g)
	p.touch(store.Targets.Name(), g.Key())
}

// expire ends draining whose time is up: a client's target goes, that of a live task is drained.
func (p *pass) expire(g model.Target) {
	switch _, live := store.Tasks.Get(p.tx, g.Task); {
	case g.Task != "" && !live:
		p.deleteTarget(g)
	case g.Draining.IsZero() || g.Task != "" && g.Drained:
	case p.now.Before(g.Draining):
		p.again(store.Targets.Name(), g.Key(), g.Draining)
	case g.Task == "":
		p.deleteTarget(g)
	default:
		g.Drained = true
		store.Targets.Put(p.tx, g)
	}
}

// deleteTarget deletes g, if its place was not taken over by another task.
func (p *pass) deleteTarget(g model.Target) {
	if now, ok := store.Targets.Get(p.tx, g.Key()); ok && now.Task == g.Task {
		store.Targets.Delete(p.tx, g.Key())
	}
}

// forget deletes the targets whose instance was terminated or whose group is no more.
func (p *pass) forget() {
	ended := map[string]bool{}
	instances, _ := rows(p, store.Instances)
	for _, in := range instances {
		if in.State == "terminated" {
			ended[in.ID] = true
		}
	}
	groups := p.changed[store.TargetGroups.Name()]
	if !p.full && len(ended) == 0 && len(groups) == 0 {
		return
	}
	for g := range store.Targets.All(p.tx) {
		_, there := store.TargetGroups.Get(p.tx, g.Group)
		if ended[g.ID] || !there {
			p.deleteTarget(g)
		}
	}
}

// tally counts what one pass did to the targets of services.
type tally map[tallyKey]*deeds

type tallyKey struct{ cluster, service, deployment, group string }

type deeds struct {
	registered, deregistered int
	draining                 map[string]bool // tasks
}

func (c tally) of(t *model.Task, group string) *deeds {
	k := tallyKey{t.Birth.Cluster, t.Birth.Service, t.Birth.Deployment, group}
	if c[k] == nil {
		c[k] = &deeds{draining: map[string]bool{}}
	}
	return c[k]
}

// count counts a target of t that leaves; told says that it was not counted before.
func (c tally) count(t *model.Task, g model.Target, told bool) {
	if !told {
		return
	}
	d := c.of(t, g.Group)
	d.deregistered++
	d.draining[t.ID] = true
}

// tell writes what was counted as events, in ECS's words.
func (c tally) tell(p *pass) {
	order := slices.SortedFunc(maps.Keys(c), func(a, b tallyKey) int {
		return cmp.Or(strings.Compare(a.cluster, b.cluster), strings.Compare(a.service, b.service),
			strings.Compare(a.group, b.group), strings.Compare(a.deployment, b.deployment))
	})
	for _, k := range order {
		d, who, set := c[k], "(service "+k.service+")", "(service "+k.service+", taskSet "+k.deployment+")"
		if s, _ := store.Services.Get(p.tx, k.cluster+"/"+k.service); s.External() {
			who = set
		}
		if d.registered > 0 {
			p.tell("service", k.cluster, k.service, fmt.Sprintf("%s registered %d targets in (target-group %s)", who, d.registered, p.groupARN(k.group)))
		}
		if d.deregistered > 0 {
			p.tell("service", k.cluster, k.service, fmt.Sprintf("%s deregistered %d targets in (target-group %s)", who, d.deregistered, p.groupARN(k.group)))
			p.tell("service", k.cluster, k.service, fmt.Sprintf("%s has begun draining connections on %d tasks.", set, len(d.draining)))
		}
	}
}
