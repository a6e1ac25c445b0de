package collect

import (
	"errors"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/logdriver"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/smithy-go"
)

// What a task on an instance writes is written in the role of the instance, unless its definition has an execution
// role; that is asked when the task starts, with what else is asked of it.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html,
// https://github.com/aws/amazon-ecs-agent (README.md, ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE)

// machineOf is the id of the instance in whose role what t writes is written; empty for none.
func machineOf(tx *store.Tx, t model.Task, def *model.TaskDef) string {
	if t.Instance == "" || def == nil || def.ExecutionRole(t.Birth.Overrides) != "" {
		return ""
	}
	ci, _ := store.ContainerInstances.Get(tx, t.Instance)
	return ci.EC2
}

// mayCreate is nil if the driver on an instance may make what is missing of a stream, which may have no name yet and
// whose group may be missing, else why not, in the driver's words.
func (c *Collect) mayCreate(sc model.Scope, machine string, o logdriver.Options, stream string, missing bool) error {
	if machine == "" {
		return nil
	}
	if stream == "" {
		stream = "*"
	}
	at := logScope(sc, o)
	group := at.LogGroupARN(o.Group)
	if err := c.ask(sc, at, machine, "CreateLogStream", group+":log-stream:"+stream); err != nil {
		return cannotLog("failed to create Cloudwatch log stream: operation error CloudWatch Logs: CreateLogStream, ", err)
	}
	if !missing || !o.Create {
		return nil
	}
	if err := c.ask(sc, at, machine, "CreateLogGroup", group+":log-stream:"); err != nil { // as the gate has it
		return cannotLog("failed to create Cloudwatch log group: operation error CloudWatch Logs: CreateLogGroup, ", err)
	}
	return nil
}

// mayPut is nil if the driver may write to the stream of a container.
func (c *Collect) mayPut(f *follow, at model.Scope, stream string) error {
	if f.machine == "" {
		return nil
	}
	return c.ask(f.scope, at, f.machine, "PutLogEvents", at.LogGroupARN(f.options.Group)+":log-stream:"+stream)
}

// ask asks the role of an instance, whose use is seen at it.
func (c *Collect) ask(sc, at model.Scope, machine, action, resource string) error {
	return c.s.View(sc, func(tx *store.Tx) error {
		i, ok := store.Instances.Get(tx, machine)
		if !ok {
			return nil // and what ran on it with it
		}
		act, err := c.book.Agent(tx, i, c.c.Strict)
		if err != nil {
			return err
		}
		c.c.Uses.Saw(sc, act.Use("logs", at.Region))
		return act.Ask(policy.Request{Action: "logs:" + action, Resource: resource}, nil)
	})
}

// cannotLog is how Docker says that a container does not start since its log does not.
func cannotLog(what string, err error) error {
	if _, called := errors.AsType[*smithy.GenericAPIError](err); called {
		what += "https response error StatusCode: 400, RequestID: " + ids.UUID() + ", "
	}
	return &engine.Error{Name: engine.CannotStart, Message: "Error response from daemon: failed to initialize logging driver: " + what + err.Error()}
}
