package pattern

import (
	"strings"
	"testing"
)

const (
	apache = `127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`
	trail  = `{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],
		"objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"cluster.name":"c","latency":12.5,"n":"7","ok":true,"a-b":1}`
)

func TestPatterns(t *testing.T) {
	for _, tt := range []struct {
		rule, pattern string
		yes, no       []string
	}{
		{"nothing matches everything", "", []string{"", "x"}, nil},
		{"blanks match everything", "  ", []string{"", "x"}, nil},
		{"a term is anywhere in the message", "ERROR", []string{"[ERROR 400] BAD", "ERRORS"}, []string{"error", "fine"}},
		{"all terms must be there, in any order", "ERROR ARGUMENTS", []string{"ERROR: ARGUMENTS", "ARGUMENTS ERROR"}, []string{"ERROR"}},
		{"one of those with a question mark", "?ERROR ?WARN", []string{"ERROR", "a WARN"}, []string{"INFO"}},
		{"beside others a question mark says nothing", "?ERROR ?WARN INFO", []string{"INFO"}, []string{"ERROR"}},
		{"none of those with a minus", "ERROR -EXITING", []string{"ERROR 1"}, []string{"ERROR EXITING", "x"}},
		{"only a minus", "-DEBUG", []string{"x"}, []string{"DEBUG x"}},
		{"a phrase in quotes", `"INTERNAL SERVER ERROR"`, []string{"INTERNAL SERVER ERROR 500"}, []string{"INTERNAL ERROR"}},
		{"quotes hold what is no letter", `"[ERROR]" -"a:b"`, []string{"[ERROR] x"}, []string{"[ERROR] a:b"}},
		{"a quoted quote", `"say \"hi\""`, []string{`I say "hi"`}, []string{"say hi"}},
		{"an expression", `%AUTH[A-Z]+\s40[13]%`, []string{"AUTHORIZED 401"}, []string{"AUTHORIZED 402"}},
		{"an expression beside a term", `%40[13]% x`, []string{"x 401"}, []string{"401"}},

		{"a phrase of blanks matches everything", `" "`, []string{"", "x", "a b"}, nil},
		{"an expression with a character by its code", `%key\x3Avalue\x28%`, []string{"key:value("}, []string{"key_value"}},
		{"an expression without a minimum", `%^a{,2}$%`, []string{"", "aa"}, []string{"aaa"}},
		{"braces of a class, and one that is meant, are no repetition", `%^[{,]\{,x$%`, []string{"{{,x", ",{,x"}, []string{"0{,x", "{{0,x"}},
		{"an expression with an operator as it is", `%\[.\]%`, []string{"[7]", "[]]"}, []string{"7", "[77]"}},
		{"alternatives of an expression", `%^starting|^initializing|^shutting down%`, []string{"shutting down"}, []string{"skipping initializing"}},

		{"names alone count fields", "[ip, id, user, time, request, status, bytes]", []string{apache}, []string{"a b"}},
		{"the last field is what is left", "[w1=ERROR || w1=WARNING, w2]",
			[]string{"ERROR 09/25/2014 12:00:02 Failed to process request", "WARNING x"}, []string{"INFO ERROR", "ERROR"}},
		{"as it is", `[a, b="[c] \"d\" e*"]`, []string{`a  [c] "d" e  f `}, []string{`a c "d" e`}},
		{"but for one that is alone", `[a, b="c d"]`, []string{`a [c d]`, `a "c d" `}, nil},
		{"a resource, and not what is below it", "[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]",
			[]string{"INFO 09/25/2014 12:00:00 GET /service/resource/67 1200"}, []string{"INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310"}},
		{"a number", "[ip, id, user, time, request, status = 404, bytes]", []string{apache}, []string{strings.Replace(apache, "404", "200", 1)}},
		{"a wildcard", "[..., request =*.html*, status = 4*, bytes]", []string{apache}, []string{strings.Replace(apache, ".html", "", 1)}},
		{"an ellipsis stands for any fields", "[..., bytes > 1000]", []string{apache, "1001"}, []string{"1000", ""}},
		{"an ellipsis at the end", "[w1=ERROR, ...]", []string{"ERROR", "ERROR a b"}, []string{"a ERROR"}},
		{"an ellipsis in the middle", "[a=1, ..., b=2]", []string{"1 2", "1 x y 2"}, []string{"1", "2 1"}},
		{"and, or and parentheses", "[ip, id, user, time, request, (status = 4* && status != 404) || status >= 500, bytes]",
			[]string{strings.Replace(apache, "404", "403", 1), strings.Replace(apache, "404", "503", 1)}, []string{apache}},
		{"not equal", "[w1!=ERROR&&w1!=WARN, w2]", []string{"INFO x"}, []string{"ERROR x", "WARN x"}},
		{"a quoted value", `[w1="a b", w2]`, []string{`"a b" c`}, []string{"a b"}},
		{"an expression of a field", `[w1=%ERR.R%, w2]`, []string{"ERROR x"}, []string{"INFO ERROR"}},
		{"no fields are any fields", "[]", []string{apache, "a", ""}, nil},
		{"a field without a name", "[..., request=*.html*, status_code=4*,]", []string{apache}, []string{apache + " x"}},
		{"fields without names are counted", "[,,]", []string{"a b c", "a b c d"}, []string{"a b"}},
		{"what is no number is not less", "[a < 5]", []string{"4"}, []string{"x", "5"}},

		{"a string", `{ $.eventType = "UpdateTrail" }`, []string{trail}, []string{`{"eventType":"x"}`, "UpdateTrail", "{"}},
		{"a string without quotes", `{$.eventType=UpdateTrail}`, []string{trail}, nil},
		{"not equal with a wildcard", `{ $.sourceIPAddress != 123.123.* }`, []string{trail}, []string{`{"sourceIPAddress":"123.123.1.1"}`, `{}`}},
		{"an element", `{ $.arrayKey[0] = "value" }`, []string{trail}, []string{`{"arrayKey":["x"]}`, `{"arrayKey":[]}`}},
		{"a member of an element", `{ $.objectList[1].id = 2 }`, []string{trail}, []string{`{"objectList":[{"id":2}]}`}},
		{"any element", `{ $.objectList[*].id = 2 }`, []string{trail}, []string{`{"objectList":[{"id":3}]}`}},
		{"any member", `{ $.* = "UpdateTrail" }`, []string{trail}, []string{`{}`}},
		{"null", `{ $.SomeObject IS NULL }`, []string{trail}, []string{`{}`, `{"SomeObject":1}`}},
		{"true and false", `{ $.ok IS TRUE }`, []string{trail}, []string{`{"ok":false}`}},
		{"truth is no text", `{ $.ok = true || $.ok != "x" || $.ok = * }`, []string{`{"ok":"true"}`}, []string{trail}},
		{"false", `{ $.ok IS FALSE }`, []string{`{"ok":false}`}, []string{trail, `{}`}},
		{"not there", `{ $.SomeOtherObject NOT EXISTS }`, []string{trail, "{}"}, []string{`{"SomeOtherObject":null}`}},
		{"numbers", `{ $.latency > 12 && $.latency <= 1.25e1 }`, []string{trail}, []string{`{"latency":"x"}`, `{"latency":13}`}},
		{"a number is compared as one", `{ $.latency = 12.50 }`, []string{trail}, []string{`{"latency":12}`}},
		{"or and parentheses", `{ ($.eventType = "x" || $.eventType = "UpdateTrail") && $.n = 7 }`, []string{trail}, []string{`{"eventType":"x"}`}},
		{"and binds more tightly", `{ $.a = 1 || $.b = 1 && $.c = 1 }`, []string{`{"a":1}`, `{"b":1,"c":1}`}, []string{`{"b":1}`}},
		{"an expression of a selector", `{ $.eventType = %Trail$% }`, []string{trail}, []string{`{"eventType":"Trails"}`}},
		{"a quoted member", `{ $.['cluster.name'] = "c" && $["a-b"] = 1 && $.a-b = 1 }`, []string{trail}, []string{`{"cluster":{"name":"c"}}`}},
		{"a list is no value", `{ $.arrayKey = "value" }`, nil, []string{trail}},
		{"a list as the message", `{ $[0].a = 1 }`, []string{`[{"a":1}]`}, []string{`{"a":1}`}},
	} {
		p, err := Parse(tt.pattern)
		if err != nil {
			t.Errorf("%s: %s: %v", tt.rule, tt.pattern, err)
			continue
		}
		for _, m := range tt.yes {
			if !p.Match(m) {
				t.Errorf("%s: %s does not match %s", tt.rule, tt.pattern, m)
			}
		}
		for _, m := range tt.no {
			if p.Match(m) {
				t.Errorf("%s: %s matches %s", tt.rule, tt.pattern, m)
			}
		}
	}
}

