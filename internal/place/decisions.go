package place

import (
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Kept is how many decisions of a scope are kept: the newest ones.
const Kept = 4096

type (
	seqKey     struct{ scope model.Scope } // the number of the newest decision
	refusalKey struct {                    // the number of a group's newest decision, if it was a refusal
		scope model.Scope
		group string
	}
)

// maxRefusals bounds for how many groups that number is known.
const maxRefusals = 1024

// record keeps a decision and drops the one that is too old now. A group that is refused again for the
// same reasons has one decision that says how often.
func record(tx *store.Tx, d model.Decision) {
	keep := tx.Keep()
	if keep == nil {
		return // tests that ask in a View
	}
	d.At, d.Since, d.Times = tx.Now(), tx.Now(), 1
	key := refusalKey{tx.Scope(), store.GroupKey(d.Cluster, d.Group)}
	seq, refused := keep[key].(uint64)
	if was, there := store.Decisions.Get(tx, model.DecisionKey(seq)); refused && there && again(&was, &d) {
		d.Seq, d.Since, d.Times = was.Seq, was.Since, was.Times+1
		store.Decisions.Put(tx, d)
		return
	}
	d.Seq, _ = keep[seqKey{tx.Scope()}].(uint64)
	d.Seq++
	keep[seqKey{tx.Scope()}] = d.Seq // not taken back with tx: a number that is left out does no harm
	delete(keep, key)
	if !d.Placed() {
		bound[refusalKey](keep, maxRefusals)
		keep[key] = d.Seq
	}
	store.Decisions.Put(tx, d)
	if d.Seq > Kept {
		store.Decisions.Delete(tx, model.DecisionKey(d.Seq-Kept))
	}
}

// again reports whether a refusal says the same as the one before it.
func again(was, d *model.Decision) bool {
	return !was.Placed() && !d.Placed() && was.Cluster == d.Cluster && was.Group == d.Group && was.Def == d.Def && was.Only == d.Only &&
		was.Choice.Candidates == d.Choice.Candidates && slices.Equal(was.Choice.Codes, d.Choice.Codes)
}
