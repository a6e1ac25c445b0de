package pattern

import (
	"fmt"
	"testing"
)

// TestValues shows what is extracted, by the examples of TestMetricFilter and more.
func TestValues(t *testing.T) {
	for _, tt := range []struct{ rule, pattern, message, want string }{
		{"terms extract nothing", "frank", apache, "map[]"},
		{"everything extracts nothing", "", apache, "map[]"},
		{"fields by their names", "[ip, identity, user_id, timestamp, request, status_code, size]", apache,
			"map[$identity:- $ip:127.0.0.1 $request:GET /index.html HTTP/1.0 $size:1534 $status_code:404 $timestamp:10/Oct/2000:13:25:15 -0700 $user_id:frank]"},
		{"fields without names by their numbers", "[]", apache, "map[$1:127.0.0.1 $2:- $3:frank $4:10/Oct/2000:13:25:15 -0700 $5:GET /index.html HTTP/1.0 $6:404 $7:1534]"},
		{"the last field is what is left", "[level, , text]", "ERROR 12:00:02 Failed  to process", "map[$2:12:00:02 $level:ERROR $text:Failed  to process]"},
		{"an ellipsis is numbered", "[..., size]", apache, "map[$1:127.0.0.1 $2:- $3:frank $4:10/Oct/2000:13:25:15 -0700 $5:GET /index.html HTTP/1.0 $6:404 $size:1534]"},
		{"a field of any value is numbered", "[..., request=*.html*, status_code=4*,]", apache,
			"map[$1:127.0.0.1 $2:- $3:frank $4:10/Oct/2000:13:25:15 -0700 $7:1534 $request:GET /index.html HTTP/1.0 $status_code:404]"},
		{"a number that is a name", "[2,]", "1 x", "map[$2:1]"},
		{"of two fields with one name the first", "[a, a, b]", "1 2 3", "map[$a:1 $b:3]"},
		{"an ellipsis in the middle", "[a, ..., b]", "1 2 3 4", "map[$2:2 $3:3 $a:1 $b:4]"},
		{"selectors as they are written", `{ $.latency > 1 && ($.arrayKey[0] = * || $["a-b"] = 1) }`, trail, `map[$.arrayKey[0]:value $.latency:12.5 $["a-b"]:1]`},
		{"what is not there is left out", `{ $.none NOT EXISTS && $.SomeObject IS NULL && $.ok IS TRUE }`, trail, "map[$.ok:true]"},
		{"the first of many", `{ $.objectList[*].id = 2 }`, trail, "map[$.objectList[*].id:1]"},
	} {
		p, err := Parse(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.rule, err)
			continue
		}
		f, ok := p.Find(tt.message)
		if got := fmt.Sprint(f.Values()); !ok || got != tt.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", tt.rule, ok, got, tt.want)
		}
	}
}

func TestReferences(t *testing.T) {
	const fields = "[ip, ..., status, size]"
	for _, tt := range []struct{ rule, pattern, refer, message, want string }{
		{"a field by its name", fields, "$ip", apache, "127.0.0.1 true"},
		{"one behind the ellipsis", fields, "$status", apache, "404 true"},
		{"by its number", fields, "$3", apache, "frank true"},
		{"that the message does not have", fields, "$9", apache, " false"},
		{"a path", `{ $.n = 7 }`, "$.latency", trail, "12.5 true"},
		{"of a list", `{ $.n = 7 }`, "$.objectList[1].name", trail, "b true"},
		{"that is not there", `{ $.n = 7 }`, "$.objectList[2].name", trail, " false"},
		{"of an object", `{ $.n = 7 }`, "$.objectList[0]", trail, " false"},
		{"of no value", `{ $.n = 7 }`, "$.SomeObject", trail, " false"},
		{"a name that the pattern does not have", fields, "$bytes", "", "none"},
		{"a number that it cannot have", "[a, b]", "$3", "", "none"},
		{"no name", fields, "$", "", "none"},
		{"a path of fields", fields, "$.ip", "", "none"},
		{"a field of JSON", `{ $.n = 7 }`, "$ip", "", "none"},
		{"more than a path", `{ $.n = 7 }`, "$.n = 7", "", "none"},
		{"of terms", "ERROR", "$1", "", "none"},
		{"of everything", "", "$.n", "", "none"},
	} {
		p, err := Parse(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		got := "none"
		if r, ok := p.Refer(tt.refer); ok {
			f, _ := p.Find(tt.message)
			v, there := f.Value(r)
			got = fmt.Sprint(v, " ", there)
		}
		if got != tt.want {
			t.Errorf("%s: %s in %s: got %s, want %s", tt.rule, tt.refer, tt.pattern, got, tt.want)
		}
	}
}
