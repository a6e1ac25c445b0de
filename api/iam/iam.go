// Package iam answers AWS Identity and Access Management: users, groups, roles, access keys, instance
// profiles and policies. Its rows are in the global scope of the caller's account. It decides about no
// call: what the rows say is enforced by the gate before every service.
//
// What does not act is refused by name: passwords and MFA (there is no console), SAML and OpenID
// Connect providers, certificates, SSH keys, account aliases, reports on what was accessed.
//
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html
package iam

import (
	"context"
	"maps"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// Options of the service.
type Options struct {
	Vault *vault.Vault  // seals the secrets of access keys
	Uses  *lastuse.Book // knows when keys and roles were used last; nil for what is on disk
}

// Service returns IAM over s.
func Service(s *store.Store, o Options) wire.Service {
	return wire.Service{
		Name:      "iam",
		Protocol:  wire.Query,
		Version:   "2010-05-08",
		Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Ops:       handler.Ops(s, o.binds()),
		Known:     known,
		Statuses:  statuses,
	}
}

// write binds a handler that changes rows of the account's global scope. No region is opened.
func write[In, Out any](fn func(*store.Tx, *In) (*Out, error)) handler.Bind {
	return func(s *store.Store) wire.Op {
		return wire.Op{In: func() any { return new(In) }, Do: func(_ context.Context, c wire.Call, in any) (any, error) {
			var out *Out
			err := s.Update(c.Scope.Global(), func(tx *store.Tx) (err error) {
				out, err = fn(tx.By(c.Caller), in.(*In))
				return err
			})
			return out, err
		}}
	}
}

// read binds a handler that only reads.
func read[In, Out any](fn func(*store.Tx, *In) (*Out, error)) handler.Bind {
	return func(s *store.Store) wire.Op {
		return wire.Op{In: func() any { return new(In) }, Do: func(_ context.Context, c wire.Call, in any) (any, error) {
			var out *Out
			err := s.View(c.Scope.Global(), func(tx *store.Tx) (err error) {
				out, err = fn(tx.By(c.Caller), in.(*In))
				return err
			})
			return out, err
		}}
	}
}

// binds are all operations that act.
func (o Options) binds() map[string]handler.Bind {
	all := map[string]handler.Bind{
		"CreateAccessKey": write(o.createAccessKey),
		"UpdateAccessKey": write(updateAccessKey),
		"DeleteAccessKey": write(deleteAccessKey),
		"ListAccessKeys":  read(listAccessKeys),

		"GetAccessKeyLastUsed":           read(o.getAccessKeyLastUsed),
		"GetRole":                        read(o.getRole),
		"GetAccountAuthorizationDetails": read(o.getAccountAuthorizationDetails),
	}
	for _, more := range []map[string]handler.Bind{userBinds, groupBinds, roleBinds, profileBinds, policyBinds, attachBinds, inlineBinds, simulateBinds} {
		maps.Copy(all, more)
	}
	return all
}
