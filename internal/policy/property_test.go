package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// dice makes choices out of the bytes of a fuzzer.
type dice struct{ left []byte }

func (d *dice) below(n int) int {
	if len(d.left) == 0 {
		return 0
	}
	b := d.left[0]
	d.left = d.left[1:]
	return int(b) % n
}

func of[T any](d *dice, all ...T) T { return all[d.below(len(all))] }

// The words that statements and requests are made of. They meet often.
var (
	someActions   = []string{"ecs:RunTask", "ecs:StopTask", read, "sts:AssumeRole"}
	somePatterns  = []string{"*", "ecs:*", "ecs:RunTask", "ecs:?topTask", "secretsmanager:Get*", "sts:AssumeRole", "ECS:runtask"}
	someResources = []string{secret, foreign, "*", "arn:aws:ecs:us-east-1:111122223333:task/web/1", role}
	someTargets   = []string{"*", secret, "arn:aws:secretsmanager:*:*:secret:*", "arn:aws:ecs:us-east-1:111122223333:task/${aws:PrincipalTag/team}/*", "arn:aws:ecs:*:*:task/web/?", role}
	someWho       = []string{`"*"`, `{"AWS":"111122223333"}`, `{"AWS":"` + role + `"}`, `{"AWS":"` + session + `"}`, `{"AWS":"` + user + `"}`, `{"Service":"ecs-tasks.amazonaws.com"}`}
	someTests     = []string{"", "", `"StringEquals":{"ecs:cluster":"web"}`, `"StringNotLikeIfExists":{"ecs:cluster":"w*"}`, `"Null":{"ecs:cluster":"true"}`,
		`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`, `"ForAnyValue:StringLike":{"aws:TagKeys":"?"}`, `"Bool":{"aws:SecureTransport":"true"}`,
		`"NumericLessThan":{"x:n":"5"}`, `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}`, `"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`}
	someKeys = [][]string{{"ecs:cluster", "web", "db"}, {"aws:TagKeys", "a", "c"}, {"x:n", "4", "6"}, {"aws:SourceIp", "10.0.0.1", "8.8.8.8"},
		{"aws:SecureTransport", "true", "false"}, {"aws:PrincipalArn", role, user}, {"aws:PrincipalTag/team", "web"}}
)

// statement is the text of one for a kind of document.
func (d *dice) statement(k Kind, effect string) string {
	not := func(element string) string { return of(d, "", "", "", "Not") + element }
	s := fmt.Sprintf(`{"Effect":%q,"%s":[%q,%q]`, effect, not("Action"), of(d, somePatterns...), of(d, somePatterns...))
	if k == Trust {
		s = fmt.Sprintf(`{"Effect":%q,"Action":"sts:AssumeRole"`, effect)
	} else {
		s += fmt.Sprintf(`,"%s":%q`, not("Resource"), of(d, someTargets...))
	}
	if k == Resource || k == Trust {
		s += `,"Principal":` + of(d, someWho...)
	}
	if test := of(d, someTests...); test != "" {
		s += `,"Condition":{` + test + `}`
	}
	return s + "}"
}

// indexOf parses statements as a document of a kind; none is no policy.
func indexOf(t *testing.T, k Kind, statements []string) *Index {
	if len(statements) == 0 {
		return nil
	}
	text := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	d, err := Parse(k, text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return NewIndex(Named{Name: k.String(), Doc: d})
}

// case of every kind's statements, and a request.
type deal [5][]string

func (c deal) decide(t *testing.T, r Request) Decision {
	ps := Policies{Identity: indexOf(t, Identity, c[Identity]), Boundary: indexOf(t, Boundary, c[Boundary]), Session: indexOf(t, Session, c[Session]),
		Resource: indexOf(t, Resource, c[Resource]), Trust: indexOf(t, Trust, c[Trust])}
	return ps.Evaluate(r)
}

// with is c with one statement more.
func (c deal) with(k Kind, statement string) deal {
	c[k] = append(slices.Clone(c[k]), statement)
	return c
}

// FuzzEvaluate deals policies of every kind and a request. Whatever they are: the order of statements
// says nothing, a denial more takes and never gives, a permission more gives and never takes, a boundary
// that allows all is none, and one that denies all leaves nothing.
func FuzzEvaluate(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
	f.Add([]byte{2, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 3, 2, 2, 0, 1, 1, 0, 5, 9, 9, 2, 4, 4, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := &dice{raw}
		var c deal
		for k := Identity; k <= Trust; k++ {
			for range d.below(4) {
				c[k] = append(c[k], d.statement(k, of(d, "Allow", "Allow", "Deny")))
			}
		}
		r := Request{Principal: of(d, bob, app, svc), Action: of(d, someActions...), Resource: of(d, someResources...), Context: Context{}}
		for _, key := range someKeys {
			if d.below(3) > 0 {
				r.Context.Set(key[0], of(d, key[1:]...))
			}
		}
		got := c.decide(t, r)
		var turned deal
		for k := range c {
			turned[k] = slices.Clone(c[k])
			slices.Reverse(turned[k])
		}
		if again := turned.decide(t, r); again.Allowed != got.Allowed || again.Explicit != got.Explicit || again.Kind != got.Kind {
			t.Errorf("in another order: %s, not %s", again.Why(), got.Why())
		}
		for k := Identity; k <= Trust; k++ {
			if len(c[k]) == 0 {
				continue // another kind of policy is another question
			}
			if less := c.with(k, d.statement(k, "Deny")).decide(t, r); less.Allowed && !got.Allowed || got.Explicit && !less.Explicit {
				t.Errorf("a denial more in %s: %s, not %s", k, less.Why(), got.Why())
			}
			if more := c.with(k, d.statement(k, "Allow")).decide(t, r); got.Allowed && !more.Allowed {
				t.Errorf("a permission more in %s: %s, not %s", k, more.Why(), got.Why())
			}
		}
		if len(c[Session]) == 0 {
			if same := c.with(Session, `{"Effect":"Allow","Action":"*","Resource":"*"}`).decide(t, r); same.Allowed != got.Allowed {
				t.Errorf("a session policy that allows all: %s, not %s", same.Why(), got.Why())
			}
		}
		for _, k := range []Kind{Identity, Boundary, Session} {
			if none := c.with(k, `{"Effect":"Deny","Action":"*","Resource":"*"}`).decide(t, r); none.Allowed || !none.Explicit {
				t.Errorf("in spite of a denial of everything in %s: %s", k, none.Why())
			}
		}
	})
}
