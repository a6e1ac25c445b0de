package gate

import (
	"maps"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"
)

// allow says whether the caller may do what a call asks for. The root may do everything.
func (g *gate) allow(c wire.Call, s *wire.Service, in any) error {
	if root(c.Caller) {
		return nil
	}
	r, ok := rules[s.Name][c.Operation]
	if !ok {
		return denied.of(s, "Drydock does not know which permission "+s.Name+":"+c.Operation+" asks for, so that only the root user may call it.")
	}
	if r.free {
		return nil
	}
	var d policy.Decision
	var w who
	var a *asking
	err := g.store.View(c.Scope, func(tx *store.Tx) (err error) {
		if w, err = g.who(tx, c); err != nil || w.gone {
			return err
		}
		a = g.newAsking(tx, s.Name, c, in)
		d, err = w.decide(a, r)
		return err
	})
	switch {
	case err != nil:
		return err
	case w.gone:
		return unknownKey.of(s, invalidToken)
	case w.half && s.Name == "iam": // without MFA the sessions of users call nothing of IAM
		return unknownKey.of(s, invalidToken)
	case d.Allowed:
		return nil
	}
	g.Log.Info("denied", "caller", c.Caller.ARN, "service", s.Name, "operation", c.Operation, "why", d.Why(), "request", c.RequestID)
	return a.denial.of(s, says(s, d))
}

func root(c model.Caller) bool { return policy.Principal{ARN: c.ARN}.Root() }

// says is the denial in the service's words. EC2 has a sentence before that of the others.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func says(s *wire.Service, d policy.Decision) string {
	m := d.Message()
	if d.Explicit && d.Statement.String() != "" {
		m += ": " + d.Statement.String()
	}
	if s.Protocol == wire.EC2Query {
		m = "You are not authorized to perform this operation. " + m
	}
	return m
}

// who is a caller with everything that bounds it.
type who struct {
	principal policy.Principal
	policies  policy.Policies
	global    policy.Context
	half      bool // the session of a user
	gone      bool // its user, role or session is not there any more
}

// who finds the documents that apply to the caller, and what the global condition keys say.
func (g *gate) who(tx *store.Tx, c wire.Call) (w who, err error) {
	found, ok := g.book.Of(tx, c.Caller.Entity())
	if !ok {
		return who{gone: true}, nil
	}
	w.principal = Principal(c.Scope, c.Caller)
	w.policies = found.Policies
	call := policy.Caller{Now: tx.Now(), Region: c.Scope.Region, SourceIP: c.Peer.IP, UserAgent: c.Peer.UserAgent, TLS: c.Peer.TLS, Tags: found.Tags}
	row, temporary := store.Sessions.Get(tx.In(c.Scope.Global()), c.Caller.Key)
	if temporary {
		w.half = row.Caller.Role == ""
		call.Issued, call.Tags = row.Issued, with(found.Tags, row.Tags)
		if w.policies.Session, err = identity.Session(tx, row.Policy, row.Managed); err != nil {
			return w, err
		}
	}
	w.global = w.principal.Keys(call)
	if row.Source != "" {
		w.global.Set("aws:SourceIdentity", row.Source)
	}
	return w, nil
}

// Principal is the caller as policies name it.
func Principal(sc model.Scope, c model.Caller) policy.Principal {
	return policy.Principal{Account: sc.Account, ARN: c.ARN, Role: c.Role, ID: c.ID}
}

// with adds session tags to those of the role, and replaces them.
func with(tags map[string]string, more model.Tags) map[string]string {
	if len(more) == 0 {
		return tags
	}
	out := maps.Clone(tags)
	if out == nil {
		out = map[string]string{}
	}
	for _, t := range more {
		out[t.Key] = t.Value
	}
	return out
}

// decide asks for every permission that the operation needs, and returns the first denial.
func (w who) decide(a *asking, r rule) (d policy.Decision, err error) {
	for _, n := range a.needs(r) {
		ps := w.policies
		if n.trust != nil {
			if ps.Trust, err = identity.Trust(*n.trust, n.resource); err != nil {
				return d, err
			}
		}
		if ps.Resource, err = a.onResource(n.resource); err != nil {
			return d, err
		}
		d = ps.Evaluate(policy.Request{Principal: w.principal, Action: n.action, Resource: n.resource, Context: w.global.With(n.keys)})
		if !d.Allowed {
			if n.denial != nil {
				a.denial = *n.denial
			}
			return d, nil
		}
	}
	return d, nil
}
