package query

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is one part of the text. For words and strings text is what they stand for, else the sign.
type token struct {
	kind kind
	text string
	at   int // byte where it begins
}

type kind int

const (
	end kind = iota
	word
	quoted
	sign
)

func (t token) String() string {
	if t.kind == end {
		return "end of the expression"
	}
	return fmt.Sprintf("%q", t.text)
}

// is reports whether t is one of the signs or bare words.
func (t token) is(texts ...string) bool {
	if t.kind != word && t.kind != sign {
		return false
	}
	for _, s := range texts {
		if t.text == s {
			return true
		}
	}
	return false
}

// signs, longer ones before those that they begin with.
var signs = []string{"==", "!=", ">=", "<=", "=~", "!~", "&&", "||", ">", "<", "!", "(", ")", "[", "]", ","}

// lexer cuts the text into tokens.
type lexer struct {
	text string
	at   int
}

// fail returns an error at a byte.
func fail(at int, format string, args ...any) *Error {
	return &Error{Position: at + 1, Message: fmt.Sprintf(format, args...)}
}

// next returns the next token where a subject, an operator or a connective may stand.
func (l *lexer) next() (token, *Error) {
	l.blanks()
	for _, s := range signs {
		if strings.HasPrefix(l.text[l.at:], s) {
			l.at += len(s)
			return token{sign, s, l.at - len(s)}, nil
		}
	}
	return l.literal("=!<>~&|[](),")
}

// value returns the next token where a value may stand: a bare one holds every character that ends
// neither it nor the comparison it is in.
func (l *lexer) value() (token, *Error) {
	l.blanks()
	return l.literal("[](),")
}

// pattern is value for a regular expression, which may hold brackets without quotes.
func (l *lexer) pattern() (token, *Error) {
	l.blanks()
	return l.literal("()")
}

func (l *lexer) blanks() {
	for l.at < len(l.text) {
		r, n := utf8.DecodeRuneInString(l.text[l.at:])
		if !unicode.IsSpace(r) {
			return
		}
		l.at += n
	}
}

// literal reads a quoted string, or a word up to white space, a quote, "&&", "||" or one of stops.
// A sign is returned as what it is, so that the parser can say what it did not expect.
func (l *lexer) literal(stops string) (token, *Error) {
	start := l.at
	if start == len(l.text) {
		return token{end, "", start}, nil
	}
	if q := l.text[start]; q == '\'' || q == '"' {
		return l.quote(q)
	}
	for i, r := range l.text[start:] {
		rest := l.text[start+i:]
		if unicode.IsSpace(r) || strings.ContainsRune(stops+`'"`, r) || strings.HasPrefix(rest, "&&") || strings.HasPrefix(rest, "||") {
			break
		}
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(rest); n == 1 {
				return token{}, fail(start+i, "Invalid UTF-8")
			}
		}
		l.at = start + i + utf8.RuneLen(r)
	}
	if l.at == start {
		_, n := utf8.DecodeRuneInString(l.text[start:])
		for _, s := range signs {
			if strings.HasPrefix(l.text[start:], s) {
				n = len(s)
				break
			}
		}
		l.at += n
		return token{sign, l.text[start:l.at], start}, nil
	}
	return token{word, l.text[start:l.at], start}, nil
}

// quote reads a string up to the quote that ends it.
func (l *lexer) quote(q byte) (token, *Error) {
	start := l.at
	var b strings.Builder
	for l.at++; l.at < len(l.text); l.at++ {
		switch c := l.text[l.at]; {
		case c == q:
			l.at++
			return token{quoted, b.String(), start}, nil
		case c == '\\' && l.at+1 < len(l.text) && l.text[l.at+1] == q:
			l.at++
			b.WriteByte(q)
		default:
			b.WriteByte(c)
		}
	}
	return token{}, fail(start, "Missing closing quote for the string")
}
