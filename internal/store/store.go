// Package store keeps every noun of the model: decoded in memory for reading, journalled in one
// bbolt file for the next start. All reading and writing happens inside View or Update.
//
// Schema: one bucket a table (see tables.go), key "account/region/" + the row's Key, value the row
// as JSON. Indexes and rollups are derived in memory and never written. Volatile tables live in memory
// only: their rows follow transactions like others, but are not on disk, wake nobody and are gone after
// a restart. They are for what explains; nothing may depend on them.
//
// Readers get an immutable snapshot and never wait for a disk flush. Writers run one after the
// other on the newest state; those that wait at the same time share one flush, and Update returns
// when what it wrote is on disk and visible to every later View.
package store

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/tidwall/btree"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrInUse is returned by Open when another process holds the file.
var ErrInUse = errors.New("the data directory is in use by another daemon")

// Store is the only shared mutable state in the daemon.
type Store struct {
	db      *bolt.DB
	visible atomic.Pointer[state] // what is on disk, and volatile rows; readers' state
	commits atomic.Int64

	mu      sync.Mutex // over head, next, writing and feeds
	head    *state     // newest state, perhaps not yet on disk
	next    *batch     // written but not yet flushed
	writing *batch     // being flushed; nil when none is
	feeds   []*Feed
	keep    map[any]any // see Tx.Keep

	flushing sync.Mutex // one flush at a time; who holds it flushes for all
}

// state is one immutable version of everything: a tree for each table, index and rollup.
type state struct{ trees []*tree }

// tree is copied in no time: both copies share their nodes, and a write copies those on its way.
type tree = btree.Map[string, any]

// degree is half of how many entries a node has at most: what one write copies grows with it, what
// an entry takes in memory shrinks.
const degree = 16

// batch is what one flush writes.
type batch struct {
	ops     []op
	changes []Change
	done    bool
	err     error
}

// op is one journalled write; a nil value deletes.
type op struct{ table, key, value []byte }

// Open opens or creates the file at path and reads it.
func Open(path string) (*Store, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: 200 * time.Millisecond, FreelistType: bolt.FreelistMapType, NoFreelistSync: true})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open %s: %w", path, ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s := &Store{db: db, next: &batch{}, keep: map[any]any{}}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// load reads every table and derives indexes and rollups.
func (s *Store) load() error {
	tx := &Tx{core: newCore(emptyState())}
	missing := false
	err := s.db.View(func(b *bolt.Tx) error {
		for _, t := range tables {
			bk := b.Bucket([]byte(t.name))
			missing = missing || bk == nil
			if err := t.read(tx.core, bk); err != nil {
				return fmt.Errorf("read %s: %w", t.name, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.head = tx.core.freeze()
	s.visible.Store(s.head)
	if !missing {
		return nil // spares the start a flush
	}
	return s.db.Update(func(b *bolt.Tx) error {
		for _, t := range tables {
			if _, err := b.CreateBucketIfNotExists([]byte(t.name)); err != nil {
				return err
			}
		}
		return nil
	})
}

// read decodes the rows of one table, on all processors, and inserts them. bk may be nil.
func (t *tableInfo) read(c *core, bk *bolt.Bucket) error {
	if bk == nil {
		return nil
	}
	var names, raws [][]byte
	err := bk.ForEach(func(k, raw []byte) error {
		names, raws = append(names, k), append(raws, raw)
		return nil
	})
	if err != nil || len(raws) == 0 {
		return err
	}
	rows, errs := make([]any, len(raws)), make([]error, len(raws))
	part := (len(raws) + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for from := 0; from < len(raws); from += part {
		wg.Go(func() {
			for i := from; i < min(from+part, len(raws)); i++ {
				rows[i], errs[i] = t.decode(raws[i])
			}
		})
	}
	wg.Wait()
	for i, row := range rows {
		if errs[i] != nil {
			return fmt.Errorf("row %s: %w", names[i], errs[i])
		}
		t.insert(c, string(names[i]), row)
	}
	return nil
}

// Close closes the file. No View or Update may be under way.
func (s *Store) Close() error { return s.db.Close() }

// Commits returns how many flushes were made since Open: a settled daemon makes none.
func (s *Store) Commits() int64 { return s.commits.Load() }

// View runs fn over one consistent state.
func (s *Store) View(sc model.Scope, fn func(*Tx) error) error {
	tx := &Tx{core: newCore(s.visible.Load()), scope: sc}
	tx.core.readonly = true
	return errors.Join(fn(tx), tx.core.err)
}

// Update runs fn on the newest state and returns when what it changed is on disk, all or nothing.
// An error of fn changes nothing. Writing what already stands there changes nothing either: such
// an Update neither touches the file nor wakes anyone.
func (s *Store) Update(sc model.Scope, fn func(*Tx) error) error {
	b, err := s.apply(sc, fn)
	if err != nil || b == nil {
		return err
	}
	s.flushing.Lock()
	defer s.flushing.Unlock()
	if !b.done {
		s.flush()
	}
	return b.err
}

// apply runs fn on head and returns the batch that carries its writes, or that carries earlier
// writes which fn may have seen.
func (s *Store) apply(sc model.Scope, fn func(*Tx) error) (*batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := &Tx{core: newCore(s.head), scope: sc}
	tx.core.keep = s.keep
	defer tx.core.end()
	if err := fn(tx); err != nil {
		return nil, err
	}
	ops, err := tx.core.encode()
	if err != nil {
		return nil, err
	}
	if len(ops) == 0 {
		return s.unwritten(tx.core), nil
	}
	s.next.ops = append(s.next.ops, ops...)
	s.next.changes = append(s.next.changes, tx.core.changes()...)
	s.head = tx.core.freeze()
	return s.next, nil
}

// unwritten takes up a transaction that has nothing to write, and returns the batch with earlier writes
// which it may have seen. What it did to volatile rows is visible at once, or with that batch.
func (s *Store) unwritten(c *core) *batch {
	if c.loose {
		s.head = c.freeze()
	}
	switch {
	case len(s.next.ops) > 0:
		return s.next
	case c.loose && s.writing == nil:
		s.visible.Store(s.head)
	}
	return s.writing
}

// flush writes the waiting batch, makes it visible and wakes the feeds. When the disk refuses,
// every writer since the last flush gets the error and memory goes back to what is on disk.
func (s *Store) flush() {
	s.mu.Lock()
	b, head := s.next, s.head
	s.next, s.writing = &batch{}, b
	s.mu.Unlock()

	b.err = s.db.Update(func(t *bolt.Tx) error {
		for _, o := range b.ops {
			bk := t.Bucket(o.table)
			var err error
			if o.value == nil {
				err = bk.Delete(o.key)
			} else {
				err = bk.Put(o.key, o.value)
			}
			if err != nil {
				return fmt.Errorf("%s %s: %w", o.table, o.key, err)
			}
		}
		return nil
	})
	b.done = true

	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing = nil
	if b.err != nil {
		b.err = fmt.Errorf("commit: %w", b.err)
		s.next.err, s.next.done = b.err, true // they built on what was lost
		s.next, s.head = &batch{}, s.visible.Load()
		return
	}
	s.commits.Add(1)
	if len(s.next.ops) == 0 {
		head = s.head // since then only volatile rows changed
	}
	s.visible.Store(head)
	for _, f := range s.feeds {
		f.add(b.changes)
	}
}
