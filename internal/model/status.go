package model

import (
	"fmt"
	"slices"
)

// Status is where a task stands in its lifecycle. A task only ever moves forward.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
type Status int8

// The statuses, in the order a task passes them.
const (
	Provisioning   Status = iota // wanted; not yet placed, or its network interface is not attached yet
	Pending                      // placed, nothing else is in the way
	Activating                   // its containers are being created and started
	Running                      // every essential container runs
	Deactivating                 // asked to stop; its load balancer targets still drain
	Stopping                     // its containers were told to stop
	Deprovisioning               // its containers ended; what it held is being given back
	Stopped
)

var statusNames = [...]string{"PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"}

// String returns the word of the ECS API.
func (s Status) String() string {
	if s < 0 || int(s) >= len(statusNames) {
		return fmt.Sprintf("Status(%d)", int8(s))
	}
	return statusNames[s]
}

// MarshalText keeps the journal readable.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Status) UnmarshalText(b []byte) error {
	i := slices.Index(statusNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("unknown task status %q", b)
	}
	*s = Status(i)
	return nil
}
