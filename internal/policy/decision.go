package policy

import (
	"slices"
	"strconv"
)

// Decision is what was decided, and by what.
type Decision struct {
	Allowed   bool
	Explicit  bool  // a Deny statement decided; else nothing allowed it
	Kind      Kind  // of the policy that decided
	Statement Match // that decided; zero where none allowed, and for a root
	request   Request
}

// Match is a statement of a document.
type Match struct {
	Policy string // name
	ARN    string // of a managed policy
	Sid    string
	Index  int // in its document, from 0
	Deny   bool
	// From and To are where the statement begins and ends in its document.
	From, To Position
}

// String names the statement for people: policy p, statement Sid "s" or the number of it, from 1.
func (m Match) String() string {
	if m.Policy == "" && m.ARN == "" {
		return ""
	}
	name := m.Policy
	if name == "" {
		name = m.ARN
	}
	if m.Sid != "" {
		return name + ", statement " + m.Sid
	}
	return name + ", statement " + strconv.Itoa(m.Index+1)
}

// Why says for people what decided.
func (d Decision) Why() string {
	switch {
	case d.Statement.Policy == "" && d.Statement.ARN == "" && d.Allowed:
		return "the root user may do everything"
	case d.Allowed:
		return "allowed by " + words[d.Kind].in + ": " + d.Statement.String()
	case d.Explicit:
		return "denied by " + words[d.Kind].in + ": " + d.Statement.String()
	}
	return "no " + words[d.Kind].no + " allows it"
}

// Message is the denial as AWS words it for AccessDenied and AccessDeniedException.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (d Decision) Message() string {
	r := d.request
	who := r.Principal.ARN
	if who == "" {
		who = r.Principal.Service + r.Principal.Federated
	}
	s := "User: " + who + " is not authorized to perform: " + r.Action + " on resource: " + r.Resource
	if d.Explicit {
		return s + " with an explicit deny in " + words[d.Kind].in
	}
	return s + " because no " + words[d.Kind].no + " allows the " + r.Action + " action"
}

func (q *question) decide(k Kind, deny bool, e entry) Decision {
	return Decision{Allowed: !deny, Explicit: deny, Kind: k, Statement: e.match(), request: q.Request}
}

// nobody is the decision that no policy of the kind allows the request.
func (q *question) nobody(k Kind) Decision { return Decision{Kind: k, request: q.Request} }

func (e entry) match() Match {
	return Match{Policy: e.from.Name, ARN: e.from.ARN, Sid: e.sid, Index: e.index, Deny: e.deny, From: e.statement.from, To: e.to}
}

// Matched are all statements of x that speak of the request, denials first: what a simulation shows.
func (x *Index) Matched(r Request) (all []Match) {
	if x == nil {
		return nil
	}
	q := newQuestion(r, false)
	for _, list := range x.lists(q.action) {
		for _, e := range list {
			if e.names(q) && e.concerns(q) {
				all = append(all, e.match())
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Match) int {
		switch {
		case a.Deny == b.Deny:
			return 0
		case a.Deny:
			return -1
		}
		return 1
	})
	return all
}

func sortedKeys(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
