package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Decision is why one task was placed where it is, or why it was refused, as things were then.
type Decision struct {
	At         time.Time   `json:"at"`
	Since      time.Time   `json:"since,omitzero"` // of a refusal that was repeated: the first time
	Times      int         `json:"times"`          // how often in a row it was decided alike
	Cluster    string      `json:"cluster"`
	Group      string      `json:"group"`
	Revision   string      `json:"revision"`
	Provider   string      `json:"capacityProvider,omitempty"`
	Task       string      `json:"task,omitempty"` // id; a refused task never came to be
	Placed     bool        `json:"placed"`
	Answer     string      `json:"answer"`
	CPU        int         `json:"cpu"`    // CPU units that the task takes
	Memory     int         `json:"memory"` // MiB
	Ports      []string    `json:"ports,omitempty"`
	Asked      int         `json:"asked"`              // how many instances could be asked
	Able       *int        `json:"able,omitempty"`     // how many could take it; left out when they were not counted
	Strategy   []string    `json:"strategy,omitempty"` // the steps, with what decides among equals
	DecidedBy  string      `json:"decidedBy,omitempty"`
	Candidates []Candidate `json:"candidates"`
	Refusals   []CodeCount `json:"refusals,omitempty"` // how many instances refused with what
	Sampled    bool        `json:"sampled,omitempty"`  // candidates are not all
}

// Candidate is one instance that was looked at.
type Candidate struct {
	Instance  string   `json:"instance"` // EC2 instance id
	Container string   `json:"containerInstance"`
	Zone      string   `json:"zone,omitempty"`
	Outcome   string   `json:"outcome"` // chosen, runner-up, could, or the code of the refusal
	Why       string   `json:"why,omitempty"`
	Values    []string `json:"values,omitempty"` // what each step of the strategy saw
}

// CodeCount is how many instances refused with one code.
type CodeCount struct {
	Code  string `json:"code"`
	Count int    `json:"count"`
}

func showDecision(tx *store.Tx, d *model.Decision) Decision {
	ch := &d.Choice
	v := Decision{At: d.At, Times: d.Times, Cluster: d.Cluster, Group: d.Group, Revision: d.Def, Provider: d.Provider, Placed: d.Placed(), CPU: d.Needs.CPU, Memory: d.Needs.Memory,
		Asked: ch.Candidates, Strategy: ch.Steps, Candidates: []Candidate{}, Sampled: ch.Sampled}
	if d.Placed() {
		v.Task = d.Task
	}
	if d.Times > 1 {
		v.Since = d.Since
	}
	if ch.Able >= 0 {
		v.Able = &ch.Able
	}
	if ch.Decided >= 0 {
		v.DecidedBy = ch.Steps[ch.Decided]
	}
	for _, p := range d.Needs.Ports {
		v.Ports = append(v.Ports, fmt.Sprintf("%d/%s", p.Port, p.Protocol))
	}
	for _, c := range ch.Codes {
		v.Refusals = append(v.Refusals, CodeCount{c.Code, c.N})
	}
	for i := range ch.Verdicts {
		v.Candidates = append(v.Candidates, showVerdict(ch, &ch.Verdicts[i]))
	}
	v.Answer = decisionWords(d)
	return v
}

func showVerdict(ch *model.Choice, v *model.Verdict) Candidate {
	c := Candidate{Instance: v.EC2, Container: v.Instance, Zone: v.Zone, Outcome: "could", Why: v.Detail}
	switch {
	case v.Code != "":
		c.Outcome = v.Code
	case v.Instance == ch.Chosen:
		c.Outcome = "chosen"
	case v.Instance == ch.Next:
		c.Outcome = "runner-up"
	}
	for n := range v.Values {
		c.Values = append(c.Values, valueWords(ch.Steps[n], &v.Values[n]))
	}
	return c
}

