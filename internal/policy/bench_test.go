package policy

import (
	"fmt"
	"testing"
)

// thousand are policies that do not concern Secrets Manager, and one that does.
func thousand(b *testing.B, n int) *Index {
	var all []Named
	add := func(name, members string) {
		d, err := Parse(Identity, `{"Version":"2012-10-17","Statement":[{`+members+`}]}`)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, Named{Name: name, Doc: d})
	}
	for i := range n {
		add(fmt.Sprint("other", i), fmt.Sprintf(`"Effect":"Allow","Action":["ecs:RunTask","svc%d:*","secretsmanager:PutSecretValue"],"Resource":"arn:aws:ecs:*:*:cluster/c%d"`, i, i))
	}
	add("own", `"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:*:*:secret:${aws:PrincipalTag/team}*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"},"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}`)
	return NewIndex(all...)
}

// BenchmarkEvaluate: a thousand policies do not slow a call that they do not concern.
func BenchmarkEvaluate(b *testing.B) {
	for _, n := range []int{0, 10, 1000} {
		b.Run(fmt.Sprint("others=", n), func(b *testing.B) {
			ps := Policies{Identity: thousand(b, n)}
			b.ReportAllocs()
			for b.Loop() {
				c := app.Keys(Caller{Region: "us-east-1", SourceIP: "127.0.0.1", Tags: map[string]string{"team": "db"}})
				if d := ps.Evaluate(Request{Principal: app, Action: read, Resource: secret, Context: c}); !d.Allowed {
					b.Fatal(d.Message())
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := Parse(Identity, `{"Version":"2012-10-17","Statement":[{`+allow+`},{`+deny+`}]}`); err != nil {
			b.Fatal(err)
		}
	}
}
