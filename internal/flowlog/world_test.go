package flowlog

import (
	"context"
	"errors"
	"net/netip"
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
	dir  string        // where files may be written
	hang chan struct{} // what writing files waits for; nil for nothing
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
	if write, hang := w.p.write, w.hang; hang != nil {
		w.p.write = func(dir, name string, body []byte) error {
			<-hang
			return write(dir, name, body)
		}
	}
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
