package policy

import (
	"slices"
	"strings"
)

// Parse reads a document that is to be attached as kind. The error is a *Malformed.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func Parse(kind Kind, document string) (*Document, error) {
	tree, err := readTree(document)
	if err != nil {
		return nil, err
	}
	if tree.kind != objectNode || !only(tree, "Version", "Id", "Statement") {
		return nil, errSyntax
	}
	d, err := newDocument(tree)
	if err != nil {
		return nil, err
	}
	if d.Version != newest && kind != Resource && kind != Trust {
		return nil, &Malformed{"Policy document must be version 2012-10-17 or greater."}
	}
	all, _ := tree.get("Statement")
	list := all.list
	if all.kind == objectNode {
		list = []node{all}
	}
	if len(list) == 0 {
		return nil, errSyntax
	}
	for i, n := range list {
		s, err := newStatement(kind, n, d.Version == newest)
		if err != nil {
			return nil, err
		}
		s.index, s.from, s.to = i, position(document, n.from), position(document, n.to)
		d.statements = append(d.statements, s)
	}
	return d, uniqueSids(d)
}

// newest is the version of the language that knows variables.
const newest = "2012-10-17"

// newDocument reads what stands around the statements.
func newDocument(tree node) (*Document, error) {
	d := &Document{Version: "2008-10-17"}
	if v, ok := tree.get("Version"); ok {
		if v.kind != textNode || v.text != newest && v.text != "2008-10-17" {
			return nil, errSyntax
		}
		d.Version = v.text
	}
	if v, ok := tree.get("Id"); ok {
		if v.kind != textNode {
			return nil, errSyntax
		}
		d.ID = v.text
	}
	return d, nil
}

func uniqueSids(d *Document) error {
	var seen []string
	for _, s := range d.statements {
		if s.sid != "" && slices.Contains(seen, s.sid) {
			return &Malformed{"Statement IDs (SID) in a single policy must be unique."}
		}
		seen = append(seen, s.sid)
	}
	return nil
}

// only reports whether n has no members but those named.
func only(n node, names ...string) bool {
	for _, m := range n.members {
		if !slices.Contains(names, m.name) {
			return false
		}
	}
	return true
}

func newStatement(kind Kind, n node, vars bool) (*statement, error) {
	if n.kind != objectNode || !only(n, "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition") {
		return nil, errSyntax
	}
	s := &statement{}
	if err := s.head(kind, n); err != nil {
		return nil, err
	}
	if err := s.who(kind, n); err != nil {
		return nil, err
	}
	if err := s.what(kind, n); err != nil {
		return nil, err
	}
	if err := s.which(kind, n, vars); err != nil {
		return nil, err
	}
	c, ok := n.get("Condition")
	if !ok {
		return s, nil
	}
	var err error
	s.conditions, err = newConditions(c, vars)
	return s, err
}

// head reads Sid and Effect.
func (s *statement) head(kind Kind, n node) error {
	effect, ok := n.get("Effect")
	if !ok || effect.kind != textNode || effect.text != "Allow" && effect.text != "Deny" {
		return errSyntax
	}
	s.deny = effect.text == "Deny"
	sid, ok := n.get("Sid")
	if ok && sid.kind != textNode {
		return errSyntax
	}
	s.sid = sid.text
	if kind == Resource || kind == Trust {
		return nil
	}
	for _, r := range s.sid {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return &Malformed{"Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"}
		}
	}
	return nil
}

// either returns the one element of a pair that is there; not says that it is the second.
func either(n node, name string) (v node, not, ok bool, err error) {
	yes, has := n.get(name)
	no, hasNot := n.get("Not" + name)
	if has && hasNot {
		return v, false, false, errSyntax
	}
	if hasNot {
		return no, true, true, nil
	}
	return yes, false, has, nil
}

