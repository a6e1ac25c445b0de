package lb

import (
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Sample is one request, as metrics count it.
type Sample struct {
	Scope         model.Scope
	LoadBalancer  string // key
	Listener      string // key
	Group         string // target group key; empty when no group was asked
	Code          int    // what the client got; 460 when it left before
	TargetCode    int    // what the target answered; 0 when none did
	Retries       int    // targets that were tried in vain
	Elapsed       time.Duration
	TargetElapsed time.Duration // until the target began to answer; 0 when none did

	start time.Time
	err   error // why there was no answer of a target
}

// report tells the metrics, and the log when the load balancer had to answer for a target.
func (p *Proxy) report(s *Sample) {
	s.Elapsed = time.Since(s.start)
	if s.err != nil {
		p.log.Debug("request without an answer of a target", "loadbalancer", s.LoadBalancer, "group", s.Group, "code", s.Code, "retries", s.Retries, "err", s.err)
	}
	if p.metrics != nil {
		p.metrics(*s)
	}
}
