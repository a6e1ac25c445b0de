package gate

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/secrets"
)

// secretsRules are those of Secrets Manager.
//
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
var secretsRules = table(map[string]rule{
	"CreateSecret":        {on: secret("Name"), keys: keyed(newSecret), tagged: "secretsmanager:TagResource"},
	"BatchGetSecretValue": {also: filtering}, // each secret is asked for by itself, and told beside the others
	"UpdateSecretVersionStage": {on: secret("SecretId"), keys: keyed(func(a *asking) {
		a.keys.Set("secretsmanager:VersionStage", a.texts("VersionStage")...)
	})},
},
	all(rule{on: secret("SecretId"), keys: keyed(reading)}, `UpdateSecret DescribeSecret DeleteSecret RestoreSecret PutSecretValue GetSecretValue
		ListSecretVersionIds TagResource UntagResource GetResourcePolicy PutResourcePolicy DeleteResourcePolicy ValidateResourcePolicy`),
	all(plain, "ListSecrets GetRandomPassword"),
)

// secret is the ARNs of secrets that are given by name, ARN or ARN without the random end; one that is
// not there has none.
func secret(member string) func(*asking) []string {
	return func(a *asking) (all []string) {
		for _, ref := range a.texts(member) {
			all = append(all, a.secret(ref))
		}
		return all
	}
}

func (a *asking) secret(ref string) string {
	if s, sc, err := a.secretOf(ref); err == nil {
		return s.ARN(sc)
	}
	return a.arn("secret:", ref)
}

// secretOf is the secret that is named: of another account, of this region, by ARN too.
func (a *asking) secretOf(ref string) (s model.Secret, sc model.Scope, err error) {
	sc = a.sc
	if p, ok := model.ParseARN(ref); ok {
		sc.Account = p.Account
	}
	s, err = secrets.Find(a.tx.In(sc), ref)
	return s, sc, err
}

// filtering is that filters are a listing.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
func filtering(a *asking) []need {
	if len(a.values("Filters")) == 0 {
		return nil
	}
	return []need{{action: "secretsmanager:ListSecrets", resource: "*", keys: a.keys}}
}

// onResource is the policy on what is asked for; nil if there is none. Secrets and log destinations
// alone have policies of their own.
func (a *asking) onResource(arn string) (*policy.Index, error) {
	if d, ok := a.logDestination(arn); ok {
		return identity.OnResource(arn, d.Policy)
	}
	if !strings.Contains(arn, ":secretsmanager:") {
		return nil, nil
	}
	s, _, err := a.secretOf(arn)
	if err != nil { // what is not there has no policy
		return nil, nil
	}
	return identity.OnResource(arn, s.Policy)
}

func newSecret(a *asking) {
	a.keys.Set("secretsmanager:Name", a.texts("Name")...)
	a.keys.Set("secretsmanager:Description", a.texts("Description")...)
	a.keys.Set("secretsmanager:KmsKeyId", a.texts("KmsKeyId")...)
}

func reading(a *asking) {
	a.keys.Set("secretsmanager:VersionId", a.texts("VersionId")...)
	a.keys.Set("secretsmanager:VersionStage", a.texts("VersionStage")...)
	if all := a.texts("SecretId"); len(all) > 0 {
		a.keys.Set("secretsmanager:SecretId", a.secret(all[0]))
	}
}

// ssmRules are those of Systems Manager parameters.
//
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
var ssmRules = table(map[string]rule{
	"PutParameter":        {on: parameter("Name"), tagged: "ssm:AddTagsToResource"},
	"GetParametersByPath": {on: parameter("Path"), keys: keyed(recursive)},
},
	all(rule{on: parameter("Name")}, "GetParameter GetParameterHistory DeleteParameter LabelParameterVersion UnlabelParameterVersion"),
	all(rule{on: parameter("Names")}, "GetParameters DeleteParameters"),
	all(rule{on: parameter("ResourceId")}, "AddTagsToResource RemoveTagsFromResource ListTagsForResource"),
	all(plain, "DescribeParameters"),
)

// parameter is the ARNs of parameters. A version or label after a colon is none of the name.
func parameter(member string) func(*asking) []string {
	return func(a *asking) (all []string) {
		for _, ref := range a.texts(member) {
			all = append(all, a.parameter(ref))
		}
		return all
	}
}

func (a *asking) parameter(ref string) string {
	if p, ok := model.ParseARN(ref); ok {
		p.Resource, _, _ = strings.Cut(p.Resource, ":")
		return p.String()
	}
	name, _, _ := strings.Cut(ref, ":")
	return a.sc.ParameterARN(name)
}

func recursive(a *asking) {
	is := "false"
	for _, v := range a.values("Recursive") {
		if v.Bool() {
			is = "true"
		}
	}
	a.keys.Set("ssm:Recursive", is)
}
