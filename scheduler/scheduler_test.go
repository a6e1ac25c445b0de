package scheduler

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func instance(id, zone string, cpu, memory int, ports ...int) Candidate {
	c := Candidate{ID: id, EC2: "i-" + id, Zone: zone, Host: "127.66.0." + id, CPU: cpu, Memory: memory, Active: true, Connected: true,
		Attributes: []model.Attribute{{Name: "ecs.instance-type", Value: "type-" + id}}}
	for _, p := range ports {
		c.Ports = append(c.Ports, tcp(p))
	}
	return c
}

func tcp(p int) model.HostPort { return model.HostPort{Port: p, Protocol: "tcp"} }

// have is how many tasks of any group are on each instance.
type have map[string]int

func (h have) Candidate(string) (Candidate, bool)              { return Candidate{}, false }
func (h have) Group(string) map[string]int                     { return h }
func (h have) Count(_, id string) int                          { return h[id] }
func (h have) Tasks(string) (map[string]int, []model.HostPort) { return nil, nil }

func strategy(kind, field string) types.PlacementStrategy {
	return types.PlacementStrategy{Type: types.PlacementStrategyType(kind), Field: aws.String(field)}
}

func TestWhyInstancesRefuse(t *testing.T) {
	draining, lost := instance("1", "a", 1024, 1024), instance("1", "a", 1024, 1024)
	draining.Active, lost.Connected = false, false
	plain := instance("1", "a", 1024, 1024, 80)
	for _, tt := range []struct {
		rule string
		on   []Candidate
		ask  Ask
		want string
	}{
		{"an empty cluster has no instance to ask", nil, Ask{}, NoInstances},
		{"a draining instance is not asked", []Candidate{draining}, Ask{}, NoInstances},
		{"a draining instance is INACTIVE for StartTask", []Candidate{draining}, Ask{Only: "1"}, "1 INACTIVE"},
		{"an instance that is not there is MISSING for StartTask", []Candidate{plain}, Ask{Only: "9"}, "9 MISSING"},
		{"without an agent nothing starts", []Candidate{lost}, Ask{}, "1 AGENT"},
		{"the agent is looked at before resources", []Candidate{lost}, Ask{Needs: model.Needs{CPU: 4096}}, "1 AGENT"},
		{"every attribute must be there", []Candidate{plain}, Ask{Needs: model.Needs{Attributes: []string{"gpu"}}}, "1 ATTRIBUTE"},
		{"an attribute must have the value", []Candidate{plain}, Ask{Needs: model.Needs{Attributes: []string{"ecs.instance-type=type-2"}}}, "1 ATTRIBUTE"},
		{"an attribute that has the value", []Candidate{plain}, Ask{Needs: model.Needs{Attributes: []string{"ecs.instance-type=type-1"}}}, ""},
		{"a zone without a subnet of the task", []Candidate{plain}, Ask{Zones: []string{"b", "c"}}, "1 LOCATION"},
		{"a zone with one", []Candidate{plain}, Ask{Zones: []string{"b", "a"}}, ""},
		{"location before attributes", []Candidate{plain}, Ask{Zones: []string{"b"}, Needs: model.Needs{Attributes: []string{"gpu"}}}, "1 LOCATION"},
		{"every network interface is taken", []Candidate{plain}, Ask{Needs: model.Needs{ENIs: 1}}, "1 RESOURCE:ENI"},
		{"ports before network interfaces", []Candidate{plain}, Ask{Needs: model.Needs{ENIs: 1, Ports: []model.HostPort{tcp(80)}}}, "1 RESOURCE:PORTS"},
		{"instances of no provider are not asked for one", []Candidate{plain}, Ask{Provider: "one"}, NoneOf},
		{"CPU before memory", []Candidate{plain}, Ask{Needs: model.Needs{CPU: 1025, Memory: 1025}}, "1 RESOURCE:CPU"},
		{"memory before ports", []Candidate{plain}, Ask{Needs: model.Needs{Memory: 1025, Ports: []model.HostPort{tcp(80)}}}, "1 RESOURCE:MEMORY"},
		{"a port is taken once", []Candidate{plain}, Ask{Needs: model.Needs{Ports: []model.HostPort{tcp(80)}}}, "1 RESOURCE:PORTS"},
		{"udp and tcp are different ports", []Candidate{plain}, Ask{Needs: model.Needs{Ports: []model.HostPort{{Port: 80, Protocol: "udp"}}}}, ""},
		{"what fits exactly fits", []Candidate{plain}, Ask{Needs: model.Needs{CPU: 1024, Memory: 1024}}, ""},
		{"an expression that is not evaluated holds nowhere", []Candidate{plain}, Ask{Constraints: []types.PlacementConstraint{{Type: "memberOf"}}}, "1 " + MemberOf},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			_, refusal := NewRoom(slices.Clone(tt.on), nil).Place(tt.ask)
			if got := picture(refusal); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func picture(f *Refusal) string {
	if f == nil {
		return ""
	}
	var all []string
	for _, x := range f.Failures(model.Scope{Account: "1", Region: "r"}, "c") {
		id := strings.TrimPrefix(aws.ToString(x.Arn), "arn:aws:ecs:r:1:container-instance/c/")
		all = append(all, strings.TrimSpace(id+" "+aws.ToString(x.Reason)))
	}
	return strings.Join(all, ", ")
}

func TestSentenceNamesTheClosestInstance(t *testing.T) {
	full := instance("2", "a", 1024, 1024, 80)
	small, lent := instance("1", "a", 1, 1), instance("3", "a", 1024, 1024)
	ask := Ask{Needs: model.Needs{CPU: 10, Memory: 10, Ports: []model.HostPort{tcp(80)}, ENIs: 1}}
	const tail = " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
	for _, tt := range []struct {
		rule string
		on   []Candidate
		want string
	}{
		{"no instance", nil, "Reason: No Container Instances were found in your cluster."},
		{"too small", []Candidate{small}, "The closest matching (container-instance 1) has insufficient CPU units available."},
		{"a network interface is closest", []Candidate{small, lent}, `The closest matching (container-instance 3) encountered error "RESOURCE:ENI".`},
		{"a taken port is closer than missing CPU", []Candidate{small, full}, "The closest matching (container-instance 2) is already using a port required by your task."},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			_, refusal := NewRoom(tt.on, nil).Place(ask)
			want := "(service web) was unable to place a task because no container instance met all of its requirements. " + tt.want + tail
			if got := refusal.Sentence("web"); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

func TestStrategies(t *testing.T) {
	small, big := instance("1", "a", 2048, 2000), instance("2", "a", 1024, 8000)
	other := instance("3", "b", 4096, 4000)
	other.Attributes = append(other.Attributes, model.Attribute{Name: "rack", Value: "7"})
	all := []Candidate{small, big, other}
	distinct := []types.PlacementConstraint{{Type: types.PlacementConstraintTypeDistinctInstance}}
	for _, tt := range []struct {
		rule string
		ask  Ask
		have map[string]int
		n    int
		want string
	}{
		{"by default zones fill evenly, then instances", Ask{}, nil, 6, "2 3 1 3 2 3"},
		{"tasks that run already count", Ask{}, map[string]int{"3": 2}, 3, "2 1 2"},
		{"spread over instances", Ask{Strategy: []types.PlacementStrategy{strategy("spread", "instanceId")}}, nil, 6, "2 3 1 2 3 1"},
		{"host is instanceId", Ask{Strategy: []types.PlacementStrategy{strategy("spread", "host")}}, nil, 3, "2 3 1"},
		{"those with the attribute go first", Ask{Strategy: []types.PlacementStrategy{strategy("spread", "attribute:rack")}}, nil, 2, "3 3"},
		{"binpack cpu takes the one with least CPU left", Ask{Strategy: []types.PlacementStrategy{strategy("binpack", "cpu")}}, nil, 2, "2 2"},
		{"binpack memory takes the one with least memory left", Ask{Strategy: []types.PlacementStrategy{strategy("binpack", "memory")}}, nil, 2, "1 1"},
		{"a chain decides among equals", Ask{Strategy: []types.PlacementStrategy{strategy("spread", "attribute:ecs.availability-zone"), strategy("binpack", "memory")}}, nil, 4, "1 3 1 3"},
		{"distinctInstance takes each instance once", Ask{Constraints: distinct}, map[string]int{"2": 1}, 3, "3 1 -"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			r := NewRoom(slices.Clone(all), have(tt.have))
			var got []string
			for range tt.n {
				tt.ask.Needs = model.Needs{CPU: 1, Memory: 1}
				c, refusal := r.Place(tt.ask)
				if refusal != nil {
					c.ID = "-"
				}
				got = append(got, c.ID)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
}

func TestRandomFollowsTheSeed(t *testing.T) {
	random := []types.PlacementStrategy{{Type: types.PlacementStrategyTypeRandom}}
	hits := map[string]int{}
	for seed := range uint64(900) {
		place := func() string {
			r := NewRoom([]Candidate{instance("1", "a", 9, 9), instance("2", "a", 9, 9), instance("3", "a", 9, 9)}, nil)
			c, _ := r.Place(Ask{Strategy: random, Seed: seed * 0x9e3779b97f4a7c15})
			return c.ID
		}
		if a, b := place(), place(); a != b {
			t.Fatalf("seed %d: %s, then %s", seed, a, b)
		}
		hits[place()]++
	}
	for id, n := range hits {
		if n < 200 || n > 400 {
			t.Errorf("instance %s: %d of 900", id, n)
		}
	}
}

// TestNeverOverCapacity places random tasks on random instances and keeps the books itself.
func TestNeverOverCapacity(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		room, books := randomRoom(rnd)
		for range 60 {
			a := randomAsk(rnd)
			c, refusal := room.Place(a)
			if refusal != nil {
				for id, b := range books {
					if !refuses(b, a) {
						t.Fatalf("seed %d: %s has room for %+v but was refused: %s", seed, id, a, picture(refusal))
					}
				}
				continue
			}
			b := books[c.ID]
			if refuses(b, a) {
				t.Fatalf("seed %d: %+v was placed on %+v", seed, a, b)
			}
			b.CPU -= a.Needs.CPU
			b.Memory -= a.Needs.Memory
			b.Ports = append(slices.Clip(b.Ports), a.Needs.Ports...)
			books[c.ID] = b
		}
		for id, b := range books {
			if b.CPU < 0 || b.Memory < 0 || len(slices.Compact(slices.SortedFunc(slices.Values(b.Ports), byPort))) != len(b.Ports) {
				t.Fatalf("seed %d: %s overcommitted: %+v", seed, id, b)
			}
		}
	}
}

func byPort(a, b model.HostPort) int { return a.Port - b.Port }

func randomRoom(rnd *rand.Rand) (*Room, map[string]Candidate) {
	books := map[string]Candidate{}
	for i := range 1 + rnd.IntN(8) {
		c := instance(fmt.Sprint(i), string(rune('a'+rnd.IntN(3))), rnd.IntN(4096), rnd.IntN(4096), 22)
		c.Active, c.Connected = rnd.IntN(8) > 0, rnd.IntN(8) > 0
		books[c.ID] = c
	}
	return NewRoom(slices.Collect(maps.Values(books)), nil), books
}

func randomAsk(rnd *rand.Rand) Ask {
	a := Ask{Group: fmt.Sprint("g", rnd.IntN(3)), Needs: model.Needs{CPU: rnd.IntN(1024), Memory: rnd.IntN(1024)}, Seed: rnd.Uint64()}
	if rnd.IntN(3) == 0 {
		a.Needs.Ports = []model.HostPort{tcp(20 + rnd.IntN(6))}
	}
	chain := []types.PlacementStrategy{strategy("spread", "instanceId"), strategy("spread", "attribute:ecs.availability-zone"),
		strategy("binpack", "cpu"), strategy("binpack", "memory"), strategy("random", "")}
	rnd.Shuffle(len(chain), func(i, j int) { chain[i], chain[j] = chain[j], chain[i] })
	a.Strategy = chain[:rnd.IntN(4)]
	return a
}

func refuses(c Candidate, a Ask) bool {
	return !c.Active || !c.Connected || a.Needs.CPU > c.CPU || a.Needs.Memory > c.Memory || slices.ContainsFunc(a.Needs.Ports, func(p model.HostPort) bool { return slices.Contains(c.Ports, p) })
}
