package edge

import (
	"cmp"
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// door is one port of a public address, and where it leads.
type door struct {
	network string // tcp or udp
	at, to  netip.AddrPort
	vpc     engine.VPC
}

// concerned are the keys of the interfaces whose doors a change may have changed.
func concerned(tx *store.Tx, cs store.Changes) map[string]bool {
	keys, sc := map[string]bool{}, tx.Scope()
	every := cs.Full
	for _, table := range []string{store.RouteTables.Name(), store.InternetGateways.Name()} {
		for range cs.Keys(sc, table) {
			every = true
		}
	}
	if every {
		for n := range store.NetworkInterfaces.All(tx) {
			keys[n.ID] = true
		}
	}
	for key := range cs.Keys(sc, store.NetworkInterfaces.Name()) {
		keys[key] = true
	}
	for key := range cs.Keys(sc, store.Tasks.Name()) {
		for n := range store.NetworkInterfacesByOwner.Each(tx, machine(tx, key)) {
			keys[n.ID] = true
		}
	}
	return keys
}

// machine is who owns the interface that the ports of a task are on: the task, or its instance.
func machine(tx *store.Tx, task string) string {
	t := store.Tasks.Peek(tx, task)
	if t == nil || t.ENI != nil {
		return task
	}
	if ci := store.ContainerInstances.Peek(tx, t.Instance); ci != nil {
		return ci.EC2
	}
	return task
}

// doorsOf are the doors of an interface.
func doorsOf(tx *store.Tx, key string) (all []door) {
	n := store.NetworkInterfaces.Peek(tx, key)
	if n == nil || n.Public == "" || !nic.Routed(tx, n.Subnet) {
		return nil
	}
	public, err := netip.ParseAddr(n.Public)
	private, err2 := netip.ParseAddr(n.IP)
	if err != nil || err2 != nil || !public.IsLoopback() { // an address that others see is never listened on
		return nil
	}
	v, _ := store.VPCs.Get(tx, n.VPC)
	cidr, _ := netip.ParsePrefix(v.CIDR)
	for p := range ports(tx, n) {
		all = append(all, door{p.Protocol, netip.AddrPortFrom(public, uint16(p.Port)), netip.AddrPortFrom(private, uint16(p.Port)),
			engine.VPC{Scope: tx.Scope(), ID: n.VPC, CIDR: cidr}})
	}
	return all
}

// ports are those that running containers bound on an interface: of a task its container ports, of an
// instance the host ports of its tasks.
func ports(tx *store.Tx, n *model.NetworkInterface) map[model.HostPort]bool {
	all := map[model.HostPort]bool{}
	if t := store.Tasks.Peek(tx, n.Task); t != nil {
		bound(t, all)
	}
	if n.Instance == "" || n.Device != 0 {
		return all
	}
	for ci := range store.ContainerInstancesByEC2.Each(tx, n.Instance) {
		for t := range store.TasksByInstance.Each(tx, ci.ID) {
			if t.ENI == nil {
				bound(&t, all)
			}
		}
	}
	return all
}

// bound adds the ports of the running containers of a task.
func bound(t *model.Task, all map[model.HostPort]bool) {
	for _, c := range t.Containers {
		if c.Is != model.Running {
			continue
		}
		for _, b := range c.Bindings {
			first := b.HostPort
			if t.ENI != nil {
				first = b.ContainerPort
			}
			for i := range b.Count() {
				if first > 0 {
					all[model.HostPort{Port: first + i, Protocol: cmp.Or(b.Protocol, "tcp")}] = true
				}
			}
		}
	}
}