// who reads Principal and NotPrincipal.
func (s *statement) who(kind Kind, n node) error {
	v, not, ok, err := either(n, "Principal")
	if err != nil {
		return err
	}
	if kind != Resource && kind != Trust {
		if ok {
			return &Malformed{"Policy document should not specify a principal."}
		}
		return nil
	}
	if !ok {
		return &Malformed{"Missing required field Principal"}
	}
	if not && kind == Trust && !s.deny {
		return &Malformed{"Allow with NotPrincipal is not allowed."}
	}
	s.principals, err = newPrincipals(v, not)
	return err
}

// what reads Action and NotAction.
func (s *statement) what(kind Kind, n node) error {
	v, not, ok, err := either(n, "Action")
	if err != nil {
		return err
	}
	s.notActions = not
	texts, good := v.texts(false)
	switch {
	case ok && !good:
		return errSyntax
	case !ok && kind == Trust:
		return &Malformed{"Missing required field Action"}
	case !ok || len(texts) == 0:
		return &Malformed{"Policy statement must contain actions."}
	}
	for _, a := range texts {
		if err := actionForm(a); err != nil {
			return err
		}
		if kind == Trust && !strings.HasPrefix(strings.ToLower(a), "sts:") {
			return &Malformed{"AssumeRole policy may only specify STS AssumeRole actions."}
		}
		p, _ := newPattern(strings.ToLower(a), true, false)
		s.actions = append(s.actions, p.text)
	}
	return nil
}

// actionForm checks that an action is * or a service and a name.
func actionForm(a string) error {
	if a == "*" {
		return nil
	}
	vendor, name, ok := strings.Cut(a, ":")
	if !ok {
		return &Malformed{"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."}
	}
	if strings.Contains(name, ":") {
		return &Malformed{"Actions/Condition can contain only one colon."}
	}
	if name == "" {
		return errSyntax
	}
	if vendor == "*" && name == "*" {
		return nil
	}
	for _, r := range vendor {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' {
			return &Malformed{"Vendor " + vendor + " is not valid"}
		}
	}
	return nil
}

// which reads Resource and NotResource.
func (s *statement) which(kind Kind, n node, vars bool) error {
	v, not, ok, err := either(n, "Resource")
	if err != nil {
		return err
	}
	s.notRes = not
	texts, good := v.texts(false)
	switch {
	case ok && kind == Trust:
		return &Malformed{"Has prohibited field Resource"}
	case kind == Trust:
		return nil
	case ok && !good:
		return errSyntax
	case !ok && kind == Resource:
		return &Malformed{"Missing required field Resource"}
	case !ok || len(texts) == 0:
		return &Malformed{"Policy statement must contain resources."}
	}
	for _, r := range texts {
		if err := resourceForm(r); err != nil {
			return err
		}
		p, ok := newARNPattern(r, vars)
		if !ok {
			return errSyntax
		}
		s.resources = append(s.resources, p)
	}
	return nil
}

// partitions are those that AWS has.
var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "*"}

// resourceForm checks that a resource is * or begins as an ARN does.
func resourceForm(r string) error {
	if r == "*" {
		return nil
	}
	parts := strings.SplitN(r, ":", 6)
	if len(parts) < 2 || parts[0] != "arn" {
		return &Malformed{"Resource " + r + ` must be in ARN format or "*".`}
	}
	if !slices.Contains(partitions, parts[1]) {
		full := append(parts[:len(parts):len(parts)], "*", "*", "*", "*")[:max(6, len(parts))]
		return &Malformed{`Partition "` + parts[1] + `" is not valid for resource "` + strings.Join(full, ":") + `".`}
	}
	if len(parts) < 3 {
		return &Malformed{"Resource vendor must be fully qualified and cannot contain regexes."}
	}
	if parts[2] == "iam" && len(parts) > 3 && parts[3] != "" && parts[3] != "*" {
		return &Malformed{"IAM resource " + r + " cannot contain region information."}
	}
	return nil
}
