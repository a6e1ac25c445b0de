package logs

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// group is one log group: sealed segments and, last, the one that grows.
type group struct {
	id, dir string
	segs    []*segment
	file    *os.File // of the last segment; nil until something is appended
	stats   map[uint64]Stat
	next    uint64        // Seq of the next event
	keep    time.Duration // retention; 0 for ever
	dirty   bool          // something is not on the disk yet
	sealed  []*os.File    // of segments that are full, not on the disk yet
	buf     []byte
}

// load reads the segments of the directory; cut is how many bytes of torn tails went.
func (g *group) load() (cut int64, err error) {
	names, err := filepath.Glob(filepath.Join(g.dir, "*"+segmentExt))
	if err != nil {
		return 0, err
	}
	slices.Sort(names)
	g.stats = map[uint64]Stat{}
	for i, name := range names {
		var base uint64
		if _, err := fmt.Sscanf(filepath.Base(name), "%020d"+segmentExt, &base); err != nil {
			continue // not ours
		}
		s := &segment{path: name, base: base}
		if i < len(names)-1 && s.loadIndex() {
			g.segs, g.next = append(g.segs, s), s.base+s.count
			continue
		}
		n, stats, err := s.scan(nil)
		if err != nil {
			return cut, err
		}
		cut += n
		g.stats = stats
		g.segs, g.next = append(g.segs, s), s.base+s.count
	}
	if g.stats == nil {
		return cut, g.recount()
	}
	return cut, nil
}

// recount reads every segment for what is known of the streams, since the last one does not say.
func (g *group) recount() (err error) {
	g.stats = map[uint64]Stat{}
	for _, s := range g.segs {
		if _, g.stats, err = s.scan(g.stats); err != nil {
			return err
		}
	}
	return nil
}

// append writes events to the last segment, or to a new one when that is full.
func (g *group) append(events []Event, segmentSize int64) error {
	if err := g.open(segmentSize); err != nil {
		return err
	}
	s := g.segs[len(g.segs)-1]
	if g.buf = g.buf[:0]; cap(g.buf) > 1<<20 {
		g.buf = nil
	}
	ends := make([]int64, len(events))
	for i := range events {
		g.buf = appendEvent(g.buf, &events[i])
		ends[i] = s.size + int64(len(g.buf))
	}
	if _, err := g.file.WriteAt(g.buf, s.size); err != nil {
		return errors.Join(err, g.file.Truncate(s.size)) // what was written in part would end the segment
	}
	g.dirty = true
	for i := range events {
		e := &events[i]
		e.Seq = g.next
		g.next++
		s.add(e, ends[i])
		g.stats[e.Stream] = g.stats[e.Stream].with(e)
	}
	return nil
}

// open makes the last segment ready to be appended to.
func (g *group) open(segmentSize int64) (err error) {
	if g.stats == nil {
		g.stats = map[uint64]Stat{}
	}
	if n := len(g.segs); n > 0 && (g.segs[n-1].size < segmentSize || g.segs[n-1].count == 0) {
		if g.file == nil {
			g.file, err = os.OpenFile(g.segs[n-1].path, os.O_RDWR, 0o600)
		}
		return err
	}
	return g.roll()
}

// roll seals the last segment and begins a new one, with what is known of the streams in it.
func (g *group) roll() error {
	if err := g.seal(); err != nil {
		return err
	}
	s := &segment{path: filepath.Join(g.dir, fmt.Sprintf("%020d", g.next)+segmentExt), base: g.next}
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	head := appendStats(nil, g.stats)
	if _, err = f.Write(head); err != nil {
		return errors.Join(err, f.Close(), os.Remove(s.path))
	}
	s.size = int64(len(head))
	g.file, g.segs, g.dirty = f, append(g.segs, s), true
	return nil
}

// seal ends the last segment, which the next sync brings to the disk.
func (g *group) seal() error {
	if len(g.segs) == 0 {
		return nil
	}
	if g.file != nil {
		g.sealed, g.file = append(g.sealed, g.file), nil
	}
	return g.segs[len(g.segs)-1].saveIndex()
}

// close closes the files without waiting for the disk.
func (g *group) close() (err error) {
	if g.file != nil {
		err = g.file.Close()
	}
	for _, f := range g.sealed {
		err = errors.Join(err, f.Close())
	}
	g.file, g.sealed, g.dirty = nil, nil, false
	return err
}

func (g *group) size() (n int64) {
	for _, s := range g.segs {
		n += s.size
	}
	return n
}

// drop removes the oldest segment. The last one is followed by a new one first, which keeps what is
// known of the streams.
func (g *group) drop() error {
	if len(g.segs) == 1 {
		if err := g.roll(); err != nil {
			return err
		}
	}
	old := g.segs[0]
	g.segs = slices.Clone(g.segs[1:])
	return old.remove()
}

// with is s after one more event.
func (s Stat) with(e *Event) Stat {
	if s.Ingested == 0 {
		s.First, s.Last = e.At, e.At
	}
	s.First, s.Last = min(s.First, e.At), max(s.Last, e.At)
	s.Ingested, s.Mark = max(s.Ingested, e.Ingested), max(s.Mark, e.Mark)
	return s
}

// forget lets go of the streams that live does not report.
func (g *group) forget(live func(stream uint64) bool) {
	maps.DeleteFunc(g.stats, func(stream uint64, _ Stat) bool { return !live(stream) })
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
