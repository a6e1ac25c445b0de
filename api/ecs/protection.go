package ecs

import (
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// How long task protection lasts, and how many tasks one call may name.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateTaskProtection.html
const (
	standardProtection = 120 // minutes
	longestProtection  = 2880
	maxProtect         = 10
)

// protectable finds the service tasks that a call names; the others are failures.
func protectable(tx *store.Tx, cluster *string, refs []string, most int) (tasks []model.Task, failures []types.Failure, err error) {
	failures = []types.Failure{}
	if aws.ToString(cluster) == "" {
		return nil, nil, invalid("Cluster can not be blank.")
	}
	c, err := activeCluster(tx, cluster)
	if err != nil {
		return nil, nil, err
	}
	if err := checkCount("Tasks", len(refs), most); err != nil {
		return nil, nil, err
	}
	for _, ref := range refs {
		id, err := taskID(tx, c.Name, ref)
		if err != nil {
			return nil, nil, err
		}
		t, ok := store.Tasks.Get(tx, id)
		switch {
		case !ok || t.Birth.Cluster != c.Name:
			failures = append(failures, missing(taskARN(tx, c.Name, id)))
		case t.Birth.Service == "" || t.Want == model.Stopped:
			failures = append(failures, failure(taskARN(tx, c.Name, id), "TASK_NOT_VALID"))
		default:
			tasks = append(tasks, t)
		}
	}
	return tasks, failures, nil
}

func getTaskProtection(tx *store.Tx, in *ecs.GetTaskProtectionInput) (*ecs.GetTaskProtectionOutput, error) {
	tasks, failures, err := protectable(tx, in.Cluster, in.Tasks, maxDescribe)
	if err != nil {
		return nil, err
	}
	out := &ecs.GetTaskProtectionOutput{ProtectedTasks: []types.ProtectedTask{}, Failures: failures}
	for _, t := range tasks {
		out.ProtectedTasks = append(out.ProtectedTasks, showProtection(tx, t))
	}
	return out, nil
}

// updateTaskProtection protects tasks from scale-in and deployments for a time, or no longer. No more
// tasks of a service than it is to run can be protected.
func (h handlers) updateTaskProtection(tx *store.Tx, in *ecs.UpdateTaskProtectionInput) (*ecs.UpdateTaskProtectionOutput, error) {
	minutes := aws.ToInt32(in.ExpiresInMinutes)
	switch {
	case in.ExpiresInMinutes == nil:
		minutes = standardProtection
	case !in.ProtectionEnabled:
		return nil, invalid("expiresInMinutes is only valid when protectionEnabled is true.")
	case minutes < 1 || minutes > longestProtection:
		return nil, invalid("expiresInMinutes must be between 1 and %d.", longestProtection)
	}
	tasks, failures, err := protectable(tx, in.Cluster, in.Tasks, maxProtect)
	if err != nil {
		return nil, err
	}
	out := &ecs.UpdateTaskProtectionOutput{ProtectedTasks: []types.ProtectedTask{}, Failures: failures}
	for _, t := range tasks {
		if in.ProtectionEnabled && !protected(tx, t) && crowdedOut(tx, t) {
			out.Failures = append(out.Failures, failure(taskARN(tx, t.Birth.Cluster, t.ID), "DEPLOYMENT_BLOCKED"))
			continue
		}
		t.Protected = time.Time{}
		if in.ProtectionEnabled {
			t.Protected = tx.Now().Add(h.scale.Of(time.Duration(minutes) * time.Minute))
		}
		store.Tasks.Put(tx, t)
		out.ProtectedTasks = append(out.ProtectedTasks, showProtection(tx, t))
	}
	return out, nil
}

func protected(tx *store.Tx, t model.Task) bool { return tx.Now().Before(t.Protected) }

// crowdedOut reports whether t's service has as many protected tasks as it is to run.
func crowdedOut(tx *store.Tx, t model.Task) bool {
	key := t.Birth.Cluster + "/" + t.Birth.Service
	s, _ := store.Services.Get(tx, key)
	n := 0
	for o := range store.TasksByService.Each(tx, key) {
		if o.Want == model.Running && protected(tx, o) {
			n++
		}
	}
	return n >= wanted(s)
}

func showProtection(tx *store.Tx, t model.Task) types.ProtectedTask {
	out := types.ProtectedTask{TaskArn: aws.String(taskARN(tx, t.Birth.Cluster, t.ID)), ProtectionEnabled: protected(tx, t)}
	if out.ProtectionEnabled {
		out.ExpirationDate = at(t.Protected)
	}
	return out
}
