package model

import (
	"strings"
	"time"
)

// Grants are the policies of a user, group or role.
type Grants struct {
	Attached []string // ARNs of managed policies, in the order attached
	Inline   []Inline // in the order of their names
}

// Inline is a policy that is part of its user, group or role.
type Inline struct{ Name, Document string }

// User is an IAM user. All rows of IAM are in the global scope of their account: see Scope.Global.
type User struct {
	Name, Path string // path begins and ends with a slash
	ID         string // AIDA…
	Created    time.Time
	Tags       Tags
	Boundary   string   // ARN of the policy that is the permissions boundary; empty for none
	Groups     []string // names
	Grants
}

// Key is the name without case: two names that differ in case only are one.
func (u User) Key() string { return strings.ToLower(u.Name) }

// ARN is the user's.
func (u User) ARN(sc Scope) string { return sc.IAM("user" + u.Path + u.Name) }

// IAM is the ARN of a resource of IAM, which has no region: IAM("user/bob").
func (s Scope) IAM(resource string) string {
	return "arn:" + s.Partition() + ":iam::" + s.Account + ":" + resource
}

// Group is an IAM group. Its members are in the users' rows.
type Group struct {
	Name, Path string
	ID         string // AGPA…
	Created    time.Time
	Grants
}

// Key is the name without case.
func (g Group) Key() string { return strings.ToLower(g.Name) }

// ARN is the group's.
func (g Group) ARN(sc Scope) string { return sc.IAM("group" + g.Path + g.Name) }
