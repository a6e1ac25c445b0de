package scheduler

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"

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

// ranking orders the candidates of a room for one task group under one chain of strategies. It is
// kept with the room, so that placing many tasks of a group costs one pass over the candidates each.
type ranking struct {
	group  string
	room   *Room
	chain  []criterion
	packed bool // the chain packs: equal instances are then filled one after the other
}

// criterion is one strategy, its attribute looked up once per candidate.
type criterion struct {
	kind   types.PlacementStrategyType
	memory bool   // binpack: memory, else cpu
	bucket []int  // spread: candidate → bucket
	count  []int  // spread: bucket → tasks of the group
	exists []bool // spread: candidate has the attribute
}

// ranking returns the order in which a prefers candidates.
func (r *Room) ranking(a Ask) *ranking {
	chain := a.Strategy
	if len(chain) == 0 {
		chain = defaultStrategy
	}
	key := a.Group
	for _, s := range chain {
		key += "\x00" + string(s.Type) + "\x00" + aws.ToString(s.Field)
	}
	if k, ok := r.rankings[key]; ok {
		return k
	}
	k := &ranking{group: a.Group, room: r}
	for _, s := range chain {
		c := criterion{kind: s.Type, memory: strings.EqualFold(aws.ToString(s.Field), "memory")}
		switch s.Type {
		case types.PlacementStrategyTypeSpread:
			c.spread(r.candidates, aws.ToString(s.Field), r.group(a.Group))
		case types.PlacementStrategyTypeBinpack:
			k.packed = true
		}
		k.chain = append(k.chain, c)
	}
	r.rankings[key] = k
	return k
}

// spread puts the candidates into buckets by the value of a field and counts the tasks in each.
func (c *criterion) spread(cs []Candidate, field string, tasks map[string]int) {
	buckets := map[string]int{}
	c.bucket, c.exists = make([]int, len(cs)), make([]bool, len(cs))
	for i := range cs {
		value, ok := cs[i].field(field)
		b, known := buckets[value]
		if !known {
			b = len(buckets)
			buckets[value] = b
			c.count = append(c.count, 0)
		}
		c.bucket[i], c.exists[i] = b, ok
		c.count[b] += tasks[cs[i].ID]
	}
}

// field returns the value of a spread field and whether the instance has it.
func (c *Candidate) field(name string) (string, bool) {
	switch attribute, ok := strings.CutPrefix(name, "attribute:"); {
	case !ok:
		return c.ID, true // instanceId or host
	case attribute == "ecs.availability-zone":
		return c.Zone, true
	default:
		return attributeOf(c.Attributes, attribute)
	}
}

func attributeOf(as []model.Attribute, name string) (string, bool) {
	for _, a := range as {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}

// took counts one more task of the group on candidate i.
func (k *ranking) took(i int) {
	for _, c := range k.chain {
		if c.kind == types.PlacementStrategyTypeSpread {
			c.count[c.bucket[i]]++
		}
	}
}

// better reports whether candidate i goes before j. Equal ones: the one with more memory left
// unless the chain packs, then the lower id, which is the lower index.
func (k *ranking) better(i, j int, seed uint64) bool {
	a, b := &k.room.candidates[i], &k.room.candidates[j]
	for n := range k.chain {
		if d := k.chain[n].compare(a, b, i, j, seed); d != 0 {
			return d < 0
		}
	}
	if !k.packed && a.Memory != b.Memory {
		return a.Memory > b.Memory
	}
	return i < j
}

func (c *criterion) compare(a, b *Candidate, i, j int, seed uint64) int {
	switch {
	case c.kind == types.PlacementStrategyTypeRandom:
		if mix(seed, a.ID) < mix(seed, b.ID) {
			return -1
		}
		return 1
	case c.kind == types.PlacementStrategyTypeBinpack && c.memory:
		return a.Memory - b.Memory
	case c.kind == types.PlacementStrategyTypeBinpack:
		return a.CPU - b.CPU
	case c.exists[i] != c.exists[j]:
		if c.exists[i] {
			return -1
		}
		return 1
	}
	return c.count[c.bucket[i]] - c.count[c.bucket[j]]
}

// mix returns a number for an instance that looks random but follows from seed and id (FNV-1a with
// a final avalanche).
func mix(seed uint64, id string) uint64 {
	h := seed ^ 14695981039346656037
	for i := 0; i < len(id); i++ {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	h ^= h >> 32
	h *= 0x9e3779b97f4a7c15
	return h ^ h>>29
}
