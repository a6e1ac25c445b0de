// Package gate finds out who makes a call and decides whether it may be made. It stands before every
// operation of every service: the wire asks it, no handler does. What an operation asks permission for
// stands in one table a service; an operation without an entry is the root's alone.
//
// A caller whose key Drydock issued must sign, and may do what its policies allow. Any other key, such
// as test, is the root of the account, unless Strict says that there are no others.
package gate

import (
	"log/slog"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/session"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// Options are what the gate knows besides the rows.
type Options struct {
	Vault  *vault.Vault  // opens the secrets of access keys
	Strict bool          // keys that were not issued here are refused
	Uses   *lastuse.Book // told of every call with a key or role of IAM; nil for nobody
	Log    *slog.Logger  // told of what was denied; nil for the default
}

// gate is one store's gate.
type gate struct {
	Options
	store *store.Store
	book  identity.Book
}

// New returns the gate of a store.
func New(s *store.Store, o Options) wire.Gate {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	g := &gate{Options: o, store: s}
	return wire.Gate{Identify: g.identify, Allow: g.allow}
}

// holder is who an access key belongs to, and what its calls are signed with.
type holder struct {
	caller  model.Caller
	secret  string
	used    model.Use // what is used with the key: itself, or the role of its session
	expired bool
}

// identify finds the caller. It is told as little as AWS tells: a key that is not there, one that is
// switched off and a wrong token are the same.
func (g *gate) identify(c *wire.Call, s *wire.Service, p wire.Proof) error {
	account, ours := ids.Issued(c.AccessKey)
	switch {
	case p.Flaw != nil && (ours || g.Strict):
		return bad(s, p.Flaw)
	case p.Signature == nil && (ours || g.Strict):
		return unsigned.of(s, "Missing Authentication Token")
	case !ours && g.Strict:
		return unknownKey.of(s, invalidToken)
	case !ours:
		c.Caller = c.Scope.Root()
		c.Caller.Key = c.AccessKey
		return nil
	}
	sc := model.Scope{Account: account, Region: c.Scope.Region}
	h, err := g.holder(sc, p.Signature.Key, p.Signature.Token)
	if err != nil {
		return err
	}
	if h.caller.ARN == "" {
		return unknownKey.of(s, invalidToken)
	}
	now := time.Now()
	if err := p.Signature.Verify(p.Request, s.Name, h.secret, now); err != nil {
		return bad(s, err)
	}
	if h.expired {
		return expiredToken.of(s, "The security token included in the request is expired")
	}
	c.Scope, c.Caller = sc, h.caller
	h.used.At, h.used.Service, h.used.Region = now, s.Name, p.Signature.Region
	g.Uses.Saw(sc, h.used)
	return nil
}

// holder finds the holder of a key; its caller is empty where there is none.
func (g *gate) holder(sc model.Scope, key, token string) (h holder, err error) {
	err = g.store.View(sc.Global(), func(tx *store.Tx) error {
		if k, ok := store.AccessKeys.Get(tx, key); ok && k.Active && token == "" {
			h, err = g.user(tx, k)
			return err
		}
		row, ok := store.Sessions.Get(tx, key)
		if !ok || !session.Holds(row, token) || !g.lives(tx, row.Caller) {
			return nil
		}
		h = holder{caller: row.Caller, expired: !tx.Now().Before(row.Expires)}
		h.caller.Key = key
		if name, ok := model.RoleName(row.Caller.Role); ok {
			h.used.Role = name
			h.used.ID, _, _ = strings.Cut(row.Caller.ID, ":")
		}
		h.secret, err = session.Secret(tx, g.Vault, row)
		return err
	})
	return h, err
}

// user is the holder of a long-term key.
func (g *gate) user(tx *store.Tx, k model.AccessKey) (h holder, err error) {
	u, ok := store.Users.Get(tx, model.User{Name: k.User}.Key())
	if !ok {
		return h, nil
	}
	secret, err := identity.Secret(g.Vault, tx.Scope(), k)
	return holder{caller: model.Caller{ARN: u.ARN(tx.Scope()), ID: u.ID, Key: k.ID}, secret: secret, used: model.Use{ID: k.ID}}, err
}

// lives reports whether the user or role of a session is still the one that it was made for: one that
// was deleted and made anew has another id.
func (g *gate) lives(tx *store.Tx, c model.Caller) bool {
	if name, ok := model.RoleName(c.Role); ok {
		r, there := store.Roles.Get(tx, model.Role{Name: name}.Key())
		return there && len(c.ID) > len(r.ID) && c.ID[:len(r.ID)+1] == r.ID+":"
	}
	if c.ID == tx.Scope().Account {
		return true
	}
	name := userName(c.ARN)
	u, there := store.Users.Get(tx, model.User{Name: name}.Key())
	return there && u.ID == c.ID
}
