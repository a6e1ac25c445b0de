package rollout

import (
	"math"
	"time"
)

// exact is what a computed count may exceed a whole number by and still be that number: the scale is
// a float, and 100 tasks at 7 percent are 7.
const exact = 1e-6

// Computed returns how many tasks a task set of the scale, in percent, is to run in a service that
// wants so many: always rounded up.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html (computedDesiredCount)
func Computed(desired int, scale float64) int {
	return int(math.Ceil(float64(desired)*scale/100 - exact))
}

// Stable reports whether a task set, whose only copies these are, is in a steady state: as many run
// as are to, none is on its way up, none is on an instance that drains, and all are healthy. Copies
// that were asked to stop are in the way of that for as long as they run.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html (stabilityStatus)
func Stable(now time.Time, s Service, copies []Copy) bool {
	good := 0
	for _, c := range copies {
		ok, _ := c.ready(now, s.Settling)
		switch {
		case c.Stopping && !c.Running:
		case c.Stopping || !ok || c.Leaving:
			return false
		default:
			good++
		}
	}
	return good == s.Desired
}