// valueWords is what a step of a strategy saw of one instance.
func valueWords(step string, v *model.Value) string {
	kind, field, _ := strings.Cut(step, " ")
	switch {
	case kind == "spread" && strings.HasPrefix(field, "attribute:") && v.Of == "":
		return fmt.Sprintf("%d without it", v.N)
	case kind == "spread" && strings.HasPrefix(field, "attribute:"):
		return fmt.Sprintf("%d in %s", v.N, v.Of)
	case kind == "spread":
		return fmt.Sprintf("%d there", v.N)
	case strings.EqualFold(field, "cpu"):
		return fmt.Sprintf("%d left", v.N)
	}
	return fmt.Sprintf("%d MiB left", v.N)
}

// decisionWords tells a decision in one sentence.
func decisionWords(d *model.Decision) string {
	ch := &d.Choice
	switch {
	case !d.Placed() && ch.Candidates == 0 && d.Provider != "":
		return "no place: capacity provider " + d.Provider + " has no ACTIVE container instance"
	case !d.Placed() && ch.Candidates == 0:
		return "no place: the cluster has no ACTIVE container instance"
	case !d.Placed():
		return refusalWords(ch)
	}
	on := "on " + ch.Verdicts[0].EC2
	switch {
	case d.Only != "":
		return on + ", the instance that it was asked for"
	case ch.Decided >= 0:
		return fmt.Sprintf("on %s, before %s: %s", ch.Verdicts[0].EC2, ch.Verdicts[1].EC2, decidedWords(ch, d.Group))
	case ch.Sampled:
		return fmt.Sprintf("%s, which comes first of %d instances by %s; in clusters of this size the others are not recorded", on, ch.Candidates, strings.Join(ch.Steps, ", then "))
	case ch.Candidates == 1:
		return on + ", the only instance there is"
	}
	return fmt.Sprintf("%s, the only one of %d instances that could take it", on, ch.Candidates)
}

func refusalWords(ch *model.Choice) string {
	var codes []string
	for _, c := range ch.Codes {
		codes = append(codes, fmt.Sprintf("%d × %s", c.N, strings.TrimSuffix(c.Code, ".")))
	}
	s := fmt.Sprintf("no place: none of %d instances could take it (%s)", ch.Candidates, strings.Join(codes, ", "))
	if ch.Candidates == 1 && len(ch.Verdicts) == 1 {
		v := &ch.Verdicts[0]
		return fmt.Sprintf("no place: the only instance, %s, cannot take it (%s): %s", nameOf(v), strings.TrimSuffix(v.Code, "."), v.Detail)
	}
	if len(ch.Verdicts) > 0 {
		v := &ch.Verdicts[0]
		s += fmt.Sprintf("; the closest is %s: %s", nameOf(v), v.Detail)
	}
	return s
}

func nameOf(v *model.Verdict) string {
	if v.EC2 == "" {
		return v.Instance
	}
	return v.EC2
}

// decidedWords says what told the chosen instance from the runner-up.
func decidedWords(ch *model.Choice, group string) string {
	step := ch.Steps[ch.Decided]
	switch step {
	case "random":
		return "random chose it among those that are equal"
	case "lowest id":
		return "they are equal in all else, and its container instance id is the lower one"
	}
	a, b := &ch.Verdicts[0], &ch.Verdicts[1]
	x, y := a.Values[ch.Decided], b.Values[ch.Decided]
	kind, field, _ := strings.Cut(step, " ")
	switch {
	case step == "most memory left":
		return fmt.Sprintf("the strategy finds them equal, and it has %d MiB left, the other %d", x.N, y.N)
	case kind == "spread" && strings.HasPrefix(field, "attribute:") && y.Of == "":
		return fmt.Sprintf("%s puts instances without the attribute last", step)
	case kind == "spread" && strings.HasPrefix(field, "attribute:"):
		return fmt.Sprintf("by %s, %s had %s of %s, %s had %d", step, x.Of, tasks(x.N), group, y.Of, y.N)
	case kind == "spread":
		return fmt.Sprintf("by %s, it had %s of %s, the other %d", step, tasks(x.N), group, y.N)
	}
	unit := "MiB"
	if strings.EqualFold(field, "cpu") {
		unit = "CPU units"
	}
	return fmt.Sprintf("%s fills the fuller one first: it had %d %s left, the other %d", step, x.N, unit, y.N)
}

func tasks(n int) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", n)
}
