package model

import (
	"fmt"
	"time"
)

// Decision is why one task was placed where it is, or why it found no place, as things were when that
// was decided. It is kept in memory for a while and never changes.
//
// Writer: placement.
type Decision struct {
	Seq      uint64 // grows with every decision of a scope
	At       time.Time
	Cluster  string // name
	Group    string
	Task     string // id; a task that found no place never came to be, and has none to be found by
	Def      string // "family:revision"
	Needs    Needs
	Only     string    // container instance id, where no other was asked
	Since    time.Time // of a refusal that was repeated: the first time
	Times    int       // how often it was decided alike, one after the other
	Choice   Choice
	Provider string // capacity provider that was to run it; empty for none
}

// Key sorts decisions by age.
func (d Decision) Key() string { return DecisionKey(d.Seq) }

// DecisionKey is the key of the decision with a number.
func DecisionKey(seq uint64) string { return fmt.Sprintf("%016x", seq) }

// Placed reports whether the task found a place.
func (d Decision) Placed() bool { return d.Choice.Chosen != "" }

// Choice is what a choice among container instances came from.
type Choice struct {
	Candidates int      // how many instances could be asked
	Able       int      // how many of them could take the task; -1 for not counted
	Chosen     string   // container instance id; empty for none
	Next       string   // the runner-up; empty for none, or not looked for
	Steps      []string // the strategy chain, such as "spread instanceId", and what decides among equals
	Decided    int      // the one of Steps that parted chosen and runner-up; -1 when nothing had to
	Verdicts   []Verdict
	Codes      []CodeCount // how many instances refused with what, most first
	Sampled    bool        // Verdicts do not hold all candidates
}

// Verdict is what was found of one container instance.
type Verdict struct {
	Instance string // container instance id
	EC2      string
	Zone     string
	Code     string  // why it could not take the task, as RunTask says it; empty if it could
	Detail   string  // what it lacked, with numbers
	Values   []Value // by step of the choice, of one that could
}

// Value is what a step compared: the less, the better, but for memory left among equals.
type Value struct {
	N  int
	Of string // what N is about, such as a zone
}

// CodeCount is how many instances refused with one code.
type CodeCount struct {
	Code string
	N    int
}
