package logs

import (
	"context"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/store"
)

// reaching binds a handler that changes rows once a directory was reached: plan says how, and refuses what
// put would. It is reached between the transactions, so that nobody waits for one that does not answer.
func reaching[In, Out any](plan func(*store.Tx, *In) (reach func() error, err error), put func(*store.Tx, *In) (*Out, error)) handler.Bind {
	return func(s *store.Store) wire.Op {
		op := handler.Write(put)(s)
		return wire.Op{In: op.In, Do: func(ctx context.Context, c wire.Call, in any) (any, error) {
			var reach func() error
			err := s.View(c.Scope, func(tx *store.Tx) (err error) {
				reach, err = plan(tx.By(c.Caller), in.(*In))
				return err
			})
			if err == nil {
				err = reach()
			}
			if err != nil {
				return nil, err
			}
			return op.Do(ctx, c, in)
		}}
	}
}
