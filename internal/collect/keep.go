package collect

import (
	"time"

	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// kept returns the groups of all scopes by id.
func (c *Collect) kept() (map[string]logs.Kept, error) {
	all := map[string]logs.Kept{}
	err := c.s.View(model.Scope{}, func(tx *store.Tx) error {
		for _, sc := range tx.Scopes() {
			in := tx.In(sc)
			for g := range store.LogGroups.All(in) {
				there := map[uint64]bool{}
				for s := range store.LogStreams.From(in, model.LogStreamKey(g.Name, ""), "") {
					there[s.Number] = true
				}
				all[g.ID] = logs.Kept{Retention: time.Duration(g.Retention) * 24 * time.Hour,
					Stream: func(n uint64) bool { return n > g.Streams || there[n] }}
			}
		}
		return nil
	})
	return all, err
}
