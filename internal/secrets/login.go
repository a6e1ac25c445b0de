package secrets

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/store"
)

// errLogin says what is wrong with a reference to the login to a registry.
var errLogin = errors.New("it is the name or the ARN of a secret")

// ParseLogin takes a credentialsParameter apart: the name of a secret of the task's region, or the ARN of
// one, with or without the random characters.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RepositoryCredentials.html
func ParseLogin(parameter string) (Reference, error) {
	if !strings.HasPrefix(parameter, "arn:") {
		if !secretName.MatchString(parameter) {
			return Reference{}, errLogin
		}
		return Reference{Secret: parameter}, nil
	}
	r, err := ParseReference(parameter)
	if err != nil || r.Secret != parameter {
		return Reference{}, errLogin
	}
	return r, nil
}

// login reads who pulls the image of a container. The errors are worded as those of ECS's own agent.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html
func (r Reader) login(tx *store.Tx, by *session, parameter string) (l engine.Login, err error) {
	ref, err := ParseLogin(parameter)
	if err != nil {
		return l, err
	}
	value, text, err := r.fetch(tx.In(ref.Scope(tx.Scope())), by, ref)
	switch {
	case err != nil:
		return l, fmt.Errorf("asm fetching secret from the service for %s: %w", parameter, called("Secrets Manager: GetSecretValue", err))
	case !text || len(value) == 0:
		return l, errors.New("asm fetching authorization data: empty secrets value")
	}
	if json.Unmarshal(value, &l) != nil { // its error tells parts of the value
		return engine.Login{}, errors.New("asm fetching authorization data: unable to unmarshal secret value, invalid schema")
	}
	for _, m := range [...]struct{ name, value string }{{"username", l.Username}, {"password", l.Password}} {
		if m.value == "" {
			return engine.Login{}, errors.New("asm fetching " + m.name + ": AuthorizationData is malformed, empty field")
		}
	}
	return l, nil
}
