package store

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/tidwall/btree"
)

// Tx is a transaction over the rows of one scope. The first error sticks to it: later writes do
// nothing, and View and Update return it.
type Tx struct {
	core   *core
	scope  model.Scope
	caller model.Caller
}

// Scope returns the account and region whose rows tx reads and writes.
func (tx *Tx) Scope() model.Scope { return tx.scope }

// In returns the same transaction over the rows of another scope.
func (tx *Tx) In(sc model.Scope) *Tx { return &Tx{core: tx.core, scope: sc, caller: tx.caller} }

// By returns the same transaction, made for a caller.
func (tx *Tx) By(c model.Caller) *Tx { return &Tx{core: tx.core, scope: tx.scope, caller: c} }

// Caller returns whose call the transaction answers; the root of its account where nobody said.
func (tx *Tx) Caller() model.Caller {
	if tx.caller.ARN == "" {
		return tx.scope.Root()
	}
	return tx.caller
}

// Now returns when the transaction began, in UTC, without a monotonic part, in whole microseconds.
func (tx *Tx) Now() time.Time { return tx.core.now }

// Scopes returns every account and region that was opened.
func (tx *Tx) Scopes() []model.Scope {
	var all []model.Scope
	tx.core.snapshot(Regions.slot).Scan(func(key string, _ any) bool {
		sc, _ := splitKey(key)
		all = append(all, sc)
		return true
	})
	return all
}

// core is the part of a transaction that its scoped views share.
type core struct {
	base     *state
	now      time.Time
	txns     []*tree // those that were written to
	writes   map[rowKey]write
	order    []rowKey
	readonly bool
	loose    bool // volatile rows were written
	keep     map[any]any
	err      error
}

type rowKey struct {
	table *tableInfo
	key   string // with scope
}

// write remembers a row as it stood before the transaction.
type write struct{ before any }

func newCore(base *state) *core {
	return &core{base: base, now: time.Now().UTC().Truncate(time.Microsecond), txns: make([]*tree, len(base.trees))}
}

func emptyState() *state {
	st := &state{trees: make([]*tree, slots)}
	for i := range st.trees {
		st.trees[i] = btree.NewMap[string, any](degree)
	}
	return st
}

// txn returns the tree of a slot, open for writing.
func (c *core) txn(slot int) *tree {
	if c.txns[slot] == nil {
		c.txns[slot] = c.base.trees[slot].Copy()
	}
	return c.txns[slot]
}

// snapshot returns a slot as it stands now; later writes do not change it.
func (c *core) snapshot(slot int) *tree {
	if c.txns[slot] == nil {
		return c.base.trees[slot]
	}
	return c.txns[slot].Copy()
}

func (c *core) get(slot int, key string) (any, bool) {
	if c.txns[slot] == nil {
		return c.base.trees[slot].Get(key)
	}
	return c.txns[slot].Get(key)
}

// freeze returns the state that the transaction leaves, which ends with it.
func (c *core) freeze() *state {
	st := &state{trees: slices.Clone(c.base.trees)}
	for i, t := range c.txns {
		if t != nil {
			st.trees[i] = t
		}
	}
	return st
}

// end lets go of the state: who still holds the transaction, as what is kept may, holds nothing else.
func (c *core) end() { *c = core{} }

func (c *core) remember(t *tableInfo, key string, before any) {
	if c.readonly {
		panic("store: write in View")
	}
	if t.loose {
		c.loose = true
		return
	}
	if c.writes == nil {
		c.writes = map[rowKey]write{}
	}
	rk := rowKey{t, key}
	if _, ok := c.writes[rk]; !ok {
		c.writes[rk] = write{before}
		c.order = append(c.order, rk)
	}
}

// encode returns the journal entries of the transaction, but for rows that ended as they began.
func (c *core) encode() ([]op, error) {
	if c.err != nil {
		return nil, c.err
	}
	ops := make([]op, 0, len(c.order))
	kept := c.order[:0]
	for _, rk := range c.order {
		now, there := c.get(rk.table.slot, rk.key)
		before := c.writes[rk].before
		if !there && before == nil || there && before != nil && reflect.DeepEqual(now, before) {
			continue
		}
		o := op{table: []byte(rk.table.name), key: []byte(rk.key)}
		if there {
			raw, err := rk.table.encode(now)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", rk.table.name, rk.key, err)
			}
			o.value = raw
		}
		ops = append(ops, o)
		kept = append(kept, rk)
	}
	c.order = kept
	return ops, nil
}

func (c *core) changes() []Change {
	cs := make([]Change, len(c.order))
	for i, rk := range c.order {
		sc, key := splitKey(rk.key)
		cs[i] = Change{Scope: sc, Table: rk.table.name, Key: key}
	}
	return cs
}

func scoped(sc model.Scope, key string) string { return sc.Account + "/" + sc.Region + "/" + key }

func splitKey(full string) (model.Scope, string) {
	account, rest, _ := strings.Cut(full, "/")
	region, key, _ := strings.Cut(rest, "/")
	return model.Scope{Account: account, Region: region}, key
}
