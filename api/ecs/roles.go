package ecs

import (
	"regexp"
	"strings"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// checkRoles lets through ARNs of roles, and for the task role its name alone. Whether there is such a
// role, and whether ECS may assume it, is looked at when a task is launched, as on AWS.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
func checkRoles(task, execution *string) error {
	if t := aws.ToString(task); t != "" && !roleName.MatchString(t) && !isRole(t) || aws.ToString(execution) != "" && !isRole(*execution) {
		return refused("Role is not valid")
	}
	return nil
}

var roleName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

func isRole(arn string) bool {
	a, ok := model.ParseARN(arn)
	name, role := strings.CutPrefix(a.Resource, "role/")
	return ok && a.Service == "iam" && a.Region == "" && a.Account != "" && role && name != "" && !strings.HasSuffix(name, "/")
}

// roleARN is the ARN of a role that may be given by its name; nil for none.
func roleARN(tx *store.Tx, ref *string) *string {
	name := aws.ToString(ref)
	switch {
	case name == "":
		return nil
	case strings.HasPrefix(name, "arn:"):
		return ref
	}
	if r, ok := store.Roles.Get(tx.In(tx.Scope().Global()), model.Role{Name: name}.Key()); ok {
		return new(r.ARN(tx.Scope()))
	}
	return new(tx.Scope().IAM("role/" + name))
}

// withRoles returns overrides of our own with the ARNs of the roles.
func withRoles(tx *store.Tx, o *types.TaskOverride) *types.TaskOverride {
	if o != nil {
		o.TaskRoleArn, o.ExecutionRoleArn = roleARN(tx, o.TaskRoleArn), roleARN(tx, o.ExecutionRoleArn)
	}
	return o
}

// assumeRoles checks that ECS may assume the roles that tasks of a definition get.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
func assumeRoles(tx *store.Tx, def model.TaskDef, o *types.TaskOverride) error {
	if arn := identity.NotForTasks(tx, def.TaskRole(o), def.ExecutionRole(o)); arn != "" {
		return refused("%s", identity.CannotAssume(arn))
	}
	return nil
}
