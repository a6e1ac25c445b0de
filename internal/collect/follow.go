package collect

import (
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/logdriver"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// key names a container of a task.
type key struct {
	scope           model.Scope
	task, container string
}

// follow is one container whose output is collected.
type follow struct {
	key
	id      string // on the engine
	machine string // the instance in whose role it writes; empty for an execution role
	options logdriver.Options
	joiner  logdriver.Joiner
	since   time.Time // how far its log was read when the reader began
	reading bool
	done    bool   // it ended, and all that it wrote was read
	failed  int    // readers in a row that ended in an error
	told    string // why its lines go nowhere, as it was told
}

// said is a line that a reader read, or the end of a reader.
type said struct {
	f    *follow
	line engine.LogLine
	end  bool
	err  error
}

const (
	// engineKeeps is how long after its end the log of a container may still be there.
	engineKeeps = 15 * time.Minute
	// again is when to read on after a reader ended; after errors it is longer each time.
	again = time.Second
	tries = 5
)

// changed looks at the tasks that changed.
func (c *Collect) changed(cs store.Changes) {
	if c.c.Read == nil {
		return
	}
	_ = c.s.View(model.Scope{}, func(tx *store.Tx) error {
		if cs.Full {
			for _, sc := range tx.Scopes() {
				for t := range store.Tasks.All(tx.In(sc)) {
					if t.Live() || tx.Now().Sub(t.Times.Stopped) < engineKeeps {
						c.consider(tx.In(sc), t)
					}
				}
			}
		}
		for _, sc := range cs.Scopes() {
			for id := range cs.Keys(sc, store.Tasks.Name()) {
				t, ok := store.Tasks.Get(tx.In(sc), id)
				if ok {
					c.consider(tx.In(sc), t)
				} else {
					c.forget(sc, id)
				}
			}
		}
		return nil
	})
}

// consider begins to follow the containers of t that write to a log stream.
func (c *Collect) consider(tx *store.Tx, t model.Task) {
	def := store.TaskDefs.Peek(tx, t.Birth.Def)
	for _, box := range t.Containers {
		if box.RuntimeID == "" || def == nil {
			continue
		}
		k := key{tx.Scope(), t.ID, box.Name}
		f := c.follows[k]
		if f == nil || f.id != box.RuntimeID {
			doc, _ := def.Container(box.Name)
			o, ok := logdriver.Of(doc)
			if !ok {
				continue
			}
			f = &follow{key: k, id: box.RuntimeID, machine: machineOf(tx, t, def), options: o, joiner: logdriver.Joiner{First: o.First}}
			c.follows[k] = f
		}
		ended := box.Is == model.Stopped || !t.Live()
		if _, waits := c.due[f]; !f.reading && !waits && (!f.done || !ended) {
			c.begin(f, ended)
		}
	}
}

// forget lets go of a task that has no row any more.
func (c *Collect) forget(sc model.Scope, task string) {
	for k, f := range c.follows {
		if k.scope == sc && k.task == task && !f.reading {
			delete(c.follows, k)
			delete(c.due, f)
		}
	}
}

// begin starts a reader, from where the events of the stream end.
func (c *Collect) begin(f *follow, ended bool) {
	f.reading, f.done, f.since = true, false, time.Time{}
	c.readers.Go(func() {
		if ended {
			select {
			case c.ended <- struct{}{}:
				defer func() { <-c.ended }()
			case <-c.ctx.Done():
				return
			}
		}
		c.read(f, !ended)
	})
}

// read says what the container wrote; it runs in a goroutine of its own.
func (c *Collect) read(f *follow, on bool) {
	sc, stream := f.where()
	end := said{f: f, end: true}
	if _, end.err = c.provide(sc, f.options, stream); end.err == nil {
		t := c.find(sc, f.options.Group, stream)
		if mark := c.log.Stat(t.group, t.stream).Mark; mark != 0 {
			f.since = time.Unix(0, mark)
		}
		for l, err := range c.c.Read(c.ctx, f.id, engine.LogOptions{Follow: on, Since: f.since}) {
			if err != nil {
				end.err = err
				break
			}
			if l.At.After(f.since) && !c.say(said{f: f, line: l}) {
				return
			}
		}
	}
	c.say(end)
}

func (c *Collect) say(s said) bool {
	select {
	case c.said <- s:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// where returns the scope and the name of the stream.
func (f *follow) where() (model.Scope, string) {
	return logScope(f.scope, f.options), f.options.Stream(f.container, f.task, f.id)
}

// readerEnded decides whether anything is left to be read.
func (c *Collect) readerEnded(f *follow, err error) {
	f.reading = false
	if f.failed++; err == nil {
		f.failed = 0
	}
	var t model.Task
	_ = c.s.View(f.scope, func(tx *store.Tx) error { t, _ = store.Tasks.Get(tx, f.task); return nil })
	switch {
	case t.ID == "":
		delete(c.follows, f.key)
	case !ended(t, f), err != nil && f.failed < tries:
		c.due[f] = time.Now().Add(again << min(f.failed, 4)) // it runs again, or its end is not told yet
	default:
		f.done = true
		if err != nil {
			c.c.Log.Warn("the rest of what a container wrote is not in its log stream", "task", f.task, "container", f.container, "err", err)
		}
	}
}

func ended(t model.Task, f *follow) bool {
	for _, box := range t.Containers {
		if box.Name == f.container {
			return !t.Live() || box.Is == model.Stopped
		}
	}
	return true
}

// look does what is due: it reads on, and gives up waiting for further lines of an event.
func (c *Collect) look(now time.Time) {
	b := batch{}
	for f, at := range c.due {
		if at.After(now) {
			continue
		}
		delete(c.due, f)
		if f.joiner.Open() {
			b.add(f, f.joiner.Flush())
		}
		if f.reading {
			continue
		}
		_ = c.s.View(f.scope, func(tx *store.Tx) error {
			if t, ok := store.Tasks.Get(tx, f.task); ok {
				c.consider(tx, t)
			} else {
				delete(c.follows, f.key)
			}
			return nil
		})
	}
	c.write(b)
}
