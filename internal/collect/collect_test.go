package collect

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/streams"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var scope = model.Scope{Account: "000000000000", Region: "us-east-1"}

// engineLog is an engine that keeps the log of one container.
type engineLog struct {
	mu    sync.Mutex
	lines []engine.LogLine
	ended bool
	fails int           // reads that end in an error first
	news  chan struct{} // closed and made anew when something changes
}

func (l *engineLog) change(fn func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fn()
	close(l.news)
	l.news = make(chan struct{})
}

func (l *engineLog) write(lines ...string) {
	for _, text := range lines {
		time.Sleep(time.Millisecond)
		l.change(func() { l.lines = append(l.lines, engine.LogLine{At: time.Now(), Text: text}) })
	}
}

func (l *engineLog) end(ended bool) { l.change(func() { l.ended = ended }) }

func (l *engineLog) read(ctx context.Context, _ string, o engine.LogOptions) iter.Seq2[engine.LogLine, error] {
	return func(yield func(engine.LogLine, error) bool) {
		for n := 0; ; {
			l.mu.Lock()
			lines, ended, news := l.lines[n:], l.ended, l.news
			failing := l.fails > 0
			if failing {
				l.fails--
			}
			l.mu.Unlock()
			if failing {
				yield(engine.LogLine{}, errors.New("the engine went away"))
				return
			}
			for _, line := range lines {
				if n++; !line.At.Before(o.Since) && !yield(line, nil) {
					return
				}
			}
			if ended || !o.Follow {
				return
			}
			select {
			case <-news:
			case <-ctx.Done():
				return
			}
		}
	}
}

// world is a store with one task, whose container writes to a group, and a daemon that collects.
type world struct {
	*testing.T
	s    *store.Store
	l    *logs.Log
	log  *engineLog
	c    *Collect
	stop func()

	strict bool // what Run is told
	uses   *lastuse.Book
}

func start(t *testing.T, options ...string) *world {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := logs.Open(t.TempDir(), logs.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, s: s, l: l, log: &engineLog{news: make(chan struct{})}}
	t.Cleanup(func() { w.stop(); _ = errors.Join(l.Close(), s.Close()) })
	all := map[string]string{"awslogs-group": "g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"}
	for i := 0; i < len(options); i += 2 {
		all[options[i]] = options[i+1]
	}
	w.update(func(tx *store.Tx) {
		handler.Open(tx)
		store.TaskDefs.Put(tx, model.TaskDef{Family: "f", Revision: 1, Doc: types.TaskDefinition{ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("app"), LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: all}}}}})
		streams.Group(tx, "g")
	})
	w.task(model.Running, "c0ffee")
	w.run()
	return w
}

// run begins to collect, as a daemon does that starts.
func (w *world) run() {
	ctx, cancel := context.WithCancel(w.Context())
	w.c = New(w.s, w.l, Config{Read: w.log.read, Strict: w.strict, Uses: w.uses})
	done := make(chan error, 1)
	go func() { done <- w.c.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.Error(err)
		}
		w.stop = func() {}
	}
}

func (w *world) update(fn func(*store.Tx)) {
	if err := w.s.Update(scope, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) task(is model.Status, id string) {
	w.update(func(tx *store.Tx) {
		store.Tasks.Put(tx, model.Task{ID: "t1", Is: is, Want: is, Birth: model.Birth{Def: "f:1"},
			Containers: []model.Container{{Name: "app", RuntimeID: id, Is: is}}})
	})
}

// want compares all events of a stream, after everything is done that is to be done now.
func (w *world) want(stream, want string) {
	w.Helper()
	synctest.Wait()
	t := w.c.find(scope, "g", stream)
	es, err := w.l.Read(logs.Query{Group: t.group, Want: func(n uint64) bool { return n == t.stream }, From: logs.Start, To: logs.End, Limit: 1000})
	if err != nil {
		w.Fatal(err)
	}
	var got []string
	for _, e := range es {
		got = append(got, e.Message)
	}
	if g := strings.Join(got, "|"); g != want {
		w.Errorf("got %s, want %s", g, want)
	}
}

func TestLinesAreThereAsSoonAsTheyAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.log.write("a", "b")
		w.want("p/app/t1", "a|b")
		w.log.write("c")
		w.want("p/app/t1", "a|b|c")
	})
}

