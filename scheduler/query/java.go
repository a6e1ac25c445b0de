package query

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// translator rewrites a Java regular expression (java.util.regex.Pattern) in the syntax of Go's
// regexp. What RE2 has no automaton for is refused by name: lookaround, back references, atomic
// groups, possessive quantifiers, operations on character classes.
type translator struct {
	text string
	at   int
	out  strings.Builder
}

var errBackslash = errors.New("a trailing backslash")

// notHere is the refusal of a construct.
func notHere(what string) error { return fmt.Errorf("%s are not supported", what) }

func (t *translator) translate() error {
	for t.at < len(t.text) {
		switch c := t.text[t.at]; c {
		case '\\':
			if err := t.escape(false); err != nil {
				return err
			}
		case '[':
			if err := t.class(); err != nil {
				return err
			}
		case '(':
			if err := t.group(); err != nil {
				return err
			}
		case '*', '+', '?', '}':
			t.copy(1)
			if t.at < len(t.text) && t.text[t.at] == '+' {
				return notHere("possessive quantifiers")
			}
			if c != '}' && t.at < len(t.text) && t.text[t.at] == '?' {
				t.copy(1) // reluctant: a match of all of a text is the same
			}
		default:
			t.copy(1)
		}
	}
	return nil
}

func (t *translator) copy(n int) {
	t.out.WriteString(t.text[t.at : t.at+n])
	t.at += n
}

// group passes what may follow an opening parenthesis.
func (t *translator) group() error {
	rest := t.text[t.at:]
	for _, g := range []struct{ begin, what string }{
		{"(?=", "lookaheads"}, {"(?!", "lookaheads"}, {"(?<=", "lookbehinds"}, {"(?<!", "lookbehinds"}, {"(?>", "atomic groups"},
	} {
		if strings.HasPrefix(rest, g.begin) {
			return notHere(g.what)
		}
	}
	if flags, ok := strings.CutPrefix(rest, "(?"); ok && !strings.HasPrefix(flags, "<") {
		if end := strings.IndexAny(flags, ":)"); end >= 0 && strings.Trim(flags[:end], "ims-") != "" {
			return notHere("the flags " + flags[:end])
		}
	}
	t.copy(1)
	if strings.HasPrefix(rest, "(?") {
		t.copy(1) // it is no quantifier
	}
	return nil
}

// class passes a character class.
func (t *translator) class() error {
	t.copy(1)
	if strings.HasPrefix(t.text[t.at:], "^") {
		t.copy(1)
	}
	for first := true; t.at < len(t.text); first = false {
		switch c := t.text[t.at]; {
		case c == ']' && !first:
			t.copy(1)
			return nil
		case c == '[', strings.HasPrefix(t.text[t.at:], "&&"):
			return notHere("unions and intersections of character classes")
		case c == '\\':
			if err := t.escape(true); err != nil {
				return err
			}
		default:
			t.copy(1)
		}
	}
	return errors.New("a missing closing ]")
}

// spaces are what \s and \h stand for in Java.
const (
	spaces     = `\t\n\x{0B}\f\r `
	horizontal = ` \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}`
)

