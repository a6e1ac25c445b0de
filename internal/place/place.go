// Package place puts tasks on container instances within a transaction: it reads the room of a
// cluster from the rows, asks scheduler, and writes the answer into the task. RunTask, StartTask and
// the service scheduler place by the very same call.
package place

import (
	"strconv"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"
)

// Room returns what the container instances of a cluster have left. It is true for as long as no
// task row of the cluster is written by other means than placing in it.
func Room(tx *store.Tx, cluster string) *scheduler.Room {
	var cs []scheduler.Candidate
	for ci := range store.ContainerInstancesByCluster.Each(tx, cluster) {
		used := store.Usage.Get(tx, ci.ID)
		ports := used.Ports
		if len(ci.Ports) > 0 {
			ports = append(append(make([]model.HostPort, 0, len(ci.Ports)+len(ports)+4), ci.Ports...), ports...)
		}
		cs = append(cs, scheduler.Candidate{ID: ci.ID, EC2: ci.EC2, Zone: ci.Zone, Host: ci.Host,
			CPU: ci.CPU - used.CPU, Memory: ci.Memory - used.Memory, Ports: ports, Attributes: ci.Attributes,
			Active: ci.Status == "ACTIVE", Connected: ci.Connected})
	}
	return scheduler.NewRoom(cs, func(group string) map[string]int {
		counts := map[string]int{}
		for instance, n := range store.Groups.Each(tx, store.GroupPrefix(cluster, group)) {
			counts[instance] = n
		}
		return counts
	})
}

// Task finds a place for t in room, a room of t's cluster, and moves t to Pending there; or it
// leaves t as it is and returns why there is none. Of ask only Constraints, Strategy and Only are
// read, the rest follows from t. The caller writes t's row.
func Task(tx *store.Tx, room *scheduler.Room, t *model.Task, ask scheduler.Ask) *scheduler.Refusal {
	ask.Group, ask.Needs, ask.Seed = t.Birth.Group, t.Needs, seed(t.ID)
	c, refusal := room.Place(ask)
	if refusal != nil {
		return refusal
	}
	t.Instance, t.Host = c.ID, c.Host
	_ = t.Advance(model.Pending, tx.Now()) // a task without a place has not come further
	return nil
}

// seed makes the random strategy's number from a task id, which is random itself.
func seed(id string) uint64 {
	n, _ := strconv.ParseUint(id[:min(16, len(id))], 16, 64)
	return n
}
