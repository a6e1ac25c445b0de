package model

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Cluster groups container instances, services and tasks.
type Cluster struct {
	Name     string
	Status   string // ACTIVE or INACTIVE
	Created  time.Time
	Settings []types.ClusterSetting
	Tags     Tags

	Providers []string        // names of the capacity providers associated with it
	Strategy  []ProviderShare // of tasks and services that name neither a launch type nor a strategy
}

// Key is the cluster's name.
func (c Cluster) Key() string { return c.Name }

// TaskDef is a registered task definition. Doc is as registered, defaults filled in, and is never
// edited; its status is our own field.
type TaskDef struct {
	Family       string
	Revision     int
	Status       string // ACTIVE, INACTIVE or DELETE_IN_PROGRESS
	Registered   time.Time
	Deregistered time.Time
	Deleting     time.Time `json:",omitzero"` // when its deletion was asked for
	RegisteredBy string    // ARN of the caller
	Doc          types.TaskDefinition
	Tags         Tags
}

// Key is "family:revision".
func (d TaskDef) Key() string { return fmt.Sprintf("%s:%d", d.Family, d.Revision) }

// Family counts the revisions of one family; a number is never given twice.
type Family struct {
	Name string
	Last int
}

// Key is the family's name.
func (f Family) Key() string { return f.Name }
