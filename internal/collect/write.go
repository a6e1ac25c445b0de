package collect

import (
	"errors"
	"time"

	"github.com/drydock-ecs/drydock/internal/logdriver"
	"github.com/drydock-ecs/drydock/internal/logs"
)

// batch is what is written together, by the container that wrote it; follows are in order.
type batch struct {
	follows []*follow
	events  map[*follow][]logdriver.Event
}

func (b *batch) add(f *follow, es []logdriver.Event) {
	if len(es) == 0 {
		return
	}
	if b.events == nil {
		b.events = map[*follow][]logdriver.Event{}
	}
	if len(b.events[f]) == 0 {
		b.follows = append(b.follows, f)
	}
	b.events[f] = append(b.events[f], es...)
}

// take takes in what was said, and all that waits behind it, and writes it at once: who follows a stream
// sees a line as soon as it is here.
func (c *Collect) take(first said) {
	b := batch{}
	var over []said
	for s, n := first, 0; ; n++ {
		if s.end {
			b.add(s.f, s.f.joiner.Flush())
			delete(c.due, s.f)
			over = append(over, s)
		} else {
			b.add(s.f, s.f.joiner.Add(s.line.At, last(s), s.line.Text))
			c.await(s.f)
		}
		if len(c.said) == 0 || n == mostSaid {
			break
		}
		s = <-c.said // nobody else takes
	}
	c.write(b)
	for _, s := range over {
		c.readerEnded(s.f, s.err)
	}
}

// last is where the log was read to with a line.
func last(s said) time.Time {
	if s.line.Last.IsZero() {
		return s.line.At
	}
	return s.line.Last
}

// await sets when to give up waiting for further lines of the event that f is at.
func (c *Collect) await(f *follow) {
	if f.joiner.Open() {
		c.due[f] = time.Now().Add(logdriver.Patience)
	} else {
		delete(c.due, f)
	}
}

// write appends a batch to the streams of its containers.
func (c *Collect) write(b batch) {
	groups := map[string][]logs.Event{}
	now := time.Now().UnixMilli()
	for _, f := range b.follows {
		sc, stream := f.where()
		t := c.find(sc, f.options.Group, stream)
		why := errDeleted
		if t.stream != 0 {
			why = c.mayPut(f, sc, stream)
		}
		if why != nil {
			c.nowhere(f, stream, why)
			continue
		}
		f.told = ""
		for _, e := range b.events[f] {
			out := logs.Event{Stream: t.stream, At: e.At.UnixMilli(), Ingested: now, Message: e.Text}
			if !e.Mark.IsZero() {
				out.Mark = e.Mark.UnixNano()
			}
			groups[t.group] = append(groups[t.group], out)
		}
	}
	for id, es := range groups {
		if err := c.log.Append(id, es); err != nil {
			c.c.Log.Error("what containers wrote is lost to their log streams", "lines", len(es), "err", err)
		}
	}
}

// errDeleted is why lines go nowhere whose stream is not there.
var errDeleted = errors.New("the log stream was deleted")

// nowhere says once why what a container writes is lost, as it is on AWS.
func (c *Collect) nowhere(f *follow, stream string, why error) {
	if f.told != why.Error() {
		c.c.Log.Warn("what a container writes is lost to its log stream", "task", f.task, "container", f.container,
			"group", f.options.Group, "stream", stream, "err", why)
	}
	f.told = why.Error()
}
