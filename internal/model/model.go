// Package model holds the nouns of the control plane: what was asked for, what is so, who may
// write which field, and which moves a status may make. It does no I/O, reads no clock and
// imports nothing of this module.
//
// Every row belongs to a [Scope] (account and region) that is part of its key in the store and is
// not repeated inside the row. A row is a value: slices, maps and documents inside it are shared
// and are replaced, never edited in place. A document is an SDK struct stored as the client gave
// it; whatever the control plane reads or writes is a field of our own.
package model

import (
	"strings"
	"time"
)

// Scope is the account and region that a row belongs to.
type Scope struct{ Account, Region string }

func (s Scope) String() string { return s.Account + "/" + s.Region }

// Partition returns the ARN partition of the region: aws, aws-cn, aws-us-gov, aws-iso or aws-iso-b.
func (s Scope) Partition() string {
	for _, p := range [...]struct{ prefix, partition string }{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"us-isob-", "aws-iso-b"}, {"us-iso-", "aws-iso"},
	} {
		if strings.HasPrefix(s.Region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}

// ARN returns the ARN of a resource of a service in s, such as ARN("ecs", "cluster/web").
func (s Scope) ARN(service, resource string) string {
	return "arn:" + s.Partition() + ":" + service + ":" + s.Region + ":" + s.Account + ":" + resource
}

// Event is one sentence told to people: by the service scheduler (Kind "service", shown in
// DescribeServices), about an instance ("instance") or the engine ("engine").
type Event struct {
	ID      string // UUID
	Kind    string
	Cluster string // name; empty for engine events
	Subject string // service name, instance id, or engine name
	At      time.Time
	Message string
}

// EventPrefix is the key prefix of the events of one subject.
func EventPrefix(kind, cluster, subject string) string {
	return kind + "/" + cluster + "/" + subject + "/"
}

// Key sorts the events of one subject by time.
func (e Event) Key() string {
	return EventPrefix(e.Kind, e.Cluster, e.Subject) + e.At.UTC().Format("20060102T150405.000000000") + e.ID
}

// Region marks a scope as opened: its default network exists.
type Region struct{ Opened time.Time }

// Key is the same for the one row of a scope.
func (Region) Key() string { return "region" }
