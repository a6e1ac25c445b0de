package ec2

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// DescribeInstancesInput asks what instances there are.
type DescribeInstancesInput struct {
	DryRun      *bool
	InstanceIds []string `wire:"InstanceId"`
	Filters     []Filter `wire:"Filter"`
	MaxResults  *int32
	NextToken   *string
}

// DescribeInstancesOutput is one page of them, by the requests that launched them.
type DescribeInstancesOutput struct {
	Reservations []Reservation `wire:"reservationSet"`
	NextToken    *string
}

func describeInstances(tx *store.Tx, in *DescribeInstancesInput) (*DescribeInstancesOutput, error) {
	if len(in.InstanceIds) > 0 && in.MaxResults != nil {
		return nil, fail("InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults")
	}
	all, err := rows(tx, store.Instances, instanceKind, in.InstanceIds)
	if err != nil {
		return nil, err
	}
	if all, err = filtered(all, instanceProperties(tx), in.Filters); err != nil {
		return nil, err
	}
	all, next, err := page(all, model.Instance.Key, paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	return &DescribeInstancesOutput{reservations(tx, all), next}, err
}

// reservations groups instances by the request that launched them, the oldest first.
func reservations(tx *store.Tx, all []model.Instance) []Reservation {
	slices.SortFunc(all, func(a, b model.Instance) int {
		return cmp.Or(a.Launch.At.Compare(b.Launch.At), strings.Compare(a.Launch.Reservation, b.Launch.Reservation), cmp.Compare(a.Launch.Index, b.Launch.Index))
	})
	rs := []Reservation{}
	for _, i := range all {
		if n := len(rs); n == 0 || rs[n-1].ReservationId != i.Launch.Reservation {
			rs = append(rs, Reservation{ReservationId: i.Launch.Reservation, OwnerId: tx.Scope().Account, Groups: []GroupIdentifier{}})
		}
		r := &rs[len(rs)-1]
		r.Instances = append(r.Instances, render(tx, i))
	}
	return rs
}

// instanceProperties are what instances can be filtered by.
func instanceProperties(tx *store.Tx) properties[model.Instance] {
	by := map[string]func(model.Instance) []string{
		"architecture":        one(func(i model.Instance) string { return i.Type.Arch }),
		"availability-zone":   one(func(i model.Instance) string { return i.Zone }),
		"client-token":        one(func(i model.Instance) string { return i.Launch.Token }),
		"image-id":            one(func(i model.Instance) string { return i.Image }),
		"instance-id":         one(model.Instance.Key),
		"instance-state-code": one(func(i model.Instance) string { return stateCodes[i.State] }),
		"instance-state-name": one(func(i model.Instance) string { return i.State }),
		"instance-type":       one(func(i model.Instance) string { return i.Type.Name }),
		"instance.group-id":   func(i model.Instance) []string { return instanceGroups(tx, i) },
		"instance.group-name": func(i model.Instance) []string { return groupNames(tx, instanceGroups(tx, i)) },
		"key-name":            one(func(i model.Instance) string { return i.Launch.KeyName }),
		"launch-time":         one(func(i model.Instance) string { return i.Launch.At.UTC().Format("2006-01-02T15:04:05.000Z") }),
		"owner-id":            func(model.Instance) []string { return []string{tx.Scope().Account} },
		"reservation-id":      one(func(i model.Instance) string { return i.Launch.Reservation }),
		"state-reason-code":   one(func(i model.Instance) string { return stateReasonCode(i) }),
		"tenancy":             one(func(model.Instance) string { return "default" }),
		"virtualization-type": one(func(model.Instance) string { return "hvm" }),
		"root-device-type":    one(func(model.Instance) string { return "ebs" }),
		"instance-lifecycle":  func(model.Instance) []string { return nil },
		"monitoring-state":    one(func(model.Instance) string { return "disabled" }),
		"iam-instance-profile.arn": one(func(i model.Instance) string {
			if p := renderProfile(tx, i); p != nil {
				return p.Arn
			}
			return ""
		}),
	}
	// What a terminated instance has no more does not match.
	for name, of := range map[string]func(model.Instance) string{
		"private-dns-name":   func(i model.Instance) string { return tx.Scope().PrivateName(i.PrivateIP) },
		"private-ip-address": func(i model.Instance) string { return i.PrivateIP },
		"subnet-id":          func(i model.Instance) string { return i.Subnet },
		"vpc-id":             func(i model.Instance) string { return i.VPC },
	} {
		by[name] = func(i model.Instance) []string {
			if i.State == "terminated" {
				return nil
			}
			return []string{of(i)}
		}
	}
	ofInterfaces(tx, by)
	return properties[model.Instance]{by, func(i model.Instance) model.Tags { return i.Tags }}
}

// ofInterfaces adds what instances can be filtered by of their network interfaces.
func ofInterfaces(tx *store.Tx, by map[string]func(model.Instance) []string) {
	for name, of := range interfaceProperties(tx).by {
		by["network-interface."+name] = func(i model.Instance) (all []string) {
			for n := range store.NetworkInterfacesByOwner.Each(tx, i.ID) {
				all = append(all, of(n)...)
			}
			return all
		}
	}
	for _, what := range [...]string{"allocation-id", "association-id", "ip-owner-id", "public-dns-name", "public-ip"} {
		by["network-interface.addresses.association."+what] = by["network-interface.association."+what]
	}
	by["network-interface.addresses.private-dns-name"] = by["network-interface.private-dns-name"]
	by["network-interface.public-dns-name"], by["dns-name"] = by["network-interface.association.public-dns-name"], by["network-interface.association.public-dns-name"]
	by["ip-address"], by["source-dest-check"] = by["network-interface.association.public-ip"], by["network-interface.source-dest-check"]
	nothing(by, "network-interface.ipv6-address network-interface.outpost-arn ipv6-address outpost-arn placement-group-name spot-instance-request-id platform")
}

// TerminateInstancesInput names instances to end.
type TerminateInstancesInput struct {
	DryRun         *bool
	InstanceIds    []string `wire:"InstanceId"`
	SkipOsShutdown *bool    // nothing shuts down an operating system here, so it is skipped anyway
	Force          *bool
}

// TerminateInstancesOutput says how they stand now.
type TerminateInstancesOutput struct {
	TerminatingInstances []StateChange `wire:"instancesSet"`
}

// StateChange is the state of an instance before and after a request.
type StateChange struct {
	InstanceId    string
	CurrentState  State
	PreviousState State
}

const userShutdown = "Client.UserInitiatedShutdown: User initiated shutdown"

// terminateInstances asks for instances to end. All of them must exist, or none is touched.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html
func terminateInstances(tx *store.Tx, in *TerminateInstancesInput) (*TerminateInstancesOutput, error) {
	if len(in.InstanceIds) == 0 {
		return nil, missing("InstanceId")
	}
	found, err := find(tx, store.Instances, instanceKind, in.InstanceIds)
	if err != nil {
		return nil, err
	}
	out := &TerminateInstancesOutput{}
	for _, i := range found {
		before := i.State
		if before == "pending" || before == "running" {
			i.State, i.StateReason = "shutting-down", userShutdown
			store.Instances.Put(tx, i)
		}
		out.TerminatingInstances = append(out.TerminatingInstances, StateChange{i.ID, state(i.State), state(before)})
	}
	return out, nil
}

// DescribeInstanceStatusInput asks how instances do.
type DescribeInstanceStatusInput struct {
	DryRun              *bool
	InstanceIds         []string `wire:"InstanceId"`
	Filters             []Filter `wire:"Filter"`
	IncludeAllInstances *bool
	MaxResults          *int32
	NextToken           *string
}

// DescribeInstanceStatusOutput is one page of answers.
type DescribeInstanceStatusOutput struct {
	InstanceStatuses []InstanceStatus `wire:"instanceStatusSet"`
	NextToken        *string
}

// InstanceStatus is how one instance does.
type InstanceStatus struct {
	InstanceId       string
	AvailabilityZone string
	Events           []struct{} `wire:"eventsSet"`
	InstanceState    State
	InstanceStatus   StatusSummary
	SystemStatus     StatusSummary
}

// StatusSummary is ok for instances that run, and not-applicable for others.
type StatusSummary struct {
	Status  string
	Details []StatusDetail
}

// StatusDetail is one check.
type StatusDetail struct{ Name, Status string }

// describeInstanceStatus tells of running instances, and of others only when asked to.
func describeInstanceStatus(tx *store.Tx, in *DescribeInstanceStatusInput) (*DescribeInstanceStatusOutput, error) {
	if len(in.InstanceIds) > 0 && in.MaxResults != nil {
		return nil, fail("InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults")
	}
	all, err := rows(tx, store.Instances, instanceKind, in.InstanceIds)
	if err != nil {
		return nil, err
	}
	if in.IncludeAllInstances == nil || !*in.IncludeAllInstances {
		all = slices.DeleteFunc(all, func(i model.Instance) bool { return i.State != "running" })
	}
	if all, err = filtered(all, statusProperties, in.Filters); err != nil {
		return nil, err
	}
	all, next, err := page(all, model.Instance.Key, paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	if err != nil {
		return nil, err
	}
	out := &DescribeInstanceStatusOutput{InstanceStatuses: []InstanceStatus{}, NextToken: next}
	for _, i := range all {
		out.InstanceStatuses = append(out.InstanceStatuses, InstanceStatus{InstanceId: i.ID, AvailabilityZone: i.Zone, Events: []struct{}{},
			InstanceState: state(i.State), InstanceStatus: summary(i), SystemStatus: summary(i)})
	}
	return out, nil
}

var statusProperties = properties[model.Instance]{by: map[string]func(model.Instance) []string{
	"availability-zone":      one(func(i model.Instance) string { return i.Zone }),
	"instance-state-code":    one(func(i model.Instance) string { return stateCodes[i.State] }),
	"instance-state-name":    one(func(i model.Instance) string { return i.State }),
	"instance-status.status": one(func(i model.Instance) string { return summary(i).Status }),
	"system-status.status":   one(func(i model.Instance) string { return summary(i).Status }),
}}

func summary(i model.Instance) StatusSummary {
	if i.State != "running" {
		return StatusSummary{Status: "not-applicable"}
	}
	return StatusSummary{"ok", []StatusDetail{{"reachability", "passed"}}}
}

// moment is how EC2 writes a time into a sentence.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 GMT") }
