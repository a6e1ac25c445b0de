// Package policy reads IAM policy documents and decides what they allow. It is pure: a decision
// follows from the documents and the request alone. Who a caller is, which documents are hers and
// what her call touches is found out elsewhere.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package policy

import "strings"

// Kind is what a document is attached to; each kind has a grammar of its own.
type Kind int8

// The kinds.
const (
	Identity Kind = iota // to a user, group or role
	Boundary             // a managed policy that bounds what identity policies give
	Session              // passed by who made the session
	Resource             // to a resource such as a secret
	Trust                // to a role: who may assume it
)

// words are how AWS calls the kinds in the sentences of a denial.
var words = [...]struct{ no, in string }{
	Identity: {"identity-based policy", "an identity-based policy"},
	Boundary: {"permissions boundary", "a permissions boundary"},
	Session:  {"session policy", "a session policy"},
	Resource: {"resource-based policy", "a resource-based policy"},
	Trust:    {"role trust policy", "the role trust policy"},
}

func (k Kind) String() string { return words[k].no }

// Document is a policy document that was read and found to be well formed.
type Document struct {
	Version    string // 2008-10-17 knows no variables
	ID         string
	statements []*statement
}

// statement is one statement, ready to be matched.
type statement struct {
	sid        string
	index      int // in its document, from 0
	from, to   Position
	deny       bool
	principals *principals // nil in documents that name none
	notActions bool
	actions    []string // lower case, wildcards encoded
	notRes     bool
	resources  []arnPattern // none in a trust policy
	conditions []condition
}

// Position is a place in a document, counted from 1.
type Position struct{ Line, Column int }

// position is where the byte at offset is.
func position(document string, offset int64) Position {
	before := document[:offset]
	return Position{1 + strings.Count(before, "\n"), int(offset) - strings.LastIndexByte(before, '\n')}
}

// Malformed is a document that breaks the grammar, in AWS's words.
type Malformed struct{ Message string }

func (m *Malformed) Error() string { return m.Message }

// Size is how long a document is as IAM's quotas count it: white space is free.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func Size(document string) (n int) {
	for _, r := range document {
		if r != ' ' && r != '\t' && r != '\n' && r != '\r' {
			n++
		}
	}
	return n
}
