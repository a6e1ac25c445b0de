package wire

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxParameters = 20000 // in one form
	maxFormDepth  = 32    // parts of one name
	maxNodes      = 60000 // different names, and beginnings of names, in one form
)

// form is the parameters of a query request, in the order given.
type form []parameter

type parameter struct{ name, value string }

// parseForm adds the parameters of one encoded form.
func (f form) parse(encoded string) (form, error) {
	for encoded != "" {
		var pair string
		pair, encoded, _ = strings.Cut(encoded, "&")
		if pair == "" {
			continue
		}
		if len(f) >= maxParameters {
			return f, &Error{Code: "MalformedQueryString", Message: "The request has too many parameters."}
		}
		k, v, _ := strings.Cut(pair, "=")
		name, ok := unescape(k)
		value, good := unescape(v)
		if !ok || !good {
			return f, &Error{Code: "MalformedQueryString", Message: "The query string contains a syntax error."}
		}
		f = append(f, parameter{name, value})
	}
	return f, nil
}

// get returns the first value of a parameter.
func (f form) get(name string) string {
	for _, p := range f {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// unescape decodes %XX and +. What is not UTF-8 is refused.
func unescape(s string) (string, bool) {
	if !strings.ContainsAny(s, "%+") {
		return s, utf8.ValidString(s)
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			b = append(b, ' ')
		case '%':
			if i+2 >= len(s) {
				return "", false
			}
			n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", false
			}
			b = append(b, byte(n))
			i += 2
		default:
			b = append(b, c)
		}
	}
	return string(b), utf8.Valid(b)
}

// node is what stands under one part of a dotted name.
type node struct {
	value string
	set   bool // a parameter ends here
	kids  map[string]*node
}

// tree sorts parameters by the parts of their names.
func (f form) tree() (*node, error) {
	root, nodes := &node{}, 0
	for _, p := range f {
		n, depth := root, 0
		for rest, more := p.name, true; more; {
			var part string
			part, rest, more = strings.Cut(rest, ".")
			if depth++; depth > maxFormDepth {
				return nil, &Error{Code: "MalformedQueryString", Message: "The parameter " + clip(p.name) + " is nested too deeply."}
			}
			kid := n.kids[part]
			if kid == nil {
				if nodes++; nodes > maxNodes {
					return nil, &Error{Code: "MalformedQueryString", Message: "The request has too many parameters."}
				}
				kid = n.grow(part)
			}
			n = kid
		}
		if n.set && n.value != p.value {
			return nil, &Error{Code: "MalformedQueryString", Message: "The parameter " + clip(p.name) + " is given more than once."}
		}
		n.value, n.set = p.value, true
	}
	return root, nil
}

func (n *node) grow(name string) *node {
	if n.kids == nil {
		n.kids = map[string]*node{}
	}
	k := &node{}
	n.kids[name] = k
	return k
}

// elements returns the nodes under whole numbers, in the order of the numbers.
func (n *node) elements(name string) ([]*node, error) {
	type element struct {
		at int
		n  *node
	}
	var es []element
	for k, e := range n.kids {
		at, err := strconv.Atoi(k)
		if err != nil || at < 0 || k != strconv.Itoa(at) {
			return nil, &Error{Code: "MalformedQueryString", Message: "The parameter " + clip(name+"."+k) + " does not number an element of a list."}
		}
		es = append(es, element{at, e})
	}
	slices.SortFunc(es, func(a, b element) int { return a.at - b.at })
	out := make([]*node, len(es))
	for i, e := range es {
		out[i] = e.n
	}
	return out, nil
}

// clip shortens what a client sent for a message about it.
func clip(s string) string {
	if len(s) <= 128 {
		return s
	}
	return strings.ToValidUTF8(s[:128], "") + "..."
}
