package model

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// LoadBalancer is an Application Load Balancer. Its key is the part of its ARN after
// "loadbalancer/": app/NAME/16 hex digits.
type LoadBalancer struct {
	ID         string // the key
	Name       string
	Scheme     string // internet-facing or internal
	DNSName    string // NAME-ID.REGION.elb.localhost
	VPC        string
	Subnets    []LBSubnet
	Groups     []string // security group ids
	Created    time.Time
	Attributes map[string]string // only what differs from the default
	Tags       Tags
}

// Key is the ARN's tail.
func (l LoadBalancer) Key() string { return l.ID }

// LBSubnet is a subnet a load balancer stands in, with its zone.
type LBSubnet struct{ ID, Zone string }

// Listener takes requests for one load balancer on one port. Its key is LOADBALANCER-KEY/16 hex digits.
//
// Writers: API, but for Bound: lb.
type Listener struct {
	ID           string // the key
	LoadBalancer string // key
	Port         int
	Protocol     string // HTTP or HTTPS
	SSLPolicy    string
	Certificates []string // ARNs, the default first
	Actions      []types.Action
	Attributes   map[string]string
	Tags         Tags
	Bound        int    // the port really bound on 127.0.0.1; 0 while none is
	BindError    string // why Bound differs from Port
}

// Key is the ARN's tail.
func (l Listener) Key() string { return l.ID }

// Share is one target group of a forward action and its part of the requests: its weight over the
// sum of all weights.
type Share struct {
	Group  string // target group key
	Weight int    // 0 to 999
}

// Shares returns the target groups that l's default action forwards to; none for redirects and
// fixed responses. A weight not given is 1.
func (l Listener) Shares() (shares []Share) {
	for _, a := range l.Actions {
		if a.Type != types.ActionTypeEnumForward {
			continue
		}
		if a.ForwardConfig == nil || len(a.ForwardConfig.TargetGroups) == 0 {
			if key, ok := TargetGroupKey(str(a.TargetGroupArn)); ok {
				shares = append(shares, Share{Group: key, Weight: 1})
			}
			continue
		}
		for _, t := range a.ForwardConfig.TargetGroups {
			if key, ok := TargetGroupKey(str(t.TargetGroupArn)); ok {
				shares = append(shares, Share{Group: key, Weight: or(t.Weight, 1)})
			}
		}
	}
	return shares
}

// Groups returns the keys of the target groups that l uses, each once, in the order given.
func (l Listener) Groups() (keys []string) {
	for _, s := range l.Shares() {
		if !slices.Contains(keys, s.Group) {
			keys = append(keys, s.Group)
		}
	}
	return keys
}

// TargetGroup is a set of targets with one health check. Its key is NAME/16 hex digits.
type TargetGroup struct {
	ID         string // the key
	Name       string
	Protocol   string // HTTP or HTTPS
	Version    string // HTTP1
	Port       int    // for targets registered without one
	VPC        string
	TargetType string // instance or ip
	Check      HealthCheck
	Attributes map[string]string // only what differs from the default
	Created    time.Time
	Tags       Tags
}

// Key is the ARN's tail.
func (g TargetGroup) Key() string { return g.ID }

// HealthCheck says how the targets of a group are probed.
type HealthCheck struct {
	Enabled            bool
	Protocol           string // HTTP or HTTPS
	Port               string // "traffic-port" or a number
	Path               string
	Matcher            string // "200", "200,302" or "200-299"
	Interval, Timeout  time.Duration
	Healthy, Unhealthy int // consecutive results that change a target's state
}

// Target is the membership of one address in a target group.
//
// Writers: API and the targets stage for the row, Draining and its end; lb for Health and Drained.
type Target struct {
	Group      string // target group key
	ID         string // instance id or IP address, as the API shows it
	Port       int
	Zone       string
	Task       string // task that ECS registered; empty when a client registered it
	Dial       string // IP:port where lb reaches it from within the VPC
	Registered time.Time
	Draining   time.Time // when draining ends at the latest; zero while registered
	Drained    bool      // draining is complete: no request is left on it
	Health     TargetHealth
}

// TargetHealth is what the probes say of a target: a types.TargetHealthStateEnum, a
// types.TargetHealthReasonEnum and a sentence. The zero value means that no probe was made yet.
type TargetHealth struct{ State, Reason, Description string }

// Healthy reports whether t is registered and its probes pass.
func (t Target) Healthy() bool {
	return t.Draining.IsZero() && t.Health.State == string(types.TargetHealthStateEnumHealthy)
}

// Failing reports whether t is not healthy and will not get so by waiting: its probes fail, or none are
// made, since the load balancer has no subnet in its zone.
func (t Target) Failing() bool {
	s := types.TargetHealthStateEnum(t.Health.State)
	return s == types.TargetHealthStateEnumUnhealthy || s == types.TargetHealthStateEnumUnused
}

// TargetKey names a target: one address and port in one group.
func TargetKey(group, id string, port int) string { return fmt.Sprintf("%s|%s|%d", group, id, port) }

// Key is group, id and port.
func (t Target) Key() string { return TargetKey(t.Group, t.ID, t.Port) }

// Certificate names the local CA: a listener that carries it answers any server name with a
// certificate that the CA signs at that moment. No private key is ever a row.
type Certificate struct {
	ID      string // UUID, last part of an ACM ARN
	Created time.Time
}

// Key is the id.
func (c Certificate) Key() string { return c.ID }
