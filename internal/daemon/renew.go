package daemon

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/drydock-ecs/drydock/api/elbv2"
	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// renew takes over a state from before VPCs were networks: its VPCs get what each is born with now,
// its instances and load balancers their interfaces, and what ran is started anew. Other states are
// left as they are.
func (d *daemon) renew() error {
	return d.store.Update(d.scope(), func(tx *store.Tx) error {
		for _, sc := range tx.Scopes() {
			in := tx.In(sc)
			if !handler.RenewVPCs(in) {
				continue
			}
			d.Log.Info("the state is from before VPCs were networks: tasks are started anew", "scope", sc.String())
			if err := renewScope(in, d.hosts()); err != nil {
				return fmt.Errorf("take over the state of %s: %w (drydock reset begins without it)", sc, err)
			}
		}
		return nil
	})
}

func renewScope(tx *store.Tx, public netip.Prefix) error {
	for i := range store.Instances.All(tx) {
		if i.State == "terminated" {
			continue
		}
		if err := renewInstance(tx, i, public); err != nil {
			return err
		}
	}
	for l := range store.LoadBalancers.All(tx) {
		if err := elbv2.Attach(tx, l); err != nil {
			return err
		}
	}
	for t := range store.Tasks.All(tx) {
		if t.Live() {
			t.End(types.TaskStopCodeUserInitiated, "Started before VPCs were networks", tx.Now())
			store.Tasks.Put(tx, t)
		}
	}
	return nil
}

// renewInstance gives an instance its interface, with the address that it has. Its host ports, and so
// the targets that clients registered of it, are there now.
func renewInstance(tx *store.Tx, i model.Instance, public netip.Prefix) error {
	n := model.NetworkInterface{Subnet: i.Subnet, IP: i.PrivateIP, Instance: i.ID, Attachment: "eni-attach-" + ids.Hex(17), Attached: i.Launch.At}
	n.Public, _ = nic.Public(tx, public)
	if _, err := nic.New(tx, n); err != nil {
		return err
	}
	before := i.Host
	i.Host = i.PrivateIP
	store.Instances.Put(tx, i)
	for ci := range store.ContainerInstancesByEC2.Each(tx, i.ID) {
		ci.Host = i.Host
		store.ContainerInstances.Put(tx, ci)
	}
	for t := range store.Targets.All(tx) {
		if host, port, err := net.SplitHostPort(t.Dial); err == nil && host == before {
			t.Dial = net.JoinHostPort(i.Host, port)
			store.Targets.Put(tx, t)
		}
	}
	return nil
}
