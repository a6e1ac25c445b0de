package model

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ServiceDeployment is the history of one rollout of a service: what was asked for, how it went.
//
// Writers: the API makes it PENDING, asks for its rollback and ends the one that a newer one or the
// service's deletion supersedes; the services stage for every other step.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
type ServiceDeployment struct {
	ID               string // 21 characters, last part of its ARN
	Cluster, Service string // names
	Deployment       string // id of the service's deployment, and so the target revision
	Sources          []string
	Status           string // a types.ServiceDeploymentStatus
	Reason           string
	MinPercent       int
	MaxPercent       int
	Breaker          Breaker
	Failures         int  // what the circuit breaker had counted when the deployment ended
	Threshold        int  // of the circuit breaker, when the deployment ended
	Tripped          bool // by the circuit breaker
	Rollback         ServiceRollback
	Created, Started time.Time
	Finished         time.Time
	Stopped          time.Time
	Updated          time.Time
}

// ServiceRollback is how a service deployment was taken back; zero if it was not.
type ServiceRollback struct {
	Reason     string
	Deployment string // the one rolled back to
	Started    time.Time
}

// Key is cluster, service and id.
func (d ServiceDeployment) Key() string { return d.Cluster + "/" + d.Service + "/" + d.ID }

// ServiceKey is the key of the service.
func (d ServiceDeployment) ServiceKey() string { return d.Cluster + "/" + d.Service }

// Over reports whether the service deployment came to its end.
func (d ServiceDeployment) Over() bool {
	switch types.ServiceDeploymentStatus(d.Status) {
	case types.ServiceDeploymentStatusSuccessful, types.ServiceDeploymentStatusStopped,
		types.ServiceDeploymentStatusRollbackSuccessful, types.ServiceDeploymentStatusRollbackFailed:
		return true
	}
	return false
}

// Move gives the service deployment a status at now; a final one ends it.
func (d *ServiceDeployment) Move(to types.ServiceDeploymentStatus, reason string, now time.Time) {
	d.Status, d.Reason, d.Updated = string(to), reason, now
	if !d.Over() {
		return
	}
	d.Finished = now
	if to == types.ServiceDeploymentStatusStopped {
		d.Stopped = now
	}
}

// ServiceRevision is what one deployment of a service rolls out. It is never edited.
type ServiceRevision struct {
	ID               string // the digits of the deployment's id
	Cluster, Service string // names
	Def              string // "family:revision"
	LBs              []ServiceLB
	Capacity         Capacity
	Created          time.Time
}

// Key is cluster, service and id.
func (r ServiceRevision) Key() string { return r.Cluster + "/" + r.Service + "/" + r.ID }

// RevisionID returns the id of the revision that a deployment rolls out.
func RevisionID(deployment string) string { return strings.TrimPrefix(deployment, "ecs-svc/") }