func TestErrorsSayWhere(t *testing.T) {
	for pattern, want := range map[string]string{
		`a b:c`:               `Invalid character(s) in term 'b:c'; enclose it in double quotation marks (at position 4)`,
		`""`:                  `Invalid character(s) in term '""' (at position 1)`,
		`"abc`:                `A quoted string does not end (at position 1)`,
		`a ?`:                 `Expected a term, found the end (at position 4)`,
		`{ $.a = 1`:           `If a filter pattern starts with '{' it must end with '}' (at position 10)`,
		`[a, b`:               `If a filter pattern starts with '[' it must end with ']' (at position 6)`,
		`{ a = 1 }`:           `Expected a selector, which begins with '$', found 'a' (at position 3)`,
		`{ $.a }`:             `Expected one of =, !=, <, >, <=, >=, found '}' (at position 7)`,
		`{ $.a = }`:           `Expected a value, found '}' (at position 9)`,
		`{ $.a > x }`:         `Expected a number after > (at position 9)`,
		`{ $.a IS NIL }`:      `Expected NULL, TRUE or FALSE after IS, found 'N' (at position 10)`,
		`{ $.a NOT }`:         `Expected EXISTS after NOT, found '}' (at position 11)`,
		`{ ($.a = 1 }`:        `Expected ')', found '}' (at position 12)`,
		`{ $.a = 1 $.b = 2 }`: `Expected '&&', '||' or '}', found '$' (at position 11)`,
		`{ $.a[x] = 1 }`:      `Expected a number, a quoted name or '*', found 'x' (at position 7)`,
		`[a, = 1, b]`:         `Expected the name of a field, found '=' (at position 5)`,
		`[..., a, ...]`:       `A filter pattern can have one ellipsis (at position 10)`,
		`[a = 1 && b = 2]`:    `The conditions of one field name it a and b (at position 11)`,
		`[a b]`:               `Expected one of =, !=, <, >, <=, >=, found 'b' (at position 4)`,
		`%a(b)%`:              `Invalid character(s) in regular expression '%a(b)%' (at position 3)`,
		`%a`:                  `A regular expression does not end with % (at position 1)`,
		`%[%`:                 `Invalid regular expression '[' (at position 1)`,
		`%\bx%`:               `Invalid regular expression '\bx' (at position 1)`,
		`%\pL%`:               `Invalid regular expression '\pL' (at position 1)`,
		`%\x4%`:               `Invalid regular expression '\x4' (at position 1)`,
		`{ $.a[*].* = 1 }`:    `A selector can have one wildcard (at position 3)`,
		`{ $.a[*]=1||$.b[*]=1||$.*=1||$.c[*]=1 }`: `A filter pattern can have 3 wildcard selectors at most (at position 30)`,
		`%a% %b% %c%`:              `A filter pattern can have 2 regular expressions at most (at position 9)`,
		`{ ` + nested(60, `$.a=1`): `Parentheses nest more than 50 deep (at position 53)`,
	} {
		if _, err := Parse(pattern); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", pattern, err, want)
		}
	}
}

