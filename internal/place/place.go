// Package place puts tasks on container instances within a transaction: it knows the room of each
// cluster from the rows, asks scheduler, and writes the answer into the task, with a network interface
// for one in awsvpc mode. A task on Fargate gets the interface alone. RunTask, StartTask and the service
// scheduler place by the very same call.
//
// Rooms are kept from one Update to the next and follow the rows by the store's trail: what was
// touched since the last time is read again, and everything when the trail does not lead back there,
// as after a flush that failed.
package place

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"
	"github.com/drydock-ecs/drydock/scheduler/query"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// kept is a room and the step of the trail that it knows of.
type kept struct {
	room *scheduler.Room
	at   *store.Trail
}

// keptKey finds the room of a cluster in what a store keeps.
type keptKey struct {
	scope   model.Scope
	cluster string
}

// maxRooms bounds how many rooms are kept; clusters may be many and short-lived.
const maxRooms = 64

// Room returns what the container instances of a cluster have left. It is true for as long as no
// task row of the cluster is written by other means than placing in it, and no longer than tx.
func Room(tx *store.Tx, cluster string) *scheduler.Room {
	keep, key := tx.Keep(), keptKey{tx.Scope(), cluster}
	if keep == nil {
		return fresh(tx, cluster)
	}
	k, known := keep[key].(*kept)
	if !known {
		bound[keptKey](keep, maxRooms)
		k = &kept{}
		keep[key] = k
	}
	var touched []scheduler.Touch
	now, ok := store.Follow(tx, cluster, k.at, func(instance, group string) {
		touched = append(touched, scheduler.Touch{Instance: instance, Group: group})
	})
	k.at = now
	if k.room == nil || !ok || len(touched) > 64+k.room.Len()/4 || !k.room.Sync(rows{tx, cluster}, touched) {
		k.room = fresh(tx, cluster)
	}
	return k.room
}

// bound makes place in what a store keeps for one more entry whose key is a K: when there are so many,
// all of those go.
func bound[K any](keep map[any]any, most int) {
	n := 0
	for key := range keep {
		if _, ok := key.(K); ok {
			n++
		}
	}
	if n >= most {
		maps.DeleteFunc(keep, func(key, _ any) bool { _, ok := key.(K); return ok })
	}
}

// fresh reads a room from every row that counts.
func fresh(tx *store.Tx, cluster string) *scheduler.Room {
	var cs []scheduler.Candidate
	for ci := range store.ContainerInstancesByCluster.Each(tx, cluster) {
		cs = append(cs, candidate(tx, &ci))
	}
	return scheduler.NewRoom(cs, rows{tx, cluster})
}

// candidate is what scheduler knows of an instance.
func candidate(tx *store.Tx, ci *model.ContainerInstance) scheduler.Candidate {
	used := store.Usage.Get(tx, ci.ID)
	return scheduler.Candidate{ID: ci.ID, EC2: ci.EC2, Zone: ci.Zone, Host: ci.Host,
		Provider: ci.Provider, CPU: ci.CPU - used.CPU, Memory: ci.Memory - used.Memory, ENIs: ci.ENIs - used.ENIs, Ports: ci.Ports, Attributes: ci.Attributes,
		Active: ci.Status == "ACTIVE", Connected: ci.Connected, Agent: ci.Agent, Registered: ci.Registered, Running: used.Running}
}

// Instance is what expressions of the cluster query language ask about an instance.
func Instance(tx *store.Tx, ci *model.ContainerInstance) *query.Instance {
	return &query.Instance{Attributes: ci.Attributes, AgentConnected: ci.Connected, AgentVersion: ci.Agent, EC2: ci.EC2,
		Registered: ci.Registered, Running: store.Usage.Get(tx, ci.ID).Running,
		Groups: func(yield func(string) bool) {
			groups, _ := rows{tx, ci.Cluster}.Tasks(ci.ID)
			maps.Keys(groups)(yield)
		}}
}

// rows are the rows of one cluster.
type rows struct {
	tx      *store.Tx
	cluster string
}

// Candidate reads one instance.
func (r rows) Candidate(id string) (scheduler.Candidate, bool) {
	ci, ok := store.ContainerInstances.Get(r.tx, id)
	if !ok || ci.Cluster != r.cluster {
		return scheduler.Candidate{}, false
	}
	return candidate(r.tx, &ci), true
}

