package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/policy"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// statuses are those that the API Reference tells with each error.
//
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html#API_CreateUser_Errors
var statuses = map[string]int{
	"NoSuchEntity":        http.StatusNotFound,
	"EntityAlreadyExists": http.StatusConflict,
	"DeleteConflict":      http.StatusConflict,
	"LimitExceeded":       http.StatusConflict,
}

func say(format string, args ...any) *string {
	s := fmt.Sprintf(format, args...)
	return &s
}

// invalid is a request that breaks a rule of IAM's front end.
func invalid(format string, args ...any) error {
	return &wire.Error{Code: "ValidationError", Message: fmt.Sprintf(format, args...)}
}

// constraint is what the front end says of a member that breaks its model.
func constraint(value, member, rule string) error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, rule)
}

// missing is constraint for a required member that was not given.
func missing(member string) error {
	return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

// required returns the member's value.
func required(p *string, member string) (string, error) {
	if str(p) == "" {
		return "", missing(member)
	}
	return *p, nil
}

// refuse names a member that does not act here.
func refuse(in any, members ...string) error { return wire.Refuse(in, "ValidationError", members...) }

// notThere is an entity that does not exist; kind is as AWS's sentence has it: user, role, group.
func notThere(kind, name string) error {
	return &types.NoSuchEntityException{Message: say("The %s with name %s cannot be found.", kind, name)}
}

func noSuch(format string, args ...any) error {
	return &types.NoSuchEntityException{Message: say(format, args...)}
}

func exists(format string, args ...any) error {
	return &types.EntityAlreadyExistsException{Message: say(format, args...)}
}

func conflict(format string, args ...any) error {
	return &types.DeleteConflictException{Message: say(format, args...)}
}

// quota is a limit that would be exceeded, by the name that AWS has for it.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func quota(name string, most int) error {
	return &types.LimitExceededException{Message: say("Cannot exceed quota for %s: %d", name, most)}
}

func badInput(format string, args ...any) error {
	return &types.InvalidInputException{Message: say(format, args...)}
}

// document reads a policy document of a request.
func document(kind policy.Kind, p *string, member string) (string, error) {
	doc, err := required(p, member)
	if err != nil {
		return "", err
	}
	if len(doc) > 131072 {
		return "", constraint("...", member, "have length less than or equal to 131072")
	}
	_, err = policy.Parse(kind, doc)
	var m *policy.Malformed
	switch {
	case errors.As(err, &m) && kind == policy.Trust && !json.Valid([]byte(doc)):
		return "", &types.MalformedPolicyDocumentException{Message: say("This policy contains invalid Json")}
	case errors.As(err, &m):
		return "", &types.MalformedPolicyDocumentException{Message: &m.Message}
	}
	return doc, err
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// given is a pointer to s, nil where s is empty: IAM leaves such members out.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// enum reports a value that an enum does not have; the empty value passes.
func enum[T ~string](v T, member string, all []T) error {
	names := make([]string, len(all))
	for i, a := range all {
		if v == a {
			return nil
		}
		names[i] = string(a)
	}
	if v == "" {
		return nil
	}
	return constraint(string(v), member, "satisfy enum value set: ["+strings.Join(names, ", ")+"]")
}
