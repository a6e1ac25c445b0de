package scheduler

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/scheduler/query"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// defaultStrategy is what ECS does for tasks without one: the zone with the fewest tasks of the
// service, then in it the instance with the fewest.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html (schedulingStrategy)
var defaultStrategy = []types.PlacementStrategy{
	{Type: types.PlacementStrategyTypeSpread, Field: aws.String("attribute:ecs.availability-zone")},
	{Type: types.PlacementStrategyTypeSpread, Field: aws.String("instanceId")},
}

// chain is the strategies that decide for a: its own, else ECS's.
func (a *Ask) chain() []types.PlacementStrategy {
	if len(a.Strategy) == 0 {
		return defaultStrategy
	}
	return a.Strategy
}

// maxChain bounds a chain of strategies, as ECS does; more are not looked at.
const maxChain = 5

// plan is what asks of one form have in common: constraints, strategies, provider, zones, required
// attributes, ports and network interfaces, read once. Groups, CPU and memory are not part of it.
type plan struct {
	steps      []step // up to random, after which nothing is equal
	random     bool
	packed     bool // equal instances are filled one after the other
	apart      bool // a step looks at how many tasks of the group an instance has
	counts     bool // something looks at how many tasks of the group are where
	distinct   bool
	nowhere    bool            // a constraint holds for no instance
	members    []*query.Expr   // those that tasks do not change
	moving     []*query.Expr   // those that tasks change
	scratch    *query.Instance // given to expressions, one after the other
	answers    []answer        // by candidate: what attributes and members say
	attributes []string
	told       []string // see names
	ports      []model.HostPort
	enis       int
	provider   string
	zones      []string
	asked      int                 // when it was asked last, counted in asks
	all        *ranking            // counts no group's tasks
	single     map[string]*ranking // of groups with many tasks
}

// answer is what is known of a question to a candidate.
type answer int8

const (
	unknown answer = iota
	yes
	no
)

// step is one strategy but random.
type step struct {
	kind  stepKind
	field *field // of byField
}

type stepKind int

const (
	byInstance stepKind = iota
	byField
	byCPU
	byMemory
)

// plan returns the plan of a.
func (r *Room) plan(a *Ask) *plan {
	k := r.key[:0]
	for _, s := range a.Strategy {
		k = append(append(append(append(k, 's'), s.Type...), ' '), aws.ToString(s.Field)...)
		k = append(k, 0)
	}
	for _, c := range a.Constraints {
		k = append(append(append(append(k, 'c'), c.Type...), ' '), aws.ToString(c.Expression)...)
		k = append(k, 0)
	}
	for _, n := range a.Needs.Attributes {
		k = append(append(append(k, 'a'), n...), 0)
	}
	for _, p := range a.Needs.Ports {
		k = append(append(append(k, 'p', byte(p.Port), byte(p.Port>>8)), p.Protocol...), 0)
	}
	for _, z := range a.Zones {
		k = append(append(append(k, 'z'), z...), 0)
	}
	if a.Provider != "" || a.Needs.ENIs != 0 {
		k = append(append(append(k, 'o', byte(a.Needs.ENIs)), a.Provider...), 0)
	}
	r.key = k
	p, known := r.plans[string(k)]
	if !known {
		if len(r.plans) >= maxPlans {
			r.drop()
		}
		p = r.newPlan(a)
		r.plans[string(k)] = p
	}
	r.asked++
	p.asked = r.asked
	return p
}

// maxPlans bounds what a room keeps for asks of different forms.
const maxPlans = 64

// drop lets go of the plan that was not asked for the longest, and of the buckets that no other one needs.
func (r *Room) drop() {
	oldest := slices.MinFunc(slices.Collect(maps.Values(r.plans)), func(p, q *plan) int { return p.asked - q.asked })
	r.indexed -= len(oldest.single) * len(r.candidates)
	maps.DeleteFunc(r.plans, func(_ string, p *plan) bool { return p == oldest })
	needed := map[*field]bool{}
	for _, p := range r.plans {
		for _, s := range p.steps {
			needed[s.field] = true
		}
	}
	maps.DeleteFunc(r.fields, func(_ string, f *field) bool { return !needed[f] })
	for _, t := range r.tallies {
		maps.DeleteFunc(t.fields, func(f *field, _ []int) bool { return !needed[f] })
	}
}

