package pattern

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// document is what a pattern says of JSON, and the selectors in it, as they are written.
type document struct {
	holds     func(any) bool
	selectors []selector
}

type selector struct {
	text string
	path []step
}

// jsonPattern reads { conditions of selectors }. A message that is no JSON object or array matches none.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
func (s *scanner) jsonPattern() (*document, error) {
	s.at++
	d := &document{}
	f, err := logic(s, func() (func(any) bool, error) { return s.condition(d) })
	if err != nil {
		return nil, err
	}
	if !s.take("}") {
		return nil, s.unexpected("'&&', '||' or '}'")
	}
	if s.blanks(); s.at < len(s.text) {
		return nil, s.unexpected("the end")
	}
	d.holds = f
	return d, nil
}

// decode reads a message; false for what is no JSON object or array.
func decode(m string) (doc any, ok bool) {
	m = strings.TrimLeft(m, blank)
	if m == "" || m[0] != '{' && m[0] != '[' {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(m))
	d.UseNumber()
	err := d.Decode(&doc)
	return doc, err == nil
}

// step is one part of a selector: a member, an element, or all of them.
type step struct {
	name string
	at   int
	kind stepKind
}

type stepKind int8

const (
	member stepKind = iota
	element
	every
)

func wild(st step) bool { return st.kind == every }

// condition reads a selector, which it adds to those of d, and what is said of it.
func (s *scanner) condition(d *document) (func(any) bool, error) {
	s.blanks()
	from := s.at
	path, err := s.selector()
	if err != nil {
		return nil, err
	}
	d.selectors = append(d.selectors, selector{s.text[from:s.at], path})
	if slices.ContainsFunc(path, wild) {
		s.wild++
	}
	if s.wild > mostWild {
		s.at = from
		return nil, s.fail("A filter pattern can have %d wildcard selectors at most", mostWild)
	}
	is := func(want any) func(any) bool {
		return func(doc any) bool { return found(doc, path, func(v any) bool { return v == want }) }
	}
	switch {
	case s.word("IS"):
		switch {
		case s.word("NULL"):
			return is(nil), nil
		case s.word("TRUE"):
			return is(true), nil
		case s.word("FALSE"):
			return is(false), nil
		}
		return nil, s.unexpected("NULL, TRUE or FALSE after IS")
	case s.word("NOT"):
		if !s.word("EXISTS") {
			return nil, s.unexpected("EXISTS after NOT")
		}
		return func(doc any) bool { return !found(doc, path, func(any) bool { return true }) }, nil
	}
	c, err := s.comparison(jsonValue)
	if err != nil {
		return nil, err
	}
	return func(doc any) bool {
		return found(doc, path, func(v any) bool {
			text, ok := leaf(v)
			_, truth := v.(bool) // only IS compares these
			return ok && !truth && c.holds(text)
		})
	}, nil
}

// jsonValue are the bytes of values without quotes.
func jsonValue(c byte) bool { return strings.IndexByte(blank+`})("&|=<>!%`, c) < 0 }

// leaf returns the text of a value that can be compared.
func leaf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// selector reads $.name.name[0]['name'].*, with one wildcard at most.
func (s *scanner) selector() (path []step, err error) {
	s.blanks()
	if s.peek() != '$' {
		return nil, s.unexpected("a selector, which begins with '$'")
	}
	from := s.at
	s.at++
	for {
		if i := slices.IndexFunc(path, wild); i >= 0 && slices.ContainsFunc(path[i+1:], wild) {
			s.at = from
			return nil, s.fail("A selector can have one wildcard")
		}
		dot := s.peek() == '.'
		if dot {
			s.at++
		}
		switch {
		case s.peek() == '[':
			st, err := s.bracket()
			if err != nil {
				return nil, err
			}
			path = append(path, st)
		case dot && s.peek() == '*':
			s.at++
			path = append(path, step{kind: every})
		case dot:
			name := s.run(func(c byte) bool { return letter(c) || c == '-' || c == '$' || c == '@' || c == ':' || c == '/' })
			if name == "" {
				return nil, s.unexpected("the name of a member")
			}
			path = append(path, step{name: name})
		case len(path) == 0:
			return nil, s.unexpected("'.' or '[' after '$'")
		default:
			return path, nil
		}
	}
}

// bracket reads [0], [*] or ['name'].
func (s *scanner) bracket() (st step, err error) {
	s.at++
	s.blanks()
	switch c := s.peek(); {
	case c == '*':
		s.at++
		st.kind = every
	case c == '\'' || c == '"':
		if st.name, err = s.quoted(); err != nil {
			return st, err
		}
	default:
		st.kind = element
		digits := s.run(func(c byte) bool { return c >= '0' && c <= '9' })
		if st.at, err = strconv.Atoi(digits); err != nil {
			return st, s.unexpected("a number, a quoted name or '*'")
		}
	}
	if !s.take("]") {
		return st, s.unexpected("']'")
	}
	return st, nil
}

// found reports whether any value at the end of path is as wanted.
func found(v any, path []step, wanted func(any) bool) bool {
	if len(path) == 0 {
		return wanted(v)
	}
	switch st := path[0]; st.kind {
	case member:
		m, _ := v.(map[string]any)
		next, ok := m[st.name]
		return ok && found(next, path[1:], wanted)
	case element:
		list, _ := v.([]any)
		return st.at < len(list) && found(list[st.at], path[1:], wanted)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, next := range v {
			if found(next, path[1:], wanted) {
				return true
			}
		}
	case []any:
		for _, next := range v {
			if found(next, path[1:], wanted) {
				return true
			}
		}
	}
	return false
}
