package control

import (
	"container/heap"
	"time"

	"github.com/drydock-ecs/drydock/internal/store"
)

// agenda knows which rows are to be looked at again, and when. It holds no truth: what is due only
// makes a stage look, and a full pass fills it anew.
type agenda struct {
	at    map[store.Change]time.Time
	queue entries
}

type entry struct {
	row store.Change
	at  time.Time
}

// add notes to look at a row at a time. An earlier look that is already noted will note again.
func (a *agenda) add(row store.Change, at time.Time) {
	if before, ok := a.at[row]; ok && !at.Before(before) {
		return
	}
	if a.at == nil {
		a.at = map[store.Change]time.Time{}
	}
	a.at[row] = at
	heap.Push(&a.queue, entry{row, at})
}

// take moves what is due at now into changes.
func (a *agenda) take(now time.Time, changes *store.Changes) {
	for len(a.queue) > 0 && !a.queue[0].at.After(now) {
		e := heap.Pop(&a.queue).(entry)
		if a.at[e.row].Equal(e.at) {
			delete(a.at, e.row)
			changes.Mark(e.row)
		}
	}
}

// next returns when the next row is due; zero if none is.
func (a *agenda) next() time.Time {
	if len(a.queue) == 0 {
		return time.Time{}
	}
	return a.queue[0].at
}

// entries is a heap by time.
type entries []entry

func (q entries) Len() int           { return len(q) }
func (q entries) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q entries) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *entries) Push(e any)        { *q = append(*q, e.(entry)) }
func (q *entries) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	*q = (*q)[:last]
	return e
}
