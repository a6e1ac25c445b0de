package daemon

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/store"
)

// whole is a daemon without its socket: API, store on disk, control loop, agent and simulated engine,
// with a cluster of ten tasks an instance in services of 100. Its time scale spares the wait until services
// are steady, and changes nothing of what is measured.
type whole struct {
	b         *testing.B
	d         *daemon
	rt        *sim.Runtime
	api       http.Handler
	end       func() // of the loops
	tasks     int
	empty     uint64 // bytes in use before there was anything
	instances uint64 // bytes in use with the instances
}

func newWhole(b *testing.B, tasks int) *whole {
	d, err := open(Config{DataDir: b.TempDir(), Engine: "sim", Region: "us-east-1", Account: "000000000000", Version: "bench", Listen: "127.0.0.1:0",
		TimeScale: 20, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.store.Close() })
	w := &whole{b: b, d: d, rt: sim.New(sim.Config{}), tasks: tasks, empty: inUse()}
	d.engine = w.rt
	if err := d.firstStart(); err != nil {
		b.Fatal(err)
	}
	d.parts.Store(d.newParts())
	w.api = d.handler(context.Background())
	w.run()
	return w
}

// run starts the loops.
func (w *whole) run() {
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error, 6)
	wait := w.d.start(ctx, w.d.parts.Load(), failed)
	w.end = sync.OnceFunc(func() {
		cancel()
		wait()
		select {
		case err := <-failed:
			w.b.Error(err)
		default:
		}
	})
	w.b.Cleanup(w.end)
}

// inUse returns the bytes that are in use once all garbage is collected.
func inUse() uint64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// resident returns the memory of the process, from the kernel.
func resident(b *testing.B) uint64 {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.ParseUint(strings.Fields(string(raw))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * uint64(os.Getpagesize())
}

// ecs makes one call of the ECS API and returns the body of its answer.
func (w *whole) ecs(operation, body string) []byte {
	r := httptest.NewRequest(http.MethodPost, "http://localhost/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	return w.answer(r)
}

func (w *whole) ec2(form url.Values) []byte {
	r := httptest.NewRequest(http.MethodPost, "http://localhost/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/ec2/aws4_request")
	return w.answer(r)
}

func (w *whole) answer(r *http.Request) []byte {
	a := httptest.NewRecorder()
	w.api.ServeHTTP(a, r)
	if a.Code != http.StatusOK || strings.Contains(a.Body.String(), `"failures":[{`) {
		w.b.Fatalf("%s: %s", r.Header.Get("X-Amz-Target"), a.Body)
	}
	return a.Body.Bytes()
}

// view reads the state.
func (w *whole) view(fn func(*store.Tx)) {
	if err := w.d.store.View(w.d.scope(), func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.b.Fatal(err)
	}
}

// update changes it, as the agent does.
func (w *whole) update(fn func(*store.Tx)) {
	if err := w.d.store.Update(w.d.scope(), func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.b.Fatal(err)
	}
}

// ids returns the ids of all tasks.
func (w *whole) ids() (ids []string) {
	w.view(func(tx *store.Tx) {
		for t := range store.Tasks.All(tx) {
			if t.Live() {
				ids = append(ids, t.ID)
			}
		}
	})
	return ids
}

// until waits for something to be so.
func (w *whole) until(ok func(*store.Tx) bool) {
	feed := w.d.store.Subscribe(store.Tasks.Name(), store.ContainerInstances.Name(), store.Services.Name())
	defer w.d.store.Unsubscribe(feed)
	for done := false; !done; {
		<-feed.C
		feed.Take()
		w.view(func(tx *store.Tx) { done = ok(tx) })
	}
}

// join launches an instance for every ten tasks and waits until all have joined the cluster.
func (w *whole) join() {
	w.ecs("CreateCluster", `{"clusterName":"demo"}`)
	for i, n := 0, w.tasks/10; i < n; i += 500 {
		w.launch(min(500, n-i), i/500)
	}
	w.instances = inUse()
}

// launch launches instances in one of three zones and waits until all have joined the cluster.
func (w *whole) launch(count, zone int) {
	joined := func(tx *store.Tx) int { return store.Zones.Get(tx, "demo/us-east-1"+string(rune('a'+zone%3))) }
	before := 0
	w.view(func(tx *store.Tx) { before = joined(tx) })
	n, data := strconv.Itoa(count), base64.StdEncoding.EncodeToString([]byte("#!/bin/bash\necho ECS_CLUSTER=demo >> /etc/ecs/ecs.config\n"))
	w.ec2(url.Values{"Action": {"RunInstances"}, "Version": {"2016-11-15"}, "ImageId": {"ami-00000000000000000"}, "InstanceType": {"m5.xlarge"},
		"MinCount": {n}, "MaxCount": {n}, "UserData": {data}, "Placement.AvailabilityZone": {"us-east-1" + string(rune('a'+zone%3))}})
	w.until(func(tx *store.Tx) bool { return joined(tx) == before+count })
}

// settle creates the services and waits until all their tasks run.
func (w *whole) settle() {
	w.ecs("RegisterTaskDefinition", `{"family":"web","containerDefinitions":[{"name":"web","image":"nginx","cpu":128,"memory":256,"portMappings":[{"containerPort":80,"hostPort":0}]}]}`)
	for i := range w.tasks / 100 {
		w.ecs("CreateService", fmt.Sprintf(`{"cluster":"demo","serviceName":"web-%04d","taskDefinition":"web","desiredCount":100}`, i))
	}
	w.until(w.whole)
}

// whole reports whether every task runs.
func (w *whole) whole(tx *store.Tx) bool {
	n := store.Counts.Get(tx, "demo")
	return n.Running == w.tasks && n.Live == w.tasks
}

// steady reports whether every service said so.
func steady(tx *store.Tx) bool {
	for s := range store.Services.All(tx) {
		if !s.Steady {
			return false
		}
	}
	return true
}

// quiet waits until nothing is written any more.
func (w *whole) quiet() {
	for n := int64(-1); n != w.d.store.Commits(); {
		n = w.d.store.Commits()
		<-time.After(20 * time.Millisecond)
	}
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
