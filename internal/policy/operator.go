package policy

import (
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// operator compares a value of a request with one of a condition.
type operator int8

const (
	stringEquals operator = iota
	stringFolds
	stringLike
	numericEquals
	numericLess
	numericLessEquals
	numericGreater
	numericGreaterEquals
	dateEquals
	dateLess
	dateLessEquals
	dateGreater
	dateGreaterEquals
	boolEquals
	binaryEquals
	ipIn
	arnLike
	isNull
)

// takes reports whether a document may hold value for the operator. What has a variable shows only
// when it is asked.
func (o operator) takes(value string) bool {
	if strings.Contains(value, "${") {
		return true
	}
	switch {
	case o >= numericEquals && o <= numericGreaterEquals:
		_, ok := number(value)
		return ok
	case o >= dateEquals && o <= dateGreaterEquals:
		_, ok := date(value)
		return ok
	case o == boolEquals, o == isNull:
		return strings.EqualFold(value, "true") || strings.EqualFold(value, "false")
	case o == binaryEquals:
		_, err := base64.StdEncoding.DecodeString(value)
		return err == nil
	case o == ipIn:
		_, ok := addresses(value)
		return ok
	}
	return true
}

// compare reports whether got, of the request, is as want, of the policy, says. What does not parse
// is as nothing says.
func (o operator) compare(got, want string) bool {
	switch {
	case o == stringEquals:
		return got == want
	case o == stringLike:
		return match(want, got)
	case o == stringFolds, o == boolEquals:
		return strings.EqualFold(got, want)
	case o >= numericEquals && o <= numericGreaterEquals:
		g, ok := number(got)
		w, ok2 := number(want)
		return ok && ok2 && ordered(o-numericEquals, cmpFloat(g, w))
	case o >= dateEquals && o <= dateGreaterEquals:
		g, ok := date(got)
		w, ok2 := date(want)
		return ok && ok2 && ordered(o-dateEquals, g.Compare(w))
	case o == binaryEquals:
		g, err := base64.StdEncoding.DecodeString(got)
		w, err2 := base64.StdEncoding.DecodeString(want)
		return err == nil && err2 == nil && string(g) == string(w)
	case o == ipIn:
		g, err := netip.ParseAddr(got)
		w, ok := addresses(want)
		return err == nil && ok && w.Contains(g.Unmap())
	}
	return false
}

// ordered reads a comparison as the operator at the place: equals, less, at most, greater, at least.
func ordered(place operator, cmp int) bool {
	switch place {
	case 0:
		return cmp == 0
	case 1:
		return cmp < 0
	case 2:
		return cmp <= 0
	case 3:
		return cmp > 0
	}
	return cmp >= 0
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// number reads a decimal number. Names such as NaN and Inf are none.
func number(s string) (float64, bool) {
	if strings.Trim(s, "0123456789.-+eE") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// dateForms are those of ISO 8601 that policies are written with.
//
// Source: https://www.w3.org/TR/NOTE-datetime
var dateForms = []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02", "2006-01", "2006"}

// date reads a date, or seconds since 1970 where s is a number too long for a year.
func date(s string) (time.Time, bool) {
	if len(s) > 4 {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return time.Unix(n, 0), true
		}
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// addresses reads an address or a CIDR block.
func addresses(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

// Is reports whether value is one of the kind, as the simulator calls kinds: numeric, date, boolean, ip
// and binary. Of any other kind everything is.
func Is(kind, value string) bool {
	op, ok := map[string]operator{"numeric": numericEquals, "date": dateEquals, "boolean": boolEquals, "ip": ipIn, "binary": binaryEquals}[kind]
	return !ok || op.takes(value) && !strings.Contains(value, "${")
}
