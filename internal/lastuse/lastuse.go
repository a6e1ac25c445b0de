// Package lastuse remembers when access keys and roles were used last. The gate tells it of every call,
// which writes nothing: the newest use is known in memory at once, and on disk a minute later, all that
// were used meanwhile in one transaction. What a daemon that is killed was told in that minute is lost;
// AWS tells of a use some hours late.
//
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html,
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html
package lastuse

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// grain is what times are rounded to, and how long what is new waits for more to be written with.
const grain = time.Minute

// Book is what a daemon knows of uses. It is safe for use by several goroutines; nil remembers nothing.
type Book struct {
	store *store.Store
	seen  sync.Map // by id: entry
	fresh chan struct{}
}

// entry is the last use of what belongs to an account.
type entry struct {
	scope model.Scope
	use   model.Use
}

// New returns the book of a store.
func New(s *store.Store) *Book { return &Book{store: s, fresh: make(chan struct{}, 1)} }

// Saw notes a use of what is in sc's account. One in the same minute for the same is no news.
func (b *Book) Saw(sc model.Scope, u model.Use) {
	if b == nil || u.ID == "" {
		return
	}
	u.At = u.At.UTC().Truncate(grain)
	if last, ok := b.seen.Load(u.ID); ok && last.(entry).use == u {
		return
	}
	b.seen.Store(u.ID, entry{sc.Global(), u})
	select {
	case b.fresh <- struct{}{}:
	default:
	}
}

// Last returns the last use of what is in tx's account, and whether there was one.
func (b *Book) Last(tx *store.Tx, id string) (model.Use, bool) {
	if b != nil {
		if last, ok := b.seen.Load(id); ok {
			return last.(entry).use, true
		}
	}
	return store.Uses.Get(tx.In(tx.Scope().Global()), id)
}

// Run writes what is new until ctx ends, and then what is left.
func (b *Book) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return b.write()
		case <-b.fresh:
		}
		wait := time.NewTimer(grain)
		select {
		case <-ctx.Done():
		case <-wait.C:
		}
		wait.Stop()
		if err := b.write(); err != nil {
			return err
		}
	}
}

// write brings the rows up to what was seen, and forgets what there is no key or role of any more.
func (b *Book) write() error {
	err := b.store.Update(model.Scope{}, func(tx *store.Tx) error {
		for id, v := range b.seen.Range {
			e := v.(entry)
			tx := tx.In(e.scope)
			switch row, _ := store.Uses.Get(tx, e.use.ID); {
			case !owned(tx, e.use):
				b.seen.CompareAndDelete(id, v)
			case row != e.use:
				store.Uses.Put(tx, e.use)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write down when access keys and roles were used: %w", err)
	}
	return nil
}

// owned reports whether what was used is still there.
func owned(tx *store.Tx, u model.Use) bool {
	if u.Role != "" {
		r, ok := store.Roles.Get(tx, model.Role{Name: u.Role}.Key())
		return ok && r.ID == u.ID
	}
	_, ok := store.AccessKeys.Get(tx, u.ID)
	return ok
}
