package logs

import (
	"maps"
	"os"
	"slices"
	"time"
)

// Kept says what of a group is to be kept.
type Kept struct {
	Retention time.Duration            // 0 for ever
	Stream    func(stream uint64) bool // whether a stream still exists, or is newer than the answer
}

// Keep asks which groups exist, by their ids: of the others all events are removed. A group that is not
// there before rows is called is left alone, since its row may be newer than the answer.
func (l *Log) Keep(rows func() (map[string]Kept, error)) error {
	l.mu.Lock()
	ids := slices.Collect(maps.Keys(l.groups))
	l.mu.Unlock()
	kept, err := rows()
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		g := l.groups[id]
		k, ok := kept[id]
		switch {
		case g == nil:
		case !ok:
			l.remove(g)
		default:
			g.keep = k.Retention
			g.forget(k.Stream)
		}
	}
	return nil
}

func (l *Log) remove(g *group) {
	delete(l.groups, g.id)
	_ = g.close() // what is in it goes
	if err := os.RemoveAll(g.dir); err != nil {
		l.c.Log.Error("the events of a deleted log group are still there", "directory", g.dir, "err", err)
	}
}

// Expire drops the segments of which every event is older than its group keeps them. Single events are
// left out by who reads, who knows the time: a segment goes at once or not at all.
func (l *Log) Expire(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.groups {
		for g.keep > 0 && len(g.segs) > 0 && g.segs[0].count > 0 {
			if at, _ := g.segs[0].latest(); at >= now.Add(-g.keep).UnixMilli() {
				break
			}
			if !l.dropped(g, "retention") {
				break
			}
		}
	}
}

// bound drops the oldest segments while there is more than the limit.
func (l *Log) bound() {
	total := int64(0)
	for _, g := range l.groups {
		total += g.size()
	}
	for total > l.c.Limit {
		var oldest *group
		var when int64
		for _, g := range l.groups {
			if len(g.segs) == 0 || g.segs[0].count == 0 {
				continue
			}
			if _, at := g.segs[0].latest(); oldest == nil || at < when {
				oldest, when = g, at
			}
		}
		if oldest == nil {
			return
		}
		size := oldest.size()
		if !l.dropped(oldest, "limit") {
			return
		}
		total -= size - oldest.size()
	}
}

func (l *Log) dropped(g *group, why string) bool {
	n := g.segs[0].count
	if err := g.drop(); err != nil {
		l.c.Log.Error("old log events are still there", "directory", g.dir, "err", err)
		return false
	}
	l.c.Log.Info("old log events are dropped", "directory", g.dir, "events", n, "because", why)
	return true
}
