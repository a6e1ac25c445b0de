package scheduler

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func memberOf(expression string) types.PlacementConstraint {
	return types.PlacementConstraint{Type: types.PlacementConstraintTypeMemberOf, Expression: aws.String(expression)}
}

var distinctInstance = types.PlacementConstraint{Type: types.PlacementConstraintTypeDistinctInstance}

// books are rows in memory: the tests' own record of what runs where.
type books struct {
	instances map[string]Candidate // with nothing placed
	tasks     map[string][]Ask     // by instance
}

func (b *books) Candidate(id string) (Candidate, bool) {
	c, ok := b.instances[id]
	for _, a := range b.tasks[id] {
		c.CPU -= a.Needs.CPU
		c.Memory -= a.Needs.Memory
		c.ENIs -= a.Needs.ENIs
	}
	return c, ok
}

func (b *books) Group(group string) map[string]int {
	counts := map[string]int{}
	for id := range b.tasks {
		if n := b.Count(group, id); n > 0 {
			counts[id] = n
		}
	}
	return counts
}

func (b *books) Count(group, id string) (n int) {
	for _, a := range b.tasks[id] {
		if a.Group == group {
			n++
		}
	}
	return n
}

func (b *books) Tasks(id string) (map[string]int, []model.HostPort) {
	groups, ports := map[string]int{}, []model.HostPort{}
	for _, a := range b.tasks[id] {
		groups[a.Group]++
		ports = append(ports, a.Needs.Ports...)
	}
	return groups, ports
}

// room reads the books anew.
func (b *books) room() *Room {
	var cs []Candidate
	for id := range b.instances {
		c, _ := b.Candidate(id)
		cs = append(cs, c)
	}
	return NewRoom(cs, b)
}

// check fails when an instance gave more than it has, or a port twice.
func (b *books) check(t *testing.T) {
	t.Helper()
	for id, c := range b.instances {
		left, _ := b.Candidate(id)
		_, ports := b.Tasks(id)
		all := slices.SortedFunc(slices.Values(slices.Concat(c.Ports, ports)), byPort)
		if left.CPU < min(0, c.CPU) || left.Memory < min(0, c.Memory) || left.ENIs < 0 || len(slices.Compact(slices.Clone(all))) != len(all) {
			t.Fatalf("%s is overcommitted: %+v, ports %v", id, left, all)
		}
	}
}

// scan is what Place answers, found by looking at every instance: the best and all that are as good
// but for what decides among equals.
func scan(r *Room, a *Ask) (best int32, equals []int32) {
	p, best := r.plan(a), int32(-1)
	t := r.tally(a.Group)
	for i := range int32(len(r.candidates)) {
		if a.Only != "" && r.candidates[i].ID != a.Only || !r.takes(i, p, t, a) {
			continue
		}
		switch {
		case best < 0 || r.prefer(p, t, i, best) < 0:
			best, equals = i, []int32{i}
		case r.prefer(p, t, i, best) == 0:
			equals = append(equals, i)
		}
	}
	return best, equals
}

func cluster(rnd *rand.Rand, n int) *books {
	b := &books{instances: map[string]Candidate{}, tasks: map[string][]Ask{}}
	for i := range n {
		c := instance(fmt.Sprintf("%05d", i), string(rune('a'+rnd.IntN(3))), rnd.IntN(4096), rnd.IntN(4096), 22)
		c.Active, c.Connected, c.Running = rnd.IntN(16) > 0, rnd.IntN(16) > 0, rnd.IntN(3)
		c.ENIs, c.Provider = rnd.IntN(4), []string{"", "one", "two"}[rnd.IntN(3)]
		c.Attributes = []model.Attribute{{Name: "type", Value: fmt.Sprint("t", rnd.IntN(4))}, {Name: "own", Value: c.ID}}
		if rnd.IntN(3) > 0 {
			c.Attributes = append(c.Attributes, model.Attribute{Name: "rack", Value: fmt.Sprint(rnd.IntN(n))})
		}
		b.instances[c.ID] = c
	}
	return b
}