// Group counts the tasks of a group by instance.
func (r rows) Group(group string) map[string]int {
	counts := map[string]int{}
	for instance, n := range store.Groups.Each(r.tx, store.GroupPrefix(r.cluster, group)) {
		counts[instance] = n
	}
	return counts
}

// Count counts the tasks of a group on one instance.
func (r rows) Count(group, id string) int {
	return store.Groups.Get(r.tx, store.GroupPrefix(r.cluster, group)+id)
}

// Tasks reads the tasks of one instance.
func (r rows) Tasks(id string) (groups map[string]int, ports []model.HostPort) {
	groups = map[string]int{}
	for t := range store.TasksByInstance.Each(r.tx, id) {
		if t.Want == model.Running {
			groups[t.Birth.Group]++
		}
		ports = append(ports, t.HostPorts()...)
	}
	return groups, ports
}

// Task finds a place for t in room, a room of t's cluster, and moves t to Pending there, one with a network
// interface no further than Provisioning, as that is still to be attached; or it
// leaves t as it is and returns why there is none. Either way it keeps for a while how that was decided.
// Of ask only Constraints, Strategy, Only and Zones are read, the rest follows from t. network says in which
// subnets a task in awsvpc mode may be; it is nil for the others. Such a task gets its network interface,
// with a public address of pool if it is to have one; one for which there is none has stopped. The caller
// writes t's row.
//
// A task on Fargate asks for no room: it always has a place, and room may be nil.
func Task(tx *store.Tx, room *scheduler.Room, t *model.Task, ask scheduler.Ask, network *types.AwsVpcConfiguration, pool netip.Prefix) *scheduler.Refusal {
	subnets := subnets(tx, network, ask.Zones)
	instance, host := "", ""
	if !t.OnFargate() {
		ask = Ask(tx, t, ask, network)
		c, refusal, choice := room.Decide(ask)
		record(tx, model.Decision{Cluster: t.Birth.Cluster, Group: t.Birth.Group, Task: t.ID, Def: t.Birth.Def, Needs: t.Needs, Only: ask.Only,
			Provider: t.Birth.Provider, Choice: choice})
		if refusal != nil {
			return refusal
		}
		subnets = slices.DeleteFunc(subnets, func(s model.Subnet) bool { return s.Zone != c.Zone })
		instance, host = c.ID, c.Host
	}
	if plug(tx, t, network, subnets, pool) {
		t.Instance, t.Host = instance, host
		if t.ENI == nil {
			_ = t.Advance(model.Pending, tx.Now()) // a task without a place has not come further
		}
	}
	t.Version = 1 // nobody saw it before
	return nil
}

// nowhere is asked for when a network has no subnet in the zones asked for: no zone has this name, and to
// ask for none would mean any. An instance "is in us-east-1c, not in any zone of its subnets".
const nowhere = "any zone of its subnets"

// Ask returns what Task asks the room of t's cluster for.
func Ask(tx *store.Tx, t *model.Task, ask scheduler.Ask, network *types.AwsVpcConfiguration) scheduler.Ask {
	ask.Group, ask.Needs, ask.Seed, ask.Provider = t.Birth.Group, t.Needs, seed(t.ID), t.Birth.Provider
	return Within(tx, ask, network)
}

// Within returns ask for what has a network: it may be in the zones of the subnets, on instances of their
// VPC. For what has none it is ask.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html
func Within(tx *store.Tx, ask scheduler.Ask, network *types.AwsVpcConfiguration) scheduler.Ask {
	if network == nil {
		return ask
	}
	all := subnets(tx, network, ask.Zones)
	if ask.Zones = zones(all); len(all) == 0 {
		ask.Zones = []string{nowhere}
		return ask
	}
	ask.Needs.Attributes = append(slices.Clip(ask.Needs.Attributes), "ecs.vpc-id="+all[0].VPC)
	return ask
}

// seed makes the random strategy's number from a task id, which is random itself.
func seed(id string) uint64 {
	n, _ := strconv.ParseUint(id[:min(16, len(id))], 16, 64)
	return n
}
