package model

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Service keeps Desired copies of its primary deployment's task definition running.
//
// Writers: the API for what clients set; the services stage for Deployments' progress, Throttle,
// Steady, Waiting, Stuck and the step from DRAINING to INACTIVE. Running and pending counts are not stored, see store.Counts.
type Service struct {
	Name     string
	Cluster  string // name
	Status   string // ACTIVE, DRAINING or INACTIVE
	Desired  int
	Spec     ServiceSpec
	Created  time.Time
	Creator  string // ARN of the caller
	Token    string // clientToken of CreateService
	Tags     Tags
	Throttle Throttle
	Steady   bool      // the last step said so; told once in an event
	Waiting  string    // why tasks of it find no place, as the event says; empty while all do
	Stuck    bool      // its healthy percents forbid the next step; told once in an event
	Ended    time.Time // when it became INACTIVE
	// Deployments holds the primary first, then older ones for as long as tasks of theirs live.
	Deployments []Deployment
}

// Key is cluster and name.
func (s Service) Key() string { return s.Cluster + "/" + s.Name }

// Primary returns the deployment that new tasks belong to; the zero Deployment if there is none.
func (s Service) Primary() Deployment {
	if len(s.Deployments) == 0 {
		return Deployment{}
	}
	return s.Deployments[0]
}

// Deployment returns the deployment with the id, if it is still there.
func (s Service) Deployment(id string) (Deployment, bool) {
	for _, d := range s.Deployments {
		if d.ID == id {
			return d, true
		}
	}
	return Deployment{}, false
}

// ServiceSpec is what clients may set on a service besides its count, definition and load balancers.
type ServiceSpec struct {
	MinPercent, MaxPercent int
	Grace                  time.Duration // healthCheckGracePeriodSeconds, before scaling
	Scheduling             string        // REPLICA
	Constraints            []types.PlacementConstraint
	Strategy               []types.PlacementStrategy
	PropagateTags          string
	ManagedTags            bool
	Rebalancing            string
}

// Deployment is one rollout of a service: a task definition with the target groups its tasks join.
type Deployment struct {
	ID      string // ecs-svc/ and 19 digits
	Status  string // PRIMARY or ACTIVE
	Def     string // "family:revision"
	LBs     []ServiceLB
	Created time.Time
	Updated time.Time
	State   string // IN_PROGRESS, COMPLETED, FAILED
	Reason  string
	Failed  int // tasks that never reached RUNNING
	Started int // tasks ever started
}

// ServiceLB binds a container port of a service's tasks to a target group.
type ServiceLB struct {
	Group     string // target group key
	Container string
	Port      int // container port
}

// Throttle slows the starting of tasks that keep failing.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
type Throttle struct {
	Deployment string    // the one that fails; a throttle of another one is over
	Failures   int       // attempts in a row whose tasks stopped before they ran
	At         time.Time // the last failure
	Until      time.Time // no start before this
}
