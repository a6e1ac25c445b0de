package main

import (
	"testing"

	"github.com/drydock-ecs/drydock/internal/console"
)

func TestDoctorNamesAgentsThatAreRefused(t *testing.T) {
	p := &patient{instances: []console.Instance{{ID: "i-1", Member: &console.Membership{}}}}
	if got := p.checkAgents(t.Context()); got != nil {
		t.Errorf("got %v", got)
	}
	p.instances = append(p.instances, console.Instance{ID: "i-2", Refused: "no"}, console.Instance{ID: "i-3", Member: &console.Membership{Refused: "nor here"}})
	if got := p.checkAgents(t.Context()); len(got) != 1 || got[0].Status != warning || got[0].Says != "ECS refuses the agent of i-2: no; 1 more refused" {
		t.Errorf("got %v", got)
	}
}
