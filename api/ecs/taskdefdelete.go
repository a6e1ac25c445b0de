package ecs

import (
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	maxDeletes = 10
	// deleting is how long a revision whose deletion was asked for can still be described; it stays
	// longer while a task or a service uses it. AWS gives no time.
	deleting = time.Hour
)

// deleteTaskDefinitions turns INACTIVE revisions to DELETE_IN_PROGRESS: they start no tasks, and are
// gone for good once nothing uses them.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html
func deleteTaskDefinitions(tx *store.Tx, in *ecs.DeleteTaskDefinitionsInput) (*ecs.DeleteTaskDefinitionsOutput, error) {
	switch n := len(in.TaskDefinitions); {
	case n == 0:
		return nil, invalid("Task definitions cannot be empty.")
	case n > maxDeletes:
		return nil, invalid("Task definitions can have at most %d items.", maxDeletes)
	}
	purge(tx)
	out := &ecs.DeleteTaskDefinitionsOutput{TaskDefinitions: []types.TaskDefinition{}, Failures: []types.Failure{}}
	for _, ref := range in.TaskDefinitions {
		d, why, err := deletable(tx, ref)
		if err != nil {
			return nil, err
		}
		if why != "" {
			out.Failures = append(out.Failures, failure(ref, why))
			continue
		}
		if d.Deleting.IsZero() {
			d.Status, d.Deleting = deleteInProgress, tx.Now()
			store.TaskDefs.Put(tx, d)
		}
		out.TaskDefinitions = append(out.TaskDefinitions, *showTaskDef(tx, d))
	}
	return out, nil
}

const deleteInProgress = string(types.TaskDefinitionStatusDeleteInProgress)

// deletable finds a revision that may be deleted, or says why it may not.
func deletable(tx *store.Tx, ref string) (d model.TaskDef, why string, err error) {
	id, err := taskDefIdent(tx.Scope(), ref)
	if err == nil && !strings.Contains(id, ":") {
		return d, "", invalid("Missing revision. TaskDefinition must be family:revision or an ARN with a revision.")
	}
	d, ok, err := taskDef(tx, aws.String(ref))
	switch {
	case err != nil:
		return d, "", err
	case !ok:
		return d, "The specified task definition does not exist. Specify a valid account, family, revision and try again.", nil
	case d.Status == active:
		return d, "The specified task definition is still in ACTIVE status. Please deregister the target and try again.", nil
	}
	return d, "", nil
}

// purge forgets the revisions whose deletion was asked for long enough ago and that nothing uses.
func purge(tx *store.Tx) {
	var due []string
	for d := range store.TaskDefs.All(tx) {
		if !d.Deleting.IsZero() && tx.Now().Sub(d.Deleting) >= deleting {
			due = append(due, d.Key())
		}
	}
	if len(due) == 0 {
		return
	}
	used := map[string]bool{}
	for t := range store.Tasks.All(tx) {
		used[t.Birth.Def] = true
	}
	for s := range store.Services.All(tx) {
		for _, d := range s.Deployments {
			used[d.Def] = true
		}
	}
	for _, key := range due {
		if !used[key] {
			store.TaskDefs.Delete(tx, key)
		}
	}
}
