package flowlog

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/directory"
	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

var scope = model.Scope{Account: "000000000000", Region: "us-east-1"}

const (
	roleARN = "arn:aws:iam::000000000000:role/flows"
	trust   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"vpc-flow-logs.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	writes  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:000000000000:log-group:*:*"}}`
)

// counters is an engine that is told what to count.
type counters struct {
	mu  sync.Mutex
	all []string // ids, joined, as they were told
}

func (c *counters) WatchFlows(nics map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []string
	for id := range nics {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	c.all = append(c.all, strings.Join(ids, " "))
}

// world is a store with two interfaces, the role that writes, and a part that runs.
type world struct {
	*testing.T
	s    *store.Store
	l    *logs.Log
	e    *counters
	uses *lastuse.Book
	p    *Part
	dir  string // where files may be written
	stop func()
}

func start(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := logs.Open(t.TempDir(), logs.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, s: s, l: l, e: &counters{}, uses: lastuse.New(s), dir: t.TempDir()}
	t.Cleanup(func() { w.stop(); _ = errors.Join(l.Close(), s.Close()) })
	w.update(func(tx *store.Tx) {
		handler.Open(tx)
		store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-a", VPC: "vpc-1", Subnet: "subnet-1", IP: "172.31.0.4", Task: "t1"})
		store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-b", VPC: "vpc-1", Subnet: "subnet-2", IP: "172.31.16.4"})
	})
	w.role(writes)
	w.run()
	return w
}

func (w *world) run() {
	ctx, cancel := context.WithCancel(w.Context())
	w.p = New(w.s, w.l, Config{Engine: w.e, Uses: w.uses, Exports: directory.Allowed{w.dir}})
	done := make(chan error, 1)
	go func() { done <- w.p.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.Error(err)
		}
		w.stop = func() {}
	}
}

func (w *world) update(fn func(*store.Tx)) {
	w.Helper()
	if err := w.s.Update(scope, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) role(document string) {
	w.Helper()
	if err := w.s.Update(scope.Global(), func(tx *store.Tx) error {
		store.Roles.Put(tx, model.Role{Name: "flows", Path: "/", ID: "AROAFLOWS", Trust: trust,
			Grants: model.Grants{Inline: []model.Inline{{Name: "p", Document: document}}}})
		return nil
	}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) log(id, resource, traffic string, change func(*model.FlowLog)) {
	w.Helper()
	l := model.FlowLog{ID: id, Resource: resource, Traffic: traffic, Format: "${interface-id} ${srcport} ${packets} ${action} ${log-status}", Interval: time.Minute,
		Created: time.Now(), Group: "flows", Role: roleARN}
	if change != nil {
		change(&l)
	}
	w.update(func(tx *store.Tx) { store.FlowLogs.Put(tx, l) })
	synctest.Wait()
}

// passes tells of one packet at an interface.
func (w *world) passes(nic string, port uint16, accept bool) {
	w.p.Take(engine.Place{Scope: scope}, []engine.Flow{{NIC: nic, Accept: accept, Src: netip.MustParseAddr("172.31.0.9"), Dst: netip.MustParseAddr("172.31.0.4"),
		SrcPort: port, DstPort: 80, Protocol: 6, Packets: 1, Bytes: 60, Start: time.Now(), End: time.Now()}})
}

// after lets time pass.
func (w *world) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// want compares all that is in the streams of the group, "stream: line, line; …".
func (w *world) want(want string) {
	w.Helper()
	synctest.Wait()
	var got []string
	_ = w.s.View(scope, func(tx *store.Tx) error {
		g, _ := store.LogGroups.Get(tx, "flows")
		for s := range store.LogStreams.From(tx, "flows:", "") {
			es, err := w.l.Read(logs.Query{Group: g.ID, Want: func(n uint64) bool { return n == s.Number }, From: logs.Start, To: logs.End, Limit: 1000})
			if err != nil {
				return err
			}
			var lines []string
			for _, e := range es {
				lines = append(lines, e.Message)
			}
			got = append(got, s.Name+": "+strings.Join(lines, ", "))
		}
		return nil
	})
	if g := strings.Join(got, "; "); g != want {
		w.Errorf("got  %s\nwant %s", g, want)
	}
}

// lines counts the events of a stream.
func (w *world) lines(stream string) (n int) {
	_ = w.s.View(scope, func(tx *store.Tx) error {
		g, _ := store.LogGroups.Get(tx, "flows")
		s, _ := store.LogStreams.Get(tx, model.LogStreamKey("flows", stream))
		es, err := w.l.Read(logs.Query{Group: g.ID, Want: func(n uint64) bool { return n == s.Number }, From: logs.Start, To: logs.End, Limit: 1000})
		n = len(es)
		return err
	})
	return n
}

func (w *world) status(id string) (l model.FlowLog) {
	_ = w.s.View(scope, func(tx *store.Tx) error { l, _ = store.FlowLogs.Get(tx, id); return nil })
	return l
}

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

func TestFilesAreLaidOutAsInABucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		dir := w.dir
		w.log("fl-1", "eni-a", "ALL", func(l *model.FlowLog) { l.Directory = dir })
		w.log("fl-2", "eni-a", "REJECT", func(l *model.FlowLog) { l.Directory, l.Hive, l.Hourly = dir, true, true })
		w.log("fl-3", "eni-a", "ALL", func(l *model.FlowLog) { l.Directory = filepath.Join(dir, "none") })
		w.log("fl-4", "eni-a", "ALL", func(l *model.FlowLog) { l.Directory = t.TempDir() }) // which is not allowed
		w.passes("eni-a", 1, true)
		w.passes("eni-a", 2, false)
		w.after(time.Minute)
		var got []string
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, _ error) error {
			if !d.IsDir() {
				path, _ := filepath.Rel(dir, path)
				got = append(got, path[:len(path)-len("0123abcd.log.gz")]+": "+unzip(t, filepath.Join(dir, path)))
			}
			return nil
		})
		want := "AWSLogs/000000000000/vpcflowlogs/us-east-1/2000/01/01/000000000000_vpcflowlogs_us-east-1_fl-1_20000101T0001Z_: " +
			"interface-id srcport packets action log-status|eni-a 1 1 ACCEPT OK|eni-a 2 1 REJECT OK| " +
			"AWSLogs/aws-account-id=000000000000/aws-service=vpcflowlogs/aws-region=us-east-1/year=2000/month=01/day=01/hour=00/" +
			"000000000000_vpcflowlogs_us-east-1_fl-2_20000101T0001Z_: interface-id srcport packets action log-status|eni-a 2 1 REJECT OK|"
		if g := strings.Join(got, " "); g != want {
			t.Errorf("got  %s\nwant %s", g, want)
		}
		for _, id := range []string{"fl-3", "fl-4"} {
			if l := w.status(id); l.Error != "Access error" {
				t.Errorf("%s: got %q", id, l.Error)
			}
		}
	})
}

func unzip(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\n", "|")
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
