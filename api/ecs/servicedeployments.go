package ecs

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	// deploymentsKept is how many service deployments of one service stay. AWS keeps those of 90 days.
	deploymentsKept = 100
	maxDeployments  = 20 // in one Describe call
)

// openDeployment writes down the revision and the service deployment of a new primary deployment; the
// services stage takes it from there.
func openDeployment(tx *store.Tx, s *model.Service) {
	closeDeployment(tx, s, "Service deployment stopped because a newer one was started.")
	d := s.Primary()
	row := model.ServiceDeployment{ID: ids.ServiceDeployment(), Cluster: s.Cluster, Service: s.Name, Deployment: d.ID,
		MinPercent: s.Spec.MinPercent, MaxPercent: s.Spec.MaxPercent, Breaker: s.Spec.Breaker, Created: tx.Now()}
	for _, o := range s.Deployments[1:] {
		row.Sources = append(row.Sources, o.ID)
	}
	row.Move(types.ServiceDeploymentStatusPending, "", tx.Now())
	store.ServiceRevisions.Put(tx, model.ServiceRevision{ID: model.RevisionID(d.ID), Cluster: s.Cluster, Service: s.Name, Def: d.Def, LBs: d.LBs, Capacity: d.Capacity, Created: tx.Now()})
	store.ServiceDeployments.Put(tx, row)
	s.Current = row.Key()
	forgetDeployments(tx, s)
}

// closeDeployment ends the service deployment under way, if there is one.
func closeDeployment(tx *store.Tx, s *model.Service, why string) {
	if d, ok := store.ServiceDeployments.Get(tx, s.Current); ok && !d.Over() {
		d.Failures = s.Primary().Failed
		d.Move(types.ServiceDeploymentStatusStopped, why, tx.Now())
		store.ServiceDeployments.Put(tx, d)
	}
	s.Current = ""
}

// forgetDeployments deletes the oldest service deployments beyond what is kept, and the revisions
// that nothing names any more.
func forgetDeployments(tx *store.Tx, s *model.Service) {
	all := deployments(tx, s.Key())
	if len(all) <= deploymentsKept {
		return
	}
	named := map[string]bool{s.Good.ID: true}
	for _, d := range s.Deployments {
		named[d.ID] = true
	}
	for i, d := range all {
		if i >= deploymentsKept {
			store.ServiceDeployments.Delete(tx, d.Key())
			continue
		}
		named[d.Deployment], named[d.Rollback.Deployment] = true, true
		for _, id := range d.Sources {
			named[id] = true
		}
	}
	for r := range store.ServiceRevisions.From(tx, s.Key()+"/", "") {
		if !named["ecs-svc/"+r.ID] {
			store.ServiceRevisions.Delete(tx, r.Key())
		}
	}
}

// deployments returns the service deployments of a service, newest first.
func deployments(tx *store.Tx, service string) []model.ServiceDeployment {
	all := slices.Collect(store.ServiceDeployments.From(tx, service+"/", ""))
	slices.SortFunc(all, func(a, b model.ServiceDeployment) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.ID, b.ID))
	})
	return all
}

// newestFirst is a service deployment whose key puts the newest first.
type newestFirst struct{ model.ServiceDeployment }

// Key sorts by time, the newest first.
func (d newestFirst) Key() string {
	return fmt.Sprintf("%019d/%s", math.MaxInt64-d.Created.UnixNano(), d.ID)
}

