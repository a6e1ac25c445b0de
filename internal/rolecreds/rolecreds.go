// Package rolecreds hands credentials of a role to what an AWS service runs: to the containers of a
// task, to an instance. Who asks again gets the same until they are due for rotation. Whether who asks
// may have them is the caller's to know.
package rolecreds

import (
	"errors"
	"time"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/session"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	lru "github.com/hashicorp/golang-lru/v2"
)

// ErrNotAssumed is returned for a role that is not there, or does not trust the service.
var ErrNotAssumed = errors.New("the role cannot be assumed")

// Credentials last six hours. An hour before their end there are new ones, so that those which an SDK
// fetches late are not about to end; the old ones hold until their time.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
const (
	Lasting = 6 * time.Hour
	Rotated = time.Hour
)

// most is how many holders get the same again. Those beyond get new ones with every question.
const most = 16 << 10

// Holder is who gets credentials, of which role, by which service.
type Holder struct {
	Scope   model.Scope
	Service string // that assumes the role, such as ecs-tasks.amazonaws.com
	Role    string // ARN
	Session string // name of the session: the task's or the instance's id
}

// Giver gives credentials out. It is safe for use by several goroutines.
type Giver struct {
	store *store.Store
	vault *vault.Vault
	held  *lru.Cache[Holder, session.Credentials]
}

// New returns a giver that makes sessions in s.
func New(s *store.Store, v *vault.Vault) *Giver {
	held, err := lru.New[Holder, session.Credentials](most)
	if err != nil {
		panic(err) // only a size below one is an error
	}
	return &Giver{store: s, vault: v, held: held}
}

// For returns what h holds, or makes it.
func (g *Giver) For(h Holder) (c session.Credentials, err error) {
	if c, ok := g.held.Get(h); ok && time.Now().Before(c.Expires.Add(-Rotated)) {
		return c, nil
	}
	err = g.store.Update(h.Scope, func(tx *store.Tx) error {
		r, ok := identity.Assume(tx, h.Role, h.Service)
		if !ok {
			return ErrNotAssumed
		}
		c = session.Issue(tx, g.vault, model.Session{Caller: identity.Assumed(tx.Scope(), r, h.Session), Expires: tx.Now().Add(Lasting).Truncate(time.Second)})
		return nil
	})
	if err == nil {
		g.held.Add(h, c)
	}
	return c, err
}
