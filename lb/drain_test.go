package lb

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// slow answers when it is told to, and tells when a request came.
type slow struct{ came, finish chan struct{} }

func newSlow() slow { return slow{make(chan struct{}, 100), make(chan struct{})} }

func (s slow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.came <- struct{}{}
	select {
	case <-s.finish:
		_, _ = io.WriteString(w, "slow")
	case <-r.Context().Done():
	}
}

func TestDrainingTargetFinishesItsRequests(t *testing.T) {
	b := newSlow()
	s := newStory(t, nil, b)
	type answer struct {
		code int
		body string
		err  error
	}
	first := make(chan answer)
	go func() {
		code, body, err := fetch(client(t), s.url)
		first <- answer{code, body, err}
	}()
	<-b.came
	s.drain(s.targets[0], time.Minute)
	s.chosen(0)
	if code, _ := get(t, client(t), s.url); code != 503 {
		t.Errorf("a new request got %d, want 503", code)
	}
	s.not("drained", func(tx *store.Tx) bool { row, _ := store.Targets.Get(tx, s.targets[0].Key()); return row.Drained })
	close(b.finish)
	if a := <-first; a.code != 200 || a.body != "slow" || a.err != nil {
		t.Errorf("the running request: %+v", a)
	}
	s.drained(s.targets[0])
}

func (w *world) not(what string, is func(*store.Tx) bool) {
	w.t.Helper()
	_ = w.s.View(scope, func(tx *store.Tx) error {
		if is(tx) {
			w.t.Errorf("is %s", what)
		}
		return nil
	})
}

func TestDeregistrationDelayCutsRequests(t *testing.T) {
	b := newSlow()
	s := newStory(t, nil, b, says("other"))
	codes := make(chan int)
	c := client(t)
	for range 2 { // one of two reaches the slow one
		go func() {
			code, _, _ := fetch(c, s.url)
			codes <- code
		}()
	}
	<-b.came
	s.drain(s.targets[0], time.Millisecond)
	got := []int{<-codes, <-codes}
	if got[0]+got[1] != 200+502 {
		t.Errorf("got %v, want the request that was cut to get 502 and the other 200", got)
	}
	s.drained(s.targets[0])
}

func TestUnusedGroupDrainsToo(t *testing.T) {
	w := newWorld(t, Config{})
	x := w.target(w.group("unused"), "127.0.0.1:1")
	w.run()
	w.drain(x, time.Hour)
	w.drained(x)
}

func TestTargetThatComesBack(t *testing.T) {
	s := newStory(t, nil, says("a"))
	s.drain(s.targets[0], time.Hour)
	s.drained(s.targets[0])
	s.write(func(tx *store.Tx) {
		row := s.targets[0]
		row.Registered = tx.Now()
		store.Targets.Put(tx, row)
	})
	s.state(s.targets[0], "healthy")
	if _, body := get(t, client(t), s.url); body != "a" {
		t.Errorf("got %q", body)
	}
}

// load sends requests on n connections until stopped, and counts those that failed.
type load struct {
	stop   chan struct{}
	wg     sync.WaitGroup
	failed atomic.Int64
	done   atomic.Int64
	mark   chan struct{} // one token every hundred requests
}

func startLoad(t *testing.T, url string, n int) *load {
	l := &load{stop: make(chan struct{}), mark: make(chan struct{}, 10_000)}
	c := client(t)
	for i := range n {
		l.wg.Go(func() { l.send(t, c, url, i%2 == 0) })
	}
	return l
}

func (l *load) send(t *testing.T, c *http.Client, url string, post bool) {
	for {
		select {
		case <-l.stop:
			return
		default:
		}
		res, err := c.Get(url)
		if post {
			if err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
			res, err = c.Post(url, "text/plain", strings.NewReader("body"))
		}
		if err != nil || res.StatusCode != 200 {
			if l.failed.Add(1) < 5 {
				t.Errorf("request failed: %v %v", res, err)
			}
		}
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		if l.done.Add(1)%100 == 0 {
			l.mark <- struct{}{}
		}
	}
}

// some waits for n hundred more requests.
func (l *load) some(n int) {
	for range n {
		<-l.mark
	}
}

func (l *load) end(t *testing.T) {
	close(l.stop)
	l.wg.Wait()
	t.Logf("%d requests, %d failed", l.done.Load(), l.failed.Load())
}

// drainable is a backend that a test may take away as the agent does: after it drained.
type drainable struct {
	row  model.Target
	stop func()
}

func (s *story) grow(n int) (ds []drainable) {
	for range n {
		b := backend(s.t, says("x"))
		x := s.target(s.g, b.Listener.Addr().String())
		s.state(x, "healthy")
		ds = append(ds, drainable{x, func() { b.CloseClientConnections(); b.Close() }})
	}
	return ds
}

func (s *story) shrink(ds []drainable) {
	for _, d := range ds {
		s.drain(d.row, time.Minute)
	}
	for _, d := range ds {
		s.drained(d.row)
		d.stop()
		s.write(func(tx *store.Tx) { store.Targets.Delete(tx, d.row.Key()) })
	}
}

func TestScalingFailsNoRequest(t *testing.T) {
	s := newStory(t, nil)
	four := s.grow(4)
	l := startLoad(t, s.url, 64)
	l.some(5)
	more := s.grow(4)
	l.some(5)
	s.shrink(append(four, more[:2]...))
	l.some(5)
	l.end(t)
}

func TestKilledTargetFailsNoRead(t *testing.T) {
	s := newStory(t, nil)
	four := s.grow(4)
	c := client(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var n atomic.Int64
	mark := make(chan struct{}, 10_000)
	for range 64 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if code, _, err := fetch(c, s.url); code != 200 || err != nil {
					t.Errorf("%d %v", code, err)
				}
				if n.Add(1)%100 == 0 {
					mark <- struct{}{}
				}
			}
		})
	}
	for _, d := range four[:3] {
		for range 3 {
			<-mark
		}
		d.stop() // its connections are reset at once; its row stays for now
		for range 3 {
			<-mark
		}
		s.write(func(tx *store.Tx) { store.Targets.Delete(tx, d.row.Key()) })
	}
	<-mark
	close(stop)
	wg.Wait()
}

func TestDialToATargetThatLeavesIsGivenUp(t *testing.T) {
	s := newStory(t, nil, says("other"))
	dialling := make(chan struct{}, 100)
	task := model.Task{ID: "0123456789abcdef0123456789abcdef", Want: model.Running, Is: model.Running}
	silent := model.Target{Group: s.g.ID, ID: "i-1", Port: 1, Task: task.ID, Dial: "127.0.0.1:1", Registered: time.Now().UTC(), Health: healthy}
	s.silence("127.0.0.1:1", dialling)
	s.write(func(tx *store.Tx) { store.Tasks.Put(tx, task); store.Targets.Put(tx, silent) })
	s.chosen(2)
	c := client(t)
	codes := make(chan int)
	for range 2 { // one of two goes to the silent one first
		go func() {
			code, _, _ := fetch(c, s.url)
			codes <- code
		}()
	}
	<-dialling
	start := time.Now()
	task.Is, task.Want = model.Stopped, model.Stopped
	s.write(func(tx *store.Tx) { store.Tasks.Put(tx, task) })
	if a, b := <-codes, <-codes; a != 200 || b != 200 {
		t.Errorf("got %d and %d", a, b)
	}
	if d := time.Since(start); d >= dialTimeout {
		t.Errorf("took %v, want the dial to be given up when its target leaves", d)
	}
}
