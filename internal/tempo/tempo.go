// Package tempo owns the one product feature that bends time: --time-scale N divides every
// emulated duration (health-check periods, cooldowns, draining, throttles). Timestamps stay
// wall-clock, and real limits (dial timeouts, disk) are never divided.
package tempo

import "time"

// Scale divides emulated durations. The zero value, like 1, leaves them as AWS has them.
type Scale float64

// Of returns how long d lasts here.
func (s Scale) Of(d time.Duration) time.Duration {
	if s <= 0 {
		return d
	}
	return time.Duration(float64(d) / float64(s))
}
