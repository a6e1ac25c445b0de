// Package handler binds functions over one transaction to wire operations: a handler gets a
// transaction that is scoped to the caller's account and region, and answers SDK types and errors.
// It opens a region at its first use: the default VPC, with a public subnet in each of three zones and
// the default security group, is there before the first handler runs.
package handler

import (
	"context"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Bind makes a wire operation over a store.
type Bind func(*store.Store) wire.Op

// Write binds a handler that changes rows. What it changed is on disk before the client is answered.
func Write[In, Out any](fn func(*store.Tx, *In) (*Out, error)) Bind {
	return func(s *store.Store) wire.Op {
		return wire.Op{In: func() any { return new(In) }, Do: func(_ context.Context, c wire.Call, in any) (any, error) {
			var out *Out
			err := s.Update(c.Scope, func(tx *store.Tx) (err error) {
				Open(tx)
				out, err = fn(tx.By(c.Caller), in.(*In))
				return err
			})
			return out, err
		}}
	}
}

// Read binds a handler that only reads.
func Read[In, Out any](fn func(*store.Tx, *In) (*Out, error)) Bind {
	return func(s *store.Store) wire.Op {
		return wire.Op{In: func() any { return new(In) }, Do: func(_ context.Context, c wire.Call, in any) (any, error) {
			var out *Out
			opened := false
			read := func(tx *store.Tx) (err error) {
				if _, opened = store.Regions.Get(tx, "region"); !opened {
					return nil
				}
				out, err = fn(tx.By(c.Caller), in.(*In))
				return err
			}
			err := s.View(c.Scope, read)
			if err != nil || opened {
				return out, err
			}
			if err := s.Update(c.Scope, func(tx *store.Tx) error { Open(tx); return nil }); err != nil {
				return nil, err
			}
			err = s.View(c.Scope, read)
			return out, err
		}}
	}
}

// Ops binds every operation of a service to one store.
func Ops(s *store.Store, binds map[string]Bind) map[string]wire.Op {
	ops := make(map[string]wire.Op, len(binds))
	for name, b := range binds {
		ops[name] = b(s)
	}
	return ops
}
