package identity

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"
)

// The services that assume roles for others.
const (
	ForTasks     = "ecs-tasks.amazonaws.com" // task roles and execution roles
	ForInstances = "ec2.amazonaws.com"       // roles of instance profiles
	ForLogs      = "logs.amazonaws.com"      // roles of log destinations and subscription filters
)

// tells says of which service the resources are for which a role is assumed; empty for who does not tell.
func tells(service string) string {
	switch {
	case service == ForTasks:
		return "ecs"
	case strings.HasPrefix(service, "logs."): // in all regions, or in one
		return "logs"
	}
	return ""
}

// Assume returns the role with the ARN as the service sees it: ok is false unless the role is there, in
// tx's account, and trusts the service.
func Assume(tx *store.Tx, arn, service string) (r model.Role, ok bool) {
	name, ok := model.RoleName(arn)
	global := tx.In(tx.Scope().Global())
	if r, there := store.Roles.Get(global, model.Role{Name: name}.Key()); ok && there && r.ARN(global.Scope()) == arn {
		return r, trusts(tx, r, arn, service)
	}
	return r, false
}

// trusts reports whether the trust policy of a role lets a service assume it. ECS and CloudWatch Logs say
// for whom they do, so that policies can guard against confused deputies.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html and
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CreateDestination.html
func trusts(tx *store.Tx, r model.Role, arn, service string) bool {
	trust, err := Trust(r, arn)
	if err != nil {
		return false
	}
	p := policy.Principal{Account: tx.Scope().Account, Service: service}
	keys := p.Keys(policy.Caller{Now: tx.Now(), Region: tx.Scope().Region, TLS: true, Service: true})
	if of := tells(service); of != "" {
		keys.Set("aws:SourceAccount", tx.Scope().Account)
		keys.Set("aws:SourceArn", tx.Scope().ARN(of, "*"))
	}
	all := policy.Policies{Trust: trust}
	return all.Evaluate(policy.Request{Principal: p, Action: "sts:AssumeRole", Resource: arn, Context: keys}).Allowed
}

// Assumed is the caller that a service is once it has assumed a role: the session has a name.
func Assumed(sc model.Scope, r model.Role, session string) model.Caller {
	return model.Caller{Role: r.ARN(sc), ID: r.ID + ":" + session,
		ARN: "arn:" + sc.Partition() + ":sts::" + sc.Account + ":assumed-role/" + r.Name + "/" + session}
}

// CannotAssume is what ECS says when it cannot assume the role of a task.
func CannotAssume(arn string) string {
	return "ECS was unable to assume the role '" + arn + "' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
}

// NotForTasks returns the first of the ARNs, of which some may be empty, that is not of a role which ECS
// can assume for tasks; empty if it can assume them all.
func NotForTasks(tx *store.Tx, arns ...string) string {
	for _, arn := range arns {
		if _, ok := Assume(tx, arn, ForTasks); arn != "" && !ok {
			return arn
		}
	}
	return ""
}
