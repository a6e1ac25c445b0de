// Package pattern is the filter pattern language of CloudWatch Logs: terms, space-delimited fields and
// selectors of JSON. It is pure: a pattern and a message decide whether they match.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
package pattern

import (
	"fmt"
	"strings"
)

// Pattern is a filter pattern that was read.
type Pattern struct{ match func(message string) bool }

// Error says what is wrong with a pattern, and where: At counts bytes from 0.
type Error struct {
	At     int
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (at position %d)", e.Reason, e.At+1) }

// Parse reads a pattern. The empty one matches everything.
func Parse(text string) (*Pattern, error) {
	s := &scanner{text: text}
	s.blanks()
	var match func(string) bool
	var err error
	switch first := s.peek(); first {
	case 0:
		return &Pattern{}, nil
	case '{', '[':
		end := map[byte]string{'{': "}", '[': "]"}[first]
		if !strings.HasSuffix(strings.TrimRight(text, blank), end) {
			return nil, &Error{len(text), fmt.Sprintf("If a filter pattern starts with '%c' it must end with '%s'", first, end)}
		}
		if first == '{' {
			match, err = s.jsonPattern()
		} else {
			match, err = s.fieldPattern()
		}
	default:
		match, err = s.termPattern()
	}
	if err != nil {
		return nil, err
	}
	return &Pattern{match}, nil
}

// All reports whether p matches every message.
func (p *Pattern) All() bool { return p.match == nil }

// Match reports whether p matches a message.
func (p *Pattern) Match(message string) bool { return p.match == nil || p.match(message) }

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
