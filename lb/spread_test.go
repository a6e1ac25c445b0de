package lb

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// counter counts the requests of a backend.
type counter struct{ n atomic.Int64 }

func (c *counter) ServeHTTP(http.ResponseWriter, *http.Request) { c.n.Add(1) }

func TestRequestsAreSpreadEvenly(t *testing.T) {
	counts := make([]counter, 4)
	s := newStory(t, nil, &counts[0], &counts[1], &counts[2], &counts[3])
	c := client(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 25 {
				if code, _, err := fetch(c, s.url); err != nil || code != 200 {
					t.Errorf("%d %v", code, err)
				}
			}
		})
	}
	wg.Wait()
	for i := range counts {
		if n := counts[i].n.Load(); n < 99 || n > 101 {
			t.Errorf("target %d got %d of 400 requests, want 100 ± 1", i, n)
		}
	}
}

func TestWeightsAreExact(t *testing.T) {
	w := newWorld(t, Config{})
	lb, a, b := w.balancer("web", nil), w.group("a"), w.group("b")
	act := forwardTo(a, b)
	act.ForwardConfig.TargetGroups[1].Weight = aws.Int32(3)
	l := w.listener(lb, "HTTP", freePort(t), act)
	var na, nb counter
	ta := w.target(a, backend(t, &na).Listener.Addr().String())
	tb := w.target(b, backend(t, &nb).Listener.Addr().String())
	w.run()
	url := w.bound(l)
	w.state(ta, "healthy")
	w.state(tb, "healthy")
	c := client(t)
	for range 100 {
		get(t, c, url)
	}
	if na.n.Load() != 25 || nb.n.Load() != 75 {
		t.Errorf("weights 1 and 3 got %d and %d of 100 requests", na.n.Load(), nb.n.Load())
	}
}

// code answers every request, health checks too.
type code int

func (c code) ServeHTTP(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(c)) }

func TestOnlyHealthyTargetsWhileThereAreSome(t *testing.T) {
	var well counter
	s := newStory(t, nil, &well)
	sick := s.target(s.g, newServer(t, code(500)).Listener.Addr().String())
	s.until("the sick target was probed", func(tx *store.Tx) bool {
		row, _ := store.Targets.Get(tx, sick.Key())
		return row.Health == checking
	})
	c := client(t)
	for range 10 {
		if code, _ := get(t, c, s.url); code != 200 {
			t.Fatalf("got %d: an initial target got a request", code)
		}
	}
}

func TestFailOpen(t *testing.T) {
	s := newStory(t, nil)
	x := s.target(s.g, newServer(t, code(418)).Listener.Addr().String())
	s.until("probed", func(tx *store.Tx) bool {
		row, _ := store.Targets.Get(tx, x.Key())
		return row.Health == checking
	})
	if code, _ := get(t, client(t), s.url); code != 418 {
		t.Errorf("got %d, want the answer of the only target though it is not healthy", code)
	}
}

func TestTargetOfATask(t *testing.T) {
	s := newStory(t, nil, says("old"))
	task := model.Task{ID: "0123456789abcdef0123456789abcdef", Want: model.Running, Is: model.Running}
	row := model.Target{Group: s.g.ID, ID: "i-1", Port: 1, Task: task.ID, Registered: time.Now().UTC(),
		Dial: backend(t, says("task")).Listener.Addr().String(), Health: healthy}
	s.write(func(tx *store.Tx) { store.Tasks.Put(tx, task); store.Targets.Put(tx, row); drainNow(tx, s.targets[0]) })
	s.drained(s.targets[0])
	if _, body := get(t, client(t), s.url); body != "task" {
		t.Fatalf("got %q, want the task's answer", body)
	}
	for name, change := range map[string]func(*model.Task){
		"told to stop": func(x *model.Task) { x.Want = model.Stopped },
		"stopped":      func(x *model.Task) { x.Want, x.Is = model.Stopped, model.Stopped },
	} {
		next := task
		change(&next)
		s.write(func(tx *store.Tx) { store.Tasks.Put(tx, next) })
		s.chosen(0)
		if code, _ := get(t, client(t), s.url); code != 503 {
			t.Errorf("task %s: got %d, want 503", name, code)
		}
		s.write(func(tx *store.Tx) { store.Tasks.Put(tx, task) })
		s.chosen(1)
	}
	s.write(func(tx *store.Tx) { store.Tasks.Delete(tx, task.ID) })
	s.chosen(0)
}

func drainNow(tx *store.Tx, t model.Target) {
	row, _ := store.Targets.Get(tx, t.Key())
	row.Draining = tx.Now().Add(time.Minute)
	store.Targets.Put(tx, row)
}

// chosen waits until the story's group sends requests to n targets. There is no commit to wait
// for: the keeper only swaps the rotation.
func (s *story) chosen(n int) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		got := 0
		for _, g := range s.p.Snapshot() {
			got += len(g.Targets)
		}
		if got == n {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%d targets get requests, want %d", got, n)
		}
		yield()
	}
}

func TestSnapshot(t *testing.T) {
	s := newStory(t, nil, says("a"))
	get(t, client(t), s.url)
	got := s.p.Snapshot()
	got[0].Targets[0].InFlight = 0 // the request may be over for the client before it is for us
	want := []Traffic{{Scope: scope, Group: s.g.ID, Targets: []TargetTraffic{{Target: s.targets[0].Key(), Served: 1}}}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
