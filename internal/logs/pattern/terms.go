package pattern

import (
	"strings"
)

// termPattern reads terms: all must be in the message, none that begins with - may, and if there are
// only terms that begin with ?, one of those must. Beside others those with ? are ignored.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-unstructured-log-events.html
func (s *scanner) termPattern() (func(string) bool, error) {
	var must, may []func(string) bool
	for s.blanks(); s.at < len(s.text); s.blanks() {
		sign := s.peek()
		if sign == '?' || sign == '-' {
			s.at++
		}
		has, err := s.term()
		if err != nil {
			return nil, err
		}
		switch sign {
		case '?':
			may = append(may, has)
		case '-':
			must = append(must, func(m string) bool { return !has(m) })
		default:
			must = append(must, has)
		}
	}
	if len(must) > 0 {
		return allOf(must), nil
	}
	return anyOf(may), nil
}

// term reads one term: a word, a quoted phrase or an expression.
func (s *scanner) term() (func(string) bool, error) {
	from := s.at
	switch s.peek() {
	case '%':
		re, err := s.regex()
		if err != nil {
			return nil, err
		}
		return re.MatchString, nil
	case '"':
		text, err := s.quoted()
		if err == nil && text == "" {
			s.at = from
			err = s.fail(`Invalid character(s) in term '""'`)
		}
		if strings.Trim(text, blank) == "" {
			text = "" // " " matches everything
		}
		return containing(text), err
	}
	text := s.run(func(c byte) bool { return strings.IndexByte(blank, c) < 0 })
	for i := range len(text) {
		if !letter(text[i]) {
			s.at = from + i
			return nil, s.fail("Invalid character(s) in term '%s'; enclose it in double quotation marks", text)
		}
	}
	if text == "" {
		return nil, s.unexpected("a term")
	}
	return containing(text), nil
}

func containing(text string) func(string) bool {
	return func(m string) bool { return strings.Contains(m, text) }
}