// anyAsk asks for something with few forms, so that rankings are used again.
func anyAsk(rnd *rand.Rand) Ask {
	a := Ask{Group: fmt.Sprint("g", rnd.IntN(9)/7), Needs: model.Needs{CPU: rnd.IntN(256), Memory: rnd.IntN(256)}, Seed: rnd.Uint64()}
	steps := []types.PlacementStrategy{strategy("spread", "instanceId"), strategy("spread", "attribute:ecs.availability-zone"), strategy("binpack", "cpu"),
		strategy("binpack", "memory"), strategy("spread", "attribute:rack"), strategy("spread", "attribute:type"), strategy("random", "")}
	at := rnd.IntN(len(steps))
	a.Strategy = slices.Concat(steps[at:], steps[:at])[:rnd.IntN(6)]
	constraints := []types.PlacementConstraint{distinctInstance, memberOf("attribute:type in [t0, t1] or attribute:rack !exists"),
		memberOf("runningTasksCount < 2"), memberOf("not (task:group =~ g1)"), memberOf("task:group exists")}
	if n := rnd.IntN(9); n < len(constraints) {
		a.Constraints = constraints[n : n+1]
	}
	if rnd.IntN(4) == 0 {
		a.Needs.Ports = []model.HostPort{tcp(21 + rnd.IntN(3))}
	}
	if rnd.IntN(4) == 0 {
		a.Needs.ENIs, a.Zones = 1, []string{"a", "b", "c"}[:1+rnd.IntN(2)]
	}
	if rnd.IntN(5) == 0 {
		a.Provider = "one"
	}
	if rnd.IntN(5) == 0 {
		a.Needs.Attributes = []string{"type=t1"}
	}
	return a
}

// TestIndexEqualsScan places, stops and changes at random, in a room that is kept, and compares each
// answer with that of a look at every instance of a room made anew.
func TestIndexEqualsScan(t *testing.T) {
	for seed := range uint64(8) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		b := cluster(rnd, 1+rnd.IntN(400))
		kept, touched := b.room(), []Touch(nil)
		for step := range 300 {
			if rnd.IntN(5) == 0 {
				touched = append(touched, b.disturb(rnd)...)
			}
			if rnd.IntN(3) == 0 || touched != nil {
				if !kept.Sync(b, touched) {
					t.Fatalf("seed %d, step %d: the room cannot follow %v", seed, step, touched)
				}
				touched = nil
			}
			a := anyAsk(rnd)
			fresh := b.room()
			best, equals := scan(fresh, &a)
			got, refusal := kept.Place(a)
			if best < 0 || refusal != nil {
				if best >= 0 || refusal == nil {
					t.Fatalf("seed %d, step %d: %+v: got %+v %s, want %d", seed, step, a, got, picture(refusal), best)
				}
				continue
			}
			if i := fresh.at[got.ID]; i != best && !(kept.plan(&a).random && slices.Contains(equals, i)) {
				t.Fatalf("seed %d, step %d: %+v: got %s, want %s of %d", seed, step, a, got.ID, fresh.candidates[best].ID, len(equals))
			}
			if rnd.IntN(8) == 0 { // taken, and never written
				if !kept.Sync(b, nil) {
					t.Fatal("the room cannot take back")
				}
				continue
			}
			b.tasks[got.ID] = append(b.tasks[got.ID], a)
		}
		b.check(t)
	}
}

// disturb stops a task, or changes an instance.
func (b *books) disturb(rnd *rand.Rand) []Touch {
	for id, c := range b.instances {
		if n := len(b.tasks[id]); n > 0 && rnd.IntN(4) > 0 {
			group := b.tasks[id][n-1].Group
			b.tasks[id] = b.tasks[id][:n-1]
			return []Touch{{id, group}}
		}
		c.Active, c.Connected, c.Running = rnd.IntN(16) > 0, rnd.IntN(16) > 0, rnd.IntN(3)
		b.instances[id] = c
		return []Touch{{id, ""}}
	}
	return nil
}

func TestARoomDoesNotFollowInstancesThatCome(t *testing.T) {
	b := cluster(rand.New(rand.NewPCG(1, 1)), 3)
	for _, tt := range []struct {
		rule   string
		change func()
	}{
		{"one joins", func() { b.instances["9"] = instance("9", "a", 1, 1) }},
		{"one leaves", func() { delete(b.instances, "9") }},
		{"one gets an attribute", func() {
			c := b.instances["00000"]
			c.Attributes = append(slices.Clip(c.Attributes), model.Attribute{Name: "new"})
			b.instances["00000"] = c
		}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			r := b.room()
			tt.change()
			if r.Sync(b, []Touch{{"9", ""}, {"00000", ""}}) {
				t.Error("followed")
			}
		})
	}
}

// byGroup are rows that know groups only.
type byGroup map[string]map[string]int

