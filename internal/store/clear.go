package store

import (
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// Clear deletes every row of every scope. Feeds are told that anything may have changed. No Update
// may wait for its flush meanwhile: the caller has stopped the writers.
func (s *Store) Clear() error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.db.Update(func(t *bolt.Tx) error {
		for _, table := range tables {
			if err := t.DeleteBucket([]byte(table.name)); err != nil {
				return err
			}
			if _, err := t.CreateBucket([]byte(table.name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("clear: %w", err)
	}
	s.commits.Add(1)
	s.head = emptyState()
	s.visible.Store(s.head)
	for _, f := range s.feeds {
		f.all()
	}
	return nil
}

// all makes the next Take a Full one.
func (f *Feed) all() {
	f.mu.Lock()
	f.pending = Changes{Full: true}
	f.mu.Unlock()
	select {
	case f.C <- struct{}{}:
	default:
	}
}
