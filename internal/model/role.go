package model

import (
	"strings"
	"time"
)

// Role is an IAM role.
type Role struct {
	Name, Path  string
	ID          string // AROA…
	Created     time.Time
	Description string
	Trust       string // the document that says who may assume it
	MaxSession  time.Duration
	Tags        Tags
	Boundary    string // ARN of the policy that is the permissions boundary; empty for none
	Service     string // of a service-linked role: ecs.amazonaws.com
	Grants
}

// Key is the name without case.
func (r Role) Key() string { return strings.ToLower(r.Name) }

// ARN is the role's.
func (r Role) ARN(sc Scope) string { return sc.IAM("role" + r.Path + r.Name) }

// RoleName returns the name in the ARN of a role, whether there is one or not.
func RoleName(arn string) (string, bool) {
	a, ok := ParseARN(arn)
	rest, is := strings.CutPrefix(a.Resource, "role/")
	if !ok || !is || a.Service != "iam" || a.Region != "" {
		return "", false
	}
	name := rest[strings.LastIndexByte(rest, '/')+1:]
	return name, name != ""
}

// InstanceProfile gives the role in it to the EC2 instances that were launched with it.
type InstanceProfile struct {
	Name, Path string
	ID         string // AIPA…
	Created    time.Time
	Role       string // name; empty for none
	Tags       Tags
}

// Key is the name without case.
func (p InstanceProfile) Key() string { return strings.ToLower(p.Name) }

// ARN is the instance profile's.
func (p InstanceProfile) ARN(sc Scope) string { return sc.IAM("instance-profile" + p.Path + p.Name) }