func (g byGroup) Candidate(string) (Candidate, bool)              { return Candidate{}, false }
func (g byGroup) Group(group string) map[string]int               { return g[group] }
func (g byGroup) Count(group, id string) int                      { return g[group][id] }
func (g byGroup) Tasks(string) (map[string]int, []model.HostPort) { return nil, nil }

// TestBoundsKeepAnswersRight goes past everything that bounds what a room keeps: rankings of single
// groups, tallies, plans, changes, blocks.
func TestBoundsKeepAnswersRight(t *testing.T) {
	rows, rnd := byGroup{}, rand.New(rand.NewPCG(4, 4))
	var cs []Candidate
	for i := range 1500 {
		cs = append(cs, instance(fmt.Sprintf("%05d", i), string(rune('a'+i%3)), 1<<20+rnd.IntN(999), 1<<20+rnd.IntN(999)))
	}
	r, steps := NewRoom(cs, rows), 0
	place := func(group string, a Ask) {
		a.Group, a.Needs = group, model.Needs{CPU: rnd.IntN(99), Memory: rnd.IntN(99)}
		best := int32(-1)
		if steps++; steps%37 == 0 {
			best, _ = scan(r, &a)
		}
		c, refusal := r.Place(a)
		if refusal != nil || best >= 0 && r.at[c.ID] != best {
			t.Fatalf("step %d: %s for %s: got %s, want %d", steps, group, picture(refusal), c.ID, best)
		}
		if rows[group] == nil {
			rows[group] = map[string]int{}
		}
		rows[group][c.ID]++
	}
	apart := Ask{Constraints: []types.PlacementConstraint{distinctInstance}}
	for i := range 70 {
		for g := range 170 {
			place(fmt.Sprint("wide", g), apart)
		}
		place(fmt.Sprint("tight", i), Ask{Strategy: []types.PlacementStrategy{strategy("binpack", "cpu")}})
	}
	for range 700 {
		place("widest", apart)
		place("widest of all", Ask{})
	}
	for i := range maxTallies + 99 {
		place(fmt.Sprint("small", i), Ask{})
	}
	for i := range 2 * maxPlans {
		place("picky", Ask{Constraints: []types.PlacementConstraint{memberOf(fmt.Sprintf("runningTasksCount < %d", i+1))}})
	}
	place("widest", apart)
}

func TestExpressionsConstrain(t *testing.T) {
	one, two := instance("1", "a", 1024, 1024), instance("2", "b", 1024, 1024)
	two.Attributes = append(two.Attributes, model.Attribute{Name: "stack", Value: "prod"})
	two.Agent, two.Registered, two.Running = "1.2.3", time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), 1
	for expression, want := range map[string]string{
		"attribute:stack == prod":               "2",
		"attribute:stack !exists":               "1",
		"ec2InstanceId == i-2":                  "2",
		"agentVersion >= 1.2":                   "2",
		"registeredAt > 2019-01-01":             "2",
		"runningTasksCount == 0":                "1",
		"task:group == db":                      "2",
		"not(task:group == db)":                 "1",
		"agentConnected == false":               "",
		"this is not an expression":             "",
		"task:group in [db, a]":                 "2",
		"attribute:ecs.instance-type =~ type-1": "1",
	} {
		b := &books{instances: map[string]Candidate{"1": one, "2": two}, tasks: map[string][]Ask{"2": {{Group: "db"}}}}
		c, refusal := b.room().Place(Ask{Group: "web", Constraints: []types.PlacementConstraint{memberOf(expression)}})
		if c.ID != want {
			t.Errorf("%s: got %q, want %q", expression, c.ID, want)
		}
		if want == "" && (refusal == nil || refusal.Reasons[0].Code != MemberOf) {
			t.Errorf("%s: %s", expression, picture(refusal))
		}
	}
}

func TestPlansThatAreAskedForStay(t *testing.T) {
	r := NewRoom([]Candidate{instance("1", "a", 1024, 1024)}, nil)
	kept := r.plan(&Ask{})
	for i := range 3 * maxPlans {
		r.plan(&Ask{Strategy: []types.PlacementStrategy{strategy("spread", fmt.Sprint("attribute:a", i))}})
		if r.plan(&Ask{}) != kept {
			t.Fatalf("made anew after %d others", i+1)
		}
	}
	if len(r.plans) != maxPlans || len(r.fields) > maxPlans {
		t.Errorf("%d plans, %d fields", len(r.plans), len(r.fields))
	}
}
