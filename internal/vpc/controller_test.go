package vpc

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

func TestNothingIsDoneBeforeTheEngineToldAll(t *testing.T) {
	scenario(t, func(w *world) {
		w.instance("i-1", "10.0.0.4", "pending")
		w.want()
		w.synced()
		w.want("gateway vpc-1", "raise i-1 ip-10-0-0-4 10.0.0.0/16 10.0.0.4", "rules eni-i-1 ", "rules eni-i-1 ")
	})
}

func TestAMachineStandsAsLongAsItsInstance(t *testing.T) {
	scenario(t, func(w *world) {
		w.synced()
		w.want("dropvpc vpc-1", "gateway vpc-1")
		w.instance("i-1", "10.0.0.4", "pending")
		w.want("raise i-1 ip-10-0-0-4 10.0.0.0/16 10.0.0.4", "rules eni-i-1 ", "rules eni-i-1 ")
		if !w.get("i-1").Up {
			t.Error("it is not known to stand")
		}
		w.set("i-1", func(in *model.Instance) { in.State = "running" })
		w.set("i-1", func(in *model.Instance) { in.State = "shutting-down" })
		w.want()
		w.do(func(tx *store.Tx) {
			in, _ := store.Instances.Get(tx, "i-1")
			in.State = "terminated"
			store.Instances.Put(tx, in)
			store.NetworkInterfaces.Delete(tx, "eni-i-1")
		})
		w.want("drop i-1", "dropvpc vpc-1")
		if w.get("i-1").Up {
			t.Error("it is not known to be gone")
		}
		w.do(func(tx *store.Tx) { store.Instances.Delete(tx, "i-1") })
		w.want()
		if len(w.c.things) > 2 {
			t.Errorf("%d things are remembered", len(w.c.things))
		}
	})
}

func TestWhatFailsIsDoneAgain(t *testing.T) {
	scenario(t, func(w *world) {
		w.f.fails = func(string) error { return errors.New("the engine does not answer") }
		w.synced()
		w.instance("i-1", "10.0.0.4", "pending")
		time.Sleep(10 * time.Second)
		w.calls()
		if in := w.get("i-1"); in.Up || in.Fault != "" {
			t.Errorf("got %+v", in)
		}
		w.f.mu.Lock()
		w.f.fails = nil
		w.f.mu.Unlock()
		time.Sleep(2 * time.Minute)
		if in := w.get("i-1"); !in.Up {
			t.Errorf("got %+v", in)
		}
		w.calls()
		time.Sleep(time.Hour)
		w.want()
	})
}

func TestAMachineThatTheEngineRefusesFailsItsLaunch(t *testing.T) {
	scenario(t, func(w *world) {
		w.f.fails = func(call string) error {
			if call[:5] == "raise" {
				return &engine.Error{Name: engine.CannotStart, Message: "no"}
			}
			return nil
		}
		w.synced()
		w.instance("i-1", "10.0.0.4", "pending")
		time.Sleep(10 * time.Second)
		if in := w.get("i-1"); in.Fault != "Server.InternalError: Internal error on launch: no" {
			t.Errorf("got %+v", in)
		}
	})
}

func TestAMachineThatEndsIsALostInstance(t *testing.T) {
	scenario(t, func(w *world) {
		w.synced()
		w.instance("i-1", "10.0.0.4", "running")
		w.calls()
		w.c.Hear(engine.Event{Kind: engine.HostDown, Scope: here, Instance: "i-1"})
		w.c.Hear(engine.Event{Kind: engine.HostDown, Scope: here, Instance: "i-2"}) // of nobody
		w.want()
		if in := w.get("i-1"); in.Fault != "Server.InternalError: The machine of the instance ended" {
			t.Errorf("got %+v", in)
		}
		w.do(func(tx *store.Tx) {
			store.NetworkInterfaces.Delete(tx, "eni-i-1")
			store.Instances.Put(tx, model.Instance{ID: "i-1", Up: true, State: "terminated"})
		})
		w.want("drop i-1", "dropvpc vpc-1")
	})
}

