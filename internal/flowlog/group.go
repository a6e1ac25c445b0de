package flowlog

import (
	"fmt"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/flowlog/record"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/streams"
)

// service writes to log groups, in the role that a flow log names.
const service = "vpc-flow-logs.amazonaws.com"

// stream is the name of the log stream of an interface.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-cwl.html#process-records-cwl
func stream(l model.FlowLog, nic string) string { return nic + "-" + strings.ToLower(l.Traffic) }

// toGroup appends the records to the streams of their interfaces. A group or stream that is missing is
// made; the time of an event is that of its record's beginning.
func (p *Part) toGroup(b *batch, now time.Time) error {
	group, numbers, err := p.provide(b)
	if err != nil {
		return err
	}
	f, err := record.Parse(b.log.Format)
	if err != nil {
		return err
	}
	var events []logs.Event
	for i, part := range b.parts {
		for _, r := range part.records {
			events = append(events, logs.Event{Stream: numbers[i], At: r.Flow.Start.UnixMilli(), Ingested: now.UnixMilli(), Message: f.Line(r)})
		}
	}
	return p.events.Append(group, events)
}

// provide returns the id of the group and the numbers of the streams, in the order of the parts.
func (p *Part) provide(b *batch) (group string, numbers []uint64, err error) {
	missing := false
	err = p.s.View(b.scope, func(tx *store.Tx) error {
		g, there := store.LogGroups.Get(tx, b.log.Group)
		group, missing = g.ID, !there
		for _, part := range b.parts {
			s, there := store.LogStreams.Get(tx, model.LogStreamKey(b.log.Group, stream(b.log, part.row.ID)))
			numbers, missing = append(numbers, s.Number), missing || !there
		}
		return p.mayWrite(tx, b.log)
	})
	if err != nil || !missing {
		return group, numbers, err
	}
	err = p.s.Update(b.scope, func(tx *store.Tx) error {
		handler.Open(tx)
		g, _ := streams.Group(tx, b.log.Group)
		group, numbers = g.ID, nil
		for _, part := range b.parts {
			g, _ = store.LogGroups.Get(tx, b.log.Group) // it counts its streams
			s, _ := streams.Stream(tx, g, stream(b.log, part.row.ID))
			numbers = append(numbers, s.Number)
		}
		return nil
	})
	return group, numbers, err
}

// mayWrite checks that the role of a flow log is there, and allows what is to be done.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
func (p *Part) mayWrite(tx *store.Tx, l model.FlowLog) error {
	act, ok := identity.Act(tx, l.Role, service, "FlowLogs")
	if !ok {
		return fmt.Errorf("%w: %s cannot assume the role %s", errAccess, service, l.Role)
	}
	p.c.Uses.Saw(tx.Scope(), act.Use("logs", tx.Scope().Region))
	group := tx.Scope().LogGroupARN(l.Group)
	asked := [][2]string{{"CreateLogStream", group + ":log-stream:*"}, {"PutLogEvents", group + ":log-stream:*"}}
	if _, there := store.LogGroups.Get(tx, l.Group); !there {
		asked = append(asked, [2]string{"CreateLogGroup", group + ":log-stream:"}) // as the gate has it
	}
	for _, a := range asked {
		if !act.May("logs:"+a[0], a[1]) {
			return fmt.Errorf("%w: the role %s does not allow logs:%s on %s", errAccess, l.Role, a[0], a[1])
		}
	}
	return nil
}
