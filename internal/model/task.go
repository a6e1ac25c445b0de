package model

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Task is one run of a task definition. What it was born with (the first group of fields) is
// never edited. Zero fields are left out of the journal: there are many tasks.
//
// Writers: Want and Stop, API and control, Want only ever towards Stopped. Instance, Host, ENI and, for a
// task without one, the step to Pending: placement (the API's own for RunTask and StartTask, else the control stage).
// Everything after that (Is, Containers): the agent.
type Task struct {
	ID    string `json:",omitzero"` // 32 hex digits
	Birth Birth  `json:",omitzero"`
	Needs Needs  `json:",omitzero"` // what it takes from its instance, overrides applied
	Tags  Tags   `json:",omitzero"`

	Want Status `json:",omitzero"` // Running or Stopped
	Is   Status `json:",omitzero"`

	Instance string `json:",omitzero"` // container instance id; empty while unplaced, and always on Fargate
	Host     string `json:",omitzero"` // address of the instance, where its host ports are bound
	ENI      *ENI   `json:",omitzero"` // its network interface in awsvpc mode; written by placement

	Containers []Container `json:",omitzero"` // in the order of the task definition
	Times      TaskTimes   `json:",omitzero"`
	Stop       Stop        `json:",omitzero"`
	Version    int64       `json:",omitzero"` // grows with every change of Is
	Noted      bool        `json:",omitzero"` // the services stage took note of its end
	Protected  time.Time   `json:",omitzero"` // no scale-in or deployment stops it before this; written by the API
}

// Birth is what a task was born with.
type Birth struct {
	Cluster    string              `json:",omitzero"` // name
	Def        string              `json:",omitzero"` // "family:revision"
	Group      string              `json:",omitzero"` // "service:NAME", "family:NAME" or the client's own
	StartedBy  string              `json:",omitzero"` // deployment id for tasks of a service
	Service    string              `json:",omitzero"` // name; empty for a standalone task
	Deployment string              `json:",omitzero"` // id of the service's deployment; empty for a standalone task
	LaunchType string              `json:",omitzero"` // EC2 or FARGATE, also for tasks of a capacity provider
	Provider   string              `json:",omitzero"` // capacity provider; empty for tasks placed by launch type
	Platform   string              `json:",omitzero"` // Fargate's platform version as it resolved, such as 1.4.0
	Overrides  *types.TaskOverride `json:",omitzero"`
	Token      string              `json:",omitzero"` // clientToken of RunTask, for idempotency
	Request    string              `json:",omitzero"` // fingerprint of the RunTask call that gave the token
}

// ENI is the elastic network interface that a task in awsvpc mode has of its own: what of its row is
// still told of when the task has stopped and the row is gone.
type ENI struct {
	ID         string `json:",omitzero"` // eni- and 17 hex digits; empty if it could not be made
	Attachment string `json:",omitzero"` // UUID, last part of the attachment's ARN
	Subnet     string `json:",omitzero"`
	Zone       string `json:",omitzero"` // of the subnet
	MAC        string `json:",omitzero"`
	IP         string `json:",omitzero"` // private IPv4 address
}

// TaskTimes are the moments of a task's life; zero when not reached.
type TaskTimes struct {
	Created, Connected       time.Time `json:",omitzero"`
	PullStarted, PullStopped time.Time `json:",omitzero"`
	Started, Stopping        time.Time `json:",omitzero"`
	ExecutionStopped         time.Time `json:",omitzero"`
	Stopped                  time.Time `json:",omitzero"`
}

// Stop says why a task stopped or is to stop.
type Stop struct {
	Code   string `json:",omitzero"` // a types.TaskStopCode
	Reason string `json:",omitzero"`
}

// Key is the task's id.
func (t Task) Key() string { return t.ID }

// Placed reports whether t has a place to run: an instance, or on Fargate, where every task has a network
// interface, that one.
func (t Task) Placed() bool { return t.Instance != "" || t.OnFargate() && t.ENI != nil }

// OnFargate reports whether t runs without a container instance.
func (t Task) OnFargate() bool { return t.Birth.LaunchType == string(types.LaunchTypeFargate) }

// Live reports whether t still holds resources on its instance.
func (t Task) Live() bool { return t.Is != Stopped }

