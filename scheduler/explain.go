package scheduler

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/scheduler/query"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	// wholeRoom is up to how many instances a decision is explained with all of them. In larger rooms
	// only what the decision knew anyway is told: placing stays as fast as it is without telling.
	wholeRoom = 48
	// sample is how many of the instances of a larger room are told that refused.
	sample = 16
)

// Decide places a task as Place does, and tells what it was chosen from.
func (r *Room) Decide(a Ask) (Candidate, *Refusal, model.Choice) {
	p, t := r.read(&a)
	e := explainer{Room: r, p: p, t: t, a: &a}
	best, whole := r.choose(p, t, &a), a.Only == "" && len(r.candidates) <= wholeRoom
	var ch model.Choice
	if whole {
		ch = e.whole(best)
	}
	if best < 0 {
		refusal := r.refuse(p, t, &a)
		if !whole {
			ch = e.refusal(refusal)
		}
		return Candidate{}, refusal, ch
	}
	if !whole {
		ch = e.chosen(best)
	}
	r.take(best, &a)
	return r.candidates[best], nil, ch
}

// explainer tells how one ask is decided in a room that has not changed by it yet.
type explainer struct {
	*Room
	p      *plan
	t      *tally
	a      *Ask
	parsed []expression
}

// expression is one memberOf constraint.
type expression struct {
	text string
	expr *query.Expr // nil if it does not parse
}

// whole tells of every candidate, in the order of preference and then of how close they came.
func (e *explainer) whole(best int32) model.Choice {
	able, unable, codes := e.part(best)
	ch := model.Choice{Candidates: len(able) + len(unable), Able: len(able), Steps: e.p.names(e.a), Decided: -1,
		Verdicts: make([]model.Verdict, 0, len(able)+len(unable))}
	values := make([]model.Value, 0, len(able)*len(ch.Steps))
	for _, i := range able {
		from := len(values)
		values = e.values(values, i)
		ch.Verdicts = append(ch.Verdicts, e.verdict(i, "", values[from:len(values):len(values)]))
	}
	for _, i := range unable {
		ch.Verdicts = append(ch.Verdicts, e.verdict(i, codes[i], nil))
		ch.Codes = counted(ch.Codes, codes[i])
	}
	if len(able) > 0 {
		ch.Chosen = e.candidates[best].ID
	}
	if len(able) > 1 {
		ch.Next, ch.Decided = e.candidates[able[1]].ID, e.decided(able[0], able[1])
	}
	return ch
}

// part returns the candidates that could take the task, the chosen one first, those that could not,
// the closest first, and the codes of these.
func (e *explainer) part(best int32) (able, unable []int32, codes []string) {
	codes = make([]string, len(e.candidates))
	for i := range int32(len(e.candidates)) {
		switch {
		case e.takes(i, e.p, e.t, e.a):
			able = append(able, i)
		case e.candidates[i].Active && e.candidates[i].of(e.a.Provider):
			codes[i] = e.why(i, e.p, e.t, e.a)
			unable = append(unable, i)
		}
	}
	slices.SortFunc(able, func(i, j int32) int { return e.compare(e.p, e.t, e.a.Seed, i, j) })
	if n := slices.Index(able, best); n > 0 { // which of equal ones a random strategy takes is not a matter of order
		able = slices.Insert(slices.Delete(able, n, n+1), 0, best)
	}
	slices.SortStableFunc(unable, func(i, j int32) int { return closer(codes[j]) - closer(codes[i]) })
	return able, unable, codes
}

// chosen tells of a placement what is known without looking at other instances.
func (e *explainer) chosen(i int32) model.Choice {
	ch := model.Choice{Candidates: len(e.candidates), Able: -1, Chosen: e.candidates[i].ID, Decided: -1, Sampled: true}
	var values []model.Value
	if e.a.Only != "" {
		ch.Candidates, ch.Able, ch.Sampled = 1, 1, false
	} else {
		ch.Steps, values = e.p.names(e.a), e.values(nil, i)
	}
	ch.Verdicts = []model.Verdict{e.verdict(i, "", values)}
	return ch
}

// refusal tells how many instances refused with what, and of those that came closest.
func (e *explainer) refusal(ref *Refusal) model.Choice {
	ch := model.Choice{Candidates: len(ref.Reasons), Decided: -1, Verdicts: []model.Verdict{}}
	for _, why := range ref.Reasons {
		ch.Codes = counted(ch.Codes, why.Code)
	}
	slices.SortStableFunc(ch.Codes, func(x, y model.CodeCount) int { return closer(y.Code) - closer(x.Code) })
	for _, code := range ch.Codes {
		for _, why := range ref.Reasons {
			if len(ch.Verdicts) == sample {
				break
			}
			if why.Code == code.Code {
				ch.Verdicts = append(ch.Verdicts, e.refused(&why))
			}
		}
	}
	ch.Sampled = len(ch.Verdicts) < len(ref.Reasons)
	return ch
}

// refused tells why one instance refused, which may be none of the room.
func (e *explainer) refused(why *Reason) model.Verdict {
	if i, ok := e.at[why.Instance]; ok {
		return e.verdict(i, why.Code, nil)
	}
	return model.Verdict{Instance: why.Instance, Code: why.Code, Detail: "is not in the cluster"}
}

