package secrets_test

import (
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"
)

// in puts a secret and a parameter into another account or region.
func (w *world) in(sc model.Scope, document string) {
	w.Helper()
	if err := w.Store.Update(sc, func(tx *store.Tx) error {
		s := model.Secret{Name: "far", Suffix: "AbCdEf", Policy: document, Stages: map[string]string{model.StageCurrent: "one"},
			Tags: model.Tags{{Key: "team", Value: "red"}}}
		store.Secrets.Put(tx, s)
		store.SecretVersions.Put(tx, model.SecretVersion{Secret: "far", ID: "one", Value: w.Vault.Seal(secrets.Place(sc, s, "one"), []byte("distant"))})
		v := model.ParameterVersion{Parameter: "/far", Version: 1, Type: "String"}
		v.Value = w.Vault.Seal(secrets.ParameterPlace(sc, v), []byte("distant"))
		store.Parameters.Put(tx, model.Parameter{Name: "/far", Version: 1, Tags: model.Tags{{Key: "team", Value: "red"}}})
		store.ParameterVersions.Put(tx, v)
		return nil
	}); err != nil {
		w.Fatal(err)
	}
}

// TestWhatStandsElsewhere: a full ARN reads in its own region, and of another account only what both sides
// allow; which is nothing while there is no key but Secrets Manager's own.
func TestWhatStandsElsewhere(t *testing.T) {
	const user = "api error AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/execution/t is not authorized to perform: "
	west := model.Scope{Account: here.Account, Region: "us-west-2"}
	abroad := model.Scope{Account: "111111111111", Region: "us-east-1"}
	grant := func(effect, principal string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Principal":{"AWS":"` + principal + `"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`
	}
	when := func(key, value string) string {
		return strings.Replace(allow("*", "*"), `"Resource"`, `"Condition":{"StringEquals":{"`+key+`":"`+value+`"}},"Resource"`, 1)
	}
	everything := allow("*", "*")
	const secret, parameter = "secretsmanager:GetSecretValue on resource: ", "ssm:GetParameters on resource: "
	for _, c := range []struct {
		rule     string
		at       model.Scope
		policy   string // of the role
		on       string // of the secret
		kind     string // of what is read
		readable bool
		want     string // in the error
	}{
		{"a secret of another region", west, everything, "", "secret:far-AbCdEf", true, ""},
		{"a parameter of another region", west, everything, "", "parameter/far", true, ""},
		{"the region of the call is the secret's", west, when("aws:RequestedRegion", "us-west-2"), "", "secret:far-AbCdEf", true, ""},
		{"and not the task's", west, when("aws:RequestedRegion", "us-east-1"), "", "secret:far-AbCdEf", false, user + secret},
		{"a tag of the secret", west, when("secretsmanager:ResourceTag/team", "red"), "", "secret:far-AbCdEf", true, ""},
		{"another tag", west, when("aws:ResourceTag/team", "blue"), "", "secret:far-AbCdEf", false, user + secret},
		{"a tag of the parameter", west, when("aws:ResourceTag/team", "red"), "", "parameter/far", true, ""},
		{"a stage", west, when("secretsmanager:VersionStage", "AWSCURRENT"), "", "secret:far-AbCdEf::AWSCURRENT:", true, ""},
		{"of another account, by no policy", abroad, allow("ssm:*", "*"), grant("Allow", "*"), "secret:far-AbCdEf", false, user + secret + abroad.ARN("secretsmanager", "secret:far-AbCdEf") + " because no identity-based policy"},
		{"by the role's alone", abroad, everything, "", "secret:far-AbCdEf", false, user + secret + abroad.ARN("secretsmanager", "secret:far-AbCdEf") + " because no resource-based policy"},
		{"by a policy for others", abroad, everything, grant("Allow", "arn:aws:iam::222222222222:root"), "secret:far-AbCdEf", false, "because no resource-based policy"},
		{"denied by the secret's", abroad, everything, grant("Deny", roleARN), "secret:far-AbCdEf", false, "with an explicit deny in a resource-based policy"},
		{"by both", abroad, everything, grant("Allow", "arn:aws:iam::000000000000:root"), "secret:far-AbCdEf", false,
			"InvalidRequestException: You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key."},
		{"one that is not there", abroad, everything, "", "secret:none-AbCdEf", false, "because no resource-based policy"},
		{"a parameter, which has no policy", abroad, everything, "", "parameter/far", false, user + parameter + abroad.ARN("ssm", "parameter/far") + " because no resource-based policy"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := newWorld(t)
			w.role(trusted, c.policy)
			w.in(c.at, c.on)
			service := "secretsmanager"
			if strings.HasPrefix(c.kind, "parameter") {
				service = "ssm"
			}
			d := def(c.at.ARN(service, c.kind))
			d.Doc.ExecutionRoleArn = new(roleARN)
			got, err := w.For(here, d, task, "web")
			switch {
			case c.readable && (err != nil || got.Env["S"] != "distant"):
				t.Errorf("got %v, %v", got, err)
			case !c.readable && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}
