package logs

import (
	"errors"
	"io/fs"
	"os"
)

// Batch is events in the order in which they arrived.
type Batch struct {
	Events []Event
	Next   uint64 // Seq of the first one after them
	Lost   uint64 // how many before them were dropped unread: retention and the limit wait for nobody
}

// Since returns the events of a group that arrived from the one with a Seq on, about so many bytes of
// them at once. Who reads like this needs no memory for what it did not get to yet.
func (l *Log) Since(id string, first uint64, bytes int) (b Batch, err error) {
	blocks, lost := l.arrived(id, first, bytes)
	first += lost
	b = Batch{Next: first, Lost: lost}
	p := page{q: Query{First: first, From: Start, To: End}}
	defer p.close()
	for _, f := range blocks {
		if err := p.read(f); errors.Is(err, fs.ErrNotExist) || errors.Is(err, os.ErrClosed) {
			break // it was dropped meanwhile, which the next call tells
		} else if err != nil {
			return b, err
		}
	}
	if b.Events = p.events; len(b.Events) > 0 {
		b.Next = b.Events[len(b.Events)-1].Seq + 1
	}
	return b, nil
}

// arrived returns the blocks to be read, and how many of the events are not there any more.
func (l *Log) arrived(id string, first uint64, bytes int) (fs []found, lost uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.groups[id]
	if g == nil || first >= g.next {
		return nil, 0
	}
	if len(g.segs) > 0 && g.segs[0].base > first {
		lost = g.segs[0].base - first
		first = g.segs[0].base
	}
	size := int64(0)
	for b := range g.from(first) {
		if size >= int64(bytes) {
			break
		}
		fs = append(fs, b)
		size += b.End - b.Off
	}
	return fs, lost
}