func counted(all []model.CodeCount, code string) []model.CodeCount {
	for i := range all {
		if all[i].Code == code {
			all[i].N++
			return all
		}
	}
	return append(all, model.CodeCount{Code: code, N: 1})
}

// names says what the plan's steps are, and what decides among equals. Decisions of the plan share it.
func (p *plan) names(a *Ask) []string {
	if p.told == nil {
		p.told = p.spell(a)
	}
	return p.told
}

func (p *plan) spell(a *Ask) (names []string) {
	for _, s := range a.chain()[:len(p.steps)] {
		names = append(names, string(s.Type)+" "+aws.ToString(s.Field))
	}
	switch {
	case p.random:
		return append(names, "random")
	case p.packed:
		return append(names, "lowest id")
	}
	return append(names, "most memory left", "lowest id")
}

func (e *explainer) verdict(i int32, code string, values []model.Value) model.Verdict {
	c := &e.candidates[i]
	return model.Verdict{Instance: c.ID, EC2: c.EC2, Zone: c.Zone, Code: code, Detail: e.lacks(i, code), Values: values}
}

// values appends what each step compares of candidate i. Those after memory compare ids.
func (e *explainer) values(to []model.Value, i int32) []model.Value {
	c := &e.candidates[i]
	for n := range e.p.steps {
		switch s := &e.p.steps[n]; s.kind {
		case byInstance:
			to = append(to, model.Value{N: e.t.on[i]})
		case byField:
			to = append(to, model.Value{N: e.t.by(s.field)[s.field.bucket[i]], Of: e.spreadOver(n, c)})
		case byCPU:
			to = append(to, model.Value{N: c.CPU})
		case byMemory:
			to = append(to, model.Value{N: c.Memory})
		}
	}
	if !e.p.random && !e.p.packed {
		to = append(to, model.Value{N: c.Memory})
	}
	return to
}

// spreadOver returns the value of the attribute that step n spreads over.
func (e *explainer) spreadOver(n int, c *Candidate) string {
	name, _ := strings.CutPrefix(aws.ToString(e.a.chain()[n].Field), "attribute:")
	value, _ := c.attribute(name)
	return value
}

// decided returns the step that parts two candidates.
func (e *explainer) decided(i, j int32) int {
	x, y := e.values(nil, i), e.values(nil, j)
	for n := range x {
		same := x[n].N == y[n].N
		if n < len(e.p.steps) && e.p.steps[n].kind == byField {
			same = e.p.steps[n].field.compare(e.t, e.p.steps[n].field.bucket[i], e.p.steps[n].field.bucket[j]) == 0
		}
		if !same {
			return n
		}
	}
	return len(x)
}

// lacks says what stood against candidate i, with numbers.
func (e *explainer) lacks(i int32, code string) string {
	c, n := &e.candidates[i], &e.a.Needs
	switch code {
	case Inactive:
		return "is draining or deregistered"
	case Agent:
		return "its agent is disconnected"
	case Attribute:
		return "lacks " + strings.Join(e.missing(c), ", ")
	case MemberOf:
		return e.untrue(i)
	case DistinctInstance:
		return fmt.Sprintf("has %d of %s already", e.t.on[i], e.a.Group)
	case CPU:
		return fmt.Sprintf("needs %d units, has %d left", n.CPU, c.CPU)
	case Memory:
		return fmt.Sprintf("needs %d MiB, has %d left", n.Memory, c.Memory)
	case Ports:
		return e.taken(i)
	case Location:
		return "is in " + c.Zone + ", not in " + strings.Join(e.a.Zones, ", ")
	case ENI:
		return fmt.Sprintf("needs %d of its network interfaces, has %d left", n.ENIs, c.ENIs)
	}
	return ""
}

// missing lists the required attributes that an instance has not got.
func (e *explainer) missing(c *Candidate) (names []string) {
	for _, name := range e.p.attributes {
		if !c.has([]string{name}) {
			names = append(names, name)
		}
	}
	return names
}

// untrue quotes the first expression that does not hold for candidate i.
func (e *explainer) untrue(i int32) string {
	if e.parsed == nil {
		for _, c := range e.a.Constraints {
			if c.Type != types.PlacementConstraintTypeDistinctInstance {
				text := aws.ToString(c.Expression)
				expr, _ := query.Parse(text)
				e.parsed = append(e.parsed, expression{text, expr})
			}
		}
	}
	for _, x := range e.parsed {
		switch {
		case x.expr == nil:
			return fmt.Sprintf("%q cannot be understood", x.text)
		case !e.member(i, e.p, []*query.Expr{x.expr}):
			return fmt.Sprintf("%q is not true of it", x.text)
		}
	}
	return ""
}

// taken names the ports that are taken on candidate i.
func (e *explainer) taken(i int32) string {
	var ports []string
	for _, p := range e.p.ports {
		if e.free(i, []model.HostPort{p}) {
			continue
		}
		by := "by a task"
		if slices.Contains(e.candidates[i].Ports, p) {
			by = "by the instance itself"
		}
		ports = append(ports, fmt.Sprintf("%d/%s is taken %s", p.Port, p.Protocol, by))
	}
	return strings.Join(ports, ", ")
}
