package rule

import (
	"fmt"
	"strconv"
	"strings"
)

// Matcher says which HTTP codes of a target pass a health check.
type Matcher struct{ spans []span }

// span is a range of codes, both ends included.
type span struct{ from, to int }

// The codes that a matcher may name.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
const (
	minCode = 200
	maxCode = 499
)

// ParseMatcher reads the HTTP codes of a health check: a code ("200"), codes ("200,202") or ranges
// ("200-299"), separated by commas, from 200 to 499. An error says which part is wrong.
func ParseMatcher(s string) (Matcher, error) {
	var m Matcher
	for part := range strings.SplitSeq(s, ",") {
		low, high, ranged := strings.Cut(part, "-")
		from, err := code(low)
		if err != nil {
			return Matcher{}, fmt.Errorf("HTTP codes %q: %w", s, err)
		}
		to := from
		if ranged {
			if to, err = code(high); err != nil {
				return Matcher{}, fmt.Errorf("HTTP codes %q: %w", s, err)
			}
		}
		if to < from {
			return Matcher{}, fmt.Errorf("HTTP codes %q: range %q ends before it begins", s, part)
		}
		m.spans = append(m.spans, span{from, to})
	}
	return m, nil
}

// Match reports whether a target that answers with code passes.
func (m Matcher) Match(code int) bool {
	for _, s := range m.spans {
		if s.from <= code && code <= s.to {
			return true
		}
	}
	return false
}

// code reads three digits.
func code(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || len(s) != 3 || n < minCode || n > maxCode {
		return 0, fmt.Errorf("%q is no code from %d to %d", s, minCode, maxCode)
	}
	return n, nil
}
