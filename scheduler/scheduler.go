// Package scheduler decides which container instance runs a task, or why none does. It is pure:
// same arguments, same answer. How many tasks there should be is rollout's business.
package scheduler

import (
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Candidate is one container instance with what is left on it.
type Candidate struct {
	ID, EC2, Zone, Host string
	CPU, Memory         int // left: CPU units, MiB
	Ports               []model.HostPort
	Attributes          []model.Attribute
	Active, Connected   bool
	Groups              map[string]int // live tasks there, by task group
}

// Ask is one task that wants a place.
type Ask struct {
	Group       string
	Needs       model.Needs
	Constraints []types.PlacementConstraint
	Strategy    []types.PlacementStrategy
	Only        string // container instance id, for StartTask; empty for any
}

// Room is what the container instances of one cluster have left.
type Room struct{ candidates []Candidate }

// NewRoom returns a room of candidates.
func NewRoom(cs []Candidate) *Room { return &Room{cs} }

// Refusal says why no instance took a task.
type Refusal struct {
	None    bool // the cluster has no container instance
	Reasons []Reason
}

// Reason is why one instance refused.
type Reason struct {
	Instance string // container instance id
	EC2      string
	Code     string // RESOURCE:CPU, RESOURCE:MEMORY, RESOURCE:PORTS, ATTRIBUTE, AGENT, …
	Detail   string // in the words of the service event
}
