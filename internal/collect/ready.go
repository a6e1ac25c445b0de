package collect

import (
	"context"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/logdriver"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/streams"
)

// noGroup is how the driver says that there is no group.
const noGroup = "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."

// Ready makes the stream of a container that is about to be started, and its group where the driver is
// told to. The error stops the task, in the words of ECS. A container that is there already was ready.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
func (c *Collect) Ready(_ context.Context, s engine.Spec) error {
	o, ok := logdriver.Of(s.Doc)
	if !ok {
		return nil
	}
	var t model.Task
	machine := ""
	if err := c.s.View(s.Scope, func(tx *store.Tx) error {
		t, _ = store.Tasks.Get(tx, s.Task)
		machine = machineOf(tx, t, store.TaskDefs.Peek(tx, t.Birth.Def))
		return nil
	}); err != nil {
		return err
	}
	for _, box := range t.Containers {
		if box.Name == s.Container && box.RuntimeID != "" && s.Again == "" {
			return nil
		}
	}
	at, stream := logScope(s.Scope, o), o.Stream(s.Container, s.Task, "")
	if err := c.mayCreate(s.Scope, machine, o, stream, c.find(at, o.Group, "").group == ""); err != nil {
		return err
	}
	there, err := c.provide(at, o, stream)
	switch {
	case err != nil || there:
		return err
	case t.OnFargate():
		return &engine.Error{Name: engine.ResourceInit, Message: "failed to validate logger args: create stream has been retried 1 times: " +
			noGroup + " : exit status 1"}
	}
	return &engine.Error{Name: engine.CannotStart, Message: "Error response from daemon: failed to initialize logging driver: " + noGroup}
}

// logScope is where the groups of a container are, whose task is in sc.
func logScope(sc model.Scope, o logdriver.Options) model.Scope {
	return model.Scope{Account: sc.Account, Region: o.Region}
}

// provide makes what is missing of a group and a stream, which may have no name yet, and reports whether
// the group is there.
func (c *Collect) provide(sc model.Scope, o logdriver.Options, stream string) (there bool, err error) {
	if t := c.find(sc, o.Group, stream); t.group != "" && (t.stream != 0 || stream == "") {
		return true, nil
	}
	err = c.s.Update(sc, func(tx *store.Tx) error {
		g, ok := store.LogGroups.Get(tx, o.Group)
		if there = ok || o.Create; !there {
			return nil
		}
		handler.Open(tx)
		if !ok {
			g, _ = streams.Group(tx, o.Group)
		}
		if stream != "" {
			streams.Stream(tx, g, stream)
		}
		return nil
	})
	return there, err
}

// target is where events go, by the names that they are kept under; zeros for what is not there.
type target struct {
	group  string
	stream uint64
}

func (c *Collect) find(sc model.Scope, group, stream string) (t target) {
	_ = c.s.View(sc, func(tx *store.Tx) error {
		g, _ := store.LogGroups.Get(tx, group)
		s, _ := store.LogStreams.Get(tx, model.LogStreamKey(group, stream))
		t = target{g.ID, s.Number}
		return nil
	})
	return t
}
