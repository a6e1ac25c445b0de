package flowlog

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

func TestRecordsAreWrittenAtTheEndOfTheirWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.log("fl-1", "vpc-1", "ALL", nil)
		w.passes("eni-a", 1, true)
		w.passes("eni-a", 1, true)
		w.passes("eni-a", 2, false)
		w.after(59 * time.Second)
		w.want("")
		w.after(time.Second)
		w.want("eni-a-all: eni-a 1 2 ACCEPT OK, eni-a 2 1 REJECT OK")
		w.after(time.Minute)
		w.want("eni-a-all: eni-a 1 2 ACCEPT OK, eni-a 2 1 REJECT OK, eni-a - - - NODATA")
		w.passes("eni-b", 3, true)
		w.after(time.Minute)
		w.want("eni-a-all: eni-a 1 2 ACCEPT OK, eni-a 2 1 REJECT OK, eni-a - - - NODATA, eni-a - - - NODATA; eni-b-all: eni-b 3 1 ACCEPT OK")
	})
}

func TestTheRoleIsSeenAsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.log("fl-1", "eni-a", "ALL", nil)
		used := func() (got string) {
			_ = w.s.View(scope, func(tx *store.Tx) error {
				if u, ok := w.uses.Last(tx, "AROAFLOWS"); ok {
					got = u.Role + " " + u.Service + " " + u.Region + " " + u.At.Format("15:04")
				}
				return nil
			})
			return got
		}
		if got := used(); got != "" {
			t.Errorf("before anything was written: %s", got)
		}
		w.passes("eni-a", 1, true)
		w.after(2 * time.Minute)
		if got := used(); !strings.HasPrefix(got, "flows logs us-east-1 00:0") {
			t.Errorf("got %q", got)
		}
	})
}

func TestAFlowLogTellsOfWhatItIsOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.log("fl-1", "subnet-1", "ACCEPT", nil)
		w.log("fl-2", "eni-b", "REJECT", nil)
		for _, nic := range []string{"eni-a", "eni-b"} {
			w.passes(nic, 1, true)
			w.passes(nic, 2, false)
		}
		w.after(time.Minute)
		w.want("eni-a-accept: eni-a 1 1 ACCEPT OK; eni-b-reject: eni-b 2 1 REJECT OK")
	})
}

func TestTheEngineCountsWhatIsCovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.log("fl-1", "subnet-1", "ALL", nil)
		w.log("fl-2", "vpc-1", "ALL", nil)
		w.update(func(tx *store.Tx) {
			store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-c", VPC: "vpc-1"})
			store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-x", VPC: "vpc-2"})
		})
		synctest.Wait()
		w.update(func(tx *store.Tx) { store.NetworkInterfaces.Delete(tx, "eni-a") })
		synctest.Wait()
		w.passes("eni-a", 7, true) // what was counted last
		w.update(func(tx *store.Tx) { store.FlowLogs.Delete(tx, "fl-1") })
		w.after(time.Minute)
		w.update(func(tx *store.Tx) { store.FlowLogs.Delete(tx, "fl-2") })
		w.want("eni-a-all: eni-a 7 1 ACCEPT OK")
		if got := strings.Join(w.e.all, ", "); got != "eni-a, eni-a eni-b, eni-a eni-b eni-c, eni-b eni-c, " {
			t.Errorf("got %s", got)
		}
		w.after(time.Minute)
		if len(w.p.nics) != 0 || len(w.p.ends) != 0 {
			t.Errorf("%d interfaces and %d windows are remembered", len(w.p.nics), len(w.p.ends))
		}
	})
}

func TestWhatWasNotCountedIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.log("fl-1", "eni-a", "ALL", nil)
		w.passes("eni-a", 1, true)
		w.p.Take(engine.Place{Scope: scope}, []engine.Flow{{NIC: "eni-a", Skipped: true}})
		w.after(time.Minute)
		w.want("eni-a-all: eni-a 1 1 ACCEPT OK, eni-a - - - SKIPDATA")
		w.stop() // while the daemon is away nothing is written down
		w.after(time.Second)
		w.run()
		w.after(time.Minute)
		w.want("eni-a-all: eni-a 1 1 ACCEPT OK, eni-a - - - SKIPDATA, eni-a - - - SKIPDATA")
	})
}

func TestADeliveryThatFailsIsToldInTheRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.log("fl-1", "eni-a", "ALL", nil)
		w.role(strings.Replace(writes, "PutLogEvents", "GetLogEvents", 1))
		w.passes("eni-a", 1, true)
		w.after(time.Minute)
		if got := w.status("fl-1").Error; got != "Access error" {
			t.Errorf("got %q", got)
		}
		w.role(writes)
		w.passes("eni-a", 2, true)
		w.after(time.Minute)
		w.want("eni-a-all: eni-a 2 1 ACCEPT OK, eni-a - - - SKIPDATA")
		if got := w.status("fl-1").Error; got != "" {
			t.Errorf("got %q", got)
		}
	})
}

func TestWhoLooksSeesWhatPassesWithoutAFlowLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		ctx, cancel := context.WithCancel(t.Context())
		var got []uint16
		done := make(chan bool)
		go func() {
			for fs := range w.p.Follow(ctx, scope, map[string]bool{"eni-b": true}) {
				for _, f := range fs {
					got = append(got, f.SrcPort)
				}
			}
			close(done)
		}()
		synctest.Wait()
		w.passes("eni-a", 1, true)
		w.passes("eni-b", 2, true)
		synctest.Wait()
		cancel()
		<-done
		w.passes("eni-b", 3, true)
		synctest.Wait()
		if len(got) != 1 || got[0] != 2 || strings.Join(w.e.all, ", ") != "eni-b, " {
			t.Errorf("saw %v, counted %q", got, w.e.all)
		}
	})
}

func TestWindowsOnNitroLastAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.update(func(tx *store.Tx) {
			for id, typ := range map[string]string{"i-new": "t3.medium", "i-old": "t2.micro"} {
				store.Instances.Put(tx, model.Instance{ID: id, Type: model.InstanceType{Name: typ}})
				store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-" + id, VPC: "vpc-3", Instance: id})
			}
		})
		w.log("fl-1", "vpc-3", "ALL", func(l *model.FlowLog) { l.Interval = 10 * time.Minute })
		w.passes("eni-i-new", 1, true)
		w.passes("eni-i-old", 1, true)
		w.after(time.Minute)
		w.want("eni-i-new-all: eni-i-new 1 1 ACCEPT OK")
		w.after(10 * time.Minute)
		if got := w.lines("eni-i-old-all"); got != 1 {
			t.Errorf("%d records", got)
		}
	})
}

func TestRecordsNameTheTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.update(func(tx *store.Tx) {
			store.Tasks.Put(tx, model.Task{ID: "t1", Birth: model.Birth{Cluster: "c", Def: "web:3", Service: "web"}, Containers: []model.Container{{Name: "app", RuntimeID: "c0ffee"}}})
		})
		w.log("fl-1", "eni-a", "ALL", func(l *model.FlowLog) {
			l.Format = "${version} ${ecs-task-arn} ${ecs-cluster-arn} ${ecs-service-name} ${ecs-task-definition-arn} ${ecs-container-id} ${instance-id} ${vpc-id}"
		})
		w.passes("eni-a", 1, true)
		w.after(time.Minute)
		w.want("eni-a-all: 7 arn:aws:ecs:us-east-1:000000000000:task/c/t1 arn:aws:ecs:us-east-1:000000000000:cluster/c web arn:aws:ecs:us-east-1:000000000000:task-definition/web:3 c0ffee - vpc-1")
	})
}
