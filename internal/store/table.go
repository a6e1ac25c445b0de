package store

import (
	"encoding/json"
	"iter"
	"reflect"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Row is what a table holds: a value that knows its key within its scope.
type Row interface{ Key() string }

// tableInfo is the untyped half of a table.
type tableInfo struct {
	name    string
	slot    int
	loose   bool // volatile
	encode  func(any) ([]byte, error)
	decode  func([]byte) (any, error)
	insert  func(c *core, key string, row any)
	derived []func(c *core, prefix string, before, after any)
}

// slots counts the trees of a state; tables lists the journalled ones.
var (
	slots  int
	tables []*tableInfo
)

func newSlot() int { slots++; return slots - 1 }

// Table is one kind of row.
type Table[T Row] struct{ *tableInfo }

func table[T Row](name string) Table[T] {
	t := Table[T]{&tableInfo{name: name, slot: newSlot()}}
	t.encode = func(v any) ([]byte, error) { return json.Marshal(v) }
	t.decode = func(raw []byte) (any, error) {
		v := new(T)
		err := json.Unmarshal(raw, v)
		switch row := any(v).(type) {
		case *model.Task:
			share(row)
		case *model.ContainerInstance:
			for i := range row.Attributes {
				same(&row.Attributes[i].Name, &row.Attributes[i].Value)
			}
		}
		return v, err
	}
	t.insert = func(c *core, key string, row any) {
		c.txn(t.slot).Set(key, row)
		t.derive(c, key, nil, row)
	}
	tables = append(tables, t.tableInfo)
	return t
}

// volatile makes a table that lives in memory only: part of every state, taken back with a transaction
// that fails, but not journalled, told to no feed, and empty after a start.
func volatile[T Row](name string) Table[T] {
	return Table[T]{&tableInfo{name: name, slot: newSlot(), loose: true}}
}

// Name is the table's name in changes and in the file.
func (t Table[T]) Name() string { return t.name }

func (t Table[T]) derive(c *core, key string, before, after any) {
	sc, _ := splitKey(key)
	for _, d := range t.derived {
		d(c, scoped(sc, ""), before, after)
	}
}

// Get returns the row at key and whether there is one.
func (t Table[T]) Get(tx *Tx, key string) (v T, ok bool) {
	p, ok := tx.core.get(t.slot, scoped(tx.scope, key))
	if !ok {
		return v, false
	}
	return *p.(*T), true
}

// Peek is Get without a copy of the row, which is not to be written to; nil if there is none.
func (t Table[T]) Peek(tx *Tx, key string) *T {
	p, ok := tx.core.get(t.slot, scoped(tx.scope, key))
	if !ok {
		return nil
	}
	return p.(*T)
}

// Version returns a token of the table as tx sees it: two transactions with equal tokens see the same
// rows of every scope. It is nil when tx wrote to the table itself.
func (t Table[T]) Version(tx *Tx) any {
	if tx.core.txns[t.slot] != nil {
		return nil
	}
	return tx.core.base.trees[t.slot]
}

// Put writes v at its key.
func (t Table[T]) Put(tx *Tx, v T) {
	key := scoped(tx.scope, v.Key())
	before, ok := tx.core.get(t.slot, key)
	if ok && reflect.DeepEqual(before, &v) { // by their addresses: rows are large, and to compare values copies both
		return
	}
	tx.core.remember(t.tableInfo, key, before)
	tx.core.txn(t.slot).Set(key, &v)
	t.derive(tx.core, key, before, &v)
}

// Delete removes the row at key, if there is one.
func (t Table[T]) Delete(tx *Tx, key string) {
	full := scoped(tx.scope, key)
	before, ok := tx.core.get(t.slot, full)
	if !ok {
		return
	}
	tx.core.remember(t.tableInfo, full, before)
	tx.core.txn(t.slot).Delete(full)
	t.derive(tx.core, full, before, nil)
}

// All returns every row of the scope, in key order, as they stood when it was called.
func (t Table[T]) All(tx *Tx) iter.Seq[T] { return t.From(tx, "", "") }

// From returns the rows whose key begins with prefix and comes after the key after ("" for the
// first), in key order, as they stood when it was called.
func (t Table[T]) From(tx *Tx, prefix, after string) iter.Seq[T] {
	return scan[T](tx, t.slot, prefix, after)
}

// Index finds rows of a table by another key. An entry's key is a value of the index's function,
// then a zero byte, which no value holds, then the row's key.
type Index[T Row] struct{ slot int }

const sep = "\x00"

// index derives an index; of returns the values under which a row is found, none to leave it out.
func index[T Row](t Table[T], of func(T) []string) Index[T] {
	ix := Index[T]{newSlot()}
	t.derived = append(t.derived, func(c *core, prefix string, before, after any) {
		var was, is []string
		if before != nil {
			was = of(*before.(*T))
		}
		if after != nil {
			is = of(*after.(*T))
		}
		if len(was) == 0 && len(is) == 0 {
			return
		}
		txn := c.txn(ix.slot)
		for _, v := range was {
			if slices.Contains(is, v) {
				continue // overwritten below
			}
			txn.Delete(prefix + v + sep + (*before.(*T)).Key())
		}
		for _, v := range is {
			txn.Set(prefix+v+sep+(*after.(*T)).Key(), after)
		}
	})
	return ix
}

// Each returns the rows found under value, in key order, as they stood when it was called.
func (ix Index[T]) Each(tx *Tx, value string) iter.Seq[T] { return ix.From(tx, value, "") }

// From returns the rows under value whose key comes after the key after.
func (ix Index[T]) From(tx *Tx, value, after string) iter.Seq[T] {
	if after != "" {
		after = value + sep + after
	}
	return scan[T](tx, ix.slot, value+sep, after)
}

// Any reports whether a row is found under value.
func (ix Index[T]) Any(tx *Tx, value string) bool {
	for range ix.Each(tx, value) {
		return true
	}
	return false
}

func scan[T Row](tx *Tx, slot int, prefix, after string) iter.Seq[T] {
	tree := tx.core.snapshot(slot)
	full := scoped(tx.scope, prefix)
	from := full
	if after != "" {
		from = scoped(tx.scope, after) + "\x00"
	}
	return func(yield func(T) bool) {
		tree.Ascend(from, func(key string, row any) bool { return strings.HasPrefix(key, full) && yield(*row.(*T)) })
	}
}

// Rollup is a sum over the rows of a table, kept up to date with every write.
type Rollup[A any] struct{ slot int }

// rollup derives a sum by key: add returns a with row counted sign (+1 or -1) times; it must not
// edit what a points to. Entries for which zero reports true are dropped.
func rollup[T Row, A any](t Table[T], keys func(T) []string, add func(a A, row T, sign int) A, zero func(A) bool) Rollup[A] {
	r := Rollup[A]{newSlot()}
	step := func(c *core, prefix string, row T, sign int) {
		for _, k := range keys(row) {
			var a A
			if p, ok := c.get(r.slot, prefix+k); ok {
				a = *p.(*A)
			}
			a = add(a, row, sign)
			if zero(a) {
				c.txn(r.slot).Delete(prefix + k)
			} else {
				c.txn(r.slot).Set(prefix+k, &a)
			}
		}
	}
	t.derived = append(t.derived, func(c *core, prefix string, before, after any) {
		if after != nil {
			step(c, prefix, *after.(*T), +1)
		}
		if before != nil {
			step(c, prefix, *before.(*T), -1)
		}
	})
	return r
}

// Get returns the sum at key; the zero value when nothing counts.
func (r Rollup[A]) Get(tx *Tx, key string) (a A) {
	if p, ok := tx.core.get(r.slot, scoped(tx.scope, key)); ok {
		a = *p.(*A)
	}
	return a
}

// Each returns the sums whose key begins with prefix, each with the rest of its key, in key order.
func (r Rollup[A]) Each(tx *Tx, prefix string) iter.Seq2[string, A] {
	tree := tx.core.snapshot(r.slot)
	full := scoped(tx.scope, prefix)
	return func(yield func(string, A) bool) {
		tree.Ascend(full, func(key string, sum any) bool {
			rest, ok := strings.CutPrefix(key, full)
			return ok && yield(rest, *sum.(*A))
		})
	}
}
