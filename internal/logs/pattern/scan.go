package pattern

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const blank = " \t\r\n"

// mostDepth bounds how deep parentheses nest, mostRegexes how many expressions a pattern has, mostWild how
// many wildcards its selectors.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html (quotas)
const (
	mostDepth   = 50
	mostRegexes = 2
	mostWild    = 3
)

// scanner reads a pattern from the left.
type scanner struct {
	text    string
	at      int
	depth   int
	regexes int
	wild    int
}

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) blanks() {
	for s.at < len(s.text) && strings.IndexByte(blank, s.text[s.at]) >= 0 {
		s.at++
	}
}

// take skips blanks and then word, if it is next.
func (s *scanner) take(word string) bool {
	s.blanks()
	if !strings.HasPrefix(s.text[s.at:], word) {
		return false
	}
	s.at += len(word)
	return true
}

// word takes a keyword, which ends where letters do.
func (s *scanner) word(w string) bool {
	s.blanks()
	end := s.at + len(w)
	if !strings.HasPrefix(s.text[s.at:], w) || end < len(s.text) && letter(s.text[end]) {
		return false
	}
	s.at = end
	return true
}

func (s *scanner) fail(format string, args ...any) error {
	return &Error{s.at, fmt.Sprintf(format, args...)}
}

// unexpected complains of what is next where what should be.
func (s *scanner) unexpected(what string) error {
	if s.at >= len(s.text) {
		return s.fail("Expected %s, found the end", what)
	}
	return s.fail("Expected %s, found '%c'", what, []rune(s.text[s.at:])[0])
}

// letter reports whether c may stand in names: letters, digits, _ and what is not ASCII.
func letter(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// run takes bytes while ok reports true.
func (s *scanner) run(ok func(byte) bool) string {
	from := s.at
	for s.at < len(s.text) && ok(s.text[s.at]) {
		s.at++
	}
	return s.text[from:s.at]
}

// quoted reads a string in quotes; a backslash takes what follows as it is.
func (s *scanner) quoted() (string, error) {
	from, quote := s.at, s.peek()
	var b strings.Builder
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == quote:
			s.at++
			return b.String(), nil
		case c == '\\' && s.at+1 < len(s.text) && (s.text[s.at+1] == quote || s.text[s.at+1] == '\\'):
			s.at++
			b.WriteByte(s.text[s.at])
		default:
			b.WriteByte(c)
		}
	}
	s.at = from
	return "", s.fail("A quoted string does not end")
}

// regexChars are the characters of an expression besides letters and digits.
const regexChars = `:_#=@/;,-^$?[]{}|\*+. `

// escapes are as they must be: no letter means anything after a backslash but these.
var escapes = regexp.MustCompile(`^([^\\]|\\[^a-zA-Z0-9]|\\[dDsSwWtn]|\\x[0-9a-fA-F]{2})*$`)

// parts are an escape, a class, and the beginning of a repetition without a minimum, which Go's expressions do not have.
var parts = regexp.MustCompile(`\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{,`)

// counted gives each repetition a minimum.
func counted(expression string) string {
	return parts.ReplaceAllStringFunc(expression, func(part string) string {
		if part == "{," {
			return "{0,"
		}
		return part
	})
}

// regex reads %expression%.
func (s *scanner) regex() (*regexp.Regexp, error) {
	from := s.at
	s.at++
	for ; s.at < len(s.text) && s.text[s.at] != '%'; s.at++ {
		c := s.text[s.at]
		if c >= 0x80 || c == '\n' || !letter(c) && strings.IndexByte(regexChars, c) < 0 {
			return nil, s.fail("Invalid character(s) in regular expression '%s'", s.text[from:])
		}
	}
	if s.at >= len(s.text) {
		s.at = from
		return nil, s.fail("A regular expression does not end with %%")
	}
	text := s.text[from+1 : s.at]
	s.at++
	re, err := regexp.Compile(counted(text))
	if err != nil || text == "" || !escapes.MatchString(text) {
		s.at = from
		return nil, s.fail("Invalid regular expression '%s'", text)
	}
	if s.regexes++; s.regexes > mostRegexes {
		s.at = from
		return nil, s.fail("A filter pattern can have %d regular expressions at most", mostRegexes)
	}
	return re, nil
}

// value is what a field or a selector is compared with.
type value struct {
	parts  []string // of the text between its wildcards
	number float64
	isNum  bool
	re     *regexp.Regexp
}

// value reads a quoted string, an expression, or the bytes that ok reports.
func (s *scanner) value(ok func(byte) bool) (v value, err error) {
	s.blanks()
	var text string
	switch s.peek() {
	case '"':
		text, err = s.quoted()
	case '%':
		v.re, err = s.regex()
		return v, err
	default:
		if text = strings.TrimRight(s.run(ok), blank); text == "" {
			return v, s.unexpected("a value")
		}
		if v.number, err = strconv.ParseFloat(text, 64); err == nil && !strings.ContainsAny(text, "xXpPnN_") {
			v.isNum = true
		}
		err = nil
	}
	v.parts = strings.Split(text, "*")
	return v, err
}

// text reports whether v is what s is, wildcards and expressions regarded.
func (v *value) text(s string) bool {
	if v.re != nil {
		return v.re.MatchString(s)
	}
	first, last := v.parts[0], v.parts[len(v.parts)-1]
	if len(v.parts) == 1 {
		return s == first
	}
	if !strings.HasPrefix(s, first) || !strings.HasSuffix(s[len(first):], last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, p := range v.parts[1 : len(v.parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return true
}

// comparison is an operator and what stands to its right.
type comparison struct {
	op string
	value
}

// comparison reads them.
func (s *scanner) comparison(ok func(byte) bool) (c comparison, err error) {
	for _, op := range []string{"!=", ">=", "<=", "=", ">", "<"} {
		if s.take(op) {
			c.op = op
			break
		}
	}
	if c.op == "" {
		return c, s.unexpected("one of =, !=, <, >, <=, >=")
	}
	s.blanks()
	at := s.at
	if c.value, err = s.value(ok); err != nil {
		return c, err
	}
	if c.op != "=" && c.op != "!=" && !c.isNum {
		s.at = at
		return c, s.fail("Expected a number after %s", c.op)
	}
	return c, nil
}

// holds compares a text, which may be a number, with c.
func (c *comparison) holds(text string) bool {
	n, err := strconv.ParseFloat(text, 64)
	number := err == nil
	switch c.op {
	case "=":
		return c.text(text) || c.isNum && number && n == c.number
	case "!=":
		return !c.text(text) && !(c.isNum && number && n == c.number)
	case "<":
		return number && n < c.number
	case "<=":
		return number && n <= c.number
	case ">":
		return number && n > c.number
	}
	return number && n >= c.number
}

// logic reads conditions of && and ||, with parentheses; && binds more tightly.
func logic[T any](s *scanner, one func() (func(T) bool, error)) (func(T) bool, error) {
	if s.depth++; s.depth > mostDepth {
		return nil, s.fail("Parentheses nest more than %d deep", mostDepth)
	}
	defer func() { s.depth-- }()
	operand := func() (func(T) bool, error) {
		if !s.take("(") {
			return one()
		}
		f, err := logic(s, one)
		if err == nil && !s.take(")") {
			err = s.unexpected("')'")
		}
		return f, err
	}
	var sums []func(T) bool
	for {
		var products []func(T) bool
		for {
			f, err := operand()
			if err != nil {
				return nil, err
			}
			if products = append(products, f); !s.take("&&") {
				break
			}
		}
		if sums = append(sums, allOf(products)); !s.take("||") {
			return anyOf(sums), nil
		}
	}
}
