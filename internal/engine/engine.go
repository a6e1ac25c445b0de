// Package engine is the contract between the agent and a container engine, as data: what to run,
// what is so, and what went wrong in the words of the ECS agent. It runs nothing.
package engine

import (
	"time"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Spec is one container of one task, ready to be created: overrides applied, ports and limits
// decided. Its name on the engine follows from Owner, Task and Container alone, so creating it
// twice is noticed.
type Spec struct {
	Scope     model.Scope
	Task      string // task id
	Container string // name within the task
	Image     string
	Doc       types.ContainerDefinition // for the settings that act on the engine
	Command   []string                  // after overrides
	Env       map[string]string         // after overrides
	Labels    map[string]string         // com.amazonaws.ecs.*, as the real agent sets them
	Host      string                    // address of the instance: host ports are bound there
	Ports     []PortSpec
	Network   string // docker network mode: bridge, host or none
	CPUShares int64
	Memory    int64    // hard limit in bytes; 0 for none
	Reserve   int64    // soft limit in bytes; 0 for none
	Links     []string // "containername:alias" of the same task
	StopGrace time.Duration
}

// PortSpec asks for one container port to be bound on Host.
type PortSpec struct {
	ContainerPort int
	HostPort      int // 0: any free port of the instance's ephemeral range
	Protocol      string
}

// Started is what the engine really made of a Spec.
type Started struct {
	RuntimeID   string
	Digest      string
	Bindings    []model.Binding
	PullStarted time.Time // zero when the image was there
	PullStopped time.Time
}

// State is a container as the engine sees it.
type State int8

// The states of a container.
const (
	Created State = iota
	Running
	Exited
	Removed
)

// Event tells what is so with one container of ours, or with the engine itself. Events of one
// container come in order; the same state may be told more than once.
type Event struct {
	Kind      EventKind
	At        time.Time
	Scope     model.Scope // from the container's labels
	Task      string
	Container string
	RuntimeID string
	State     State
	Exit      int  // valid when State is Exited
	OOM       bool // the kernel killed it for memory
	Health    model.Health
	Bindings  []model.Binding
	Err       error // why the engine went away, with Lost
}

// EventKind says what an Event is about.
type EventKind int8

// The kinds of Event. After (re)connecting, a runtime tells every container of ours as Seen, then
// Synced: what was not seen does not exist. Lost means that nothing is known until the next Synced.
const (
	Seen EventKind = iota
	Changed
	Synced
	Lost
)

// Error is a failure that stops a task, named as the ECS agent names it.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
type Error struct {
	Name    string // CannotPullContainerError, CannotCreateContainerError, CannotStartContainerError, …
	Message string
}

func (e *Error) Error() string { return e.Name + ": " + e.Message }

// LogLine is one line that a container wrote.
type LogLine struct {
	At        time.Time
	Container string
	Stderr    bool
	Text      string
}
