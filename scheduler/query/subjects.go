package query

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// operator is what is asked, without a negation.
type operator int

const (
	equals operator = iota
	greater
	greaterEqual
	less
	lessEqual
	exists
	in
	matches
)

// spelling is an operator as it is written.
type spelling struct {
	op  operator
	not bool
}

var operators = map[string]spelling{
	"==": {equals, false}, "equals": {equals, false},
	"!=": {equals, true}, "not_equals": {equals, true},
	">": {greater, false}, "greater_than": {greater, false},
	">=": {greaterEqual, false}, "greater_than_equal": {greaterEqual, false},
	"<": {less, false}, "less_than": {less, false},
	"<=": {lessEqual, false}, "less_than_equal": {lessEqual, false},
	"exists":  {exists, false},
	"!exists": {exists, true}, "not_exists": {exists, true},
	"in":  {in, false},
	"!in": {in, true}, "not_in": {in, true},
	"=~": {matches, false}, "matches": {matches, false},
	"!~": {matches, true}, "not_matches": {matches, true},
}

// The subjects. Attributes are compared by order as numbers where both sides are numbers, else as
// strings. Versions are compared number by number, registration times to the second, and dates
// without a zone are in UTC.
const (
	agentConnected    = "agentConnected"
	agentVersion      = "agentVersion"
	ec2InstanceID     = "ec2InstanceId"
	registeredAt      = "registeredAt"
	runningTasksCount = "runningTasksCount"
	taskGroup         = "task:group"
	attributePrefix   = "attribute:"
)

var (
	texts = []operator{equals, in, matches}
	order = []operator{equals, greater, greaterEqual, less, lessEqual}
	every = []operator{equals, greater, greaterEqual, less, lessEqual, exists, in, matches}
)

// subject is what a comparison looks at.
type subject struct {
	name  string
	takes []operator
}

func subjectOf(t token) (subject, *Error) {
	switch t.text {
	case agentConnected, ec2InstanceID:
		return subject{t.text, texts}, nil
	case agentVersion, registeredAt, runningTasksCount:
		return subject{t.text, order}, nil
	case taskGroup:
		return subject{t.text, []operator{equals, in, matches, exists}}, nil
	}
	if name, ok := strings.CutPrefix(t.text, attributePrefix); ok && name != "" {
		return subject{t.text, every}, nil
	}
	return subject{}, fail(t.at, "Unknown subject %q", t.text)
}

// test makes the test that a comparison stands for.
func (s subject) test(op operator, args []token) (node, *Error) {
	switch s.name {
	case runningTasksCount:
		return countTest(op, args[0])
	case registeredAt:
		return timeTest(op, args[0])
	case agentVersion:
		want, ok := version(args[0].text)
		if !ok {
			return nil, fail(args[0].at, "Invalid version %q", args[0].text)
		}
		return testNode(func(i *Instance) bool {
			v, ok := version(i.AgentVersion)
			return ok && ordered(op, slices.Compare(v, want))
		}), nil
	case agentConnected:
		for _, a := range args {
			if op != matches && a.text != "true" && a.text != "false" {
				return nil, fail(a.at, "Invalid value %q, expected true or false", a.text)
			}
		}
	}
	is, err := textTest(op, args)
	if err != nil {
		return nil, err
	}
	return s.textual(is), nil
}

// textual applies a test of a text to the subject's.
func (s subject) textual(is func(string) bool) node {
	switch s.name {
	case agentConnected:
		return testNode(func(i *Instance) bool { return is(strconv.FormatBool(i.AgentConnected)) })
	case ec2InstanceID:
		return testNode(func(i *Instance) bool { return is(i.EC2) })
	case taskGroup:
		return testNode(func(i *Instance) bool {
			if i.Groups != nil {
				for g := range i.Groups {
					if is(g) {
						return true
					}
				}
			}
			return false
		})
	}
	name := strings.TrimPrefix(s.name, attributePrefix)
	return testNode(func(i *Instance) bool {
		for n := range i.Attributes {
			if a := &i.Attributes[n]; a.Name == name {
				return is(a.Value)
			}
		}
		return false
	})
}

// textTest makes the test of a text that is there.
func textTest(op operator, args []token) (func(string) bool, *Error) {
	switch op {
	case exists:
		return func(string) bool { return true }, nil
	case in:
		return func(s string) bool { return slices.ContainsFunc(args, func(a token) bool { return a.text == s }) }, nil
	case matches:
		re, err := pattern(args[0])
		if err != nil {
			return nil, err
		}
		return re.MatchString, nil
	case equals:
		return func(s string) bool { return s == args[0].text }, nil
	}
	want := args[0].text
	number, err := strconv.ParseFloat(want, 64)
	return func(s string) bool {
		if n, other := strconv.ParseFloat(s, 64); err == nil && other == nil {
			return ordered(op, cmp.Compare(n, number))
		}
		return ordered(op, strings.Compare(s, want))
	}, nil
}

// ordered reports whether the result of a comparison is what op asks for.
func ordered(op operator, c int) bool {
	switch op {
	case greater:
		return c > 0
	case greaterEqual:
		return c >= 0
	case less:
		return c < 0
	case lessEqual:
		return c <= 0
	}
	return c == 0
}

func countTest(op operator, a token) (node, *Error) {
	want, err := strconv.Atoi(a.text)
	if err != nil {
		return nil, fail(a.at, "Invalid number %q", a.text)
	}
	return testNode(func(i *Instance) bool { return ordered(op, cmp.Compare(i.Running, want)) }), nil
}

func timeTest(op operator, a token) (node, *Error) {
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02"} {
		if want, err := time.Parse(layout, a.text); err == nil {
			return testNode(func(i *Instance) bool { return ordered(op, i.Registered.Truncate(time.Second).Compare(want)) }), nil
		}
	}
	return nil, fail(a.at, "Invalid date %q, expected one such as 2018-06-18 or 2018-06-18T22:28:28Z", a.text)
}

// version returns the numbers of a version, without a leading v, pre-release and build.
func version(s string) (ns []int, ok bool) {
	s, _, _ = strings.Cut(strings.TrimPrefix(s, "v"), "+")
	s, _, _ = strings.Cut(s, "-")
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil, false
		}
		ns = append(ns, n)
	}
	for len(ns) > 1 && ns[len(ns)-1] == 0 { // 1.2 is 1.2.0
		ns = ns[:len(ns)-1]
	}
	return ns, true
}

// pattern compiles a Java regular expression; like Java's String.matches, it is to match all of a text.
func pattern(a token) (*regexp.Regexp, *Error) {
	t := translator{text: a.text}
	if err := t.translate(); err != nil {
		return nil, fail(a.at, "Invalid pattern %q: %s", a.text, err)
	}
	re, err := regexp.Compile(`\A(?:` + t.out.String() + `)\z`)
	if err != nil {
		return nil, fail(a.at, "Invalid pattern %q: %s", a.text, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}
