package secrets

import (
	"errors"
	"fmt"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/logdriver"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
)

// session is the execution role of a task, assumed by ECS: what is fetched for the task is asked for
// by its right.
type session struct {
	principal policy.Principal
	policies  policy.Policies
	context   policy.Context
	used      func(service, region string) // notes that the role was used
}

// assume returns the session of a task in its execution role. Nothing is read without one: definitions that
// name secrets must name a role.
func (r Reader) assume(tx *store.Tx, def model.TaskDef, o *types.TaskOverride, task string) (*session, error) {
	arn := def.ExecutionRole(o)
	if arn == "" {
		return nil, errors.New("execution resource retrieval failed: unable to find execution role credentials")
	}
	role, ok := identity.Assume(tx, arn, identity.ForTasks)
	if !ok {
		return nil, errors.New(identity.CannotAssume(arn))
	}
	who, _ := new(identity.Book).Of(tx, arn)
	as := identity.Assumed(tx.Scope(), role, task)
	s := &session{policies: who.Policies, principal: policy.Principal{Account: tx.Scope().Account, Role: as.Role, ARN: as.ARN, ID: as.ID}}
	s.context = s.principal.Keys(policy.Caller{Now: tx.Now(), Region: tx.Scope().Region, TLS: true, Tags: who.Tags})
	s.used = func(service, region string) {
		r.Uses.Saw(tx.Scope(), model.Use{ID: role.ID, Role: role.Name, At: tx.Now(), Service: service, Region: region})
	}
	return s, nil
}

// may is nil if s may do what is asked for, else the denial as AWS words it. on is the policy of the resource,
// if it has one. The call is made where the resource is.
func (s *session) may(q policy.Request, on *policy.Index) error {
	all := s.policies
	all.Resource = on
	q.Principal, q.Context = s.principal, s.context.With(q.Context)
	if a, ok := model.ParseARN(q.Resource); ok {
		q.Context.Set("aws:RequestedRegion", a.Region)
		s.used(a.Service, a.Region)
	}
	d := all.Evaluate(q)
	if d.Allowed {
		return nil
	}
	return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: d.Message()}
}

// tagged are the condition keys of what has tags.
func tagged(service string, tags model.Tags) policy.Context {
	keys := make(policy.Context, 2*len(tags)+2)
	for _, t := range tags {
		keys.Set("aws:ResourceTag/"+t.Key, t.Value)
		keys.Set(service+":ResourceTag/"+t.Key, t.Value)
	}
	return keys
}

// mayLog checks that the role of a task may write what the awslogs driver of a container writes, when
// that begins, as ECS does.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
func (s *session) mayLog(tx *store.Tx, c types.ContainerDefinition, task string) error {
	o, ok := logdriver.Of(c)
	if !ok {
		return nil
	}
	at := tx.Scope()
	if o.Region != "" {
		at.Region = o.Region
	}
	tx = tx.In(at)
	group := "log-group:" + o.Group
	stream := at.ARN("logs", group+":log-stream:"+o.Stream(*c.Name, task, "*")) // without a prefix it is named after the container
	asked := [][2]string{{"CreateLogStream", stream}, {"PutLogEvents", stream}}
	if _, there := store.LogGroups.Get(tx, o.Group); o.Create && !there {
		asked = append([][2]string{{"CreateLogGroup", at.ARN("logs", group)}}, asked...)
	}
	for _, a := range asked {
		if err := s.may(policy.Request{Action: "logs:" + a[0], Resource: a[1]}, nil); err != nil {
			return fmt.Errorf("failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: %w", called("CloudWatch Logs: "+a[0], err))
		}
	}
	return nil
}

// refusal words a denial as the SDK in the agent words errors that its model lacks.
func refusal(operation string, e *smithy.GenericAPIError) error {
	return fmt.Errorf("operation error %s, https response error StatusCode: 400, RequestID: %s, api error %s: %s", operation, ids.UUID(), e.Code, e.Message)
}
