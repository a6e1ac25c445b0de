package identity

import (
	"sync"
	"sync/atomic"

	"github.com/drydock-ecs/drydock/internal/store"
)

// Book remembers what was found of principals as long as no row of IAM changes: reading their
// documents takes longer than deciding by them. The zero value is ready; it is safe for use by
// several goroutines.
type Book struct{ page atomic.Pointer[page] }

// page is what was found in one version of the tables.
type page struct {
	at  [4]any
	who sync.Map // by ARN
}

// Of returns what IAM says of the user or role with the ARN, in whatever account and region tx is,
// and whether there is such an entity. The sets are shared and not to be written to.
func (b *Book) Of(tx *store.Tx, arn string) (Who, bool) {
	at := [4]any{store.Users.Version(tx), store.UserGroups.Version(tx), store.Roles.Version(tx), store.ManagedPolicies.Version(tx)}
	for _, v := range at {
		if v == nil { // tx itself writes
			return lookup(tx, arn)
		}
	}
	p := b.page.Load()
	if p == nil || p.at != at {
		p = &page{at: at}
		b.page.Store(p)
	}
	if w, ok := p.who.Load(arn); ok {
		return w.(Who), true
	}
	w, ok := lookup(tx, arn)
	if ok {
		p.who.Store(arn, w)
	}
	return w, ok
}
