// Package scheduler decides which container instance runs a task, or why none does. It is pure:
// same arguments, same answer. How many tasks there should be is rollout's business.
//
// An instance takes a task when it is ACTIVE, its agent is connected, it has every attribute that
// the task requires, every distinctInstance constraint holds, and CPU units, memory and host ports
// are free, asked in this order. Among those that take it, the strategies decide in the order
// given, each among the instances that the ones before it found equal. Without a strategy, tasks
// are spread over Availability Zones and then over instances, as ECS places service tasks.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
package scheduler

import (
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Candidate is one container instance with what is left on it.
type Candidate struct {
	ID, EC2, Zone, Host string
	CPU, Memory         int              // left: CPU units, MiB
	Ports               []model.HostPort // taken
	Attributes          []model.Attribute
	Active, Connected   bool
}

// Ask is one task that wants a place.
type Ask struct {
	Group       string // task group, whose tasks are spread and kept apart
	Needs       model.Needs
	Constraints []types.PlacementConstraint // distinctInstance; an expression holds nowhere
	Strategy    []types.PlacementStrategy
	Only        string // container instance id, for StartTask; empty for any
	Seed        uint64 // decides among instances for the random strategy
}

// Room is what the container instances of one cluster have left. Placing a task takes from it.
type Room struct {
	candidates []Candidate
	groups     func(group string) map[string]int
	counts     map[string]map[string]int // group → container instance id → tasks
	rankings   map[string]*ranking
}

// NewRoom returns a room of candidates, sorted by id. groups returns how many tasks of a task
// group are wanted on each container instance; it is asked at most once for a group, and only when
// a strategy or a constraint needs to know.
func NewRoom(cs []Candidate, groups func(group string) map[string]int) *Room {
	slices.SortFunc(cs, func(a, b Candidate) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return &Room{candidates: cs, groups: groups, counts: map[string]map[string]int{}, rankings: map[string]*ranking{}}
}

// Place takes room for a task and returns the instance as it is after that, or why there is none.
func (r *Room) Place(a Ask) (Candidate, *Refusal) {
	rank := r.ranking(a)
	apart := r.apart(a)
	best := -1
	for i := range r.candidates {
		c := &r.candidates[i]
		if !c.fits(&a.Needs) || !c.Active || !c.Connected || a.Only != "" && c.ID != a.Only || apart != nil && apart(c.ID) != "" {
			continue
		}
		if best < 0 || rank.better(i, best, a.Seed) {
			best = i
		}
	}
	if best < 0 {
		return Candidate{}, r.refuse(a, apart)
	}
	r.take(best, a)
	return r.candidates[best], nil
}

// take gives the room on candidate i to the task that asked.
func (r *Room) take(i int, a Ask) {
	c := &r.candidates[i]
	c.CPU -= a.Needs.CPU
	c.Memory -= a.Needs.Memory
	if len(a.Needs.Ports) > 0 {
		c.Ports = append(slices.Clip(c.Ports), a.Needs.Ports...)
	}
	if counts, known := r.counts[a.Group]; known {
		counts[c.ID]++
	}
	for _, k := range r.rankings {
		if k.group == a.Group {
			k.took(i)
		}
	}
}

// group returns how many tasks of a group are on each instance.
func (r *Room) group(name string) map[string]int {
	counts, known := r.counts[name]
	if !known {
		counts = map[string]int{}
		if r.groups != nil {
			for id, n := range r.groups(name) {
				counts[id] = n
			}
		}
		r.counts[name] = counts
	}
	return counts
}

// fits reports whether the resources and attributes that n names are there.
func (c *Candidate) fits(n *model.Needs) bool {
	return n.CPU <= c.CPU && n.Memory <= c.Memory &&
		(len(n.Ports) == 0 || c.free(n.Ports)) && (len(n.Attributes) == 0 || c.has(n.Attributes))
}

func (c *Candidate) free(ports []model.HostPort) bool {
	return !slices.ContainsFunc(ports, func(p model.HostPort) bool { return slices.Contains(c.Ports, p) })
}

func (c *Candidate) has(names []string) bool {
	for _, name := range names {
		if !slices.ContainsFunc(c.Attributes, func(a model.Attribute) bool { return a.Name == name }) {
			return false
		}
	}
	return true
}

// apart returns with which code the constraints of a exclude an instance, empty for none; nil when
// there is no constraint. An expression (memberOf) is not evaluated and holds nowhere.
//
// A task that was asked to stop does not keep others away: ECS looks at the desired status.
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html
func (r *Room) apart(a Ask) func(id string) string {
	if len(a.Constraints) == 0 {
		return nil
	}
	counts := r.group(a.Group)
	expression := slices.ContainsFunc(a.Constraints, func(c types.PlacementConstraint) bool {
		return c.Type != types.PlacementConstraintTypeDistinctInstance
	})
	return func(id string) string {
		switch {
		case expression:
			return MemberOf
		case counts[id] > 0:
			return DistinctInstance
		}
		return ""
	}
}