// listServiceDeployments lists the service deployments of a service, newest first.
func listServiceDeployments(tx *store.Tx, in *ecs.ListServiceDeploymentsInput) (*ecs.ListServiceDeploymentsOutput, error) {
	s, err := service(tx, in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	p, err := newPage(in, in.NextToken, in.MaxResults, 20)
	if err != nil {
		return nil, err
	}
	for _, status := range in.Status {
		if !slices.Contains(status.Values(), status) {
			return nil, invalid("Invalid service deployment status: %s", status)
		}
	}
	var rows []newestFirst
	for _, d := range deployments(tx, s.Key()) {
		rows = append(rows, newestFirst{d})
	}
	keep := func(d newestFirst) bool {
		c := in.CreatedAt
		return d.Key() > p.after && !d.Created.Before(s.Created) &&
			(len(in.Status) == 0 || slices.Contains(in.Status, types.ServiceDeploymentStatus(d.Status))) &&
			(c == nil || c.After == nil || d.Created.After(*c.After)) && (c == nil || c.Before == nil || d.Created.Before(*c.Before))
	}
	out, next := take(p, slices.Values(rows), keep, func(d newestFirst) types.ServiceDeploymentBrief { return briefDeployment(tx, d.ServiceDeployment) })
	return &ecs.ListServiceDeploymentsOutput{ServiceDeployments: out, NextToken: next}, nil
}

func describeServiceDeployments(tx *store.Tx, in *ecs.DescribeServiceDeploymentsInput) (*ecs.DescribeServiceDeploymentsOutput, error) {
	if err := checkCount("Service deployment ARNs", len(in.ServiceDeploymentArns), maxDeployments); err != nil {
		return nil, err
	}
	out := &ecs.DescribeServiceDeploymentsOutput{ServiceDeployments: []types.ServiceDeployment{}, Failures: []types.Failure{}}
	for _, ref := range in.ServiceDeploymentArns {
		key, err := ofKnownService(tx, "service-deployment", ref)
		if err != nil {
			return nil, err
		}
		if d, ok := store.ServiceDeployments.Get(tx, key); ok {
			out.ServiceDeployments = append(out.ServiceDeployments, showServiceDeployment(tx, d))
		} else {
			out.Failures = append(out.Failures, missing(ref))
		}
	}
	return out, nil
}

// stopServiceDeployment asks for a rollback to the last deployment that completed. One that is rolled
// back already goes on.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
func stopServiceDeployment(tx *store.Tx, in *ecs.StopServiceDeploymentInput) (*ecs.StopServiceDeploymentOutput, error) {
	switch in.StopType {
	case "", types.StopServiceDeploymentStopTypeRollback:
	case types.StopServiceDeploymentStopTypeAbort:
		return nil, invalid("%s", notSupported("the stopType ABORT", "use ROLLBACK."))
	default:
		return nil, invalid("Invalid stop type: %s", in.StopType)
	}
	key, err := ofService(tx, "service-deployment", aws.ToString(in.ServiceDeploymentArn))
	if err != nil {
		return nil, err
	}
	d, ok := store.ServiceDeployments.Get(tx, key)
	if !ok {
		return nil, &types.ServiceDeploymentNotFoundException{Message: aws.String("Service deployment not found.")}
	}
	out := &ecs.StopServiceDeploymentOutput{ServiceDeploymentArn: in.ServiceDeploymentArn}
	s, _ := store.Services.Get(tx, d.ServiceKey())
	switch types.ServiceDeploymentStatus(d.Status) {
	case types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress:
		return out, nil
	case types.ServiceDeploymentStatusPending, types.ServiceDeploymentStatusInProgress:
		if s.Good.ID != "" && s.Current == key {
			d.Move(types.ServiceDeploymentStatusRollbackRequested, "", tx.Now())
			d.Stopped = tx.Now() // a person stops it, says its documentation, though it is rolled back then
			store.ServiceDeployments.Put(tx, d)
			return out, nil
		}
		return nil, conflict("The service deployment cannot be rolled back: no service revision of the service was deployed successfully before.")
	}
	return nil, conflict("The service deployment is in the %s state and cannot be stopped.", d.Status)
}

func conflict(format string, args ...any) error {
	return &types.ConflictException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// ofService reads the ARN of something that belongs to a service, such as
// …:service-deployment/cluster/service/id, and returns its key.
func ofService(tx *store.Tx, kind, ref string) (string, error) {
	a, err := ownARN(tx.Scope(), ref)
	if err != nil {
		return "", err
	}
	parts := strings.Split(a.Resource, "/")
	if len(parts) != 4 || parts[0] != kind || slices.Contains(parts, "") {
		return "", invalid("Invalid identifier: %s", ref)
	}
	return strings.Join(parts[1:], "/"), nil
}

// ofKnownService is ofService for calls that miss the cluster or the service before what belongs to it.
func ofKnownService(tx *store.Tx, kind, ref string) (string, error) {
	key, err := ofService(tx, kind, ref)
	if err != nil {
		return "", err
	}
	cluster, rest, _ := strings.Cut(key, "/")
	name, _, _ := strings.Cut(rest, "/")
	if _, ok := store.Clusters.Get(tx, cluster); !ok {
		return "", clusterNotFound()
	}
	if _, ok := store.Services.Get(tx, cluster+"/"+name); !ok {
		return "", serviceNotFound()
	}
	return key, nil
}

// checkCount checks how many items a list has, which must have some.
func checkCount(what string, n, most int) error {
	switch {
	case n == 0:
		return invalid("%s cannot be empty.", what)
	case n > most:
		return invalid("%s can have at most %d items.", what, most)
	}
	return nil
}
