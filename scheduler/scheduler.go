// Package scheduler decides which container instance runs a task, or why none does. It is pure:
// same arguments, same answer. How many tasks there should be is rollout's business.
//
// An instance takes a task when it is ACTIVE, of the capacity provider asked for, its agent is
// connected, it is in a zone allowed by the task's subnets, it has every attribute that the task
// requires, every constraint (memberOf expressions, distinctInstance) holds, and CPU units, memory,
// host ports and network interfaces are free, asked in this order. Among those that take it, the strategies
// decide in the order given, each among the instances that the ones before it found equal. Without a
// strategy, tasks are spread over Availability Zones and then over instances, as ECS places service
// tasks. Equal instances: the one with more memory left, unless the chain packs; then the lower id.
//
// A Room is indexed: what a decision costs does not grow with the number of instances. See ranking.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html,
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html
package scheduler

import (
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/scheduler/query"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Candidate is one container instance with what is left on it.
type Candidate struct {
	ID, EC2, Zone, Host string
	Provider            string           // capacity provider that it belongs to; empty for none
	CPU, Memory, ENIs   int              // left: CPU units, MiB, network interfaces for tasks
	Ports               []model.HostPort // taken by the instance itself; for those of tasks see Rows
	Attributes          []model.Attribute
	Active, Connected   bool
	Agent               string // version
	Registered          time.Time
	Running             int // tasks
}

// Ask is one task that wants a place.
type Ask struct {
	Group       string // task group, whose tasks are spread and kept apart
	Needs       model.Needs
	Constraints []types.PlacementConstraint // an expression that does not parse holds nowhere
	Strategy    []types.PlacementStrategy
	Only        string   // container instance id, for StartTask; empty for any
	Provider    string   // capacity provider whose instances alone may run it; empty for any
	Zones       []string // Availability Zones in which it may run; none for any
	Seed        uint64   // decides among instances for the random strategy
}

// Place takes room for a task and returns the instance as it is after that, or why there is none.
func (r *Room) Place(a Ask) (Candidate, *Refusal) {
	p, t := r.read(&a)
	best := r.choose(p, t, &a)
	if best < 0 {
		return Candidate{}, r.refuse(p, t, &a)
	}
	r.take(best, &a)
	return r.candidates[best], nil
}

// read returns the plan of a and, if it looks at them, the counts of its group.
func (r *Room) read(a *Ask) (p *plan, t *tally) {
	if p = r.plan(a); p.counts {
		t = r.tally(a.Group)
	}
	return p, t
}

// choose returns the candidate that is to run the task, or -1.
func (r *Room) choose(p *plan, t *tally, a *Ask) int32 {
	if a.Only == "" {
		return r.best(p, t, a)
	}
	if i, ok := r.at[a.Only]; ok && r.takes(i, p, t, a) {
		return i
	}
	return -1
}

// takes reports whether candidate i takes the task: what the index must agree with.
func (r *Room) takes(i int32, p *plan, t *tally, a *Ask) bool {
	c := &r.candidates[i]
	return a.Needs.CPU <= c.CPU && a.Needs.Memory <= c.Memory && r.eligible(i, p) && !(p.distinct && t.on[i] > 0)
}

// eligible reports whether everything but CPU, memory and distinctInstance allows candidate i.
func (r *Room) eligible(i int32, p *plan) bool {
	c := &r.candidates[i]
	return c.Active && c.Connected && p.enis <= c.ENIs && r.fixed(i, p) && r.member(i, p, p.moving) && r.free(i, p.ports)
}

// fixed reports whether candidate i is of the provider, in the zones and has the attributes, and
// whether the expressions hold that tasks do not change. The answer is kept until the instance changes.
func (r *Room) fixed(i int32, p *plan) bool {
	if p.answers[i] == unknown {
		p.answers[i] = no
		if c := &r.candidates[i]; c.of(p.provider) && c.in(p.zones) && c.has(p.attributes) && r.member(i, p, p.members) {
			p.answers[i] = yes
		}
	}
	return p.answers[i] == yes
}

// of reports whether the instance belongs to a capacity provider; all belong to none.
func (c *Candidate) of(provider string) bool { return provider == "" || c.Provider == provider }

// in reports whether the instance is in one of the zones; all are in none.
func (c *Candidate) in(zones []string) bool { return len(zones) == 0 || slices.Contains(zones, c.Zone) }

// has reports whether the instance has attributes: of a name, or of a name=value.
func (c *Candidate) has(wanted []string) bool {
	for _, w := range wanted {
		name, value, valued := strings.Cut(w, "=")
		if !slices.ContainsFunc(c.Attributes, func(a model.Attribute) bool { return a.Name == name && (!valued || a.Value == value) }) {
			return false
		}
	}
	return true
}

// free reports whether no port is taken on candidate i.
func (r *Room) free(i int32, ports []model.HostPort) bool {
	if len(ports) == 0 {
		return true
	}
	h := r.hold(i)
	for _, p := range ports {
		if _, taken := h.ports[p]; taken || slices.Contains(r.candidates[i].Ports, p) {
			return false
		}
	}
	return true
}

// member reports whether every one of some expressions holds for candidate i.
func (r *Room) member(i int32, p *plan, expressions []*query.Expr) bool {
	if p.nowhere {
		return false
	}
	if len(expressions) == 0 {
		return true
	}
	c := &r.candidates[i]
	in := p.scratch
	in.Attributes, in.AgentConnected, in.AgentVersion = c.Attributes, c.Connected, c.Agent
	in.EC2, in.Registered, in.Running, in.Groups = c.EC2, c.Registered, c.Running, nil
	for _, e := range expressions {
		if e.OfGroups() && in.Groups == nil {
			in.Groups = r.hold(i).each
		}
		if !e.Holds(in) {
			return false
		}
	}
	return true
}
