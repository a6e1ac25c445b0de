package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestGrammar(t *testing.T) {
	in := func(statement string) string { return `{"Version":"2012-10-17","Statement":[{` + statement + `}]}` }
	const syntax = "Syntax errors in policy."
	for _, tt := range []struct {
		name string
		kind Kind
		doc  string
		want string // "" is well formed
	}{
		{"one statement needs no list", Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, ""},
		{"an id", Identity, `{"Version":"2012-10-17","Id":"x","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, ""},
		{"not JSON", Identity, `{"Version"`, syntax},
		{"more than one document", Identity, in(allow) + `{}`, syntax},
		{"no statement", Identity, `{"Version":"2012-10-17"}`, syntax},
		{"an empty list of statements", Identity, `{"Version":"2012-10-17","Statement":[]}`, syntax},
		{"an unknown element", Identity, in(allow + `,"Resources":"*"`), syntax},
		{"an element twice", Identity, in(allow + `,"Effect":"Deny"`), syntax},
		{"no such version", Identity, `{"Version":"2015-01-01","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, syntax},
		{"the old version", Identity, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, "Policy document must be version 2012-10-17 or greater."},
		{"no version", Boundary, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, "Policy document must be version 2012-10-17 or greater."},
		{"no effect", Identity, in(`"Action":"*","Resource":"*"`), syntax},
		{"no such effect", Identity, in(`"Effect":"allow","Action":"*","Resource":"*"`), syntax},
		{"no action", Identity, in(`"Effect":"Allow","Resource":"*"`), "Policy statement must contain actions."},
		{"an empty list of actions", Identity, in(`"Effect":"Allow","Action":[],"Resource":"*"`), "Policy statement must contain actions."},
		{"Action and NotAction", Identity, in(allow + `,"NotAction":"iam:*"`), syntax},
		{"no resource", Identity, in(`"Effect":"Allow","Action":"ecs:*"`), "Policy statement must contain resources."},
		{"an action without service", Identity, in(`"Effect":"Allow","Action":"RunTask","Resource":"*"`), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{"an action of three parts", Identity, in(`"Effect":"Allow","Action":"ecs:a:b","Resource":"*"`), "Actions/Condition can contain only one colon."},
		{"a service with wildcards", Identity, in(`"Effect":"Allow","Action":"e*:RunTask","Resource":"*"`), "Vendor e* is not valid"},
		{"a resource that is no ARN", Identity, in(`"Effect":"Allow","Action":"ecs:*","Resource":"web"`), `Resource web must be in ARN format or "*".`},
		{"a resource of no partition", Identity, in(`"Effect":"Allow","Action":"ecs:*","Resource":"arn:azure:ecs"`), `Partition "azure" is not valid for resource "arn:azure:ecs:*:*:*".`},
		{"an IAM resource in a region", Identity, in(`"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam:us-east-1:111122223333:user/x"`), "IAM resource arn:aws:iam:us-east-1:111122223333:user/x cannot contain region information."},
		{"a principal in an identity policy", Identity, in(allow + `,"Principal":"*"`), "Policy document should not specify a principal."},
		{"a Sid with a space", Identity, in(allow + `,"Sid":"a b"`), "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"},
		{"a Sid twice", Identity, `{"Version":"2012-10-17","Statement":[{` + allow + `,"Sid":"a"},{` + allow + `,"Sid":"a"}]}`, "Statement IDs (SID) in a single policy must be unique."},
		{"no such operator", Identity, in(allow + `,"Condition":{"StringIs":{"aws:username":"x"}}`), syntax},
		{"NullIfExists", Identity, in(allow + `,"Condition":{"NullIfExists":{"aws:username":"true"}}`), syntax},
		{"a number that is none", Identity, in(allow + `,"Condition":{"NumericEquals":{"s3:max-keys":"ten"}}`), syntax},
		{"an address that is none", Identity, in(allow + `,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0"}}`), syntax},
		{"a date that is none", Identity, in(allow + `,"Condition":{"DateLessThan":{"aws:CurrentTime":"tomorrow"}}`), syntax},
		{"a variable that does not end", Identity, in(allow + `,"Condition":{"StringEquals":{"aws:username":"${aws:x"}}`), syntax},
		{"a resource policy", Resource, in(toUser), ""},
		{"a resource policy without principal", Resource, in(allow), "Missing required field Principal"},
		{"a principal with a wildcard", Resource, in(allow + `,"Principal":{"AWS":"arn:aws:iam::111122223333:user/*"}`), `Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/*"`},
		{"a trust policy", Trust, in(trustEC), ""},
		{"a trust policy of the old version", Trust, `{"Version":"2008-10-17","Statement":[{` + trustEC + `}]}`, ""},
		{"a trust policy with a resource", Trust, in(trustEC + `,"Resource":"*"`), "Has prohibited field Resource"},
		{"a trust policy without principal", Trust, in(`"Effect":"Allow","Action":"sts:AssumeRole"`), "Missing required field Principal"},
		{"a trust policy without action", Trust, in(`"Effect":"Allow","Principal":"*"`), "Missing required field Action"},
		{"a trust policy of other actions", Trust, in(`"Effect":"Allow","Action":"ecs:RunTask","Principal":"*"`), "AssumeRole policy may only specify STS AssumeRole actions."},
		{"a service that is none", Trust, in(`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ecs"}`), `Invalid principal in policy: "SERVICE":"ecs"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.kind, tt.doc)
			var m *Malformed
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %v", err)
			case tt.want != "" && (!errors.As(err, &m) || m.Message != tt.want):
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestSizeSkipsWhiteSpace(t *testing.T) {
	if got := Size("{ \"a\":\n\t\"é\" }"); got != 9 {
		t.Errorf("got %d", got)
	}
}

// FuzzParse reads any document and decides by it: what is refused is refused in AWS's words, and the
// decision is that of the statements looked at one by one, the same again, and the same without the
// document's white space.
func FuzzParse(f *testing.F) {
	f.Add(int8(Identity), `{"Version":"2012-10-17","Statement":[{`+allow+`,"Condition":{"ForAllValues:StringLikeIfExists":{"aws:TagKeys":["a*","${aws:x, 'y'}"]}}}]}`, read, secret, "aws:TagKeys", "ab")
	f.Add(int8(Resource), `{"Version":"2012-10-17","Statement":[{`+toRole+`}]}`, read, foreign, "", "")
	f.Add(int8(Trust), `{"Statement":{`+trustEC+`,"Condition":{"Null":{"aws:x":true}}}}`, "sts:AssumeRole", "*", "aws:x", "")
	f.Add(int8(Identity), `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["ecs:Run?ask","iam:*"],"NotResource":"arn:aws:ecs:*:*:task/${aws:username}/*","Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","::1"]}}},{`+allow+`}]}`,
		"ecs:RunTask", "arn:aws:ecs:us-east-1:1:task/bob/x", "aws:SourceIp", "10.1.2.3")
	f.Add(int8(Boundary), `{"Version":"2012-10-17","Statement":{`+other+`,"Condition":{"DateLessThan":{"aws:CurrentTime":"2030-01-01"},"NumericGreaterThan":{"x:y":1.5},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}}}`,
		"ecs:ListClusters", "*", "x:y", "2")
	f.Fuzz(func(t *testing.T, kind int8, s, action, resource, key, value string) {
		k := Kind(uint8(kind) % uint8(Trust+1))
		d, err := Parse(k, s)
		if err != nil {
			var m *Malformed
			if !errors.As(err, &m) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		r := Request{Principal: app, Action: action, Resource: resource, Context: app.Keys(Caller{})}
		r.Context.Set(key, value)
		got := decided(t, k, d, r)
		again, err := Parse(k, s)
		if err != nil || decided(t, k, again, r) != got {
			t.Fatalf("read twice it decides twice: %v", err)
		}
		var dense bytes.Buffer
		if err := json.Compact(&dense, []byte(s)); err != nil {
			t.Fatalf("it is no JSON: %v", err)
		}
		if again, err = Parse(k, dense.String()); err != nil || decided(t, k, again, r) != got {
			t.Fatalf("white space says something: %v", err)
		}
	})
}

// decided is the decision by one document, which must be that of its statements one by one.
func decided(t *testing.T, k Kind, d *Document, r Request) (said string) {
	x := NewIndex(Named{Name: "p", Doc: d})
	ps := Policies{}
	*[...]**Index{&ps.Identity, &ps.Boundary, &ps.Session, &ps.Resource, &ps.Trust}[k] = x
	got := ps.Evaluate(r)
	var allows, denies bool
	q, n := newQuestion(r, false), 0
	for _, s := range d.statements {
		if s.names(q) && s.concerns(q) {
			allows, denies = allows || !s.deny, denies || s.deny
			n++
		}
	}
	matched := x.Matched(r)
	if len(matched) != n || n > 0 && matched[0].Deny != denies {
		t.Fatalf("%d statements speak of it, and %+v are found", n, matched)
	}
	switch {
	case got.Allowed && (k == Boundary || k == Session):
		t.Fatal("a policy that only limits gave something")
	case got.Allowed && (denies || !allows) || denies && k != Boundary && !got.Explicit:
		t.Fatalf("allows %v, denies %v: %+v", allows, denies, got)
	case k == Identity && !q.abroad() && got.Allowed != (allows && !denies):
		t.Fatalf("allows %v, denies %v: %+v", allows, denies, got)
	}
	return got.Why()
}

func FuzzMatch(f *testing.F) {
	for _, p := range []string{"", "*", "a*b?c", "**", "?*", "é?", "a*a*a*b"} {
		f.Add(p, "aabbcc")
	}
	f.Add("*??", "€")
	f.Fuzz(func(t *testing.T, p, s string) {
		if !utf8.ValidString(p) || strings.ContainsAny(p+s, "\x00\x01\x02") || len(p) > 200 || len(s) > 200 {
			t.Skip()
		}
		enc, ok := newPattern(p, true, false)
		if !ok {
			t.Fatal("a pattern without variables is well formed")
		}
		if got, want := match(enc.text, s), slow(p, s); got != want {
			t.Errorf("%q on %q: got %v, want %v", p, s, got, want)
		}
		if lit, ok := newPattern(s, false, false); utf8.ValidString(s) && (!ok || !match(lit.text, s)) {
			t.Errorf("%q does not match itself", s)
		}
	})
}

// slow is match by the definition: a row of which prefixes of s the pattern so far matches.
func slow(p, s string) bool {
	rs, invalid := []rune{}, '\uFFFD'
	for i, r := range s {
		if r == invalid && !strings.HasPrefix(s[i:], string(invalid)) {
			r = 0x110000 + rune(s[i]) // a byte that is no UTF-8 is only itself
		}
		rs = append(rs, r)
	}
	at := make([]bool, len(rs)+1)
	at[0] = true
	for i, pr := range p {
		if pr == invalid && !strings.HasPrefix(p[i:], string(invalid)) {
			pr = 0x110000 + rune(p[i])
		}
		next := make([]bool, len(at))
		for j := range at {
			switch {
			case pr == '*':
				next[j] = at[j] || j > 0 && next[j-1]
			case j > 0 && (pr == '?' || rs[j-1] == pr):
				next[j] = at[j-1]
			}
		}
		at = next
	}
	return at[len(rs)]
}