// escape translates what follows a backslash.
func (t *translator) escape(inClass bool) error {
	rest := t.text[t.at+1:]
	if rest == "" {
		return errBackslash
	}
	r, size := utf8.DecodeRuneInString(rest)
	put := func(s string) {
		t.at += 1 + size
		if len(s) > 2 && !inClass {
			s = "[" + s + "]"
		}
		t.out.WriteString(s)
	}
	switch {
	case r == 's':
		put(spaces)
	case r == 'S' && !inClass:
		put("^" + spaces)
	case r == 'h':
		put(horizontal)
	case r == 'e':
		put(`\x1b`)
	case r == 'p' || r == 'P':
		return t.property(rest, inClass)
	case r == 'u' || r == '0' || r == 'x':
		return t.number(rest)
	case r == 'Q':
		return t.quotation(rest, inClass)
	case r >= '1' && r <= '9' || r == 'k':
		return notHere("back references")
	case strings.ContainsRune("dDwWSnrtfaAbBz", r):
		t.copy(2)
	case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'):
		return notHere(`escapes \` + string(r))
	default:
		t.at += 1 + size
		if inClass && r == '-' { // which QuoteMeta leaves alone, and a class does not
			t.out.WriteByte('\\')
		}
		t.out.WriteString(regexp.QuoteMeta(rest[:size]))
	}
	return nil
}

// quotation passes \Q…\E.
func (t *translator) quotation(rest string, inClass bool) error {
	if inClass {
		return notHere(`escapes \Q in character classes`)
	}
	text, _, ended := strings.Cut(rest[1:], `\E`)
	t.out.WriteString(regexp.QuoteMeta(text))
	t.at += len(`\Q`) + len(text)
	if ended {
		t.at += len(`\E`)
	}
	return nil
}

// number translates a character by its number: \xhh, \x{h…}, \uhhhh, \0n, \0nn, \0mnn.
func (t *translator) number(rest string) error {
	digits, base, from := 2, 16, 1
	switch {
	case strings.HasPrefix(rest, "x{"):
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			return errors.New(`a missing } after \x{`)
		}
		digits, from = end-2, 2
	case rest[0] == 'u':
		digits = 4
	case rest[0] == '0':
		base, digits = 8, 0
		for digits < 3 && 1+digits < len(rest) && rest[1+digits] >= '0' && rest[1+digits] <= '7' && (digits < 2 || rest[1] <= '3') {
			digits++
		}
	}
	if digits < 1 || len(rest) < from+digits {
		return fmt.Errorf(`an incomplete \%c`, rest[0])
	}
	n, err := strconv.ParseUint(rest[from:from+digits], base, 21)
	if err != nil || !utf8.ValidRune(rune(n)) {
		return fmt.Errorf(`an invalid \%c`, rest[0])
	}
	fmt.Fprintf(&t.out, `\x{%x}`, n)
	t.at += 1 + from + digits
	if from == 2 {
		t.at++
	}
	return nil
}

// posix are Java's ASCII classes as Go writes them within a class.
var posix = map[string]string{"Lower": "a-z", "Upper": "A-Z", "ASCII": `\x00-\x7F`, "Alpha": "A-Za-z", "Digit": "0-9", "Alnum": "0-9A-Za-z",
	"Punct": "!-/:-@\\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": ` \t`, "Cntrl": `\x00-\x1F\x7F`, "XDigit": "0-9A-Fa-f", "Space": spaces}

// property translates \p{…} and \P{…}: ASCII classes, categories and scripts.
func (t *translator) property(rest string, inClass bool) error {
	name, size := "", 2
	if strings.HasPrefix(rest[1:], "{") {
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			return errors.New(`a missing } after \p{`)
		}
		name, size = rest[2:end], end+1
	} else if len(rest) > 1 {
		name = rest[1:2]
	} else {
		return errors.New(`an incomplete \p`)
	}
	t.at += 1 + size
	if set, ok := posix[name]; ok {
		if inClass {
			if rest[0] == 'P' {
				return notHere(`properties \P{` + name + `} in character classes`)
			}
			t.out.WriteString(set)
			return nil
		}
		t.out.WriteString(map[byte]string{'p': "[", 'P': "[^"}[rest[0]] + set + "]")
		return nil
	}
	for _, prefix := range []string{"script=", "sc=", "general_category=", "gc=", "Is"} {
		name = strings.TrimPrefix(name, prefix)
	}
	property := `\` + rest[:1] + "{" + name + "}"
	if _, err := regexp.Compile(property); err != nil {
		return notHere("properties such as " + rest[:size])
	}
	t.out.WriteString(property)
	return nil
}
