// Package query is ECS's cluster query language: expressions that hold for some container instances
// and not for others. It parses and evaluates them, and leaves to its callers where what it is told
// of an instance comes from. It is pure.
//
//	expression = or
//	or         = and { ("||" | "or") and }
//	and        = not { ("&&" | "and") not }
//	not        = ("!" | "not") not | "(" or ")" | comparison
//	comparison = subject operator [ value | "[" value { "," value } "]" ]
//
// So not binds tighter than and, and that tighter than or. A value is a quoted string or a bare
// word: one without white space, parentheses, brackets, commas and quotes. A quote is escaped by a
// backslash; every other backslash stands for itself, as patterns need it.
//
// What the subjects are compared as, and with which operators: see subjects.go. A negated operator
// is the negation of the plain one. So an instance without an attribute is "!=" every value, and
// "task:group != web" holds where no task of web is.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
package query

import (
	"fmt"
	"iter"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// MaxLength bounds an expression, in bytes.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementConstraint.html
const MaxLength = 2000

// Instance is what expressions ask about one container instance.
type Instance struct {
	Attributes     []model.Attribute
	AgentConnected bool
	AgentVersion   string // such as 1.86.2
	EC2            string // instance id
	Registered     time.Time
	Running        int              // tasks
	Groups         iter.Seq[string] // task groups that have a task on it; nil for none
}

// Expr is a parsed expression.
type Expr struct {
	root node
	uses uses
}

// uses says which of the things that tasks change an expression asks about.
type uses struct{ tasks, groups bool }

// Holds reports whether the expression is true of an instance.
func (e *Expr) Holds(in *Instance) bool { return e.root.holds(in) }

// OfTasks reports whether the answer may change with the tasks on an instance.
func (e *Expr) OfTasks() bool { return e.uses.tasks || e.uses.groups }

// OfGroups reports whether the expression reads Instance.Groups.
func (e *Expr) OfGroups() bool { return e.uses.groups }

// Error says where an expression is wrong.
type Error struct {
	Position int // of the first byte that is wrong, from 1
	Message  string
}

// Error names the position.
func (e *Error) Error() string { return fmt.Sprintf("%s at position %d", e.Message, e.Position) }

// node is one part of an expression.
type node interface{ holds(*Instance) bool }

type (
	orNode   []node
	andNode  []node
	notNode  struct{ node }
	testNode func(*Instance) bool
)

func (n orNode) holds(in *Instance) bool {
	for _, one := range n {
		if one.holds(in) {
			return true
		}
	}
	return false
}

func (n andNode) holds(in *Instance) bool {
	for _, one := range n {
		if !one.holds(in) {
			return false
		}
	}
	return true
}

func (n notNode) holds(in *Instance) bool  { return !n.node.holds(in) }
func (n testNode) holds(in *Instance) bool { return n(in) }
