package rollout

import (
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// The restart throttle. AWS says that the time between attempts grows up to 27 minutes, that only
// tasks which never reached RUNNING count, and that a new deployment ends it; it does not publish
// the curve. Ours: two failed attempts are repeated at once, the third is followed by 15 seconds, and
// every further one by twice the wait before, up to 27 minutes.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
const (
	freeAttempts  = 2
	firstDelay    = 15 * time.Second
	LongestDelay  = 27 * time.Minute
	maxDoublings  = 20 // far beyond LongestDelay
	noticeFailure = freeAttempts + 1
)

// Delay returns how long after n failed attempts in a row the next start waits, unscaled.
func Delay(n int) time.Duration {
	if n <= freeAttempts {
		return 0
	}
	return min(firstDelay<<min(n-freeAttempts-1, maxDoublings), LongestDelay)
}

// Fail counts a task, created then, that stopped at now without having run. scale divides the
// delay. It returns the throttle after that. Tasks that were started before the last failure belong
// to the same attempt and count once.
func Fail(t model.Throttle, created, now time.Time, scale func(time.Duration) time.Duration) model.Throttle {
	if t.Failures > 0 && created.Before(t.At) {
		return t
	}
	t.Failures++
	t.At = now
	t.Until = now.Add(scale(Delay(t.Failures)))
	return t
}

// Impaired reports whether so many attempts failed that people are to know.
func Impaired(t model.Throttle) bool { return t.Failures >= noticeFailure }
