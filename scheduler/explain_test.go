package scheduler

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// told prints a choice.
func told(ch model.Choice) string {
	var all []string
	for _, v := range ch.Verdicts {
		s := v.Instance
		switch {
		case v.Code != "":
			s += " " + v.Code + ": " + v.Detail
		case v.Instance == ch.Chosen:
			s += " chosen"
		case v.Instance == ch.Next:
			s += " next"
		}
		for _, x := range v.Values {
			s += " " + strings.TrimSpace(fmt.Sprintf("%s %d", x.Of, x.N))
		}
		all = append(all, s)
	}
	s := strings.Join(all, "; ")
	if ch.Decided >= 0 {
		s += " | " + ch.Steps[ch.Decided]
	}
	return s
}

func TestExplanationsOfRefusals(t *testing.T) {
	lost, draining := instance("1", "a", 1024, 1024), instance("1", "a", 1024, 1024)
	lost.Connected, draining.Active = false, false
	plain := instance("1", "a", 1024, 1024, 80)
	for _, tt := range []struct {
		rule string
		on   Candidate
		ask  Ask
		want string
	}{
		{"INACTIVE", draining, Ask{Only: "1"}, "1 INACTIVE: is draining or deregistered"},
		{"LOCATION", plain, Ask{Zones: []string{"b", "c"}}, "1 LOCATION: is in a, not in b, c"},
		{"ENI", plain, Ask{Needs: model.Needs{ENIs: 1}}, "1 RESOURCE:ENI: needs 1 of its network interfaces, has 0 left"},
		{"an attribute with another value", plain, Ask{Needs: model.Needs{Attributes: []string{"ecs.instance-type=t9"}}}, "1 ATTRIBUTE: lacks ecs.instance-type=t9"},
		{"MISSING", plain, Ask{Only: "9"}, "9 MISSING: is not in the cluster"},
		{"AGENT", lost, Ask{}, "1 AGENT: its agent is disconnected"},
		{"ATTRIBUTE names all that are missing", plain, Ask{Needs: model.Needs{Attributes: []string{"gpu", "ecs.instance-type", "ssd"}}}, "1 ATTRIBUTE: lacks gpu, ssd"},
		{"memberOf quotes the expression", plain, Ask{Constraints: []types.PlacementConstraint{{Type: "memberOf", Expression: aws.String("runningTasksCount == 0")},
			{Type: "memberOf", Expression: aws.String("attribute:rack == 7")}}}, "1 " + MemberOf + `: "attribute:rack == 7" is not true of it`},
		{"an expression that does not parse", plain, Ask{Constraints: []types.PlacementConstraint{{Type: "memberOf", Expression: aws.String("=")}}}, "1 " + MemberOf + `: "=" cannot be understood`},
		{"distinctInstance", plain, Ask{Group: "family:web", Constraints: []types.PlacementConstraint{{Type: "distinctInstance"}}}, "1 " + DistinctInstance + ": has 2 of family:web already"},
		{"CPU", plain, Ask{Needs: model.Needs{CPU: 1025}}, "1 RESOURCE:CPU: needs 1025 units, has 1024 left"},
		{"memory", plain, Ask{Needs: model.Needs{Memory: 2000}}, "1 RESOURCE:MEMORY: needs 2000 MiB, has 1024 left"},
		{"ports", plain, Ask{Needs: model.Needs{Ports: []model.HostPort{tcp(81), tcp(80)}}}, "1 RESOURCE:PORTS: 80/tcp is taken by the instance itself"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			_, refusal, ch := NewRoom([]Candidate{tt.on}, have{"1": 2}).Decide(tt.ask)
			if got := told(ch); refusal == nil || got != tt.want || ch.Able > 0 || len(ch.Codes) != 1 {
				t.Errorf("got  %s\nwant %s (%+v)", got, tt.want, ch)
			}
		})
	}
}

