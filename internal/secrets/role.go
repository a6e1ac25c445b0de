package secrets

import (
	"errors"
	"fmt"
	"slices"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/logdriver"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
)

// session is a role in which something is done for a task: what is fetched is asked for by its right.
type session struct {
	identity.Acting
	used func(service, region string) // notes that the role was used
}

// assume returns the session of a task in its execution role. Nothing is read without one: definitions that
// name secrets must name a role.
func (r Reader) assume(tx *store.Tx, def model.TaskDef, o *types.TaskOverride, task string) (*session, error) {
	arn := def.ExecutionRole(o)
	if arn == "" {
		return nil, errors.New("execution resource retrieval failed: unable to find execution role credentials")
	}
	act, ok := identity.Act(tx, arn, identity.ForTasks, task)
	if !ok {
		return nil, errors.New(identity.CannotAssume(arn))
	}
	return r.session(tx, act), nil
}

// session notes what a role is used for.
func (r Reader) session(tx *store.Tx, act identity.Acting) *session {
	return &session{act, func(service, region string) { r.Uses.Saw(tx.Scope(), act.Use(service, region)) }}
}

// may is nil if s may do what is asked for, else the denial as AWS words it. on is the policy of the resource,
// if it has one.
func (s *session) may(q policy.Request, on *policy.Index) error {
	if a, ok := model.ParseARN(q.Resource); ok {
		s.used(a.Service, a.Region)
	}
	return s.Ask(q, on)
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
		asked = slices.Insert(asked, 1, [2]string{"CreateLogGroup", at.ARN("logs", group+":log-stream:")}) // as the gate has it
	}
	for _, a := range asked {
		if err := s.may(policy.Request{Action: "logs:" + a[0], Resource: a[1]}, nil); err != nil {
			what := "stream"
			if a[0] == "CreateLogGroup" {
				what = "group"
			}
			return fmt.Errorf("failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log %s: %w", what, called("CloudWatch Logs: "+a[0], err))
		}
	}
	return nil
}

// refusal words a denial as the SDK in the agent words errors that its model lacks.
func refusal(operation string, e *smithy.GenericAPIError) error {
	return fmt.Errorf("operation error %s, https response error StatusCode: 400, RequestID: %s, api error %s: %s", operation, ids.UUID(), e.Code, e.Message)
}
