package model

import "strings"

// ARN is an Amazon Resource Name taken apart.
type ARN struct {
	Partition, Service, Region, Account string
	Resource                            string // everything after the account, with its slashes and colons
}

// ParseARN takes s apart. It reports whether s is an ARN at all: six parts, of which only region
// and account may be empty.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
func ParseARN(s string) (ARN, bool) {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[1] == "" || p[2] == "" || p[5] == "" {
		return ARN{}, false
	}
	return ARN{Partition: p[1], Service: p[2], Region: p[3], Account: p[4], Resource: p[5]}, true
}

// String puts a together again.
func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// Scope is the account and region that a belongs to.
func (a ARN) Scope() Scope { return Scope{Account: a.Account, Region: a.Region} }

// LoadBalancerKey returns the key of the Application Load Balancer that arn names, whether there is
// one or not.
func LoadBalancerKey(arn string) (string, bool) {
	return elbKey(arn, "loadbalancer/", func(p []string) bool { return len(p) == 3 && p[0] == "app" })
}

// ListenerKey returns the key of the listener that arn names, whether there is one or not.
func ListenerKey(arn string) (string, bool) {
	return elbKey(arn, "listener/", func(p []string) bool { return len(p) == 4 && p[0] == "app" })
}

// RuleKey returns what follows "listener-rule/" in the ARN of a rule: the listener's key, "/" and
// the rule's 16 hex digits.
func RuleKey(arn string) (string, bool) {
	return elbKey(arn, "listener-rule/", func(p []string) bool { return len(p) == 5 && p[0] == "app" })
}

// TargetGroupKey returns the key of the target group that arn names, whether there is one or not.
func TargetGroupKey(arn string) (string, bool) {
	return elbKey(arn, "targetgroup/", func(p []string) bool { return len(p) == 2 })
}

// elbKey returns what follows kind in an ARN of Elastic Load Balancing, if its parts are of the
// right form and none is empty.
func elbKey(arn, kind string, form func(parts []string) bool) (string, bool) {
	a, ok := ParseARN(arn)
	if !ok || a.Service != "elasticloadbalancing" {
		return "", false
	}
	key, ok := strings.CutPrefix(a.Resource, kind)
	if !ok {
		return "", false
	}
	parts := strings.Split(key, "/")
	for _, p := range parts {
		if p == "" || strings.ContainsAny(p, ": |") {
			return "", false
		}
	}
	return key, form(parts)
}

// CertificateID returns the id of the ACM certificate that arn names, whether there is one or not.
func CertificateID(arn string) (string, bool) {
	a, ok := ParseARN(arn)
	if !ok || a.Service != "acm" {
		return "", false
	}
	id, ok := strings.CutPrefix(a.Resource, "certificate/")
	return id, ok && id != "" && !strings.Contains(id, "/")
}

// LoadBalancerARN is the ARN of the load balancer with the key.
func (s Scope) LoadBalancerARN(key string) string {
	return s.ARN("elasticloadbalancing", "loadbalancer/"+key)
}

// ListenerARN is the ARN of the listener with the key.
func (s Scope) ListenerARN(key string) string {
	return s.ARN("elasticloadbalancing", "listener/"+key)
}

// RuleARN is the ARN of the listener rule with the key, see RuleKey.
func (s Scope) RuleARN(key string) string {
	return s.ARN("elasticloadbalancing", "listener-rule/"+key)
}

// TargetGroupARN is the ARN of the target group with the key.
func (s Scope) TargetGroupARN(key string) string {
	return s.ARN("elasticloadbalancing", "targetgroup/"+key)
}

// CertificateARN is the ARN of the certificate with the id.
func (s Scope) CertificateARN(id string) string { return s.ARN("acm", "certificate/"+id) }
