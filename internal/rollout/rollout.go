// Package rollout decides how many tasks of a service to start and which to stop now, within the
// service's healthy percents. It is pure: same arguments, same answer. It knows nothing of places:
// whether a start finds one is scheduler's business.
//
// The rules, for a service of the REPLICA strategy and rolling updates:
//
//   - A copy is stale when it belongs to an older deployment, when its instance is leaving, or when
//     its health checks fail after the grace period. Stale copies are replaced.
//   - Copies that were not asked to stop never become more than maximumPercent of the desired count,
//     rounded down; ready copies are never stopped below minimumHealthyPercent of it, rounded up.
//   - Stale copies that do not run go first, then stale ones that fail, then ready ones one by one as
//     their replacements become ready. A failing copy of the current deployment is kept until its
//     replacement is ready, or until maximumPercent leaves no other way to start one.
//   - A protected copy is not stopped for a deployment, for scale-in or for an instance that drains;
//     its health is no business of protection.
//   - A deployment that failed starts nothing, and nothing is stopped to make way for it.
//   - Of a service with a capacity provider strategy, copies beyond the desired count go where there are
//     more than their provider's share.
//   - Of copies that could equally go, the steps of the placement strategy decide, undone in their
//     order: of a spread, the one where most copies are goes, of a service that packs, the one whose
//     instance has most of the packed resource left after it. Then the one in the zone with most
//     copies goes, then the one on the instance with most, then the youngest.
//   - A settled service that rebalances starts copies in its emptiest zones while a fuller one has two
//     more, within maximumPercent. Those in the fullest zones stop only once the newcomers are ready.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html
// (deploymentConfiguration, schedulingStrategy),
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html,
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html (scale-in),
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
package rollout

import (
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Settling is how long a task without load balancer and without container health check runs before
// it counts as healthy.
const Settling = 40 * time.Second

// Service is what rollout needs to know of a service. Durations are already scaled.
type Service struct {
	Desired                int
	MinPercent, MaxPercent int
	Primary                string        // id of the deployment that new tasks belong to
	Grace                  time.Duration // from RUNNING, failing health checks are overlooked
	Settling               time.Duration // see the constant
	Until                  time.Time     // the restart throttle: no start before this
	Halted                 bool          // the primary deployment failed
	Chain                  []Step        // the placement strategy
	Zones                  []string      // of a service that rebalances: where one more copy may find a place
	Moving                 bool          // a rebalance is under way: copies that are not ready yet are newcomers
	Ending                 bool          // the service is being deleted: every copy stops
	// Shares says how many copies each capacity provider is to have; nil without a strategy of them.
	Shares map[string]int
}

// Step is one step of a placement strategy, as far as scale-in undoes it.
type Step int8

// The values of Step. The random strategy is no step: nothing is there to undo.
const (
	Spread Step = iota // over the values in Copy.Spots
	Pack               // by the resource in Copy.Free
)

// Copy is a live task of the service.
type Copy struct {
	ID             string
	Deployment     string
	Zone, Instance string
	Provider       string // capacity provider; empty for none
	Created        time.Time
	Started        time.Time // when it reached RUNNING
	Running        bool
	Stopping       bool // was asked to stop
	Leaving        bool // its instance takes no tasks any more
	Barred         bool // a daemon that is Leaving because its instance does not meet the constraints any more
	Last           bool // a daemon whose instance others are still to leave
	Balanced       bool // it has load balancer targets, or is to get them
	Serving        bool // all its targets are healthy
	Failing        bool // one of its targets is unhealthy
	Checked        bool // an essential container has a health check
	Health         model.Health
	Protected      time.Time // task protection: not before this
	Spots          []string  // by step of the chain: the value by which a Spread spreads
	Free, Needs    int       // of the packed resource: left on its instance now, and what it takes there
}

// Plan is what to do now.
type Plan struct {
	Start  int       // how many new copies
	On     []string  // of a DAEMON service: the instances on which to start, one each
	Into   []string  // besides Start: the zones in which to start copies for balance, one each
	Stop   []string  // ids of copies to ask to stop
	Away   []string  // those of Stop that make way for newcomers of a rebalance
	Failed []string  // those of Stop whose health checks failed
	Steady bool      // everything is as it should be and nothing is under way
	Stuck  bool      // the healthy percents forbid both starting and stopping, and nothing is under way
	Held   bool      // copies are missing that the restart throttle holds back
	Kept   []string  // ids of copies that only their protection keeps from being stopped
	Again  time.Time // look again then, even if nothing changes; zero for never
	// Fresh counts the copies that need no replacement by capacity provider; nil without Shares.
	Fresh map[string]int
	// Because is what all of this follows from.
	Because Because
}

// Next returns the next step for a service with these live copies.
func Next(now time.Time, s Service, copies []Copy) Plan {
	b := newBoard(now, s, copies)
	if s.Ending {
		b.stopAll()
		b.ends()
		return b.plan
	}
	if !s.Halted {
		b.start()
	}
	b.stopIdle()
	b.stopFailing()
	b.stopReady()
	b.stopSurplus()
	b.rebalance()
	b.judge()
	return b.plan
}

// Ready returns how many copies of the primary deployment are healthy.
func Ready(now time.Time, s Service, copies []Copy) (n int) {
	for _, c := range copies {
		if ok, _ := c.ready(now, s.Settling); ok && c.Deployment == s.Primary && !c.Stopping {
			n++
		}
	}
	return n
}

// Healthy reports whether c counts as healthy at a time.
func (c Copy) Healthy(at time.Time, settling time.Duration) bool {
	ok, _ := c.ready(at, settling)
	return ok
}

// failed reports whether c fails a health check at now, grace period over, and when the answer may
// change by time alone.
func (c Copy) failed(now time.Time, grace time.Duration) (bool, time.Time) {
	if !c.Running || !c.Failing && c.Health != model.HealthUnhealthy {
		return false, time.Time{}
	}
	if over := c.Started.Add(grace); now.Before(over) {
		return false, over
	}
	return true, time.Time{}
}

// ready reports whether c counts as healthy at now, and when the answer may change by time alone.
func (c Copy) ready(now time.Time, settling time.Duration) (bool, time.Time) {
	switch {
	case !c.Running || c.Health == model.HealthUnhealthy:
		return false, time.Time{}
	case c.Balanced && !c.Serving, c.Checked && c.Health != model.HealthHealthy:
		return false, time.Time{}
	case c.Balanced || c.Checked:
		return true, time.Time{}
	}
	if at := c.Started.Add(settling); now.Before(at) {
		return false, at
	}
	return true, time.Time{}
}
