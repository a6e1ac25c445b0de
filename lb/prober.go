package lb

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/lb/rule"
)

// firstRetry is how soon a new target that could not be reached is asked again.
const firstRetry = 100 * time.Millisecond

// leastTimeout is the shortest time that a probe waits, however fast time runs: it is real work
// that a real program does.
const leastTimeout = time.Second

// probe asks a target once how it is.
type probe func(ctx context.Context, t *target, c model.HealthCheck, codes rule.Matcher) result

// verdict tells the keeper that a target's health changed.
type verdict struct {
	of     *member
	health health
	ctx    context.Context // of the probing: what was ended has no say
}

// watching is what the probing of one target needs to know.
type watching struct {
	of     *member // not to be read: the keeper's
	target *target
	health health // to begin with
	check  model.HealthCheck
	tell   chan<- verdict
}

// watchHealth probes one target until ctx ends and tells every change. The first probe is due at
// once, the others every interval, however long an answer takes.
//
// So that a local start is quick, a new target that could not be reached is asked again after 100,
// 200, 400 ms … before the next probe is due. Such an early probe may pass; it does not count as a
// further failure.
func (p *Proxy) watchHealth(ctx context.Context, w watching) {
	t, h, c := w.target, w.health, w.check
	codes, err := rule.ParseMatcher(c.Matcher)
	if err != nil {
		codes, _ = rule.ParseMatcher("200") // AWS's default; the API refuses what cannot be read
	}
	every := max(p.scale.Of(c.Interval), time.Millisecond)
	c.Timeout = max(p.scale.Of(c.Timeout), min(c.Timeout, leastTimeout))
	due, retry, early := time.Now(), firstRetry, false
	for {
		r := p.probe(ctx, t, c, codes)
		if ctx.Err() != nil {
			return
		}
		if r.pass {
			t.resting.Store(0)
		}
		if r.pass || !early {
			next := h.step(r, c)
			if next.TargetHealth != h.TargetHealth && !say(ctx, w.tell, verdict{w.of, next, ctx}) {
				return
			}
			h = next
		}
		if !early {
			due = due.Add(every)
		}
		at := due
		early = r.unreached && !h.settled() && time.Now().Add(retry).Before(due)
		if early {
			at = time.Now().Add(retry)
			retry *= 2
		} else if at.Before(time.Now()) {
			at, due = time.Now(), time.Now()
		}
		if !sleep(ctx, time.Until(at)) {
			return
		}
	}
}

func say(ctx context.Context, tell chan<- verdict, v verdict) bool {
	select {
	case tell <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// probing is for health checks of t: each on a connection of its own, redirects not followed,
// certificates not validated.
func probing(t *target) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:        t.reach,
			DisableKeepAlives:  true,
			DisableCompression: true,
			TLSClientConfig:    &tls.Config{InsecureSkipVerify: true},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// httpProbe makes one health check.
func httpProbe(ctx context.Context, t *target, c model.HealthCheck, codes rule.Matcher) result {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, checkURL(t.dial, c), nil)
	if err != nil {
		return unreached
	}
	req.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	res, err := t.probing.Do(req)
	if err != nil {
		var late net.Error
		if errors.As(err, &late) && late.Timeout() {
			return timedOut
		}
		return unreached
	}
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that small answers are not cut off in the target's log
	_ = res.Body.Close()
	if !codes.Match(res.StatusCode) {
		return mismatch(res.StatusCode)
	}
	return passed
}

// checkURL is what a health check asks for.
func checkURL(dial string, c model.HealthCheck) string {
	host, port, err := net.SplitHostPort(dial)
	if err == nil && c.Port != "" && c.Port != "traffic-port" {
		port = c.Port
	}
	path := c.Path
	if path == "" {
		path = "/"
	}
	scheme := "http://"
	if c.Protocol == "HTTPS" {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, port) + path
}
