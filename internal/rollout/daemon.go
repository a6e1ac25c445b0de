package rollout

import (
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Daemon returns the next step for a service of the DAEMON strategy that is to run one task on each
// of the eligible instances. s.Desired is how many they are. The rules:
//
//   - An instance with no task at all, not even one that still stops, gets one: two never run beside
//     each other (maximumPercent is 100).
//   - A task on an instance that is not eligible (any more) has Leaving set and stops, but not while
//     Last is set: of what runs on a draining instance the daemon goes last.
//   - Tasks of older deployments stop as far as minimumHealthyPercent spares them, rounded up; failing
//     ones stop at once, there is no other way to replace them.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service-options.html
// (daemon), https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
func Daemon(now time.Time, s Service, copies []Copy, eligible []string) Plan {
	b := newBoard(now, s, copies)
	if s.Ending {
		b.stopAll()
		b.ends()
		return b.plan
	}
	b.startOn(eligible)
	b.stopWhere(func(i int) bool {
		c := b.copies[i]
		return c.Leaving && !c.Last || b.is[i] == failing || b.old(i) && !c.Leaving && b.is[i] == idle && !s.Halted
	})
	if !s.Halted {
		b.stopOldDaemons()
	}
	b.stopDoubles()
	for i := range b.copies {
		if b.is[i] != leaving && b.old(i) && !b.copies[i].Leaving && !s.Halted {
			b.blocked++
		}
	}
	b.judge()
	return b.plan
}

// startOn plans a task for every eligible instance without any.
func (b *board) startOn(eligible []string) {
	has := map[string]bool{}
	for _, c := range b.copies {
		has[c.Instance] = true
	}
	for _, id := range eligible {
		if !has[id] {
			b.plan.On = append(b.plan.On, id)
		}
	}
	b.allowed = len(b.plan.On)
	if b.allowed == 0 || b.hold() {
		b.plan.On = nil
	}
	b.plan.Start = len(b.plan.On)
}

// stopWhere stops the copies for which which reports true, protected ones only if they fail.
func (b *board) stopWhere(which func(int) bool) {
	for i := range b.copies {
		if b.is[i] != leaving && which(i) && (b.is[i] == failing || !b.kept(i)) {
			b.stop(i, b.rule(i))
		}
	}
}

// stopOldDaemons stops running tasks of older deployments on eligible instances while enough others
// are ready.
func (b *board) stopOldDaemons() {
	n := 0 // ready on eligible instances
	for i := range b.copies {
		if b.is[i] == ready && !b.copies[i].Leaving {
			n++
		}
	}
	for {
		i := b.pick(func(i int) bool {
			if !b.old(i) || b.copies[i].Leaving || b.is[i] != warming && b.is[i] != ready {
				return false
			}
			return (b.is[i] == warming && n >= b.least || b.is[i] == ready && n > b.least) && !b.kept(i)
		}, b.oldest)
		if i < 0 {
			return
		}
		if b.is[i] == ready {
			n--
		}
		b.stop(i, model.RuleOld)
	}
}

// stopDoubles keeps one task on each instance: of equals the oldest.
func (b *board) stopDoubles() {
	order := make([]int, 0, len(b.copies))
	for i := range b.copies {
		if b.is[i] != leaving {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, b.oldest)
	seen := map[string]bool{}
	for _, i := range order {
		if at := b.copies[i].Instance; !seen[at] {
			seen[at] = true
		} else {
			b.stop(i, model.RuleDouble)
		}
	}
}
