package scheduler

import (
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestMeetsAsksForNothingThatMayChangeByItself(t *testing.T) {
	in := Candidate{ID: "i", CPU: 100, Memory: 100, Active: true, Connected: true, Attributes: []model.Attribute{{Name: "a"}, {Name: "stack", Value: "prod"}}}
	member := func(expression string) []types.PlacementConstraint {
		return []types.PlacementConstraint{{Type: types.PlacementConstraintTypeMemberOf, Expression: aws.String(expression)}}
	}
	for _, tt := range []struct {
		rule string
		edit func(*Candidate)
		ask  Ask
		want bool
	}{
		{"an ACTIVE instance does", nil, Ask{}, true},
		{"a draining one does not", func(c *Candidate) { c.Active = false }, Ask{}, false},
		{"a lost agent may come back", func(c *Candidate) { c.Connected = false }, Ask{}, true},
		{"resources may become free", nil, Ask{Needs: model.Needs{CPU: 1000, Memory: 1000, Ports: []model.HostPort{{Port: 80, Protocol: "tcp"}}}}, true},
		{"an attribute is required", nil, Ask{Needs: model.Needs{Attributes: []string{"b"}}}, false},
		{"and there", nil, Ask{Needs: model.Needs{Attributes: []string{"a"}}}, true},
		{"an expression holds", nil, Ask{Constraints: member("attribute:stack == prod")}, true},
		{"or does not", nil, Ask{Constraints: member("attribute:stack == test")}, false},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			c := in
			if tt.edit != nil {
				tt.edit(&c)
			}
			r := NewRoom([]Candidate{c}, nil)
			if got := r.Meets("i", tt.ask); got != tt.want || r.Meets("other", tt.ask) {
				t.Errorf("got %v", got)
			}
		})
	}
}