func (r *Room) newPlan(a *Ask) *plan {
	p := &plan{attributes: a.Needs.Attributes, ports: a.Needs.Ports, enis: a.Needs.ENIs, provider: a.Provider, zones: a.Zones,
		scratch: &query.Instance{}, answers: make([]answer, len(r.candidates)), single: map[string]*ranking{}}
	for _, c := range a.Constraints {
		e, err := query.Parse(aws.ToString(c.Expression))
		switch {
		case c.Type == types.PlacementConstraintTypeDistinctInstance:
			p.distinct, p.counts = true, true
		case err != nil:
			p.nowhere = true
		case e.OfTasks():
			p.moving = append(p.moving, e)
		default:
			p.members = append(p.members, e)
		}
	}
	chain := a.chain()
	for _, s := range chain[:min(maxChain, len(chain))] {
		if s.Type == types.PlacementStrategyTypeRandom {
			p.random = true
			break
		}
		p.add(r, s)
	}
	return p
}

func (p *plan) add(r *Room, s types.PlacementStrategy) {
	attribute, spread := strings.CutPrefix(aws.ToString(s.Field), "attribute:")
	switch {
	case s.Type == types.PlacementStrategyTypeBinpack && strings.EqualFold(aws.ToString(s.Field), "memory"):
		p.packed = true
		p.steps = append(p.steps, step{kind: byMemory})
	case s.Type == types.PlacementStrategyTypeBinpack:
		p.packed = true
		p.steps = append(p.steps, step{kind: byCPU})
	case spread:
		p.counts = true
		p.steps = append(p.steps, step{byField, r.field(attribute)})
	default: // instanceId or host
		p.counts, p.apart = true, true
		p.steps = append(p.steps, step{kind: byInstance})
	}
}

// compare says which of two candidates goes before the other, negative for i. Only the same
// candidate is equal to itself.
func (r *Room) compare(p *plan, t *tally, seed uint64, i, j int32) int {
	if d := r.prefer(p, t, i, j); d != 0 {
		return d
	}
	if p.random {
		if d := cmp.Compare(mix(seed, r.candidates[i].ID), mix(seed, r.candidates[j].ID)); d != 0 {
			return d
		}
	}
	return int(i - j)
}

// prefer is compare without what only decides among equals.
func (r *Room) prefer(p *plan, t *tally, i, j int32) int {
	a, b := &r.candidates[i], &r.candidates[j]
	for n := range p.steps {
		d := 0
		switch s := &p.steps[n]; s.kind {
		case byInstance:
			d = t.on[i] - t.on[j]
		case byCPU:
			d = a.CPU - b.CPU
		case byMemory:
			d = a.Memory - b.Memory
		case byField:
			d = s.field.compare(t, s.field.bucket[i], s.field.bucket[j])
		}
		if d != 0 {
			return d
		}
	}
	if !p.packed && !p.random {
		return b.Memory - a.Memory
	}
	return 0
}

// compare puts buckets with fewer tasks first, and the one of those without the attribute last.
func (f *field) compare(t *tally, a, b int32) int {
	if a == b {
		return 0
	}
	if (a == f.none()) != (b == f.none()) {
		return int(a - b) // none is the highest
	}
	counts := t.by(f)
	return counts[a] - counts[b]
}

// mix returns a number for an instance that looks random but follows from seed and id (FNV-1a with
// a final avalanche).
func mix(seed uint64, id string) uint64 {
	h := seed ^ 14695981039346656037
	for i := 0; i < len(id); i++ {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return avalanche(h)
}

func avalanche(h uint64) uint64 {
	h ^= h >> 32
	h *= 0x9e3779b97f4a7c15
	return h ^ h>>29
}
