package control

import (
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/place"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"
)

// keys is a set of row keys.
type keys map[string]struct{}

// pass is one pass over one scope.
type pass struct {
	*Control
	tx      *store.Tx
	now     time.Time
	full    bool
	changed map[string]keys // table → keys
	rooms   map[string]*scheduler.Room
}

// touch makes later stages of this pass look at a row.
func (p *pass) touch(table, key string) {
	if p.changed[table] == nil {
		p.changed[table] = keys{}
	}
	p.changed[table][key] = struct{}{}
}

// again makes a later pass look at a row at a time, even if nothing changes.
func (p *pass) again(table, key string, at time.Time) {
	p.due.add(store.Change{Scope: p.tx.Scope(), Table: table, Key: key}, at)
}

// rows returns the changed rows of a table that are still there, all in a full pass, in key order,
// and whether some changed row is not there any more.
func rows[T store.Row](p *pass, t store.Table[T]) (found []T, gone bool) {
	if p.full {
		return slices.Collect(t.All(p.tx)), false
	}
	for _, key := range slices.Sorted(maps.Keys(p.changed[t.Name()])) {
		if row, ok := t.Get(p.tx, key); ok {
			found = append(found, row)
		} else {
			gone = true
		}
	}
	return found, gone
}

// each yields the rows that rows returns, in no order and without copying them: they are not to be
// written to.
func each[T store.Row](p *pass, t store.Table[T]) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		if p.full {
			t.All(p.tx)(func(row T) bool { return yield(&row) })
			return
		}
		for key := range p.changed[t.Name()] {
			if row := t.Peek(p.tx, key); row != nil && !yield(row) {
				return
			}
		}
	}
}

// putTask writes a task and lets the later stages see it.
func (p *pass) putTask(t model.Task) {
	store.Tasks.Put(p.tx, t)
	p.touch(store.Tasks.Name(), t.Key())
}

// putContainerInstance writes a container instance and lets the later stages see it.
func (p *pass) putContainerInstance(ci model.ContainerInstance) {
	store.ContainerInstances.Put(p.tx, ci)
	p.touch(store.ContainerInstances.Name(), ci.Key())
	delete(p.rooms, ci.Cluster)
}

// room returns what is left on the instances of a cluster.
func (p *pass) room(cluster string) *scheduler.Room {
	r := p.rooms[cluster]
	if r == nil {
		r = place.Room(p.tx, cluster)
		p.rooms[cluster] = r
	}
	return r
}

// tell writes an event. Events of one pass keep their order: each is later than the one before.
func (p *pass) tell(kind, cluster, subject, message string) {
	at := p.now
	if !at.After(p.last) {
		at = p.last.Add(time.Microsecond)
	}
	p.last = at
	e := model.Event{ID: ids.UUID(), Kind: kind, Cluster: cluster, Subject: subject, At: at, Message: message}
	store.Events.Put(p.tx, e)
	p.told = append(p.told, e)
}

// sorted returns the elements of a set in order.
func sorted(ks keys) []string { return slices.Sorted(maps.Keys(ks)) }
