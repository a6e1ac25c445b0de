package flowlog

import (
	"net/netip"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/flowlog/record"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// nitroWindow is how long the windows of interfaces on Nitro-based instances last, whatever is asked.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html#flow-logs-aggregration-interval
const nitroWindow = time.Minute

// least is how long the windows of an interface last.
func least(tx *store.Tx, row model.NetworkInterface, asked time.Duration) time.Duration {
	if nitro(tx, instanceOf(tx, row)) {
		return min(asked, nitroWindow)
	}
	return asked
}

// instanceOf is the EC2 instance that an interface is on, itself or as that of a task; empty for one
// that a service manages.
func instanceOf(tx *store.Tx, row model.NetworkInterface) string {
	if row.Task == "" {
		return row.Instance
	}
	t, _ := store.Tasks.Get(tx, row.Task)
	ci, _ := store.ContainerInstances.Get(tx, t.Instance)
	return ci.EC2
}

// nitro reports whether an instance is Nitro-based. Of the types that there are here, t2 alone is not.
func nitro(tx *store.Tx, instance string) bool {
	i, ok := store.Instances.Get(tx, instance)
	return ok && !strings.HasPrefix(i.Type.Name, "t2.")
}

// described is what the records of an interface tell of it.
func described(tx *store.Tx, row model.NetworkInterface) (n record.Interface, t record.Task) {
	vpc, _ := store.VPCs.Get(tx, row.VPC)
	subnet, _ := store.Subnets.Get(tx, row.Subnet)
	cidr, _ := netip.ParsePrefix(vpc.CIDR)
	n = record.Interface{ID: row.ID, VPC: row.VPC, Subnet: row.Subnet, ZoneID: subnet.ZoneID, CIDR: cidr, Instance: instanceOf(tx, row)}
	n.Nitro = nitro(tx, n.Instance)
	if row.Task != "" {
		t = taskOf(tx, row.Task)
	}
	return n, t
}

func taskOf(tx *store.Tx, id string) (r record.Task) {
	t, ok := store.Tasks.Get(tx, id)
	if !ok {
		return record.Task{ID: id}
	}
	sc := tx.Scope()
	r = record.Task{ID: t.ID, ARN: sc.ARN("ecs", "task/"+t.Birth.Cluster+"/"+t.ID), Service: t.Birth.Service, DefinitionARN: sc.ARN("ecs", "task-definition/"+t.Birth.Def),
		Cluster: t.Birth.Cluster, ClusterARN: sc.ARN("ecs", "cluster/"+t.Birth.Cluster)}
	if t.Instance != "" {
		r.ContainerInstance, r.ContainerInstanceARN = t.Instance, sc.ARN("ecs", "container-instance/"+t.Birth.Cluster+"/"+t.Instance)
	}
	for _, c := range t.Containers {
		if c.RuntimeID != "" {
			r.Containers = append(r.Containers, c.RuntimeID)
		}
	}
	return r
}
