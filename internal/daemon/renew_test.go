package daemon

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// flat makes rows as they were before VPCs were networks.
func flat(tx *store.Tx) {
	v := model.VPC{ID: "vpc-1", CIDR: "172.31.0.0/16", Default: true}
	store.Regions.Put(tx, model.Region{})
	store.VPCs.Put(tx, v)
	store.Subnets.Put(tx, model.Subnet{ID: "subnet-1", VPC: v.ID, CIDR: "172.31.0.0/20", Zone: "us-east-1a", Default: true, Next: 6})
	store.SecurityGroups.Put(tx, model.SecurityGroup{ID: "sg-1", VPC: v.ID, Name: "default"})
	store.Instances.Put(tx, model.Instance{ID: "i-1", State: "running", VPC: v.ID, Subnet: "subnet-1", PrivateIP: "172.31.0.5", Host: "127.66.0.1"})
	store.Instances.Put(tx, model.Instance{ID: "i-2", State: "terminated", VPC: v.ID, Subnet: "subnet-1", PrivateIP: "172.31.0.4", Host: "127.66.0.2"})
	store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "c-1", EC2: "i-1", Host: "127.66.0.1"})
	store.LoadBalancers.Put(tx, model.LoadBalancer{ID: "app/web/1", VPC: v.ID, Groups: []string{"sg-1"}, Subnets: []model.LBSubnet{{ID: "subnet-1"}}})
	store.Targets.Put(tx, model.Target{Group: "web/1", ID: "i-1", Port: 80, Dial: "127.66.0.1:80"})
	store.Tasks.Put(tx, model.Task{ID: "t-1", Is: model.Running, Want: model.Running})
}

func TestAStateWithoutNetworksIsTakenOver(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d := &daemon{Config: Config{Engine: "sim", Account: "000000000000", Region: "us-east-1", Log: slog.New(slog.DiscardHandler)}, store: s}
	if err := s.Update(d.scope(), func(tx *store.Tx) error { flat(tx); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := d.renew(); err != nil {
		t.Fatal(err)
	}
	_ = s.View(d.scope(), func(tx *store.Tx) error {
		i, _ := store.Instances.Get(tx, "i-1")
		n, ok := nic.Primary(tx, "i-1")
		if !ok || i.Host != "172.31.0.5" || n.IP != i.Host || n.Public == "" || len(n.Groups) != 1 || n.Groups[0] != "sg-1" {
			t.Errorf("instance %+v with %+v", i, n)
		}
		if !nic.Routed(tx, "subnet-1") || !store.NetworkInterfacesByOwner.Any(tx, "app/web/1") || store.NetworkInterfacesByOwner.Any(tx, "i-2") {
			t.Error("the subnet leads nowhere, or an interface is not as it should be")
		}
		rules := 0
		for range store.RulesByGroup.Each(tx, "sg-1") {
			rules++
		}
		ci, _ := store.ContainerInstances.Get(tx, "c-1")
		task, _ := store.Tasks.Get(tx, "t-1")
		for target := range store.Targets.All(tx) {
			if rules != 2 || ci.Host != i.Host || task.Want != model.Stopped || target.Dial != "172.31.0.5:80" {
				t.Errorf("%d rules, %+v, %+v, %+v", rules, ci, task, target)
			}
		}
		return nil
	})
	before := s.Commits()
	if err := d.renew(); err != nil || s.Commits() != before {
		t.Errorf("a second time it writes: %v", err)
	}
}

func TestAStateOfTodayIsLeftAsItIs(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_ = s.Update(model.Scope{Account: "000000000000", Region: "us-east-1"}, func(tx *store.Tx) error {
		handler.Open(tx)
		if handler.RenewVPCs(tx) {
			t.Error("a VPC of today is renewed")
		}
		return nil
	})
}
