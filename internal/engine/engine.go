// Package engine is the contract between the agent and a container engine, as data: what to run,
// what is so, and what went wrong in the words of the ECS agent. It runs nothing.
package engine

import (
	"io"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Spec is one container of one task, ready to be created: overrides applied, ports and limits
// decided. Its name on the engine follows from Owner, Task and Container alone, so creating it
// twice is noticed.
type Spec struct {
	Scope      model.Scope
	Task       string // task id
	Container  string // name within the task
	Image      string
	Doc        types.ContainerDefinition // for the settings that act on the engine
	Command    []string                  // after overrides
	Env        map[string]string         // after overrides
	Labels     map[string]string         // com.amazonaws.ecs.*, as the real agent sets them
	Host       string                    // private address of the instance: host ports answer there
	Instance   string                    // EC2 id of the instance: volumes that outlive tasks are its own
	Ports      []PortSpec
	Network    string // bridge, host (the instance's), none; or NetworkTask
	VPC        VPC    // that the instance, or NIC, stands in; zero for none
	NIC        *NIC   // the task's own interface, in NetworkTask
	NoMetadata bool   // a task in NetworkTask does not reach the instance metadata
	CPUShares  int64
	CPUs       int64    // CPU units (1,024 to a core) that the containers of the task may use together; 0 for no limit
	TaskMemory int64    // bytes that the containers of the task may use together; 0 for no limit
	Memory     int64    // hard limit of the container in bytes; 0 for none
	Reserve    int64    // soft limit in bytes; 0 for none
	Files      int64    // open files it may have, or as many as the engine can give when those are fewer; 0 for the engine's own
	Links      []string // "containername:alias" of the same task
	Binds      []Bind   // mount points, volumes resolved
	PID        string   // whose processes it sees: its own (empty), those of the task, or of the host
	IPC        string   // whose shared memory it uses: as the engine does (empty), task, host, or none
	Again      string   // runtime id: the container ended and is to be started again, as it is
	StopGrace  time.Duration
	// Secrets reads what the container gets besides Env when it is made, and only then: not for one that
	// is there already. Nil for none. Its error is that of Start.
	Secrets func() (Secrets, error)
}

// NetworkTask is the value of Spec.Network for a container that shares one network namespace, with an
// address of its own, with all containers of its task. Its ports answer there: nothing binds a host
// port. The namespace comes with the task's first container and goes when the last one was stopped
// or removed.
const NetworkTask = "task"

// Net is the network namespace of a task in NetworkTask, or of a container in bridge mode where an
// engine has one for each; the zero value is none.
type Net struct {
	ID  string // of the namespace: another one of the same task has another id
	IP  string // private IPv4 address; in bridge mode one behind the instance; empty when the namespace is gone
	MAC string
}

// The values of Spec.PID and Spec.IPC.
const (
	ShareTask = "task"
	ShareHost = "host"
	ShareNone = "none" // IPC only: no shared memory at all
)

// Bind mounts one volume of the task definition into the container.
type Bind struct {
	Source   string // path on the engine's machine; empty for a volume
	Volume   string // the volume's name in the task definition; it lives with the task unless Docker says otherwise
	Target   string // path in the container
	ReadOnly bool
	Docker   *types.DockerVolumeConfiguration // scope, driver, options and labels; nil for none
}

// PortSpec says where one container port is to answer. In bridge mode that is a host port; in the
// others the port itself.
type PortSpec struct {
	ContainerPort int
	Last          int // last port of a range that begins with ContainerPort; 0 for a single port
	HostPort      int // of a range, the first; in host mode ContainerPort; 0 in NetworkTask
	Protocol      string
}

// Count is how many ports p is: one, or those of a range.
func (p PortSpec) Count() int { return max(1, p.Last-p.ContainerPort+1) }

// Started is what the engine really made of a Spec. A container may have ended before Start
// returns (it was short, or it was started by an earlier daemon): then State is Exited and Exit
// says how, and no event of that end need follow.
type Started struct {
	RuntimeID   string
	State       State // Running or Exited
	Exit        int   // valid when State is Exited
	OOM         bool
	Digest      string
	Bindings    []model.Binding
	Net         Net
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
// container come in order; the same state may be told more than once, and before Start returns.
// Health is empty when nothing is said about it; Bindings and Net are told with Seen only, Net also of
// one that Exited while the namespace still stands.
type Event struct {
	Kind      EventKind
	At        time.Time
	Scope     model.Scope // from the container's labels
	Task      string
	Container string
	RuntimeID string
	State     State
	Began     time.Time // when it last started; told with Seen of one that Exited
	Exit      int       // valid when State is Exited
	OOM       bool      // the kernel killed it for memory
	Health    model.Health
	Bindings  []model.Binding
	Net       Net
	Err       error  // why the engine went away, with Lost
	Instance  string // EC2 instance id, with HostDown
}

// EventKind says what an Event is about.
type EventKind int8

// The kinds of Event. After (re)connecting, a runtime tells every container of ours as Seen, then
// Synced: what was not seen does not exist. Lost means that nothing is known until the next Synced.
// Unplugged tells that a namespace of the Task, Net, is gone for ever: containers in it may run on,
// and reach nothing. HostDown tells that the machine of an Instance ended while the engine went on.
const (
	Seen EventKind = iota
	Changed
	Synced
	Lost
	Unplugged
	HostDown
)

// The names of errors, as the ECS agent has them.
const (
	CannotPull    = "CannotPullContainerError"
	CannotCreate  = "CannotCreateContainerError"
	CannotStart   = "CannotStartContainerError"
	CannotInspect = "CannotInspectContainerError"
	CannotStop    = "CannotStopContainerError"
	CannotRemove  = "CannotRemoveContainerError"
	CannotVolume  = "CannotCreateVolumeError"
	Timeout       = "DockerTimeoutError"
)

// Error is a failure that stops a task, named as the ECS agent names it.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
type Error struct {
	Name    string // CannotPullContainerError, CannotCreateContainerError, CannotStartContainerError, …
	Message string
}

func (e *Error) Error() string { return e.Name + ": " + e.Message }

// Info is what an engine says of itself and of the machine it runs on.
type Info struct {
	Name    string // of the machine
	Host    string // where the engine is addressed, such as unix:///var/run/docker.sock
	Version string // of the engine
	API     string // version spoken with it
	OS      string
	Arch    string // as Go names it: amd64, arm64
	CPUs    int
	Memory  int64    // bytes
	Local   bool     // container addresses can be reached from here
	Flat    string   // why there can be no VPCs there: no instances, and no network interfaces; empty when there can
	Caveats []string // what of a container's settings cannot act there, as the engine says it
}

// Image is an image that the daemon carries in itself and imports where it is missing.
type Image struct {
	Repository string // drydock/probe
	Tag        string // follows from the content
	Arch       string // as Go names it
	Changes    []string
	Tar        func(io.Writer) error // writes the root file system
}

// LogOptions says which lines of a container are wanted.
type LogOptions struct {
	Follow bool      // wait for more until the container ends
	Tail   int       // only the last so many; 0 for all
	Since  time.Time // only later ones; zero for all
}

// LogLine is one line that a container wrote.
type LogLine struct {
	At        time.Time
	Last      time.Time // of its last part, when the engine keeps it in several
	Container string
	Stderr    bool
	Text      string
}
