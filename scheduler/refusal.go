package scheduler

import (
	"fmt"
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The codes with which an instance refuses a task, as RunTask reports them, in the order in which
// they are looked for.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
const (
	Inactive         = "INACTIVE" // StartTask on an instance that is draining or deregistered
	Agent            = "AGENT"
	Attribute        = "ATTRIBUTE"
	MemberOf         = "MemberOf placement constraint unsatisfied."
	DistinctInstance = "DistinctInstance placement constraint unsatisfied."
	CPU              = "RESOURCE:CPU"
	Memory           = "RESOURCE:MEMORY"
	Ports            = "RESOURCE:PORTS"
	ENI              = "RESOURCE:ENI"
	Location         = "LOCATION" // in another zone than the subnets of the task
	Missing          = "MISSING"  // StartTask on an instance that is not in the cluster
)

// What ECS says when there is no container instance that could be asked.
const (
	NoInstances = "No Container Instances were found in your cluster."
	NoneOf      = "No Container Instances were found in your capacity provider."
)

// closeness orders the codes: the later one is found, the closer an instance is to a match.
var closeness = []string{Missing, Inactive, Agent, Location, Attribute, MemberOf, DistinctInstance, CPU, Memory, Ports, ENI, takes}

// takes is no code: nothing may stand against a task.
const takes = "takes"

// closer returns how close an instance came that refused with a code.
func closer(code string) int { return slices.Index(closeness, code) }

// Refusal says why no instance took a task.
type Refusal struct {
	None     bool   // the cluster, or the capacity provider, has no ACTIVE container instance
	Provider string // capacity provider that was asked for; empty for any
	Reasons  []Reason
}

// Reason is why one instance refused.
type Reason struct {
	Instance string // container instance id
	EC2      string
	Code     string // RESOURCE:CPU, RESOURCE:MEMORY, RESOURCE:PORTS, ATTRIBUTE, AGENT, …
	Detail   string // in the words of the service event
}

// refuse says of each instance why it did not take a.
func (r *Room) refuse(p *plan, t *tally, a *Ask) *Refusal {
	ref := &Refusal{Provider: a.Provider}
	if a.Only == "" {
		ref.Reasons = make([]Reason, 0, len(r.candidates))
	}
	for i := range r.candidates {
		c := &r.candidates[i]
		if a.Only != "" && c.ID != a.Only || a.Only == "" && !c.Active || !c.of(a.Provider) {
			continue
		}
		code := r.why(int32(i), p, t, a)
		ref.Reasons = append(ref.Reasons, Reason{c.ID, c.EC2, code, detail(code)})
	}
	if len(ref.Reasons) == 0 && a.Only != "" {
		ref.Reasons = []Reason{{Instance: a.Only, Code: Missing, Detail: detail(Missing)}}
	}
	ref.None = len(ref.Reasons) == 0
	return ref
}

// why returns the first code that stands against running a task on candidate i.
func (r *Room) why(i int32, p *plan, t *tally, a *Ask) string {
	c := &r.candidates[i]
	switch {
	case !c.Active:
		return Inactive
	case !c.Connected:
		return Agent
	case !c.in(p.zones):
		return Location
	case !r.fixed(i, p) && !c.has(p.attributes):
		return Attribute
	case !r.fixed(i, p) || !r.member(i, p, p.moving):
		return MemberOf
	case p.distinct && t.on[i] > 0:
		return DistinctInstance
	case a.Needs.CPU > c.CPU:
		return CPU
	case a.Needs.Memory > c.Memory:
		return Memory
	case !r.free(i, p.ports):
		return Ports
	}
	return ENI
}

// detail returns what the service event says of an instance that refused with code.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
func detail(code string) string {
	switch code {
	case Attribute:
		return "is missing an attribute required by your task."
	case CPU:
		return "has insufficient CPU units available."
	case Memory:
		return "has insufficient memory available."
	case Ports:
		return "is already using a port required by your task."
	}
	return fmt.Sprintf("encountered error %q.", code)
}

// Failures returns the refusal as RunTask and StartTask answer it. Without any instance, AWS
// answers RunTask with an InvalidParameterException of the same words instead: see None.
func (f *Refusal) Failures(sc model.Scope, cluster string) []types.Failure {
	if f.None {
		return []types.Failure{{Reason: aws.String(f.none())}}
	}
	all := make([]types.Failure, len(f.Reasons))
	for i, r := range f.Reasons {
		all[i] = types.Failure{Arn: aws.String(sc.ARN("ecs", "container-instance/"+cluster+"/"+r.Instance)), Reason: aws.String(r.Code)}
	}
	return all
}

// none says that there is no container instance to be asked.
func (f *Refusal) none() string {
	if f.Provider != "" {
		return NoneOf
	}
	return NoInstances
}

// Closest returns the reason of the instance that came closest: refused latest in the order of the
// checks, and of equals the lowest id. It is empty if there was none to be asked.
func (f *Refusal) Closest() (r Reason) {
	close := -1
	for i, other := range f.Reasons {
		if i > 0 && other.Code == f.Reasons[i-1].Code {
			continue // as close as the one before
		}
		if n := closer(other.Code); n > close {
			r, close = other, n
		}
	}
	return r
}

// Outdated reports whether an instance makes a difference to an ask that was refused, given the reason
// that came closest then: it takes the task now, it came closer than any did, or it was the closest and
// is so no more. While no instance that changed does, asking again brings the same refusal.
func (r *Room) Outdated(a *Ask, closest Reason, id string) bool {
	i, there := r.at[id]
	if a.Only != "" && id != a.Only {
		return false
	}
	if !there || a.Only == "" && !r.candidates[i].Active || !r.candidates[i].of(a.Provider) {
		return id == closest.Instance // it would not be asked
	}
	if id != closest.Instance && closer(r.lack(i, a)) <= closer(closest.Code) {
		return false // most that are full need no more than this
	}
	p, t := r.read(a)
	if r.takes(i, p, t, a) {
		return true
	}
	code := r.why(i, p, t, a)
	return closer(code) > closer(closest.Code) || id == closest.Instance && code != closest.Code
}

// lack returns the closest code that the CPU units and memory of candidate i allow.
func (r *Room) lack(i int32, a *Ask) string {
	switch c := &r.candidates[i]; {
	case a.Needs.CPU > c.CPU:
		return CPU
	case a.Needs.Memory > c.Memory:
		return Memory
	}
	return takes
}

// Sentence returns the refusal as the event of a service, which names the instance that came closest.
func (f *Refusal) Sentence(service string) string {
	why := "Reason: " + f.none()
	if !f.None {
		r := f.Closest()
		why = fmt.Sprintf("The closest matching (container-instance %s) %s", r.Instance, r.Detail)
	}
	return fmt.Sprintf("(service %s) was unable to place a task because no container instance met all of its requirements. %s "+
		"For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.", service, why)
}
