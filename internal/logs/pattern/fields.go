package pattern

import (
	"strings"
)

// fieldPattern reads [a, b = 1, ...]: the message has as many fields as there are names, but for an
// ellipsis, which stands for any number of them, and each fulfils its condition.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-unstructured-log-events.html
func (s *scanner) fieldPattern() (func(string) bool, error) {
	s.at++
	var before, after []func(string) bool // the ellipsis
	rest := false
	for {
		if s.take("...") {
			if rest {
				s.at -= len("...")
				return nil, s.fail("A filter pattern can have one ellipsis")
			}
			rest = true
		} else {
			f, err := s.field()
			if err != nil {
				return nil, err
			}
			if rest {
				after = append(after, f)
			} else {
				before = append(before, f)
			}
		}
		if s.take("]") {
			break
		}
		if !s.take(",") {
			return nil, s.unexpected("',' or ']'")
		}
	}
	if s.blanks(); s.at < len(s.text) {
		return nil, s.unexpected("the end")
	}
	return func(m string) bool {
		fields := split(m)
		n := len(fields) - len(after)
		return n >= len(before) && (rest || n == len(before)) && each(before, fields) && each(after, fields[n:])
	}, nil
}

func each(conditions []func(string) bool, fields []string) bool {
	for i, c := range conditions {
		if !c(fields[i]) {
			return false
		}
	}
	return true
}

// field reads the name of a field, or conditions of it.
func (s *scanner) field() (func(string) bool, error) {
	name := ""
	return logic(s, func() (func(string) bool, error) {
		s.blanks()
		from := s.at
		n := s.run(func(c byte) bool { return letter(c) || c == '-' || c == '.' || c == '$' || c == '@' })
		switch {
		case n == "":
			return nil, s.unexpected("the name of a field")
		case name != "" && n != name:
			s.at = from
			return nil, s.fail("The conditions of one field name it %s and %s", name, n)
		}
		name = n
		s.blanks()
		if c := s.peek(); c == ',' || c == ']' || c == ')' || strings.HasPrefix(s.text[s.at:], "&&") || strings.HasPrefix(s.text[s.at:], "||") {
			return func(string) bool { return true }, nil
		}
		c, err := s.comparison(fieldValue)
		if err != nil {
			return nil, err
		}
		return c.holds, nil
	})
}

// fieldValue are the bytes of values without quotes.
func fieldValue(c byte) bool { return strings.IndexByte(blank+`,])("&|=<>!%`, c) < 0 }

// split takes a message apart at blanks; what is in square brackets or double quotes is one field.
func split(m string) (fields []string) {
	for {
		m = strings.TrimLeft(m, blank)
		if m == "" {
			return fields
		}
		if end := strings.IndexByte(m[1:], map[byte]byte{'[': ']', '"': '"'}[m[0]]); end >= 0 && (m[0] == '[' || m[0] == '"') {
			fields, m = append(fields, m[1:1+end]), m[2+end:]
			continue
		}
		end := strings.IndexAny(m, blank)
		if end < 0 {
			end = len(m)
		}
		fields, m = append(fields, m[:end]), m[end:]
	}
}
