package model

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Service keeps Desired copies of its primary deployment's task definition running.
//
// Writers: the API for what clients set, and Current when it starts a deployment; the services stage for
// Deployments' progress (with the EXTERNAL controller: see TaskSet), Good, Throttle, Steady, Waiting,
// Stuck, Kept, Moving, Uneven, Told, Desired of a DAEMON service, the end of Current and the step from
// DRAINING to INACTIVE. Running and pending counts are not stored, see store.Counts.
type Service struct {
	Name     string
	Cluster  string // name
	Status   string // ACTIVE, DRAINING or INACTIVE
	Desired  int    // of a DAEMON service: how many instances are eligible
	Spec     ServiceSpec
	Created  time.Time
	Creator  string // ARN of the caller
	Token    string // clientToken of CreateService
	Tags     Tags
	Throttle Throttle
	Steady   bool      // the last step said so
	Waiting  string    // why tasks of it find no place, as the event says; empty while all do
	Stuck    bool      // its healthy percents forbid the next step
	Kept     string    // what task protection keeps from stopping, as the event says; empty for nothing
	Moving   bool      `json:",omitzero"` // tasks started for balance over zones are still to take over from others
	Uneven   []string  `json:",omitzero"` // zones in which it found no place for balance
	Told     []Told    `json:",omitzero"` // what the last step found still to be so, by cause
	Ended    time.Time // when it became INACTIVE
	// Deployments holds the primary first, then older ones for as long as tasks of theirs live; with
	// the EXTERNAL controller it holds the task sets in the order they were made.
	Deployments []Deployment
	// Good is the last deployment that completed, for as long as it can be rolled back to.
	Good Deployment
	// Current is the key of the service deployment under way; empty when there is none.
	Current string
}

// Key is cluster and name.
func (s Service) Key() string { return s.Cluster + "/" + s.Name }

// Primary returns the deployment that new tasks belong to; the zero Deployment if there is none. With
// the EXTERNAL controller every task set gets new tasks, see PrimarySet.
func (s Service) Primary() Deployment {
	if len(s.Deployments) == 0 {
		return Deployment{}
	}
	return s.Deployments[0]
}

// PrimarySet returns the task set that is said to serve production traffic; the zero Deployment if
// none is.
func (s Service) PrimarySet() Deployment {
	for _, d := range s.Deployments {
		if d.Status == "PRIMARY" {
			return d
		}
	}
	return Deployment{}
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
	Scheduling             string        // REPLICA or DAEMON
	Controller             string        `json:",omitzero"` // EXTERNAL, or empty for ECS
	Breaker                Breaker
	Constraints            []types.PlacementConstraint
	Strategy               []types.PlacementStrategy
	PropagateTags          string
	ManagedTags            bool
	Rebalancing            string
}

// Told is when an event last said of a service what still holds.
type Told struct {
	Cause string // the sentence without the instance it names
	At    time.Time
}

// Rebalances reports whether the service is to be spread anew when its zones become uneven.
func (s Service) Rebalances() bool {
	return s.Spec.Rebalancing == string(types.AvailabilityZoneRebalancingEnabled) && s.Status == "ACTIVE" &&
		s.Spec.Scheduling != string(types.SchedulingStrategyDaemon) && !s.External()
}

// External reports whether the service's deployments are task sets that clients make.
func (s Service) External() bool {
	return s.Spec.Controller == string(types.DeploymentControllerTypeExternal)
}

// Deployment is one rollout of a service: a task definition with the target groups its tasks join. In
// a service with the EXTERNAL controller it is a task set.
type Deployment struct {
	ID       string // ecs-svc/ and 19 digits
	Status   string // PRIMARY or ACTIVE, of a task set also DRAINING
	Def      string // "family:revision"
	LBs      []ServiceLB
	Capacity Capacity
	TaskSet  *TaskSet `json:",omitzero"` // nil with the ECS controller
	Created  time.Time
	Updated  time.Time
	State    string // IN_PROGRESS, COMPLETED, FAILED
	Reason   string
	Failed   int // tasks that failed in a row: did not reach RUNNING, or failed their health checks
	Started  int // tasks ever started
	Ready    int // healthy tasks as of the last look, while IN_PROGRESS
}

// TaskSet is what a task set is besides a deployment. Its status is that of the deployment: PRIMARY,
// ACTIVE, or DRAINING once it is deleted.
//
// Writers: the API for External, Scale, Token and Tags, the first SteadyAt, and the status; the services
// stage for the others, and forgets a DRAINING one without tasks.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html
type TaskSet struct {
	External string  // the client's own id for it
	Scale    float64 // percent of the service's desired count
	Token    string  // clientToken of CreateTaskSet
	Tags     Tags
	Steady   bool // STEADY_STATE rather than STABILIZING
	SteadyAt time.Time
	Count    int // how many tasks it is to run, as last told in an event
	// What a service of the ECS controller keeps of its one rollout, see Service.
	Throttle Throttle
	Waiting  string `json:",omitzero"`
	Stuck    bool   `json:",omitzero"`
	Kept     string `json:",omitzero"`
}

// Breaker is the deployment circuit breaker as the client configured it.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
type Breaker struct {
	Enable, Rollback bool
	Keep             bool   // resetOnHealthyTask is false
	Type             string // a types.ThresholdType; empty when the client gave none
	Value            int
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