// Advance moves t forward to s at now, or reports that this would turn time back. Advancing to
// where t already stands changes nothing.
func (t *Task) Advance(s Status, now time.Time) error {
	if s < t.Is {
		return fmt.Errorf("task %s: cannot go from %v back to %v", t.ID, t.Is, s)
	}
	if s == t.Is {
		return nil
	}
	t.Is = s
	t.Version++
	switch s {
	case Running:
		t.Times.Started = now
	case Deprovisioning:
		t.Times.ExecutionStopped = now
	case Stopped:
		t.Want = Stopped
		t.Times.Stopped = now
		if t.Times.Stopping.IsZero() {
			t.Times.Stopping = now
		}
	}
	return nil
}

// End asks for t to stop. The first reason given stays.
func (t *Task) End(code types.TaskStopCode, reason string, now time.Time) {
	if t.Want == Stopped {
		return
	}
	t.Want = Stopped
	t.Stop = Stop{Code: string(code), Reason: reason}
	t.Times.Stopping = now
	t.Version++
}

// Health is a container's or a task's health as ECS names it.
type Health string

// The values of Health. A container without a health check has none, which ECS shows as UNKNOWN.
const (
	HealthUnknown   Health = "UNKNOWN"
	HealthHealthy   Health = "HEALTHY"
	HealthUnhealthy Health = "UNHEALTHY"
)

// Container is one container of a task, written by the agent.
type Container struct {
	ID        string    `json:",omitzero"` // UUID, last part of the container's ARN
	Name      string    `json:",omitzero"`
	Image     string    `json:",omitzero"`
	Digest    string    `json:",omitzero"` // of the image, as far as the engine knows one
	RuntimeID string    `json:",omitzero"` // the engine's id; empty until created
	Essential bool      `json:",omitzero"`
	Is        Status    `json:",omitzero"` // Pending, Running or Stopped
	Exit      *int      `json:",omitzero"` // exit code, once it ended and one is known
	Reason    string    `json:",omitzero"` // why it did not start or was killed, "Code: message"
	Health    Health    `json:",omitzero"`
	Bindings  []Binding `json:",omitzero"`
}

// Binding is one container port as the engine really bound it or, where the task has a network
// interface, where it answers: then no host port is bound.
type Binding struct {
	ContainerPort int
	HostPort      int    `json:",omitzero"`
	Last          int    `json:",omitzero"` // last container port of a range bound as one; 0 for a single port
	Protocol      string // tcp or udp
	BindIP        string `json:",omitzero"`
	Dial          string // host:port where this machine reaches the port best
}

// Count is how many ports b binds: one, or those of a range.
func (b Binding) Count() int { return max(1, b.Last-b.ContainerPort+1) }

// Health returns the task's health: that of its essential containers with a health check. One that
// fails makes the task UNHEALTHY, else one that was not decided on yet makes it UNKNOWN.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
func (t Task) Health() Health {
	healthy, unknown := false, false
	for _, c := range t.Containers {
		switch {
		case !c.Essential || c.Health == "":
		case c.Health == HealthUnhealthy:
			return HealthUnhealthy
		case c.Health == HealthHealthy:
			healthy = true
		default:
			unknown = true
		}
	}
	if healthy && !unknown {
		return HealthHealthy
	}
	return HealthUnknown
}

// Needs is what a task takes from the instance that runs it.
type Needs struct {
	CPU        int        `json:",omitzero"` // CPU units, 1,024 to a vCPU
	Memory     int        `json:",omitzero"` // MiB
	Ports      []HostPort `json:",omitzero"`
	Attributes []string   `json:",omitzero"` // that the instance must have: a name, or name=value
	ENIs       int        `json:",omitzero"` // network interfaces: 1 in awsvpc mode, else 0
}

// HostPort is one fixed host port.
type HostPort struct {
	Port     int
	Protocol string // tcp or udp
}

// HostPorts are the host ports that t holds: its fixed ones and those the engine bound.
func (t Task) HostPorts() []HostPort {
	ps := t.Needs.Ports
	if t.ENI != nil { // its ports are on an address of its own
		return ps
	}
	for _, c := range t.Containers {
		for _, b := range c.Bindings {
			for n := range b.Count() {
				p := HostPort{b.HostPort + n, b.Protocol}
				if !slices.Contains(ps, p) {
					ps = append(slices.Clip(ps), p)
				}
			}
		}
	}
	return ps
}
