package gate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// TestAPolicyOfASecretDecides with those of IAM: it gives what they do not, and its denial goes before
// what they give.
func TestAPolicyOfASecretDecides(t *testing.T) {
	w := newWorld(t, false)
	root := secretsmanager.NewFromConfig(w.as(aws.Credentials{AccessKeyID: scope.Account, SecretAccessKey: "test"}))
	out, err := root.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("db"), SecretString: aws.String("v")})
	if err != nil {
		t.Fatal(err)
	}
	nobody := secretsmanager.NewFromConfig(w.as(w.user("nobody", "")))
	reader := secretsmanager.NewFromConfig(w.as(w.user("reader", policy(allow("secretsmanager:GetSecretValue", "*")))))
	principal := func(effect, who string) string {
		return policy(`{"Effect":"` + effect + `","Principal":{"AWS":"arn:aws:iam::` + scope.Account + `:user/` + who + `"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}`)
	}
	for _, c := range []struct {
		rule, document string
		nobody, reader string // in what each is told
	}{
		{"without one", "", "because no identity-based policy allows the secretsmanager:GetSecretValue action", "allowed"},
		{"it gives", principal("Allow", "nobody"), "allowed", "allowed"},
		{"it takes", principal("Deny", "reader"), "because no ", "with an explicit deny in a resource-based policy"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if c.document != "" {
				if _, err := root.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: out.ARN, ResourcePolicy: &c.document}); err != nil {
					t.Fatal(err)
				}
			}
			for client, want := range map[*secretsmanager.Client]string{nobody: c.nobody, reader: c.reader} {
				_, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("db")})
				if got := told(err); !strings.Contains(got, want) {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
}

// TestASecretOfAnotherAccountIsNotRead as there is no key but the account's own, whatever both sides allow.
func TestASecretOfAnotherAccountIsNotRead(t *testing.T) {
	w := newWorld(t, false)
	far := secretsmanager.NewFromConfig(w.as(aws.Credentials{AccessKeyID: "999988887777", SecretAccessKey: "test"}))
	out := must(far.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("db"), SecretString: aws.String("hidden")}))(t)
	root := secretsmanager.NewFromConfig(w.as(aws.Credentials{AccessKeyID: scope.Account, SecretAccessKey: "test"}))
	nobody := secretsmanager.NewFromConfig(w.as(w.user("nobody", "")))
	reader := secretsmanager.NewFromConfig(w.as(w.user("reader", policy(allow("secretsmanager:*", "*")))))
	const key = "InvalidRequestException: You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key."
	user := "AccessDeniedException: User: arn:aws:iam::" + scope.Account + ":"
	refused := " is not authorized to perform: secretsmanager:GetSecretValue on resource: " + *out.ARN + " because no "
	for _, c := range []struct{ rule, admits, nobody, reader, root string }{
		{"neither side", "", user + "user/nobody" + refused, user + "user/reader" + refused + "resource-based", user + "root" + refused + "resource-based"},
		{"somebody else is admitted", "444455556666", user + "user/nobody" + refused, user + "user/reader" + refused + "resource-based", user + "root" + refused + "resource-based"},
		{"the account is admitted", scope.Account, user + "user/nobody" + refused + "identity-based", key, key},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if c.admits != "" {
				document := policy(`{"Effect":"Allow","Principal":{"AWS":"` + c.admits + `"},"Action":"secretsmanager:*","Resource":"*"}`)
				must(far.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: out.ARN, ResourcePolicy: &document}))(t)
			}
			for want, client := range map[string]*secretsmanager.Client{c.nobody: nobody, c.reader: reader, c.root: root} {
				for _, ref := range []string{*out.ARN, (*out.ARN)[:len(*out.ARN)-7]} { // its random end may be left out
					_, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &ref})
					if got := told(err); !strings.HasPrefix(got, want) {
						t.Errorf("%s: got  %s\nwant %s", ref, got, want)
					}
				}
			}
		})
	}
	_, err := root.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(strings.Replace(*out.ARN, scope.Region, "us-west-2", 1))})
	if got := told(err); !strings.HasPrefix(got, "ResourceNotFoundException") {
		t.Errorf("of another region: %s", got)
	}
}

// TestABatchTellsOfEachSecret what the caller may read, and beside it what it may not; filters are a listing too.
func TestABatchTellsOfEachSecret(t *testing.T) {
	w := newWorld(t, false)
	root := secretsmanager.NewFromConfig(w.as(aws.Credentials{AccessKeyID: scope.Account, SecretAccessKey: "test"}))
	arns := map[string]string{}
	for _, name := range []string{"a", "b"} {
		arns[name] = *must(root.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("of " + name)}))(t).ARN
	}
	one, batch := allow("secretsmanager:GetSecretValue", arns["a"]), allow("secretsmanager:BatchGetSecretValue", "*")
	listed := &secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"b", "a"}}
	filtered := &secretsmanager.BatchGetSecretValueInput{Filters: []types.Filter{{Key: types.FilterNameStringTypeName, Values: []string{"a", "b"}}}}
	for _, c := range []struct {
		rule, document string
		in             *secretsmanager.BatchGetSecretValueInput
		want           string
	}{
		{"it must be allowed itself", policy(one), listed, "is not authorized to perform: secretsmanager:BatchGetSecretValue"},
		{"and so must be each secret", policy(one + "," + batch), listed, "[of a] b AccessDeniedException"},
		{"filters list", policy(one + "," + batch), filtered, "is not authorized to perform: secretsmanager:ListSecrets"},
		{"what they find must be allowed", policy(one + "," + batch + "," + allow("secretsmanager:ListSecrets", "*")), filtered, "[of a] b AccessDeniedException"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			user := secretsmanager.NewFromConfig(w.as(w.user(strings.ReplaceAll(c.rule, " ", "-"), c.document)))
			out, err := user.BatchGetSecretValue(t.Context(), c.in)
			got := told(err)
			if err == nil {
				var values []string
				for _, v := range out.SecretValues {
					values = append(values, *v.SecretString)
				}
				got = fmt.Sprint(values)
				for _, e := range out.Errors {
					got += " " + *e.SecretId + " " + *e.ErrorCode
					if !strings.Contains(*e.Message, "is not authorized to perform: secretsmanager:GetSecretValue on resource: "+arns["b"]) {
						t.Errorf("it says %s", *e.Message)
					}
				}
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
