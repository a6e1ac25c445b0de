package ecs

import (
	"math"
	"slices"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/rollout"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// maxTaskSets is how many task sets a service has at most, those that drain among them. AWS says so
// only when there are too many.
//
// Source: https://github.com/aws-samples/ecs-bg-external-controller/issues/6
const maxTaskSets = 5

// createTaskSet adds a task set to a service with the EXTERNAL controller; the services stage starts
// its tasks. The same call with the same token once more answers the task set that is there.
func createTaskSet(tx *store.Tx, in *ecs.CreateTaskSetInput) (*ecs.CreateTaskSetOutput, error) {
	if err := checkTaskSet(in); err != nil {
		return nil, err
	}
	s, err := liveExternal(tx, in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	d, err := newTaskSet(tx, s, in)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(s.Deployments, func(o model.Deployment) bool { return d.TaskSet.Token != "" && o.TaskSet.Token == d.TaskSet.Token }); i >= 0 {
		old := s.Deployments[i]
		if !sameTaskSet(old, d) {
			return nil, invalid("Creation of task set was not idempotent.")
		}
		return &ecs.CreateTaskSetOutput{TaskSet: new(showTaskSet(tx, s, old, len(old.TaskSet.Tags) > 0))}, nil
	}
	if n := len(s.Deployments); n >= maxTaskSets {
		return nil, invalid("%d deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit.", n)
	}
	s.Deployments = append(slices.Clone(s.Deployments), d)
	store.Services.Put(tx, s)
	return &ecs.CreateTaskSetOutput{TaskSet: new(showTaskSet(tx, s, d, len(d.TaskSet.Tags) > 0))}, nil
}

// checkTaskSet checks what a call says by itself.
func checkTaskSet(in *ecs.CreateTaskSetInput) error {
	if err := refuseIn(in, serviceSupport); err != nil {
		return err
	}
	if token := aws.ToString(in.ClientToken); len(token) > 36 || !printable(token) {
		return invalid("Client token must be up to 36 ASCII characters in the range of 33-126.")
	}
	return nil
}

// newTaskSet is the task set that a checked call asks for. Without a scale it is to run nothing yet,
// as in AWS's example of the call.
//
// Source: https://docs.aws.amazon.com/cli/latest/reference/ecs/create-task-set.html
func newTaskSet(tx *store.Tx, s model.Service, in *ecs.CreateTaskSetInput) (d model.Deployment, err error) {
	def, err := serviceTaskDef(tx, in.TaskDefinition)
	if err != nil {
		return d, err
	}
	c, _ := store.Clusters.Get(tx, s.Cluster)
	where, err := capacity(tx, c, def, wish{LaunchType: in.LaunchType, Strategy: in.CapacityProviderStrategy, Platform: in.PlatformVersion,
		Network: in.NetworkConfiguration, Constraints: s.Spec.Constraints, Placement: s.Spec.Strategy})
	if err != nil {
		return d, err
	}
	d = model.Deployment{ID: ids.Deployment(), Status: active, Def: def.Key(), Capacity: where,
		Created: tx.Now(), Updated: tx.Now(), TaskSet: &model.TaskSet{External: aws.ToString(in.ExternalId), Token: aws.ToString(in.ClientToken), SteadyAt: tx.Now()}}
	if d.LBs, err = taskSetLBs(tx, def, in.LoadBalancers); err != nil {
		return d, err
	}
	if d.TaskSet.Tags, err = newTags(in.Tags); err != nil {
		return d, err
	}
	if in.Scale != nil {
		d.TaskSet.Scale, err = scale(in.Scale)
	}
	return d, err
}

// taskSetLBs reads the load balancer of a task set: one at most.
//
// Source: https://github.com/aws/containers-roadmap/issues/1380,
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/register-multiple-targetgroups.html
func taskSetLBs(tx *store.Tx, def model.TaskDef, in []types.LoadBalancer) ([]model.ServiceLB, error) {
	if len(in) > 1 {
		return nil, invalid("CreateTaskSet cannot have more than 1 load balancer.")
	}
	return serviceLBs(tx, def, in)
}

func scale(in *types.Scale) (float64, error) {
	switch {
	case in == nil:
		return 0, invalid("Scale can not be blank.")
	case in.Unit != "" && in.Unit != types.ScaleUnitPercent:
		return 0, invalid("Invalid scale unit: %s", in.Unit)
	case math.IsNaN(in.Value) || in.Value < 0 || in.Value > 100: // the wire has a NaN
		return 0, invalid("Scale value must be between 0 and 100.")
	}
	return in.Value, nil
}

// sameTaskSet reports whether a repeated CreateTaskSet asks for what is there.
func sameTaskSet(old, d model.Deployment) bool {
	o, n := old.TaskSet, d.TaskSet
	return old.Def == d.Def && slices.Equal(old.LBs, d.LBs) && sameCapacity(old.Capacity, d.Capacity) && o.External == n.External && o.Scale == n.Scale && slices.Equal(o.Tags, n.Tags)
}

// updateTaskSet sets the scale of a task set.
func updateTaskSet(tx *store.Tx, in *ecs.UpdateTaskSetInput) (*ecs.UpdateTaskSetOutput, error) {
	s, i, err := liveTaskSet(tx, in.Cluster, in.Service, in.TaskSet)
	if err != nil {
		return nil, err
	}
	to, err := scale(in.Scale)
	if err != nil {
		return nil, err
	}
	d := &s.Deployments[i]
	if d.Status == draining {
		return nil, invalid("The task set is DRAINING and cannot be updated.")
	}
	if t := *d.TaskSet; t.Scale != to {
		t.Scale = to
		d.TaskSet, d.Updated = &t, tx.Now()
		store.Services.Put(tx, s)
	}
	return &ecs.UpdateTaskSetOutput{TaskSet: new(showTaskSet(tx, s, *d, false))}, nil
}

// deleteTaskSet makes a task set that was scaled to 0, or any with force, DRAINING; the services stage
// stops what runs and forgets it. One that serves production traffic needs force as well.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskSet.html,
// https://github.com/hashicorp/terraform-provider-aws/pull/30839
func deleteTaskSet(tx *store.Tx, in *ecs.DeleteTaskSetInput) (*ecs.DeleteTaskSetOutput, error) {
	s, i, err := liveTaskSet(tx, in.Cluster, in.Service, in.TaskSet)
	if err != nil {
		return nil, err
	}
	d := &s.Deployments[i]
	force := aws.ToBool(in.Force)
	switch {
	case d.Status == draining:
		return &ecs.DeleteTaskSetOutput{TaskSet: new(showTaskSet(tx, s, *d, false))}, nil
	case d.Status == primary && !force:
		return nil, invalid("Primary TaskSet cannot be deleted")
	case computed(s, *d) > 0 && !force:
		return nil, invalid("The task set cannot be stopped while it is scaled above 0.")
	}
	d.Status, d.Updated = draining, tx.Now()
	store.Services.Put(tx, s)
	return &ecs.DeleteTaskSetOutput{TaskSet: new(showTaskSet(tx, s, *d, false))}, nil
}

// updateServicePrimaryTaskSet says which task set serves production traffic; the one before is ACTIVE
// again. What the traffic does is the listeners' business.
func updateServicePrimaryTaskSet(tx *store.Tx, in *ecs.UpdateServicePrimaryTaskSetInput) (*ecs.UpdateServicePrimaryTaskSetOutput, error) {
	s, i, err := liveTaskSet(tx, in.Cluster, in.Service, in.PrimaryTaskSet)
	if err != nil {
		return nil, err
	}
	switch s.Deployments[i].Status {
	case draining:
		return nil, invalid("The task set is DRAINING and cannot be the primary task set.")
	case active:
		for j := range s.Deployments {
			if s.Deployments[j].Status == primary {
				s.Deployments[j].Status, s.Deployments[j].Updated = active, tx.Now()
			}
		}
		s.Deployments[i].Status, s.Deployments[i].Updated = primary, tx.Now()
		store.Services.Put(tx, s)
	}
	return &ecs.UpdateServicePrimaryTaskSetOutput{TaskSet: new(showTaskSet(tx, s, s.Deployments[i], false))}, nil
}

// describeTaskSets answers the task sets that are named; AWS refuses a call that names none, though
// its page does not call them required.
//
// Source: https://github.com/aws/aws-cli/issues/5380
func describeTaskSets(tx *store.Tx, in *ecs.DescribeTaskSetsInput) (*ecs.DescribeTaskSetsOutput, error) {
	s, err := externalService(tx, in.Cluster, in.Service)
	switch {
	case err != nil:
		return nil, err
	case s.Status == inactive:
		return nil, serviceNotActive()
	case len(in.TaskSets) == 0:
		return nil, invalid("Task sets cannot be empty.")
	}
	for _, f := range in.Include {
		if f != types.TaskSetFieldTags {
			return nil, invalid("Invalid include: %s", f)
		}
	}
	out := &ecs.DescribeTaskSetsOutput{TaskSets: []types.TaskSet{}, Failures: []types.Failure{}}
	for _, ref := range in.TaskSets {
		id, err := taskSetID(tx, s, ref)
		if err != nil {
			return nil, err
		}
		if d, ok := s.Deployment(id); ok {
			out.TaskSets = append(out.TaskSets, showTaskSet(tx, s, d, len(in.Include) > 0))
		} else {
			out.Failures = append(out.Failures, missing(taskSetARN(tx, s, id)))
		}
	}
	return out, nil
}

// wanted returns how many tasks a service is to run, its task sets together.
func wanted(s model.Service) int {
	if !s.External() {
		return s.Desired
	}
	n := 0
	for _, d := range s.Deployments {
		n += computed(s, d)
	}
	return n
}

// computed returns how many tasks a task set is to run.
func computed(s model.Service, d model.Deployment) int {
	if d.Status == draining {
		return 0
	}
	return rollout.Computed(s.Desired, d.TaskSet.Scale)
}
