package pattern

import (
	"strings"
)

// fields are what a pattern such as [a, b = 1, ..., c] says: of the first and the last fields of a
// message, with any number of them between if it has an ellipsis.
type fields struct {
	before, after []field // the ellipsis
	rest          bool    // there is one
}

// field is one of them; it may have no name.
type field struct {
	name  string
	holds func(string) bool
}

// fieldPattern reads [a, b = 1, ...]: the message has as many fields as there are names, and each fulfils
// its condition. An ellipsis stands for any number of fields; without one the last name is that of all
// that is left: [w1=ERROR, w2] matches what begins with ERROR. [] is [...].
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
// (Match terms in order) and the examples of https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html
func (s *scanner) fieldPattern() (*fields, error) {
	s.at++
	fs := &fields{}
	if fs.rest = s.take("]"); !fs.rest {
		if err := s.eachField(fs); err != nil {
			return nil, err
		}
	}
	if s.blanks(); s.at < len(s.text) {
		return nil, s.unexpected("the end")
	}
	return fs, nil
}

func (s *scanner) eachField(fs *fields) error {
	for {
		if s.take("...") {
			if fs.rest {
				s.at -= len("...")
				return s.fail("A filter pattern can have one ellipsis")
			}
			fs.rest = true
		} else {
			f, err := s.field()
			if err != nil {
				return err
			}
			if fs.rest {
				fs.after = append(fs.after, f)
			} else {
				fs.before = append(fs.before, f)
			}
		}
		if s.take("]") {
			return nil
		}
		if !s.take(",") {
			return s.unexpected("',' or ']'")
		}
	}
}

// match reports whether the fields of a message are as fs says.
func (fs *fields) match(values []string) bool {
	n := len(values) - len(fs.after)
	return n >= len(fs.before) && (fs.rest || n == len(fs.before)) && each(fs.before, values) && each(fs.after, values[n:])
}

func each(fs []field, values []string) bool {
	for i, f := range fs {
		if !f.holds(values[i]) {
			return false
		}
	}
	return true
}

// field reads the name of a field, or conditions of it. Nothing at all stands for a field of any value.
func (s *scanner) field() (f field, err error) {
	f.holds = func(string) bool { return true }
	if s.blanks(); s.peek() == ',' || s.peek() == ']' {
		return f, nil
	}
	f.holds, err = logic(s, func() (func(string) bool, error) {
		s.blanks()
		from := s.at
		n := s.run(func(c byte) bool { return letter(c) || c == '-' || c == '.' || c == '$' || c == '@' })
		switch {
		case n == "":
			return nil, s.unexpected("the name of a field")
		case f.name != "" && n != f.name:
			s.at = from
			return nil, s.fail("The conditions of one field name it %s and %s", f.name, n)
		}
		f.name = n
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
	return f, err
}

// fieldValue are the bytes of values without quotes.
func fieldValue(c byte) bool { return strings.IndexByte(blank+`,])("&|=<>!%`, c) < 0 }

// split takes a message apart.
func (fs *fields) split(m string) []string {
	if fs.rest {
		return split(m, 0)
	}
	return split(m, len(fs.before))
}

// split takes a message apart at blanks. The last of most fields is all that is left; 0 is any number of fields.
func split(m string, most int) (fields []string) {
	for m = strings.Trim(m, blank); m != ""; m = strings.TrimLeft(m, blank) {
		field, left := next(m)
		if len(fields) == most-1 && left != "" {
			field, left = m, ""
		}
		fields, m = append(fields, field), left
	}
	return fields
}

// next takes the first field off a message: what is in square brackets or double quotes is one.
func next(m string) (field, left string) {
	if end := strings.IndexByte(m[1:], map[byte]byte{'[': ']', '"': '"'}[m[0]]); end >= 0 && (m[0] == '[' || m[0] == '"') {
		return m[1 : 1+end], m[2+end:]
	}
	if end := strings.IndexAny(m, blank); end >= 0 {
		return m[:end], m[end:]
	}
	return m, ""
}