func TestAfterALossEverythingIsDoneAgain(t *testing.T) {
	scenario(t, func(w *world) {
		w.synced()
		w.instance("i-1", "10.0.0.4", "running")
		w.calls()
		w.c.Hear(engine.Event{Kind: engine.Lost})
		w.instance("i-2", "10.0.0.5", "pending")
		w.want()
		w.synced()
		w.want("gateway vpc-1", "raise i-1 ip-10-0-0-4 10.0.0.0/16 10.0.0.4", "raise i-2 ip-10-0-0-5 10.0.0.0/16 10.0.0.5",
			"rules eni-i-1 ", "rules eni-i-2 ", "rules eni-i-2 ")
	})
}

func TestACallFromBeforeALossCountsForNothing(t *testing.T) {
	scenario(t, func(w *world) {
		w.f.takes = 10 * time.Second
		w.synced()
		w.instance("i-1", "10.0.0.4", "running")
		w.calls()
		w.c.Hear(engine.Event{Kind: engine.Lost})
		w.synced()
		time.Sleep(11 * time.Second)
		w.want("gateway vpc-1", "raise i-1 ip-10-0-0-4 10.0.0.0/16 10.0.0.4", "rules eni-i-1 ")
		if w.get("i-1").Up {
			t.Error("it is taken to stand")
		}
		time.Sleep(time.Minute)
		if !w.get("i-1").Up {
			t.Error("it does not stand")
		}
	})
}

func TestRulesReachWhomTheyConcern(t *testing.T) {
	scenario(t, func(w *world) {
		w.synced()
		w.want("dropvpc vpc-1", "gateway vpc-1")
		w.do(func(tx *store.Tx) {
			for i, groups := range [][]string{{"sg-a"}, {"sg-b"}, {"sg-b", "sg-c"}, {"sg-d"}} {
				id := fmt.Sprint("t", i)
				store.Tasks.Put(tx, model.Task{ID: id, Is: model.Running, ENI: &model.ENI{ID: "eni-" + id}})
				store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-" + id, VPC: "vpc-1", Subnet: "s", IP: fmt.Sprint("10.0.1.", i), Task: id, Groups: groups})
			}
		})
		w.want("rules eni-t0 ", "rules eni-t1 ", "rules eni-t2 ", "rules eni-t3 ")
		w.rule("r1", "sg-a", "0.0.0.0/0", 80)
		w.want("rules eni-t0 6:80[0.0.0.0/0]")
		w.rule("r2", "sg-b", "sg-a", 81)
		w.want("rules eni-t1 6:81[10.0.1.0/32]", "rules eni-t2 6:81[10.0.1.0/32]")
		w.rule("r2", "sg-b", "sg-a", 81) // the same
		w.want()
		w.do(func(tx *store.Tx) { // another member of sg-a
			store.Tasks.Put(tx, model.Task{ID: "t9", Is: model.Pending, ENI: &model.ENI{ID: "eni-t9"}})
			store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-t9", VPC: "vpc-1", Subnet: "s", IP: "10.0.1.9", Task: "t9", Groups: []string{"sg-a"}})
		})
		w.want("rules eni-t1 6:81[10.0.1.0/32 10.0.1.9/32]", "rules eni-t2 6:81[10.0.1.0/32 10.0.1.9/32]", "rules eni-t9 6:80[0.0.0.0/0]")
		w.do(func(tx *store.Tx) { // who brought it may have had older rules
			row, _ := store.Tasks.Get(tx, "t9")
			row.Is = model.Running
			store.Tasks.Put(tx, row)
		})
		w.want("rules eni-t9 6:80[0.0.0.0/0]")
		w.do(func(tx *store.Tx) { // a member leaves
			n, _ := store.NetworkInterfaces.Get(tx, "eni-t0")
			n.Groups = []string{"sg-c"}
			store.NetworkInterfaces.Put(tx, n)
		})
		w.want("rules eni-t0 ", "rules eni-t1 6:81[10.0.1.9/32]", "rules eni-t2 6:81[10.0.1.9/32]")
		w.do(func(tx *store.Tx) { store.NetworkInterfaces.Delete(tx, "eni-t9") })
		w.want("rules eni-t1 ", "rules eni-t2 ")
		w.do(func(tx *store.Tx) { store.SecurityGroupRules.Delete(tx, "r1") }) // nobody has the group
		w.want()
		w.do(func(tx *store.Tx) {
			n, _ := store.NetworkInterfaces.Get(tx, "eni-t3")
			n.Description, n.Tags = "x", model.Tags{{Key: "a", Value: "b"}}
			store.NetworkInterfaces.Put(tx, n)
		})
		w.want()
	})
}

