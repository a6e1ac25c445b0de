package wire

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxDepth = 64       // of nested values in a body
	maxSpace = 64 << 20 // bytes that the lists of one body may take once decoded
)

// reader walks one JSON document.
type reader struct {
	b     []byte
	i     int
	depth int
	space int // bytes that lists may still take
}

func newReader(b []byte) *reader { return &reader{b: b, space: maxSpace} }

// peek skips white space and returns the next byte, 0 at the end.
func (r *reader) peek() byte {
	for ; r.i < len(r.b); r.i++ {
		switch c := r.b[r.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// take steps over c if it comes next.
func (r *reader) take(c byte) bool {
	if r.peek() != c || r.i >= len(r.b) {
		return false
	}
	r.i++
	return true
}

func (r *reader) null() bool {
	if r.peek() == 'n' && bytes.HasPrefix(r.b[r.i:], []byte("null")) {
		r.i += 4
		return true
	}
	return false
}

// enter steps into an object or a list.
func (r *reader) enter(open byte, want string) error {
	if !r.take(open) {
		return r.mismatch(want)
	}
	if r.depth++; r.depth > maxDepth {
		return malformed("The document is nested too deeply.")
	}
	return nil
}

// more steps to the next element of what was entered, or out of it. first is true before the first.
func (r *reader) more(end byte, first bool) (bool, error) {
	if r.take(end) {
		r.depth--
		return false, nil
	}
	if first {
		return true, nil
	}
	if !r.take(',') {
		return false, r.unexpected()
	}
	if r.peek() == end {
		return false, r.unexpected()
	}
	return true, nil
}

// key reads a member's name and its colon. What it returns is valid until the next read.
func (r *reader) key() ([]byte, error) {
	if r.peek() != '"' {
		return nil, r.unexpected()
	}
	k, err := r.text()
	if err != nil {
		return nil, err
	}
	if !r.take(':') {
		return nil, r.unexpected()
	}
	return k, nil
}

// text reads a string that comes next. The bytes are the body's own where nothing is escaped.
func (r *reader) text() ([]byte, error) {
	if !r.take('"') {
		return nil, r.mismatch("String")
	}
	start := r.i
	for r.i < len(r.b) {
		switch c := r.b[r.i]; {
		case c == '"':
			r.i++
			return r.b[start : r.i-1], nil
		case c == '\\':
			return r.escaped(start)
		case c < ' ':
			return nil, malformed("A string contains an unescaped control character.")
		default:
			r.i++
		}
	}
	return nil, malformed("Unexpected end of the document.")
}

// escaped goes on with a string in which a backslash was found.
func (r *reader) escaped(start int) ([]byte, error) {
	out := append(make([]byte, 0, r.i-start+32), r.b[start:r.i]...)
	for r.i < len(r.b) {
		c := r.b[r.i]
		r.i++
		switch {
		case c == '"':
			return out, nil
		case c < ' ':
			return nil, malformed("A string contains an unescaped control character.")
		case c != '\\':
			out = append(out, c)
			continue
		}
		if r.i >= len(r.b) {
			break
		}
		c = r.b[r.i]
		r.i++
		if c == 'u' {
			u, err := r.unicode()
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, u)
			continue
		}
		plain, ok := escapes[c]
		if !ok {
			return nil, malformed("A string contains an unknown escape.")
		}
		out = append(out, plain)
	}
	return nil, malformed("Unexpected end of the document.")
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unicode reads what follows \u; half a surrogate pair becomes U+FFFD.
func (r *reader) unicode() (rune, error) {
	u, err := r.hex4()
	if err != nil || !utf16.IsSurrogate(u) {
		return u, err
	}
	if r.i+1 < len(r.b) && r.b[r.i] == '\\' && r.b[r.i+1] == 'u' {
		back := r.i
		r.i += 2
		low, err := r.hex4()
		if err != nil {
			return 0, err
		}
		if full := utf16.DecodeRune(u, low); full != utf8.RuneError {
			return full, nil
		}
		r.i = back
	}
	return utf8.RuneError, nil
}

func (r *reader) hex4() (rune, error) {
	if r.i+4 > len(r.b) {
		return 0, malformed("Unexpected end of the document.")
	}
	n, err := strconv.ParseUint(string(r.b[r.i:r.i+4]), 16, 16)
	if err != nil {
		return 0, malformed("A string contains an unknown escape.")
	}
	r.i += 4
	return rune(n), nil
}

// number reads a number that comes next, as it is written.
func (r *reader) number(want string) ([]byte, error) {
	if c := r.peek(); c != '-' && (c < '0' || c > '9') {
		return nil, r.mismatch(want)
	}
	start := r.i
	if r.b[r.i] == '-' {
		r.i++
	}
	whole := r.digits()
	if whole == 0 || whole > 1 && r.b[r.i-whole] == '0' {
		return nil, malformed("A number is not well formed.")
	}
	if r.i < len(r.b) && r.b[r.i] == '.' {
		r.i++
		if r.digits() == 0 {
			return nil, malformed("A number is not well formed.")
		}
	}
	if r.i < len(r.b) && (r.b[r.i] == 'e' || r.b[r.i] == 'E') {
		r.i++
		if r.i < len(r.b) && (r.b[r.i] == '+' || r.b[r.i] == '-') {
			r.i++
		}
		if r.digits() == 0 {
			return nil, malformed("A number is not well formed.")
		}
	}
	return r.b[start:r.i], nil
}

func (r *reader) digits() int {
	start := r.i
	for r.i < len(r.b) && r.b[r.i] >= '0' && r.b[r.i] <= '9' {
		r.i++
	}
	return r.i - start
}

func (r *reader) boolean() (bool, error) {
	r.peek()
	switch rest := r.b[r.i:]; {
	case bytes.HasPrefix(rest, []byte("true")):
		r.i += 4
		return true, nil
	case bytes.HasPrefix(rest, []byte("false")):
		r.i += 5
		return false, nil
	}
	return false, r.mismatch("Boolean")
}

// skip steps over one value, whatever it is.
func (r *reader) skip() error {
	switch c := r.peek(); {
	case c == '"':
		_, err := r.text()
		return err
	case c == '{':
		return r.skipObject()
	case c == '[':
		return r.skipList()
	case c == 't', c == 'f':
		_, err := r.boolean()
		return err
	case c == 'n' && r.null():
		return nil
	default:
		_, err := r.number("value")
		return err
	}
}

func (r *reader) skipObject() error {
	if err := r.enter('{', "structure"); err != nil {
		return err
	}
	for first := true; ; first = false {
		some, err := r.more('}', first)
		if err != nil || !some {
			return err
		}
		if _, err := r.key(); err != nil {
			return err
		}
		if err := r.skip(); err != nil {
			return err
		}
	}
}

func (r *reader) skipList() error {
	if err := r.enter('[', "list"); err != nil {
		return err
	}
	for first := true; ; first = false {
		some, err := r.more(']', first)
		if err != nil || !some {
			return err
		}
		if err := r.skip(); err != nil {
			return err
		}
	}
}

// mismatch says that what comes next is not what the member wants, in the words of AWS's own
// parser.
func (r *reader) mismatch(want string) error {
	var have string
	switch c := r.peek(); {
	case c == '"':
		have = "STRING_VALUE"
	case c == '{':
		return malformed("Start of structure or map found where not expected.")
	case c == '[':
		return malformed("Start of list found where not expected.")
	case c == 't':
		have = "TRUE_VALUE"
	case c == 'f':
		have = "FALSE_VALUE"
	case c == '-', c >= '0' && c <= '9':
		have = "NUMBER_VALUE"
	default:
		return r.unexpected()
	}
	return malformed(have + " can not be converted to " + want + ".")
}

func (r *reader) unexpected() error {
	if r.peek(); r.i >= len(r.b) {
		return malformed("Unexpected end of the document.")
	}
	return malformed("Unexpected character " + strconv.QuoteRune(rune(r.b[r.i])) + " at offset " + strconv.Itoa(r.i) + ".")
}
