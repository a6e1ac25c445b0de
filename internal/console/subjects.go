package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// subject is a table whose rows have something to tell.
type subject struct {
	table string
	keys  func(tx *store.Tx) []string
	tell  func(tx *store.Tx, key string) (Event, bool)
	gone  func(tx *store.Tx, key string) Event // nil: its end is not news
}

// subjects in the order in which they are told when their times are equal.
var subjects = []subject{
	about(store.Events, func(_ *store.Tx, e model.Event) Event { return showEvent(e) }, nil),
	about(store.Instances, instanceEvent, nil),
	about(store.ContainerInstances, membershipEvent, nil),
	about(store.Tasks, func(tx *store.Tx, t model.Task) Event { return taskEvent(tx, t, taskMoment(tx, t)) }, nil),
	about(store.Targets, targetEvent, targetGone),
}

// about makes a subject of a table.
func about[T store.Row](t store.Table[T], tell func(*store.Tx, T) Event, gone func(*store.Tx, string) Event) subject {
	return subject{table: t.Name(), gone: gone,
		keys: func(tx *store.Tx) (keys []string) {
			for row := range t.All(tx) {
				keys = append(keys, row.Key())
			}
			return keys
		},
		tell: func(tx *store.Tx, key string) (Event, bool) {
			row, ok := t.Get(tx, key)
			if !ok {
				return Event{}, false
			}
			return tell(tx, row), true
		}}
}

func instanceEvent(tx *store.Tx, i model.Instance) Event {
	at := tx.Now()
	if i.State == "pending" {
		at = i.Launch.At
	}
	return Event{At: at, Kind: "instance", Subject: i.ID, Status: i.State,
		Message: fmt.Sprintf("instance %s (%s, %s) is %s", i.ID, i.Type.Name, i.Zone, i.State)}
}

func membershipEvent(tx *store.Tx, c model.ContainerInstance) Event {
	state := c.Status
	switch {
	case c.Connected || c.Status == "INACTIVE":
	case c.Refused != "":
		state += ", its agent is disconnected: ECS refuses it"
	default:
		state += ", its agent is disconnected: the engine does not answer"
	}
	return Event{At: tx.Now(), Kind: "containerinstance", Cluster: c.Cluster, Subject: c.EC2, Status: c.Status,
		Message: fmt.Sprintf("instance %s in cluster %s is %s", c.EC2, c.Cluster, state)}
}

// taskEvent tells where a task stands.
func taskEvent(tx *store.Tx, t model.Task, at time.Time) Event {
	e := Event{At: at, Kind: "task", Cluster: t.Birth.Cluster, Subject: t.ID, Task: t.ID, Status: t.Is.String()}
	var b strings.Builder
	fmt.Fprintf(&b, "task %s (%s) is %s", short(t.ID), owner(t), t.Is)
	if ci, ok := store.ContainerInstances.Get(tx, t.Instance); ok {
		fmt.Fprintf(&b, " on %s", ci.EC2)
	}
	if t.Is == model.Running {
		for _, c := range t.Containers {
			for _, p := range c.Bindings {
				fmt.Fprintf(&b, ", %s → %s:%d", reached(t, p), c.Name, p.ContainerPort)
			}
		}
	}
	if t.Want == model.Stopped && t.Is < model.Deactivating {
		b.WriteString(" and is to stop")
	}
	if t.Want == model.Stopped {
		fmt.Fprintf(&b, ": %s", orDash(t.Stop.Reason))
	}
	if !t.Live() {
		b.WriteString(exits(t))
	}
	e.Message = b.String()
	return e
}

// reached is where a port of a task answers: on its instance, or on an address of its own.
func reached(t model.Task, b model.Binding) string {
	if t.ENI != nil {
		return fmt.Sprintf("%s:%d", t.ENI.IP, b.ContainerPort)
	}
	return fmt.Sprintf("%s:%d", t.Host, b.HostPort)
}

// exits lists what ended how.
func exits(t model.Task) string {
	var list []string
	for _, c := range t.Containers {
		switch {
		case c.Exit != nil:
			list = append(list, fmt.Sprintf("%s exited with %d", c.Name, *c.Exit))
		case c.Reason != "" && c.Reason != t.Stop.Reason:
			list = append(list, c.Name+": "+c.Reason)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return " (" + strings.Join(list, ", ") + ")"
}

// owner is the service of a task, else its task definition.
func owner(t model.Task) string {
	if t.Birth.Service != "" {
		return "service " + t.Birth.Service
	}
	return t.Birth.Def
}

// taskMoment is when a task came to where it stands, as far as it is kept.
func taskMoment(tx *store.Tx, t model.Task) time.Time {
	switch t.Is {
	case model.Provisioning:
		return t.Times.Created
	case model.Running:
		return last(t.Times.Started, t.Times.Stopping)
	case model.Stopped:
		return t.Times.Stopped
	}
	return tx.Now()
}

func targetEvent(tx *store.Tx, t model.Target) Event {
	h := health(tx, t)
	text := fmt.Sprintf("target %s:%d of %s is %s", t.ID, t.Port, groupName(tx, t.Group), h.State)
	if h.Description != "" && h.State != string(types.TargetHealthStateEnumInitial) {
		text += ": " + h.Description
	}
	return Event{At: tx.Now(), Kind: "target", Subject: fmt.Sprintf("%s:%d", t.ID, t.Port), Task: t.Task, Status: h.State, Message: text}
}

func targetGone(tx *store.Tx, key string) Event {
	p := strings.Split(key, "|")
	return Event{At: tx.Now(), Kind: "target", Subject: p[1] + ":" + p[2], Status: "deregistered",
		Message: fmt.Sprintf("target %s:%s of %s is deregistered", p[1], p[2], groupName(tx, p[0]))}
}