func TestLoadBalancersShareTheGatewayOfTheirVPC(t *testing.T) {
	scenario(t, func(w *world) {
		put := func(id, ip string) {
			w.do(func(tx *store.Tx) {
				store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: id, VPC: "vpc-1", Subnet: "s", IP: ip, LoadBalancer: "lb/" + id, Groups: []string{"sg-a"}})
			})
		}
		put("eni-1", "10.0.0.4")
		w.synced()
		w.want("gateway vpc-1 10.0.0.4 ")
		put("eni-2", "10.0.0.5")
		w.want("gateway vpc-1 10.0.0.4  10.0.0.5 ")
		w.rule("r1", "sg-a", "0.0.0.0/0", 80)
		w.want("gateway vpc-1 10.0.0.4 6:80[0.0.0.0/0] 10.0.0.5 6:80[0.0.0.0/0]")
		w.do(func(tx *store.Tx) {
			store.NetworkInterfaces.Delete(tx, "eni-1")
			store.NetworkInterfaces.Delete(tx, "eni-2")
		})
		w.want("dropvpc vpc-1", "gateway vpc-1")
	})
}

func TestAGatewayGoesWithItsVPC(t *testing.T) {
	scenario(t, func(w *world) {
		w.do(func(tx *store.Tx) {
			store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-1", VPC: "vpc-1", Subnet: "s", IP: "10.0.0.4", LoadBalancer: "lb/1", Groups: []string{"sg-a"}})
		})
		w.synced()
		w.want("gateway vpc-1 10.0.0.4 ")
		w.c.Hear(engine.Event{Kind: engine.Lost})
		w.do(func(tx *store.Tx) { // both, before anything can be done
			store.NetworkInterfaces.Delete(tx, "eni-1")
			store.VPCs.Delete(tx, "vpc-1")
		})
		w.synced()
		w.want("dropvpc vpc-1", "gateway vpc-1")
		w.do(func(tx *store.Tx) { store.Instances.Put(tx, model.Instance{ID: "i-1", State: "terminated"}) })
		w.want("drop i-1")
	})
}

func TestSoManyCallsAtATime(t *testing.T) {
	scenario(t, func(w *world) {
		w.f.takes = time.Second
		for i := range 40 {
			w.instance(fmt.Sprint("i-", i), fmt.Sprint("10.0.0.", 4+i), "pending")
		}
		w.synced()
		time.Sleep(time.Minute)
		synctest.Wait()
		if w.f.most != 8+16 {
			t.Errorf("%d calls at a time", w.f.most)
		}
		w.do(func(tx *store.Tx) {
			for in := range store.Instances.All(tx) {
				if !in.Up {
					t.Errorf("%s does not stand", in.ID)
				}
			}
		})
	})
}

func TestContainersWaitForTheirMachine(t *testing.T) {
	scenario(t, func(w *world) {
		w.f.takes = time.Second
		w.synced()
		w.instance("i-1", "10.0.0.4", "pending")
		began := time.Now()
		if err := w.c.Ready(context.Background(), engine.Spec{Scope: here, Instance: "i-1"}); err != nil || time.Since(began) < time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		if err := w.c.Ready(context.Background(), engine.Spec{Scope: here}); err != nil { // Fargate
			t.Error(err)
		}
		given, up := context.WithTimeout(context.Background(), time.Minute)
		defer up()
		if err := w.c.Ready(given, engine.Spec{Scope: here, Instance: "i-2"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestWithoutNetworksMachinesStandAtOnce(t *testing.T) {
	scenario(t, func(w *world) {
		c := New(w.s, Config{})
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		c.Hear(engine.Event{Kind: engine.Synced})
		w.instance("i-1", "10.0.0.4", "pending")
		w.want() // nothing of the other one
		if !w.get("i-1").Up {
			t.Error("it does not stand")
		}
		cancel()
		<-ended
	})
}
