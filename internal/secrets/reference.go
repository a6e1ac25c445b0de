package secrets

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Reference is the valueFrom of a container's secret, taken apart.
type Reference struct {
	Secret  string // ARN of a secret, with or without the random characters; empty for a parameter
	JSONKey string // whose value of the secret is wanted; empty for all of it
	Stage   string
	Version string

	Parameter string // name or ARN, perhaps with a version or label; empty for a secret
}

// The forms of the last parts of ARNs, and of the names of parameters.
var (
	secretName    = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]{1,512}$`)
	parameterName = regexp.MustCompile(`^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*(:[A-Za-z0-9_.-]+)?$`)
	regionName    = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-[0-9]+$`)
	accountID     = regexp.MustCompile(`^[0-9]{12}$`)
)

// errParameter and errSecret say what is wrong with a reference.
var (
	errParameter = errors.New("the name of a parameter has letters, digits and the symbols _.-/")
	errSecret    = errors.New("the ARN of a secret ends in secret:NAME or secret:NAME:JSON-KEY:VERSION-STAGE:VERSION-ID")
	errARN       = errors.New("the ARN names no secret and no parameter")
)

// ParseReference takes a valueFrom apart.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html,
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
func ParseReference(valueFrom string) (Reference, error) {
	if !strings.HasPrefix(valueFrom, "arn:") {
		if !parameterName.MatchString(valueFrom) {
			return Reference{}, errParameter
		}
		return Reference{Parameter: valueFrom}, nil
	}
	a, ok := model.ParseARN(valueFrom)
	if !ok || !regionName.MatchString(a.Region) || a.Partition != a.Scope().Partition() || !accountID.MatchString(a.Account) && !publicARN(a) {
		return Reference{}, errARN
	}
	switch name, ofParameter := strings.CutPrefix(a.Resource, "parameter/"); {
	case a.Service == "secretsmanager":
		return secretReference(a)
	case a.Service == "ssm" && ofParameter && parameterName.MatchString(name):
		return Reference{Parameter: valueFrom}, nil
	case a.Service == "ssm":
		return Reference{}, errParameter
	}
	return Reference{}, errARN
}

// publicARN reports whether an ARN may be that of a public parameter, which is no account's.
func publicARN(a model.ARN) bool {
	return a.Service == "ssm" && a.Account == "" && strings.HasPrefix(a.Resource, "parameter/aws/")
}

func secretReference(a model.ARN) (Reference, error) {
	parts := strings.Split(a.Resource, ":")
	if len(parts) != 2 && len(parts) != 5 || parts[0] != "secret" || !secretName.MatchString(parts[1]) {
		return Reference{}, errSecret
	}
	parts = append(parts, "", "", "")
	r := Reference{JSONKey: parts[2], Stage: parts[3], Version: parts[4]}
	a.Resource = strings.Join(slices.Clone(parts[:2]), ":")
	r.Secret = a.String()
	return r, nil
}

// Scope is where what r names is: in the region of its ARN, else in that of the task.
func (r Reference) Scope(of model.Scope) model.Scope {
	name := r.Secret
	if name == "" {
		name = r.Parameter
	}
	if a, ok := model.ParseARN(name); ok {
		of.Region = a.Region
		if a.Account != "" {
			of.Account = a.Account
		}
	}
	return of
}
