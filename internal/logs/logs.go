// Package logs keeps the events of log groups on disk: appended as they come, read by time. It knows
// groups by an id and streams by a number; their names, tags and retention are rows of the store.
//
// A group is a directory of segments, files of records that only grow, each record with its length
// and checksum. In memory there is an index by time, an entry for each 64 KiB, and a few words for
// each stream; sealed segments have their index beside them.
//
// What Append took is in the file when it returns, so that a daemon that is killed (SIGKILL) loses none
// of it. It is on the disk itself within a second: a machine that goes down loses the last second at
// most, of the whole group from the first lost record on. A torn tail is cut off at the next start.
//
// The disk is bounded by the retention of each group and by one limit for all: the oldest segments go.
package logs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Config bounds a Log; the zero value is good.
type Config struct {
	Limit   int64        // bytes of all segments; 1 GiB if 0
	Segment int64        // bytes of a segment; 16 MiB, or an eighth of Limit if that is less, if 0
	Log     *slog.Logger // slog.Default() if nil
}

// syncTime is how long what was appended may not be on the disk itself.
const syncTime = time.Second

// expireTime is how often retention is looked at.
const expireTime = time.Minute

// Log holds the groups of one data directory.
type Log struct {
	c    Config
	dir  string
	wake chan struct{} // something was appended

	mu      sync.Mutex // over all below; never held while a file is read
	groups  map[string]*group
	watches map[*Watch]struct{}
	since   int64 // bytes appended since the limit was looked at
}

// Open reads what is in dir, which is made if it is missing.
func Open(dir string, c Config) (*Log, error) {
	if c.Limit <= 0 {
		c.Limit = 1 << 30
	}
	if c.Segment <= 0 {
		c.Segment = min(16<<20, max(c.Limit/8, blockSize))
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of log events: %w", err)
	}
	l := &Log{c: c, dir: dir, wake: make(chan struct{}, 1), groups: map[string]*group{}, watches: map[*Watch]struct{}{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the directory of log events: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		g := &group{id: e.Name(), dir: filepath.Join(dir, e.Name())}
		cut, err := g.load()
		if err != nil {
			return nil, fmt.Errorf("read the log events in %s: %w", g.dir, err)
		}
		if cut > 0 {
			c.Log.Warn("the end of a log group was not whole and is cut off", "directory", g.dir, "bytes", cut)
		}
		l.groups[g.id] = g
	}
	return l, nil
}

// Close writes everything to the disk. The Log is of no use after it.
func (l *Log) Close() error {
	err := l.sync()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.groups {
		err = errors.Join(err, g.close())
	}
	return err
}

// Append adds events to a group, in the order given; their Seq is given here. It returns once they can
// be read, and wakes who watches the group.
func (l *Log) Append(id string, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.groups[id]
	if g == nil {
		g = &group{id: id, dir: filepath.Join(l.dir, id)}
		if err := os.Mkdir(g.dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("append log events: %w", err)
		}
		l.groups[id] = g
	}
	if err := g.append(events, l.c.Segment); err != nil {
		return fmt.Errorf("append log events: %w", err)
	}
	if l.since += int64(len(g.buf)); l.since >= blockSize {
		l.since = 0
		l.bound()
	}
	for w := range l.watches {
		w.tell(id)
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return nil
}

// Stat is what is known of a stream; zeros when it has no events.
type Stat struct {
	First, Last int64 // the earliest and the latest time of an event
	Ingested    int64 // when the last one arrived
	Mark        int64 // nanoseconds: how far its source was read
}

// Stat returns what is known of one stream.
func (l *Log) Stat(id string, stream uint64) Stat {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g := l.groups[id]; g != nil {
		return g.stats[stream]
	}
	return Stat{}
}

// Size returns the bytes that a group takes on disk.
func (l *Log) Size(id string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g := l.groups[id]; g != nil {
		return g.size()
	}
	return 0
}

// Run writes to the disk what was appended, at most a second later, and drops what is older than its
// group's retention. It sleeps while nothing is appended.
func (l *Log) Run(ctx context.Context) error {
	expire := time.NewTicker(expireTime)
	defer expire.Stop()
	for {
		select {
		case <-ctx.Done():
			return l.sync()
		case <-expire.C:
			l.Expire(time.Now())
			continue
		case <-l.wake:
		}
		select {
		case <-ctx.Done():
		case <-time.After(syncTime / 2):
		}
		if err := l.sync(); err != nil {
			l.c.Log.Error("log events are not on the disk", "err", err)
		}
	}
}

// sync writes what was appended to the disk, without keeping who appends waiting.
func (l *Log) sync() (err error) {
	var last, sealed []*os.File
	var dirs []string
	l.mu.Lock()
	for _, g := range l.groups {
		if !g.dirty {
			continue
		}
		if len(g.sealed) > 0 || len(g.segs) == 1 {
			dirs = append(dirs, g.dir) // there is a new file in it
		}
		sealed, g.sealed, g.dirty = append(sealed, g.sealed...), nil, false
		if g.file != nil {
			last = append(last, g.file)
		}
	}
	l.mu.Unlock()
	for _, f := range sealed {
		err = errors.Join(err, f.Sync(), f.Close())
	}
	for _, f := range last {
		if e := f.Sync(); !errors.Is(e, os.ErrClosed) { // one that was closed was removed
			err = errors.Join(err, e)
		}
	}
	for _, dir := range dirs {
		if e := syncDir(dir); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}
