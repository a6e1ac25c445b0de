package iam

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// retrust writes to in place of from where a trust policy names it as a principal. A user or role that
// is deleted becomes its unique id, so that who is made anew under its name is not trusted; one that
// gets another name stays trusted.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func retrust(tx *store.Tx, from, to string) {
	if from == to {
		return
	}
	for _, tx := range accounts(tx) {
		for r := range store.Roles.All(tx) {
			if trust := strings.ReplaceAll(r.Trust, `"`+from+`"`, `"`+to+`"`); trust != r.Trust {
				r.Trust = trust
				store.Roles.Put(tx, r)
			}
		}
	}
}

// accounts are the global scopes of all accounts of tx's partition: tx's own and those that opened a
// region.
func accounts(tx *store.Tx) []*store.Tx {
	all, seen := []*store.Tx{tx}, map[model.Scope]bool{tx.Scope(): true}
	for _, sc := range tx.Scopes() {
		if g := sc.Global(); !seen[g] && g.Partition() == tx.Scope().Partition() {
			seen[g] = true
			all = append(all, tx.In(g))
		}
	}
	return all
}
