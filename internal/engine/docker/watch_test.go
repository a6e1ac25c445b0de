package docker_test

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/docker"
	"github.com/drydock-ecs/drydock/internal/ids"

	"github.com/docker/docker/api/types/container"
)

// relay is a way to the engine that can be cut.
type relay struct {
	path, engine string
	mu           sync.Mutex
	l            net.Listener
	closed       bool
	conns        []net.Conn
	wg           sync.WaitGroup
}

func newRelay(t *testing.T) *relay {
	cli := raw(t)
	path, ok := strings.CutPrefix(cli.DaemonHost(), "unix://")
	if !ok {
		t.Skip("the engine is not on a socket")
	}
	w := &relay{path: filepath.Join(t.TempDir(), "engine.sock"), engine: path}
	w.open(t)
	t.Cleanup(w.cut)
	return w
}

func (w *relay) open(t *testing.T) {
	l, err := net.Listen("unix", w.path)
	if err != nil {
		t.Fatal(err)
	}
	w.l, w.closed = l, false
	w.wg.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("unix", w.engine)
			if err != nil {
				from.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, from, to)
			w.mu.Unlock()
			w.wg.Go(func() { _, _ = io.Copy(from, to); from.Close() })
			w.wg.Go(func() { _, _ = io.Copy(to, from); to.Close() })
		}
	})
}

func (w *relay) cut() {
	w.l.Close()
	w.closed = true
	w.mu.Lock()
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
	w.mu.Unlock()
	w.wg.Wait()
}

