package control

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// onProviders makes service web one of a capacity provider strategy, on Fargate in two zones.
func onProviders(strategy ...model.ProviderShare) func(*model.Service) {
	return func(s *model.Service) {
		c := model.Capacity{Strategy: strategy}
		if c.OnFargate() {
			c.Platform, c.Network = "LATEST", &types.AwsVpcConfiguration{Subnets: []string{"subnet-a", "subnet-b"}, AssignPublicIp: types.AssignPublicIpDisabled}
		}
		for i := range s.Deployments {
			s.Deployments[i].Capacity = c
		}
	}
}

// vpc makes web:1 and web:2 awsvpc definitions and adds a subnet in each of two zones.
func (w *world) vpc() {
	w.do(func(tx *store.Tx) {
		for _, key := range []string{"web:1", "web:2"} {
			if d, ok := store.TaskDefs.Get(tx, key); ok {
				d.Doc.NetworkMode = types.NetworkModeAwsvpc
				store.TaskDefs.Put(tx, d)
			}
		}
		for _, zone := range []string{"a", "b"} {
			store.Subnets.Put(tx, model.Subnet{ID: "subnet-" + zone, VPC: "vpc-1", CIDR: "10.1.0.0/16", Zone: "us-east-1" + zone})
		}
	})
}

// someCapacity lets the service run on Fargate, on groups, in awsvpc mode on instances, or as it does.
func (w *world) someCapacity(rnd *rand.Rand) {
	switch rnd.IntN(4) {
	case 0:
		w.vpc()
		w.lend(model.Fargate, model.FargateSpot)
		w.update(onProviders(model.ProviderShare{Provider: model.Fargate, Base: rnd.IntN(3), Weight: 1}, model.ProviderShare{Provider: model.FargateSpot, Weight: rnd.IntN(3)}))
	case 1:
		w.lend("one", "two")
		w.update(onProviders(model.ProviderShare{Provider: "one", Weight: rnd.IntN(3)}, model.ProviderShare{Provider: "two", Base: rnd.IntN(2), Weight: 1}))
	case 2:
		w.vpc()
		w.update(func(s *model.Service) {
			s.Deployments[0].Capacity.Network = &types.AwsVpcConfiguration{Subnets: []string{"subnet-a", "subnet-b"}}
		})
	}
}

// regroup moves instances between groups, and lends and takes back a provider.
func (w *world) regroup(rnd *rand.Rand, tx *store.Tx) {
	for in := range store.Instances.All(tx) {
		if rnd.IntN(2) == 0 {
			in.Tags = model.Tags{{Key: model.GroupTag, Value: []string{"one", "two", "three"}[rnd.IntN(3)]}}
			store.Instances.Put(tx, in)
		}
	}
	c, _ := store.Clusters.Get(tx, "demo")
	if p, ok := store.CapacityProviders.Get(tx, "one"); ok {
		p.Group = []string{"one", "three"}[rnd.IntN(2)]
		store.CapacityProviders.Put(tx, p)
	}
	if len(c.Providers) > 0 && rnd.IntN(3) == 0 {
		c.Providers = []string{c.Providers[len(c.Providers)-1], c.Providers[0]}
		store.Clusters.Put(tx, c)
	}
}

// lend associates the cluster with capacity providers of groups of the same names.
func (w *world) lend(names ...string) {
	w.do(func(tx *store.Tx) {
		c, _ := store.Clusters.Get(tx, "demo")
		c.Providers = names
		store.Clusters.Put(tx, c)
		for _, n := range names {
			if !model.IsFargate(n) {
				store.CapacityProviders.Put(tx, model.CapacityProvider{Name: n, Status: "ACTIVE", Group: "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:1:autoScalingGroupName/" + n})
			}
		}
	})
}

// group puts an instance into an Auto Scaling group.
func (w *world) group(id, name string) {
	w.do(func(tx *store.Tx) {
		in, _ := store.Instances.Get(tx, id)
		in.Tags = model.Tags{{Key: model.GroupTag, Value: name}}
		store.Instances.Put(tx, in)
	})
}

// split counts the wanted tasks of the service by provider, launch type, instance and zone.
func (w *world) split() string {
	n := map[string]int{}
	w.do(func(tx *store.Tx) {
		for t := range store.TasksByService.Each(tx, "demo/web") {
			ci, _ := store.ContainerInstances.Get(tx, t.Instance)
			where := ci.EC2
			if t.ENI != nil {
				where += t.ENI.Zone
			}
			if t.Want == model.Running {
				n[t.Birth.Provider+" "+t.Birth.LaunchType]++
				n[where]++
			}
		}
	})
	return fmt.Sprint(n)
}

