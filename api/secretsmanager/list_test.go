package secretsmanager

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func TestListSecrets(t *testing.T) {
	w := newWorld(t)
	for i, name := range []string{"prod/db", "prod/api", "test/db", "gone"} {
		_, err := w.client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, Description: aws.String("Key of the " + name),
			Tags: []types.Tag{{Key: aws.String("Team"), Value: aws.String(fmt.Sprint("t", i))}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.client.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: aws.String("gone")}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rule string
		in   secretsmanager.ListSecretsInput
		want string
	}{
		{"the newest first, without what is deleted", secretsmanager.ListSecretsInput{}, "[test/db prod/api prod/db]"},
		{"what is deleted if asked for", secretsmanager.ListSecretsInput{IncludePlannedDeletion: aws.Bool(true), SortOrder: "asc"}, "[prod/db prod/api test/db gone]"},
		{"by name", secretsmanager.ListSecretsInput{SortBy: "name", SortOrder: "asc"}, "[prod/api prod/db test/db]"},
		{"the beginning of a name", filtered("name", "prod/"), "[prod/api prod/db]"},
		{"in its case", filtered("name", "Prod/"), "[]"},
		{"not the beginning of a name", filtered("name", "!prod/"), "[test/db]"},
		{"words of a description", filtered("description", "KEY db"), "[test/db prod/db]"},
		{"a tag's key", filtered("tag-key", "Te"), "[test/db prod/api prod/db]"},
		{"any of the values", filtered("tag-value", "t0", "t2"), "[test/db prod/db]"},
		{"anything", filtered("all", "t1"), "[prod/api]"},
		{"every filter", secretsmanager.ListSecretsInput{Filters: append(filtered("name", "prod").Filters, filtered("all", "db").Filters...)}, "[prod/db]"},
		{"no other service's", filtered("owning-service", "rds"), "[]"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			for size := int32(1); size < 4; size++ {
				if got := w.listed(c.in, size); fmt.Sprint(got) != c.want {
					t.Errorf("pages of %d: got %v, want %s", size, got, c.want)
				}
			}
		})
	}
	_, err := w.client.ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{NextToken: aws.String("x")})
	w.fails(err, "InvalidNextTokenException", "Invalid pagination token.")
	_, err = w.client.ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{MaxResults: aws.Int32(101)})
	w.fails(err, "ValidationException", "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100")
}

func filtered(key types.FilterNameStringType, values ...string) secretsmanager.ListSecretsInput {
	return secretsmanager.ListSecretsInput{Filters: []types.Filter{{Key: key, Values: values}}}
}

func (w *world) listed(in secretsmanager.ListSecretsInput, size int32) (names []string) {
	w.Helper()
	in.MaxResults = &size
	for p := secretsmanager.NewListSecretsPaginator(w.client, &in); p.HasMorePages(); {
		out, err := p.NextPage(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		for _, s := range out.SecretList {
			names = append(names, *s.Name)
		}
	}
	return names
}

func TestListSecretVersionIDsInPages(t *testing.T) {
	w := newWorld(t)
	_, one := w.create("db", "1")
	two := w.put(&secretsmanager.PutSecretValueInput{SecretId: aws.String("db"), SecretString: aws.String("2")})
	three := w.put(&secretsmanager.PutSecretValueInput{SecretId: aws.String("db"), SecretString: aws.String("3")})
	for deprecated, want := range map[bool]string{false: fmt.Sprint([]string{three, two}), true: fmt.Sprint([]string{three, two, one})} {
		in := &secretsmanager.ListSecretVersionIdsInput{SecretId: aws.String("db"), MaxResults: aws.Int32(1), IncludeDeprecated: &deprecated}
		var got []string
		for p := secretsmanager.NewListSecretVersionIdsPaginator(w.client, in); p.HasMorePages(); {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range out.Versions {
				got = append(got, *v.VersionId)
			}
		}
		if fmt.Sprint(got) != want {
			t.Errorf("got %v, want %s", got, want)
		}
	}
}
