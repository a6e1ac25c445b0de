package logs

import (
	"cmp"
	"errors"
	"io/fs"
	"math"
	"os"
	"slices"
)

// Cursor is a place between events in the order in which they are read: by time, those of one time in
// the order of arrival. It stands after the event with its time and number.
type Cursor struct {
	At  int64
	Seq uint64
}

// Start and End are the places before and after all events.
var (
	Start = Cursor{At: math.MinInt64}
	End   = Cursor{At: math.MaxInt64, Seq: math.MaxUint64}
)

// Cursor is the place after e.
func (e Event) Cursor() Cursor { return Cursor{e.At, e.Seq} }

// Before is the place before e.
func (e Event) Before() Cursor {
	if e.Seq == 0 {
		return Cursor{e.At - 1, math.MaxUint64}
	}
	return Cursor{e.At, e.Seq - 1}
}

func (c Cursor) compare(o Cursor) int {
	return cmp.Or(cmp.Compare(c.At, o.At), cmp.Compare(c.Seq, o.Seq))
}

// Query says which events of a group are wanted: those between two places, the first ones of them or,
// backwards, the last ones. They come in order of time either way.
type Query struct {
	Group    string
	Want     func(stream uint64) bool // nil for every stream
	From, To Cursor
	First    uint64 // Seq of the first one; with Next, of the first one that is too late, those that arrived in between
	Next     uint64 // 0 for all
	Limit    int    // events, at least 1
	Bytes    int    // of messages, 26 more for each; one event comes in any case
	Backward bool
}

// PerEvent is what an event counts for besides its message.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const PerEvent = 26

// found is a block to be read.
type found struct {
	path string
	block
}

// Read returns the events that q asks for. What is appended meanwhile may be missing.
func (l *Log) Read(q Query) ([]Event, error) {
	blocks := l.find(q)
	p := page{q: q}
	defer p.close()
	for _, b := range blocks {
		if p.beyond(&b.block) {
			break
		}
		if err := p.read(b); err != nil && !errors.Is(err, fs.ErrNotExist) { // it was dropped meanwhile
			return nil, err
		}
	}
	p.trim()
	if q.Backward {
		slices.Reverse(p.events)
	}
	return p.events, nil
}

// find returns the blocks that may hold what q asks for, nearest to where it begins first.
func (l *Log) find(q Query) (fs []found) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.groups[q.Group]
	if g == nil {
		return nil
	}
	for b := range g.from(q.First) {
		if b.Max >= q.From.At && b.Min <= q.To.At && b.may(q.Want) {
			fs = append(fs, b)
		}
	}
	slices.SortStableFunc(fs, func(a, b found) int {
		if q.Backward {
			return -cmp.Compare(a.Max, b.Max)
		}
		return cmp.Compare(a.Min, b.Min)
	})
	return fs
}

// page collects the events of an answer; while it does, those nearest to its beginning come first.
type page struct {
	q      Query
	events []Event
	sorted int // so many are in order and within the limits
	full   bool
	file   *os.File
	buf    []byte
}

// beyond reports whether b, and any block after it, holds nothing nearer than what is there.
func (p *page) beyond(b *block) bool {
	p.trim()
	if !p.full {
		return false
	}
	last := p.events[len(p.events)-1].At
	if p.q.Backward {
		return b.Max < last
	}
	return b.Min > last
}

// trim sorts the events and cuts them at the limits.
func (p *page) trim() {
	if p.sorted == len(p.events) {
		return
	}
	slices.SortFunc(p.events, func(a, b Event) int {
		if p.q.Backward {
			a, b = b, a
		}
		return a.Cursor().compare(b.Cursor())
	})
	bytes := 0
	for i, e := range p.events {
		bytes += len(e.Message) + PerEvent
		if i == p.q.Limit || i > 0 && p.q.Bytes > 0 && bytes > p.q.Bytes {
			clear(p.events[i:])
			p.events, p.full = p.events[:i], true
			break
		}
	}
	p.full = p.full || len(p.events) >= p.q.Limit
	p.sorted = len(p.events)
}

// read adds the events of one block.
func (p *page) read(b found) error {
	if p.file == nil || p.file.Name() != b.path {
		p.close()
		f, err := os.Open(b.path)
		if err != nil {
			return err
		}
		p.file = f
	}
	n := int(b.End - b.Off)
	p.buf = slices.Grow(p.buf[:0], n)[:n]
	if _, err := p.file.ReadAt(p.buf, b.Off); err != nil {
		return err
	}
	seq := b.Seq
	for rest := p.buf; len(rest) > 0; seq++ {
		payload, more, err := cutRecord(rest)
		if err != nil {
			return err
		}
		rest = more
		e, err := readEvent(payload, false)
		if err != nil {
			return err
		}
		if e.Seq = seq; p.wants(e) {
			e, _ = readEvent(payload, true)
			e.Seq = seq
			p.events = append(p.events, e)
		}
	}
	return nil
}

func (p *page) wants(e Event) bool {
	c := e.Cursor()
	if e.Seq < p.q.First || p.q.Next != 0 && e.Seq >= p.q.Next {
		return false
	}
	return c.compare(p.q.From) > 0 && c.compare(p.q.To) <= 0 && (p.q.Want == nil || p.q.Want(e.Stream))
}

func (p *page) close() {
	if p.file != nil {
		_ = p.file.Close() // it was only read
		p.file = nil
	}
}
