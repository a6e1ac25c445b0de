package model

import (
	"strings"
	"time"
)

// ManagedPolicy is a customer managed policy. Those of AWS are no rows.
type ManagedPolicy struct {
	Name, Path  string
	ID          string // ANPA…
	Description string
	Created     time.Time
	Updated     time.Time // when a version was last made
	Default     string    // the version that acts: v1
	Last        int       // number of the newest version ever made
	Versions    []PolicyVersion
	Tags        Tags
}

// PolicyVersion is one document of a managed policy.
type PolicyVersion struct {
	ID       string // v1
	Document string
	Created  time.Time
}

// Key is the name without case.
func (p ManagedPolicy) Key() string { return strings.ToLower(p.Name) }

// ARN is the policy's.
func (p ManagedPolicy) ARN(sc Scope) string { return sc.IAM("policy" + p.Path + p.Name) }

// Version returns the version with the id.
func (p ManagedPolicy) Version(id string) (PolicyVersion, bool) {
	for _, v := range p.Versions {
		if v.ID == id {
			return v, true
		}
	}
	return PolicyVersion{}, false
}
