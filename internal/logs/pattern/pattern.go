// Package pattern is the filter pattern language of CloudWatch Logs: terms, space-delimited fields and
// selectors of JSON. It is pure: a pattern and a message decide whether they match, and which values a
// message that does has.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
package pattern

import (
	"fmt"
	"strings"
)

// Pattern is a filter pattern that was read: of terms, of fields or of selectors. One without any of
// them matches everything.
type Pattern struct {
	terms   func(message string) bool
	fields  *fields
	doc     *document
	regexes int
}

// Error says what is wrong with a pattern, and where: At counts bytes from 0.
type Error struct {
	At     int
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (at position %d)", e.Reason, e.At+1) }

// Parse reads a pattern. The empty one matches everything.
func Parse(text string) (p *Pattern, err error) {
	s := &scanner{text: text}
	p = &Pattern{}
	s.blanks()
	switch first := s.peek(); first {
	case 0:
		return p, nil
	case '{', '[':
		end := map[byte]string{'{': "}", '[': "]"}[first]
		if !strings.HasSuffix(strings.TrimRight(text, blank), end) {
			return nil, &Error{len(text), fmt.Sprintf("If a filter pattern starts with '%c' it must end with '%s'", first, end)}
		}
		if first == '{' {
			p.doc, err = s.jsonPattern()
		} else {
			p.fields, err = s.fieldPattern()
		}
	default:
		p.terms, err = s.termPattern()
	}
	if err != nil {
		return nil, err
	}
	p.regexes = s.regexes
	return p, nil
}

// All reports whether p matches every message.
func (p *Pattern) All() bool { return p.terms == nil && p.fields == nil && p.doc == nil }

// Regexes is how many regular expressions p has: those of a log group's filters are limited.
func (p *Pattern) Regexes() int { return p.regexes }

// Match reports whether p matches a message.
func (p *Pattern) Match(message string) bool {
	switch {
	case p.terms != nil:
		return p.terms(message)
	case p.fields != nil || p.doc != nil:
		_, ok := p.Find(message)
		return ok
	}
	return true
}

// any of these and all of these, in the order written.

func anyOf[T any](fs []func(T) bool) func(T) bool {
	if len(fs) == 1 {
		return fs[0]
	}
	return func(v T) bool {
		for _, f := range fs {
			if f(v) {
				return true
			}
		}
		return false
	}
}

func allOf[T any](fs []func(T) bool) func(T) bool {
	if len(fs) == 1 {
		return fs[0]
	}
	return func(v T) bool {
		for _, f := range fs {
			if !f(v) {
				return false
			}
		}
		return true
	}
}