func watch(t *testing.T, r *docker.Runtime) func() engine.Event {
	events := make(chan engine.Event, 256)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Watch(ctx, func(ev engine.Event) { events <- ev }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return func() engine.Event {
		t.Helper()
		select {
		case ev := <-events:
			return ev
		case <-time.After(time.Minute):
			t.Fatal("no event")
			return engine.Event{}
		}
	}
}

func TestAnEngineThatGoesAwayAndReturns(t *testing.T) {
	way := newRelay(t)
	r, direct := open(t, "unix://"+way.path), raw(t)
	t.Cleanup(func() { // before the runtime of this test cleans up: its way must be open
		if way.closed {
			way.open(t)
		}
	})
	next := watch(t, r)
	if ev := next(); ev.Kind != engine.Synced {
		t.Fatalf("at first %+v", ev)
	}
	stays, ends := start(t, r, spec(0)), start(t, r, spec(0))
	next()
	next()
	way.cut()
	if ev := next(); ev.Kind != engine.Lost || ev.Err == nil || !strings.Contains(ev.Err.Error(), "went away") {
		t.Fatalf("after the cut %+v", ev)
	}
	_, err := r.Start(t.Context(), spec(0))
	var refusal *engine.Error
	if err == nil || errors.As(err, &refusal) {
		t.Errorf("start while it is away: %v", err)
	}
	if err := direct.ContainerKill(t.Context(), ends.RuntimeID, "KILL"); err != nil {
		t.Fatal(err)
	}
	wait, errs := direct.ContainerWait(t.Context(), ends.RuntimeID, container.WaitConditionNotRunning)
	select {
	case <-wait:
	case err := <-errs:
		t.Fatal(err)
	}
	way.open(t)
	got := map[string]engine.State{}
	for ev := next(); ev.Kind != engine.Synced; ev = next() {
		if ev.Kind != engine.Seen {
			t.Errorf("before Synced %+v", ev)
		}
		if got[ev.RuntimeID] = ev.State; ev.State == engine.Exited && ev.Exit != 137 {
			t.Errorf("the end %+v", ev)
		}
	}
	if len(got) != 2 || got[stays.RuntimeID] != engine.Running || got[ends.RuntimeID] != engine.Exited {
		t.Errorf("seen %v", got)
	}
	get(t, stays.Bindings[0].Dial, "/healthz")
	if err := r.Stop(t.Context(), stays.RuntimeID, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if ev := next(); ev.RuntimeID != stays.RuntimeID || ev.State != engine.Exited || ev.Exit != 0 {
		t.Errorf("after the return %+v", ev)
	}
}

func TestMemoryBeyondTheLimitIsToldAsSuch(t *testing.T) {
	raw(t)
	r := open(t, "")
	s := spec(0)
	s.Memory = 32 << 20
	s.Doc.LinuxParameters = nil
	st := start(t, r, s)
	next := watch(t, r)
	for next().Kind != engine.Synced {
	}
	get(t, st.Bindings[0].Dial, "/healthz") // it listens
	go func() {                             // it is killed before it answers
		c, err := net.Dial("tcp", st.Bindings[0].Dial)
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "GET /alloc?mb=512&seconds=60 HTTP/1.0\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
	}()
	ev := next()
	for ev.State == engine.Running { // what is so may be told again
		ev = next()
	}
	if ev.State != engine.Exited || ev.Exit != 137 || !ev.OOM {
		t.Errorf("event %+v", ev)
	}
	if ev := seenAs(t, r, st.RuntimeID, engine.Exited); !ev.OOM {
		t.Errorf("seen %+v", ev)
	}
}

func TestOwnersDoNotTouchEachOther(t *testing.T) {
	raw(t)
	mine, theirs := open(t, ""), open(t, "")
	st := start(t, theirs, spec(0))
	if err := mine.Stop(t.Context(), st.RuntimeID, 0); err == nil {
		t.Error("stopped")
	}
	if err := mine.Remove(t.Context(), st.RuntimeID); err == nil {
		t.Error("removed")
	}
	if err := mine.RemoveAll(t.Context()); err != nil {
		t.Error(err)
	}
	for _, err := range mine.Logs(t.Context(), st.RuntimeID, engine.LogOptions{}) {
		if err == nil {
			t.Error("read")
		}
	}
	if ev := watch(t, mine)(); ev.Kind != engine.Synced {
		t.Errorf("saw %+v", ev)
	}
	if ev := seenAs(t, theirs, st.RuntimeID, engine.Running); ev.RuntimeID != st.RuntimeID {
		t.Error("it does not run any more")
	}
}

func TestAnotherDaemonAdoptsByOwner(t *testing.T) {
	raw(t)
	owner := "test-" + ids.Hex(8)
	first, second := openAs(t, "", owner), openAs(t, "", owner)
	s := spec(0)
	if a, b := start(t, first, s), start(t, second, s); a.RuntimeID != b.RuntimeID {
		t.Errorf("%s and %s", a.RuntimeID, b.RuntimeID)
	}
}

func TestLogs(t *testing.T) {
	raw(t)
	for rule, tty := range map[string]bool{"two streams": false, "a terminal": true} {
		t.Run(rule, func(t *testing.T) {
			r := open(t, "")
			s := spec(0)
			s.Doc.PseudoTerminal = &tty
			st := start(t, r, s)
			get(t, st.Bindings[0].Dial, "/healthz") // it has said that it listens
			var lines []string
			for l, err := range r.Logs(t.Context(), st.RuntimeID, engine.LogOptions{Follow: true}) {
				if err != nil {
					t.Fatal(err)
				}
				if l.At.IsZero() || l.Container != "web" || l.Stderr == tty {
					t.Errorf("line %+v", l)
				}
				if lines = append(lines, l.Text); len(lines) == 1 {
					if err := r.Stop(t.Context(), st.RuntimeID, 10*time.Second); err != nil {
						t.Fatal(err)
					}
				}
			}
			want := "probe: listening on [::]:80|probe: told to stop, finishing requests|probe: exit 0"
			if got := strings.Join(lines, "|"); got != want {
				t.Errorf("followed %q", got)
			}
			for l, err := range r.Logs(t.Context(), st.RuntimeID, engine.LogOptions{Tail: 1}) {
				if err != nil || l.Text != "probe: exit 0" {
					t.Errorf("the last line %+v, %v", l, err)
				}
			}
			for range r.Logs(t.Context(), st.RuntimeID, engine.LogOptions{}) {
				break
			}
		})
	}
}

func TestCheck(t *testing.T) {
	raw(t)
	in, err := open(t, "").Check(t.Context())
	if err != nil || in.Version == "" || in.CPUs == 0 || in.Memory == 0 || in.API == "" || in.Arch == "" {
		t.Errorf("%+v, %v", in, err)
	}
	gone, err := docker.New(docker.Config{Host: "unix:///nowhere/docker.sock", Owner: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer gone.Close()
	if _, err := gone.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "unix:///nowhere/docker.sock does not answer") || !strings.Contains(err.Error(), "--docker-host") {
		t.Errorf("without an engine: %v", err)
	}
}
