package store

import "github.com/drydock-ecs/drydock/internal/model"

// Trail remembers on which container instances of a cluster something changed, newest first, so that
// what was derived from the rows of a cluster can be brought up to date instead of made anew. It is
// part of the state: a transaction that fails, or a flush that does, takes its steps back with its rows.
type Trail struct {
	before   *Trail
	steps    int // behind this one
	instance string
	group    string
}

// maxTrail is how many steps are remembered at most.
const maxTrail = 4096

// trails holds the newest step, by cluster.
var trails = trail()

func trail() (slot int) {
	slot = newSlot()
	step := func(c *core, key, instance, group string) {
		next := &Trail{instance: instance, group: group}
		if v, ok := c.get(slot, key); ok {
			if last := v.(*Trail); last.steps < maxTrail {
				next.before, next.steps = last, last.steps+1
			}
		}
		c.txn(slot).Set(key, next)
	}
	Tasks.derived = append(Tasks.derived, func(c *core, prefix string, before, after any) {
		was, is := held(before), held(after)
		if was != nil {
			step(c, prefix+was.Birth.Cluster, was.Instance, was.Birth.Group)
		}
		if is != nil && (was == nil || is.Instance != was.Instance || is.Birth.Group != was.Birth.Group || is.Birth.Cluster != was.Birth.Cluster) {
			step(c, prefix+is.Birth.Cluster, is.Instance, is.Birth.Group)
		}
	})
	ContainerInstances.derived = append(ContainerInstances.derived, func(c *core, prefix string, before, after any) {
		for _, row := range []any{before, after} {
			if row != nil {
				ci := row.(*model.ContainerInstance)
				step(c, prefix+ci.Cluster, ci.ID, "")
			}
		}
	})
	return slot
}

// held returns the task of a row that takes something from an instance, else nil.
func held(row any) *model.Task {
	if row == nil {
		return nil
	}
	if t := row.(*model.Task); t.Instance != "" && t.Live() {
		return t
	}
	return nil
}

// Follow calls touch for every container instance of a cluster on which something changed since was
// the newest step, with the group of the task that changed, empty for the instance's own row. It
// returns the step that is the newest now, nil for none, and false when the way back to since is not
// known, because it is too far, was not taken, or since is none: what was derived then is of no use.
// Only one reader may follow a cluster's trail, in an Update: what is behind its last step is forgotten.
func Follow(tx *Tx, cluster string, since *Trail, touch func(instance, group string)) (now *Trail, ok bool) {
	if v, there := tx.core.get(trails, scoped(tx.scope, cluster)); there {
		now = v.(*Trail)
	}
	t := now
	for ; t != since && t != nil; t = t.before {
		touch(t.instance, t.group)
	}
	if now != nil {
		now.before = nil
	}
	return now, t == since && (since != nil || now == nil)
}

// Keep returns what packages keep in memory from one Update to the next, each under a key of a type
// of its own. It is nil in a View, and never to be used outside of the transaction. What is kept
// does not follow a transaction that fails: see Follow.
func (tx *Tx) Keep() map[any]any { return tx.core.keep }