func TestExplanationsOfStrategies(t *testing.T) {
	small, big := instance("1", "a", 2048, 2000), instance("2", "a", 1024, 8000)
	other, twin := instance("3", "b", 4096, 4000), instance("4", "b", 4096, 4000)
	other.Attributes = append(other.Attributes, model.Attribute{Name: "rack", Value: "7"})
	for _, tt := range []struct {
		rule  string
		on    []Candidate
		chain []types.PlacementStrategy
		have  have
		want  string
	}{
		{"by default the zone with fewest tasks", []Candidate{small, other}, nil, have{"1": 1}, "3 chosen b 0 0 4000; 1 next a 1 1 2000 | spread attribute:ecs.availability-zone"},
		{"then the instance with fewest", []Candidate{small, big}, nil, have{"2": 1}, "1 chosen a 1 0 2000; 2 next a 1 1 8000 | spread instanceId"},
		{"among equals the most memory", []Candidate{small, big}, nil, nil, "2 chosen a 0 0 8000; 1 next a 0 0 2000 | most memory left"},
		{"then the lower id", []Candidate{other, twin}, nil, nil, "3 chosen b 0 0 4000; 4 next b 0 0 4000 | lowest id"},
		{"those with the attribute go first", []Candidate{small, other}, []types.PlacementStrategy{strategy("spread", "attribute:rack")}, have{"3": 5}, "3 chosen 7 5 4000; 1 next 0 2000 | spread attribute:rack"},
		{"binpack cpu", []Candidate{small, big, other}, []types.PlacementStrategy{strategy("binpack", "cpu")}, nil, "2 chosen 1024; 1 next 2048; 3 4096 | binpack cpu"},
		{"binpack memory", []Candidate{small, big}, []types.PlacementStrategy{strategy("binpack", "memory")}, nil, "1 chosen 2000; 2 next 8000 | binpack memory"},
		{"a chain", []Candidate{small, big, other}, []types.PlacementStrategy{strategy("spread", "attribute:ecs.availability-zone"), strategy("binpack", "memory")}, have{"3": 1},
			"1 chosen a 0 2000; 2 next a 0 8000; 3 b 1 4000 | binpack memory"},
		{"random", []Candidate{small, big}, []types.PlacementStrategy{{Type: types.PlacementStrategyTypeRandom}}, nil, "2 chosen; 1 next | random"},
		{"one alone needs no strategy", []Candidate{small}, nil, nil, "1 chosen a 0 0 2000"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			_, _, ch := NewRoom(slices.Clone(tt.on), tt.have).Decide(Ask{Strategy: tt.chain, Seed: 1})
			if got := told(ch); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestInstancesOfOtherProvidersAreNotAsked(t *testing.T) {
	mine, other := instance("1", "a", 10, 1000), instance("2", "a", 1024, 1024)
	mine.Provider = "group"
	_, refusal, ch := NewRoom([]Candidate{mine, other}, nil).Decide(Ask{Provider: "group", Needs: model.Needs{CPU: 11}})
	if got := told(ch); refusal == nil || got != "1 RESOURCE:CPU: needs 11 units, has 10 left" || ch.Candidates != 1 {
		t.Errorf("%s %+v", got, ch)
	}
}

func TestOfManyInstancesAFewAreTold(t *testing.T) {
	var cs []Candidate
	for i := range 100 {
		c := instance(fmt.Sprintf("%03d", i), "a", 100, 1000)
		if c.CPU = 100; i%2 == 0 {
			c.CPU = 5
		}
		cs = append(cs, c)
	}
	r := NewRoom(cs, nil)
	_, _, ch := r.Decide(Ask{Needs: model.Needs{CPU: 10}})
	if got := told(ch); got != "001 chosen a 0 0 1000" || ch.Candidates != 100 || ch.Able != -1 || !ch.Sampled {
		t.Errorf("placed: %s %+v", got, ch)
	}
	_, _, ch = r.Decide(Ask{Needs: model.Needs{CPU: 50, Memory: 2000}})
	want := []model.CodeCount{{Code: Memory, N: 50}, {Code: CPU, N: 50}}
	if !slices.Equal(ch.Codes, want) || len(ch.Verdicts) != sample || ch.Verdicts[0].Detail != "needs 2000 MiB, has 1000 left" || !ch.Sampled {
		t.Errorf("refused: %+v", ch)
	}
}

// TestExplanationsAgreeWithTheIndex compares what is explained with what the index decides.
func TestExplanationsAgreeWithTheIndex(t *testing.T) {
	chains := [][]types.PlacementStrategy{nil, {strategy("binpack", "cpu")}, {{Type: types.PlacementStrategyTypeRandom}},
		{strategy("spread", "attribute:ecs.availability-zone"), strategy("binpack", "memory")}, {strategy("spread", "instanceId")}}
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var cs []Candidate
		for i := range 1 + rnd.IntN(12) {
			c := instance(fmt.Sprintf("%02d", i), string(rune('a'+rnd.IntN(3))), rnd.IntN(300), rnd.IntN(300))
			c.Active, c.Connected = rnd.IntN(6) > 0, rnd.IntN(6) > 0
			cs = append(cs, c)
		}
		r := NewRoom(cs, nil)
		for range 8 {
			a := Ask{Group: fmt.Sprint(rnd.IntN(2)), Strategy: chains[rnd.IntN(len(chains))], Needs: model.Needs{CPU: rnd.IntN(100), Memory: rnd.IntN(100)}, Seed: rnd.Uint64()}
			p, tally := r.read(&a)
			e := explainer{Room: r, p: p, t: tally, a: &a}
			if able, _, _ := e.part(-1); len(able) > 0 && !p.random && able[0] != r.choose(p, tally, &a) {
				t.Fatalf("seed %d: %d is preferred", seed, able[0])
			}
			c, refusal, ch := r.Decide(a)
			if len(ch.Verdicts) > 1 && ch.Decided < 0 && ch.Able > 1 {
				t.Fatalf("seed %d: nothing decided: %+v", seed, ch)
			}
			if ch.Chosen != c.ID || refusal != nil && len(refusal.Reasons) != len(ch.Verdicts) || len(ch.Verdicts) != ch.Candidates {
				t.Fatalf("seed %d: placed on %q, explained %+v", seed, c.ID, ch)
			}
		}
	}
}
