package gate_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
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