func TestWithoutAPrefixTheStreamIsTheContainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.update(func(tx *store.Tx) {
			d, _ := store.TaskDefs.Get(tx, "f:1")
			d.Doc.ContainerDefinitions = []types.ContainerDefinition{{Name: aws.String("app"), LogConfiguration: &types.LogConfiguration{
				LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "g", "awslogs-region": "us-east-1"}}}}
			store.TaskDefs.Put(tx, d)
		})
		w.task(model.Running, "beef")
		w.log.write("a")
		w.want("beef", "a")
	})
}

func TestADaemonThatStartsAgainGoesOnWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		for n := range 5 {
			w.log.write(fmt.Sprint(n, "a"))
			synctest.Wait()
			w.stop()
			w.log.write(fmt.Sprint(n, "b")) // while nobody reads
			w.run()
		}
		w.want("p/app/t1", "0a|0b|1a|1b|2a|2b|3a|3b|4a|4b")
	})
}

func TestWhatAContainerWroteLastIsReadAfterItEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.log.write("a")
		synctest.Wait()
		w.stop()
		w.log.write("last words")
		w.log.end(true)
		w.update(func(tx *store.Tx) {
			task, _ := store.Tasks.Get(tx, "t1")
			task.Is, task.Want, task.Times.Stopped = model.Stopped, model.Stopped, time.Now()
			task.Containers = []model.Container{{Name: "app", RuntimeID: "c0ffee", Is: model.Stopped}}
			store.Tasks.Put(tx, task)
		})
		w.run()
		w.want("p/app/t1", "a|last words")
	})
}

func TestAContainerThatIsStartedAgainIsReadOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.log.write("a")
		w.log.end(true) // and its row never says so
		synctest.Wait()
		w.log.end(false)
		w.log.write("b")
		time.Sleep(2 * again)
		w.want("p/app/t1", "a|b")
	})
}

func TestAnEngineThatWentAwayIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.log.change(func() { w.log.fails = 3 })
		w.log.write("a")
		time.Sleep(time.Minute)
		w.want("p/app/t1", "a")
	})
}

func TestSeveralLinesAreOneEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, "awslogs-multiline-pattern", "^INFO")
		w.log.write("INFO a", " b")
		w.want("p/app/t1", "")
		w.log.write("INFO c")
		w.want("p/app/t1", "INFO a\n b")
		w.stop() // in the middle of an event
		w.run()
		w.log.write(" d")
		time.Sleep(6 * time.Second)
		w.want("p/app/t1", "INFO a\n b|INFO c\n d")
	})
}

func TestWhatAGroupHeldGoesWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.log.write("a")
		synctest.Wait()
		group := w.c.find(scope, "g", "p/app/t1").group
		w.update(func(tx *store.Tx) { streams.Delete(tx, "g") })
		w.log.write("b") // goes nowhere
		time.Sleep(2 * keepPause)
		synctest.Wait()
		if n := w.l.Size(group); n != 0 {
			t.Errorf("%d bytes are left", n)
		}
	})
}

func TestAContainerStartsOnlyIfItsGroupIsThere(t *testing.T) {
	for _, tt := range []struct {
		rule, group, create, launch, want string
	}{
		{"the group is there", "g", "", "EC2", ""},
		{"the group is missing", "none", "", "EC2", "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: " +
			"failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."},
		{"the group is missing, on Fargate", "none", "", "FARGATE", "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: " +
			"failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1"},
		{"the group is made", "new", "true", "EC2", ""},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := start(t)
				w.update(func(tx *store.Tx) {
					store.Tasks.Put(tx, model.Task{ID: "t2", Birth: model.Birth{Def: "f:1", LaunchType: tt.launch}, Containers: []model.Container{{Name: "app"}}})
				})
				options := map[string]string{"awslogs-group": tt.group, "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "p"}
				sc := model.Scope{Account: scope.Account, Region: "eu-west-1"}
				if tt.create != "" {
					options["awslogs-create-group"] = tt.create
				}
				if tt.group == "g" {
					options["awslogs-region"], sc = scope.Region, scope
				}
				err := w.c.Ready(t.Context(), engine.Spec{Scope: scope, Task: "t2", Container: "app", Doc: types.ContainerDefinition{Name: aws.String("app"),
					LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: options}}})
				if err == nil && tt.want != "" || err != nil && err.Error() != tt.want {
					t.Errorf("got %v", err)
				}
				if made := w.c.find(sc, tt.group, "p/app/t2").stream != 0; made != (tt.want == "") {
					t.Errorf("the stream is there: %v", made)
				}
			})
		})
	}
}
