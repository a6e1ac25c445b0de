package secrets_test

import (
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
)

const (
	asm = "arn:aws:secretsmanager:us-east-1:000000000000:secret:"
	ssm = "arn:aws:ssm:us-east-1:000000000000:parameter"
)

func TestReferences(t *testing.T) {
	for _, c := range []struct {
		rule, from string
		want       secrets.Reference
	}{
		{"a secret", asm + "prod/db-AbCdEf", secrets.Reference{Secret: asm + "prod/db-AbCdEf"}},
		{"a key of it", asm + "db-AbCdEf:user::", secrets.Reference{Secret: asm + "db-AbCdEf", JSONKey: "user"}},
		{"a version by label", asm + "db::AWSPREVIOUS:", secrets.Reference{Secret: asm + "db", Stage: "AWSPREVIOUS"}},
		{"a version by id", asm + "db:::9d4cb84b", secrets.Reference{Secret: asm + "db", Version: "9d4cb84b"}},
		{"all of these", asm + "db:user:AWSCURRENT:9d4cb84b", secrets.Reference{Secret: asm + "db", JSONKey: "user", Stage: "AWSCURRENT", Version: "9d4cb84b"}},
		{"a parameter", "/app/db", secrets.Reference{Parameter: "/app/db"}},
		{"a version of it", "app:2", secrets.Reference{Parameter: "app:2"}},
		{"a parameter by ARN", ssm + "/app/db", secrets.Reference{Parameter: ssm + "/app/db"}},
		{"a label by ARN", ssm + "/app/db:prod", secrets.Reference{Parameter: ssm + "/app/db:prod"}},
	} {
		if got, err := secrets.ParseReference(c.from); err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v", c.rule, got, err)
		}
	}
	for rule, from := range map[string]string{
		"nothing":                  "",
		"blanks":                   "a b",
		"two slashes":              "/a//b",
		"another service":          "arn:aws:s3:us-east-1:000000000000:bucket",
		"no region":                "arn:aws:secretsmanager::000000000000:secret:db",
		"another partition":        "arn:aws-cn:secretsmanager:us-east-1:000000000000:secret:db",
		"no account":               "arn:aws:secretsmanager:us-east-1::secret:db",
		"no secret":                asm,
		"too few parts":            asm + "db:user",
		"too many parts":           asm + "db:user:s:v:x",
		"something else of secret": strings.Replace(asm, "secret:", "policy:", 1) + "db",
		"no parameter":             ssm,
		"an ARN cut short":         "arn:aws:ssm",
	} {
		if got, err := secrets.ParseReference(from); err == nil {
			t.Errorf("%s: got %+v", rule, got)
		}
	}
	r, _ := secrets.ParseReference("arn:aws:ssm:eu-west-1:000000000000:parameter/x")
	if got := r.Scope(model.Scope{Account: "000000000000", Region: "us-east-1"}); got.Region != "eu-west-1" {
		t.Errorf("got %v", got)
	}
}

// FuzzParseReference looks for a reference that is taken for what it is not.
func FuzzParseReference(f *testing.F) {
	for _, s := range []string{asm + "db-AbCdEf", asm + "db:user:AWSCURRENT:1", ssm + "/a:1", "/a/b", "a:prod", "arn:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, from string) {
		r, err := secrets.ParseReference(from)
		switch {
		case err != nil:
			if r != (secrets.Reference{}) {
				t.Errorf("%q: %+v and %v", from, r, err)
			}
		case (r.Secret == "") == (r.Parameter == ""):
			t.Errorf("%q names both or nothing: %+v", from, r)
		case r.Secret != "" && !strings.HasPrefix(from, r.Secret), r.Parameter != "" && r.Parameter != from:
			t.Errorf("%q became %+v", from, r)
		}
	})
}
