package policy

import (
	"strings"
	"unicode/utf8"
)

// Wildcards and variables of a pattern are encoded as bytes that no document holds.
const (
	star     = '\x00'
	anyChar  = '\x01'
	variable = '\x02' // the next byte is its place in vars
)

// mostVars keeps the byte after variable below that of a colon, at which ARNs are taken apart.
const mostVars = 50

// pattern is a text with wildcards and policy variables.
type pattern struct {
	text string
	vars []placeholder
}

// placeholder is one ${key} or ${key, 'default'}.
type placeholder struct {
	key        string // lower case
	fallback   string
	hasDefault bool
}

// newPattern reads s. Where wild is false, * and ? stand for themselves; where vars is false, ${ is
// no variable. ${*}, ${?} and ${$} are the characters themselves.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func newPattern(s string, wild, vars bool) (pattern, bool) {
	var p pattern
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case wild && s[i] == '*':
			b.WriteByte(star)
		case wild && s[i] == '?':
			b.WriteByte(anyChar)
		case vars && strings.HasPrefix(s[i:], "${"):
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return p, false
			}
			inner := s[i+2 : i+end]
			i += end
			if inner == "*" || inner == "?" || inner == "$" {
				b.WriteString(inner)
				break
			}
			v, ok := newPlaceholder(inner)
			if !ok || len(p.vars) == mostVars {
				return p, false
			}
			b.WriteByte(variable)
			b.WriteByte(byte(3 + len(p.vars)))
			p.vars = append(p.vars, v)
		default:
			b.WriteByte(s[i])
		}
	}
	p.text = b.String()
	return p, true
}

func newPlaceholder(inner string) (placeholder, bool) {
	key, rest, has := strings.Cut(inner, ",")
	v := placeholder{key: strings.ToLower(strings.TrimSpace(key)), hasDefault: has}
	if v.key == "" || strings.ContainsAny(v.key, "${* ?") {
		return v, false
	}
	if !has {
		return v, true
	}
	rest = strings.TrimSpace(rest)
	if len(rest) < 2 || rest[0] != rest[len(rest)-1] || rest[0] != '\'' && rest[0] != '"' {
		return v, false
	}
	v.fallback = rest[1 : len(rest)-1]
	return v, true
}

// fill puts the values of c for the variables of text, which belong to vars. It reports whether every
// one has a value: a single one, since a list has no text.
func fill(text string, vars []placeholder, c Context) (string, bool) {
	if len(vars) == 0 || strings.IndexByte(text, variable) < 0 {
		return text, true
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != variable {
			b.WriteByte(text[i])
			continue
		}
		i++
		v := vars[text[i]-3]
		value := v.fallback
		switch got := c[v.key]; {
		case len(got) == 1:
			value = got[0]
		case len(got) > 1 || !v.hasDefault:
			return "", false
		}
		if strings.ContainsAny(value, "\x00\x01\x02") {
			return "", false
		}
		b.WriteString(value)
	}
	return b.String(), true
}

// match reports whether s is what the encoded pattern p says. A star matches any characters, none
// too; a question mark matches one. p is UTF-8, as everything that was read from JSON.
func match(p, s string) bool {
	pi, si, mark, at := 0, 0, -1, 0
	for si < len(s) {
		switch {
		case pi < len(p) && p[pi] == star:
			mark, at = pi, si
			pi++
		case pi < len(p) && p[pi] == anyChar:
			_, n := utf8.DecodeRuneInString(s[si:])
			pi++
			si += n
		case pi < len(p) && p[pi] == s[si]:
			pi++
			si++
		case mark >= 0:
			_, n := utf8.DecodeRuneInString(s[at:])
			at += n
			pi, si = mark+1, at
		default:
			return false
		}
	}
	for pi < len(p) && p[pi] == star {
		pi++
	}
	return pi == len(p)
}

// arnPattern is a pattern for ARNs. Each of the first five parts is matched by itself; the resource,
// which may hold colons, is what is left. Parts that are not written match anything.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
type arnPattern struct {
	any   bool // "*"
	parts [6]string
	vars  []placeholder
}

func newARNPattern(s string, vars bool) (arnPattern, bool) {
	p, ok := newPattern(s, true, vars)
	if !ok {
		return arnPattern{}, false
	}
	if p.text == string(rune(star)) {
		return arnPattern{any: true}, true
	}
	a := arnPattern{vars: p.vars}
	parts := strings.SplitN(p.text, ":", 6)
	for i := range a.parts {
		a.parts[i] = string(rune(star))
		if i < len(parts) {
			a.parts[i] = parts[i]
		}
	}
	return a, true
}

// splitARN takes an ARN apart; what is none, such as "*", stands in the last part alone.
func splitARN(s string) (parts [6]string, ok bool) {
	rest := s
	for i := range 5 {
		head, tail, found := strings.Cut(rest, ":")
		if !found {
			return [6]string{5: s}, false
		}
		parts[i], rest = head, tail
	}
	parts[5] = rest
	return parts, true
}

// match reports whether the ARN with parts is meant. resolved is false where a variable has no value.
func (a *arnPattern) match(parts *[6]string, ok bool, c Context) (matches, resolved bool) {
	if a.any {
		return true, true
	}
	for i := range a.parts {
		text, resolved := fill(a.parts[i], a.vars, c)
		if !resolved {
			return false, false
		}
		if !ok || !match(text, parts[i]) {
			return false, true
		}
	}
	return true, true
}
