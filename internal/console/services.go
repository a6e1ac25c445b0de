package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Service is one service with how far its deployments are. Counts are of tasks.
type Service struct {
	Name        string       `json:"name"`
	Cluster     string       `json:"cluster"`
	Status      string       `json:"status"`
	Desired     int          `json:"desired"`
	Running     int          `json:"running"`
	Pending     int          `json:"pending"`
	Waiting     string       `json:"waiting,omitempty"`  // why it does not get further by itself
	Throttled   time.Time    `json:"throttled,omitzero"` // its tasks keep failing: no start before this
	Deployments []Deployment `json:"deployments"`        // the primary first
}

// Deployment is one rollout of a service, or a task set with the EXTERNAL controller.
type Deployment struct {
	ID       string   `json:"id"`
	Status   string   `json:"status"` // PRIMARY or ACTIVE, of a task set also DRAINING
	Revision string   `json:"revision"`
	State    string   `json:"rolloutState"` // of a task set its stability
	Reason   string   `json:"rolloutStateReason,omitempty"`
	Scale    *float64 `json:"scale,omitempty"` // percent, of a task set
	Running  int      `json:"running"`
	Pending  int      `json:"pending"`
	Leaving  int      `json:"leaving"` // told to stop, and not yet stopped
	Failed   int      `json:"failed"`
}

// listServices returns the services of a cluster, of all when it is empty, but those that are gone.
func listServices(tx *store.Tx, cluster string) []Service {
	list := []Service{}
	for s := range store.Services.All(tx) {
		if s.Status != "INACTIVE" && (cluster == "" || s.Cluster == cluster) {
			list = append(list, showService(tx, s))
		}
	}
	return list
}

func showService(tx *store.Tx, s model.Service) Service {
	n := store.Counts.Get(tx, s.Key())
	v := Service{Name: s.Name, Cluster: s.Cluster, Status: s.Status, Desired: s.Desired, Running: n.Running, Pending: n.Pending,
		Waiting: waitingWords(s), Deployments: []Deployment{}}
	if t := s.Throttle; t.Failures > 0 && t.Until.After(tx.Now()) {
		v.Throttled = t.Until
	}
	for _, d := range s.Deployments {
		n := store.Counts.Get(tx, s.Key()+"/"+d.ID)
		one := Deployment{ID: d.ID, Status: d.Status, Revision: d.Def, State: d.State, Reason: d.Reason,
			Running: n.Running, Pending: n.Pending, Leaving: n.Live - n.Running - n.Pending, Failed: d.Failed}
		if t := d.TaskSet; t != nil {
			one.Scale, one.State = &t.Scale, string(types.StabilityStatusStabilizing)
			if t.Steady {
				one.State = string(types.StabilityStatusSteadyState)
			}
		}
		v.Deployments = append(v.Deployments, one)
	}
	return v
}

// waitingWords says why a service does not get further by itself; nothing while it does. The
// sentence is that of its event, without the service's name.
func waitingWords(s model.Service) string {
	switch {
	case s.Waiting != "":
		return strings.TrimPrefix(strings.TrimPrefix(s.Waiting, "(service "+s.Name+") "), "was ")
	case s.Stuck:
		return fmt.Sprintf("its healthy percents (minimum %d, maximum %d) of %d tasks allow neither to start nor to stop one", s.Spec.MinPercent, s.Spec.MaxPercent, s.Desired)
	}
	return ""
}
