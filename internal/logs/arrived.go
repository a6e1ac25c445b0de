package logs

import (
	"errors"
	"io/fs"
	"iter"
)

// Arrived tells each the events of a group whose streams q wants and whose numbers are from q.First to
// before q.Next, in the order of arrival, until each returns false. It holds no more than a block of a
// file at a time, however many there are. What was dropped is left out.
func (l *Log) Arrived(q Query, each func(Event) bool) error {
	q.From, q.To = Start, End
	p := page{q: q}
	defer p.close()
	for _, b := range l.arrivals(q) {
		p.events = p.events[:0]
		if err := p.read(b); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range p.events {
			if !each(e) {
				return nil
			}
		}
	}
	return nil
}

// arrivals returns the blocks that may hold what q asks for, in the order of arrival.
func (l *Log) arrivals(q Query) (fs []found) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.groups[q.Group]
	if g == nil {
		return nil
	}
	for b := range g.from(q.First) {
		if q.Next != 0 && b.Seq >= q.Next {
			break
		}
		if b.may(q.Want) {
			fs = append(fs, b)
		}
	}
	return fs
}

// from are the blocks that may hold events from the one with a Seq on, in the order of arrival.
func (g *group) from(first uint64) iter.Seq[found] {
	return func(yield func(found) bool) {
		for _, s := range g.segs {
			if s.base+s.count <= first {
				continue
			}
			for i, b := range s.blocks {
				if i+1 < len(s.blocks) && s.blocks[i+1].Seq <= first {
					continue
				}
				if !yield(found{s.path, b}) {
					return
				}
			}
		}
	}
}