func nested(n int, in string) string {
	return strings.Repeat("(", n) + in + strings.Repeat(")", n) + "}"
}

// FuzzPattern reads any pattern and matches any message with it: nothing panics, errors point into the
// pattern, and one without an error says the same when it is read again, between blanks and, where it is
// of JSON, in parentheses.
func FuzzPattern(f *testing.F) {
	for _, p := range []string{`ERROR -"x y" ?a %b%`, `[a, b=200, ..., c!=*x* && c<5]`, `{ ($.a[0].b = "x*" || $.c IS NULL) && $['d'] NOT EXISTS }`, `{ $.latency >= 12.5 && $.n != 8 }`} {
		f.Add(p, apache)
		f.Add(p, trail)
	}
	f.Fuzz(func(t *testing.T, text, message string) {
		p, err := Parse(text)
		if err != nil {
			if e := err.(*Error); e.At < 0 || e.At > len(text) || e.Reason == "" {
				t.Errorf("position %d of %q: %q", e.At, text, e.Reason)
			}
			return
		}
		first := p.Match(message)
		if p.All() && !first {
			t.Error("it matches everything but this")
		}
		forms := []string{text, "  " + text + " \t"}
		if all := strings.Trim(text, blank); strings.HasPrefix(all, "{") && strings.Count(all, "(") < 40 {
			forms = append(forms, "{("+all[1:len(all)-1]+")}")
		}
		for _, form := range forms {
			again, err := Parse(form)
			if err != nil {
				t.Fatalf("%q: %v", form, err)
			}
			if again.Match(message) != first {
				t.Errorf("%q says something else", form)
			}
		}
		found, ok := p.Find(message)
		if ok != first {
			t.Error("Find and Match do not agree")
		}
		for name, want := range found.Values() {
			r, ok := p.Refer(name)
			if got, there := found.Value(r); ok && there && got != want {
				t.Errorf("%s is %q and %q", name, got, want)
			}
		}
	})
}
