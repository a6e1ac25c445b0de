package policy

import (
	"slices"
	"strings"
)

// Request is one action on one resource by one principal.
type Request struct {
	Principal Principal
	Action    string // as the service spells it: ecs:RunTask
	Resource  string // ARN; * or empty where the action has no resources
	Owner     string // account of a resource whose ARN has none; empty for the principal's
	Context   Context
}

// Abroad reports whether the resource is of another account than the principal.
func (r Request) Abroad() bool { return newQuestion(r, false).abroad() }

// Policies are all documents that apply to a request. A nil index means that there is no policy of
// the kind: no boundary, no session policy, no policy on the resource.
type Policies struct {
	Identity *Index
	Boundary *Index
	Session  *Index
	Resource *Index
	Trust    *Index // of the role that is assumed; without its consent nothing is
}

// Evaluate decides, in AWS's order: an explicit deny anywhere; what the resource's policy gives;
// identity policies, boundary and session policies, each of which must allow.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func (ps *Policies) Evaluate(r Request) Decision {
	q := newQuestion(r, ps.Boundary != nil)
	for _, l := range ps.layers() {
		if e, ok := l.index.find(q, true); ok {
			return q.decide(l.kind, true, e)
		}
	}
	given, by := ps.given(q)
	if ps.Trust != nil && given == none {
		return q.nobody(Trust)
	}
	if given == direct && !q.abroad() {
		return by
	}
	d := ps.own(q, given, by)
	if d.Allowed && q.abroad() && given == none {
		return q.nobody(Resource)
	}
	return d
}

// own asks the principal's policies; given is what the resource's policy contributes.
func (ps *Policies) own(q *question, given grant, by Decision) Decision {
	d := by
	if given < limited || q.abroad() {
		switch e, ok := ps.Identity.find(q, false); {
		case q.Principal.Root():
			d = Decision{Allowed: true, Kind: Identity, request: q.Request}
		case !ok:
			return q.nobody(Identity)
		default:
			d = q.decide(Identity, false, e)
		}
	}
	if ps.Boundary != nil && !ps.allow(ps.Boundary, q) {
		return q.nobody(Boundary)
	}
	if ps.Session != nil && !ps.allow(ps.Session, q) {
		return q.nobody(Session)
	}
	return d
}

// layer is one kind of policy.
type layer struct {
	kind  Kind
	index *Index
}

func (ps *Policies) layers() [5]layer {
	return [5]layer{{Identity, ps.Identity}, {Resource, ps.Resource}, {Trust, ps.Trust}, {Boundary, ps.Boundary}, {Session, ps.Session}}
}

// given is the best that the resource's policy gives, and the decision that it makes.
func (ps *Policies) given(q *question) (best grant, by Decision) {
	for _, l := range [...]layer{{Resource, ps.Resource}, {Trust, ps.Trust}} {
		if l.index == nil {
			continue
		}
		for _, list := range l.index.lists(q.action) {
			for _, e := range list {
				if e.deny || !e.concerns(q) {
					continue
				}
				if g := e.principals.of(q.Principal, q.bounded); g > best {
					best, by = g, q.decide(l.kind, false, e)
				}
			}
		}
	}
	return best, by
}

func (ps *Policies) allow(x *Index, q *question) bool {
	_, ok := x.find(q, false)
	return ok
}

// question is a request, prepared once for all statements.
type question struct {
	Request
	action  string // lower case
	parts   [6]string
	isARN   bool
	bounded bool
}

func newQuestion(r Request, bounded bool) *question {
	if r.Resource == "" {
		r.Resource = "*"
	}
	q := &question{Request: r, action: strings.ToLower(r.Action), bounded: bounded}
	q.parts, q.isARN = splitARN(r.Resource)
	return q
}

// abroad reports whether the resource is of another account than the principal, so that both must
// allow. Resources without an account, as those of S3, count as at home unless it is said whose they are,
// and so do the policies of AWS, whose account is aws.
func (q *question) abroad() bool {
	owner := q.Owner
	if q.isARN && isAccount(q.parts[4]) {
		owner = q.parts[4]
	}
	return owner != "" && q.Principal.Account != "" && owner != q.Principal.Account
}

// find returns the first statement that denies, or allows, the request.
func (x *Index) find(q *question, deny bool) (entry, bool) {
	if x == nil {
		return entry{}, false
	}
	for _, list := range x.lists(q.action) {
		for _, e := range list {
			if e.deny == deny && e.names(q) && e.concerns(q) {
				return e, true
			}
		}
	}
	return entry{}, false
}

// names reports whether the statement speaks of the principal.
func (s *statement) names(q *question) bool {
	return s.principals == nil || s.principals.of(q.Principal, q.bounded) != none
}

// concerns reports whether action, resource and conditions are the statement's.
func (s *statement) concerns(q *question) bool {
	acts := slices.ContainsFunc(s.actions, func(a string) bool { return match(a, q.action) })
	if acts == s.notActions || !s.touches(q) {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(q.Context) {
			return false
		}
	}
	return true
}

// touches reports whether the resource is the statement's. A variable without value names nothing: a
// statement that allows all but that allows nothing.
func (s *statement) touches(q *question) bool {
	if len(s.resources) == 0 {
		return true
	}
	for i := range s.resources {
		is, resolved := s.resources[i].match(&q.parts, q.isARN, q.Context)
		if is {
			return !s.notRes
		}
		if !resolved && s.notRes && !s.deny {
			return false
		}
	}
	return s.notRes
}
