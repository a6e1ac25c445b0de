package policy

import "strings"

// condition is one key of one operator: values are alternatives, conditions are all to be met.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
type condition struct {
	op       operator
	not      bool
	ifExists bool
	set      quantifier
	key      string // lower case
	values   []pattern
	arns     []arnPattern // of Arn operators
}

type quantifier int8

const (
	oneValue quantifier = iota
	allValues
	anyValue
)

// operators are the names without ForAllValues:, ForAnyValue: and IfExists.
var operators = map[string]struct {
	op  operator
	not bool
}{
	"StringEquals": {stringEquals, false}, "StringNotEquals": {stringEquals, true},
	"StringEqualsIgnoreCase": {stringFolds, false}, "StringNotEqualsIgnoreCase": {stringFolds, true},
	"StringLike": {stringLike, false}, "StringNotLike": {stringLike, true},
	"NumericEquals": {numericEquals, false}, "NumericNotEquals": {numericEquals, true},
	"NumericLessThan": {numericLess, false}, "NumericLessThanEquals": {numericLessEquals, false},
	"NumericGreaterThan": {numericGreater, false}, "NumericGreaterThanEquals": {numericGreaterEquals, false},
	"DateEquals": {dateEquals, false}, "DateNotEquals": {dateEquals, true},
	"DateLessThan": {dateLess, false}, "DateLessThanEquals": {dateLessEquals, false},
	"DateGreaterThan": {dateGreater, false}, "DateGreaterThanEquals": {dateGreaterEquals, false},
	"Bool": {boolEquals, false}, "BinaryEquals": {binaryEquals, false},
	"IpAddress": {ipIn, false}, "NotIpAddress": {ipIn, true},
	"ArnEquals": {arnLike, false}, "ArnLike": {arnLike, false},
	"ArnNotEquals": {arnLike, true}, "ArnNotLike": {arnLike, true},
	"Null": {isNull, false},
}

// newConditions reads a Condition element.
func newConditions(n node, vars bool) ([]condition, error) {
	if n.kind != objectNode {
		return nil, errSyntax
	}
	var all []condition
	for _, op := range n.members {
		if op.value.kind != objectNode {
			return nil, errSyntax
		}
		model, ok := newOperator(op.name)
		if !ok {
			return nil, errSyntax
		}
		for _, key := range op.value.members {
			c := model
			if err := c.fill(key, vars); err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// newOperator reads the name of an operator into a condition without key.
func newOperator(name string) (condition, bool) {
	var c condition
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		c.set, name = allValues, rest
	} else if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		c.set, name = anyValue, rest
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	found, ok := operators[name]
	c.op, c.not = found.op, found.not
	if c.op == isNull && c.ifExists {
		return c, false
	}
	return c, ok
}

// fill reads the key and its values.
func (c *condition) fill(m member, vars bool) error {
	texts, ok := m.value.texts(true)
	if !ok || m.name == "" {
		return errSyntax
	}
	if !strings.Contains(m.name, ":") {
		return &Malformed{"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."}
	}
	c.key = strings.ToLower(m.name)
	for _, t := range texts {
		if !c.op.takes(t) {
			return errSyntax
		}
		if c.op == arnLike {
			a, ok := newARNPattern(t, vars)
			if !ok {
				return errSyntax
			}
			c.arns = append(c.arns, a)
			continue
		}
		p, ok := newPattern(t, c.op == stringLike, vars)
		if !ok {
			return errSyntax
		}
		c.values = append(c.values, p)
	}
	return nil
}

// holds reports whether the request with the context c meets the condition.
func (k *condition) holds(c Context) bool {
	got := c[k.key]
	if k.op == isNull {
		return k.null(len(got) == 0)
	}
	if len(got) == 0 {
		return k.ifExists || k.set == allValues || k.not && k.set == oneValue
	}
	switch k.set {
	case allValues:
		for _, g := range got {
			if k.meets(g, c) == k.not {
				return false
			}
		}
		return true
	case anyValue:
		for _, g := range got {
			if k.meets(g, c) != k.not {
				return true
			}
		}
		return false
	}
	for _, g := range got {
		if k.meets(g, c) {
			return !k.not
		}
	}
	return k.not
}

// null answers Null: each value says whether the key must be absent.
func (k *condition) null(absent bool) bool {
	for _, v := range k.values {
		if strings.EqualFold(v.text, "true") == absent {
			return true
		}
	}
	return false
}

// meets reports whether one value of the request is one of the condition's values.
func (k *condition) meets(got string, c Context) bool {
	if k.op == arnLike {
		parts, ok := splitARN(got)
		for i := range k.arns {
			if is, _ := k.arns[i].match(&parts, ok, c); is {
				return true
			}
		}
		return false
	}
	for i := range k.values {
		want, ok := fill(k.values[i].text, k.values[i].vars, c)
		if ok && k.op.compare(got, want) {
			return true
		}
	}
	return false
}