func (w *world) wantSplit(want string) {
	w.Helper()
	if got := w.split(); got != want {
		w.Fatalf("\n got %s\nwant %s", got, want)
	}
}

var inZones = regexp.MustCompile(` us-east-1[ab]:\d+`)

// wantShares is wantSplit whatever the zones.
func (w *world) wantShares(want string) {
	w.Helper()
	if got := inZones.ReplaceAllString(w.split(), ""); got != want {
		w.Fatalf("\n got %s\nwant %s", got, want)
	}
}

func scaleTo(n int) func(*model.Service) { return func(s *model.Service) { s.Desired = n } }

func TestAServiceSplitsOverFargateAndStaysSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.def(1, 0)
		w.vpc()
		w.lend(model.Fargate, model.FargateSpot)
		w.service(0, false)
		w.update(onProviders(model.ProviderShare{Provider: model.Fargate, Base: 1, Weight: 1}, model.ProviderShare{Provider: model.FargateSpot, Weight: 3}))
		w.update(scaleTo(9))
		w.after(3 * time.Minute)
		w.wantSplit("map[FARGATE FARGATE:3 FARGATE_SPOT FARGATE:6 us-east-1a:5 us-east-1b:4]")
		if got := w.events(0); got == "" {
			t.Error("nothing was told")
		}
		w.update(scaleTo(5))
		w.after(time.Minute)
		w.wantShares("map[FARGATE FARGATE:2 FARGATE_SPOT FARGATE:3]")
		w.end() // one dies, its provider gets the next
		w.after(time.Minute)
		w.wantShares("map[FARGATE FARGATE:2 FARGATE_SPOT FARGATE:3]")
		w.update(scaleTo(1))
		w.after(time.Minute)
		w.wantShares("map[FARGATE FARGATE:1]")
	})
}

func TestAGroupProviderWaitsForAnInstanceOfItsGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.def(1, 0)
		w.lend("one", "two")
		w.instance("i-1", "us-east-1a")
		w.service(2, false, onProviders(model.ProviderShare{Provider: "one", Weight: 1}, model.ProviderShare{Provider: "two", Weight: 1}))
		w.after(time.Minute)
		w.wantSplit("map[]")
		w.wantEvents(0, ") was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your capacity provider. "+
			"For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")
		w.instance("i-2", "us-east-1a")
		w.group("i-2", "two")
		w.after(2 * time.Second)
		w.wantSplit("map[i-2:1 two EC2:1]") // one still waits
		w.group("i-1", "one")               // a running instance joins the group
		w.after(2 * time.Second)
		w.wantSplit("map[i-1:1 i-2:1 one EC2:1 two EC2:1]")
		w.update(scaleTo(4))
		w.after(2 * time.Minute)
		w.wantSplit("map[i-1:2 i-2:2 one EC2:2 two EC2:2]")
		w.update(scaleTo(2))
		w.after(time.Minute)
		w.wantSplit("map[i-1:1 i-2:1 one EC2:1 two EC2:1]")
	})
}

func TestInstancesFollowTheirProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.instance("i-1", "us-east-1a")
		w.group("i-1", "one")
		provider := func() (name string) {
			w.after(time.Second)
			w.do(func(tx *store.Tx) {
				for ci := range store.ContainerInstancesByEC2.Each(tx, "i-1") {
					name = ci.Provider
				}
			})
			return name
		}
		for _, step := range []struct {
			what string
			do   func()
			want string
		}{
			{"nothing is associated", func() {}, ""},
			{"its group's provider is", func() { w.lend("one") }, "one"},
			{"it leaves the group", func() { w.group("i-1", "two") }, ""},
			{"and comes back", func() { w.group("i-1", "one") }, "one"},
			{"the cluster takes another", func() { w.lend("two") }, ""},
		} {
			step.do()
			if got := provider(); got != step.want {
				t.Errorf("%s: got %q, want %q", step.what, got, step.want)
			}
		}
	})
}

func TestAwsvpcTasksTakeInterfacesOfInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.def(1, 0)
		w.vpc()
		w.instance("i-1", "us-east-1a")
		w.service(3, false, func(s *model.Service) {
			s.Deployments[0].Capacity.Network = &types.AwsVpcConfiguration{Subnets: []string{"subnet-a", "subnet-b"}}
		})
		w.after(time.Minute)
		w.wantSplit("map[ EC2:2 i-1us-east-1a:2]") // its own interface is none of theirs
		if got := w.events(0); got == "" {
			t.Error("nothing was told")
		}
	})
}
