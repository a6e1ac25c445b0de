// Package secrets finds what a client or a task definition names, of Secrets Manager and of the
// Parameter Store, and opens its value. Whoever calls the API was let in before; what a task gets is read by
// the right of its execution role. A value is handed to the caller alone; it is in no error.
package secrets

import (
	"fmt"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// suffix is how many random characters, after a hyphen, end the ARN of a secret.
const suffix = 6

// Find returns the secret that id names: its name, its ARN, or its ARN without the random characters
// at the end. A name that itself ends like an ARN is found by its whole ARN.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
func Find(tx *store.Tx, id string) (model.Secret, error) {
	a, ok := model.ParseARN(id)
	if !ok {
		return named(tx, id)
	}
	rest, ok := strings.CutPrefix(a.Resource, "secret:")
	if !ok || a.Service != "secretsmanager" || a.Scope() != tx.Scope() {
		return model.Secret{}, notFound("Secrets Manager can't find the specified secret.")
	}
	if n := len(rest) - suffix - 1; n > 0 && rest[n] == '-' {
		if s, ok := store.Secrets.Get(tx, rest[:n]); ok && s.Suffix == rest[n+1:] {
			return s, nil
		}
	}
	return named(tx, rest)
}

func named(tx *store.Tx, name string) (model.Secret, error) {
	s, ok := store.Secrets.Get(tx, name)
	if !ok {
		return s, notFound("Secrets Manager can't find the specified secret.")
	}
	return s, nil
}

func notFound(format string, args ...any) error {
	return &types.ResourceNotFoundException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// Deleted is what is told of a secret that waits for its deletion.
func Deleted() error {
	return &types.InvalidRequestException{Message: aws.String("You can't perform this operation on the secret because it was marked for deletion.")}
}

// Foreign is what is told who may read a secret of another account: there is one key, Secrets Manager's own, and
// that key is its account's.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html
func Foreign() error {
	return &types.InvalidRequestException{Message: aws.String("You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.")}
}

// Version returns a version of a secret: by id, by staging label, or AWSCURRENT if neither is given.
// Given both, they must belong together.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
func Version(tx *store.Tx, s model.Secret, id, stage string) (model.SecretVersion, error) {
	if !s.Deleted.IsZero() {
		return model.SecretVersion{}, Deleted()
	}
	byID := id != ""
	if stage == "" && !byID {
		stage = model.StageCurrent
	}
	if !byID {
		id = s.Stages[stage]
	}
	v, ok := store.SecretVersions.Get(tx, model.SecretVersionPrefix(s.Name)+id)
	switch {
	case byID && !ok:
		return v, notFound("Secrets Manager can't find the specified secret value for VersionId: %s", id)
	case !ok || !v.Sealed():
		return v, notFound("Secrets Manager can't find the specified secret value for staging label: %s", stage)
	case stage != "" && s.Stages[stage] != id:
		return v, &types.InvalidRequestException{Message: aws.String("You provided a VersionStage that is not associated to the provided VersionId.")}
	}
	return v, nil
}

// Place is where the value of a version stands. A secret that is made anew under the name of one that
// is gone is another place.
func Place(sc model.Scope, s model.Secret, version string) vault.Place {
	return vault.Place{Scope: sc, Table: store.SecretVersions.Name(), Key: model.SecretVersionPrefix(s.Name) + version, Member: s.Suffix}
}

// Open returns the value of a version and notes the day of the reading, which is as exact as AWS
// tells it.
func Open(tx *store.Tx, vt *vault.Vault, s model.Secret, v model.SecretVersion) ([]byte, error) {
	value, err := vt.Open(Place(tx.Scope(), s, v.ID), v.Value)
	if err != nil {
		return nil, &types.DecryptionFailure{Message: aws.String("Secrets Manager can't decrypt the secret value: it was not encrypted with the data key of this daemon.")}
	}
	day := tx.Now().Truncate(24 * time.Hour)
	if v.Accessed.Equal(day) && s.Accessed.Equal(day) {
		return value, nil
	}
	v.Accessed, s.Accessed = day, day
	store.SecretVersions.Put(tx, v)
	store.Secrets.Put(tx, s)
	return value, nil
}

// Remove deletes a secret with its versions.
func Remove(tx *store.Tx, s model.Secret) {
	for v := range store.SecretVersions.From(tx, model.SecretVersionPrefix(s.Name), "") {
		store.SecretVersions.Delete(tx, v.Key())
	}
	store.Secrets.Delete(tx, s.Name)
}
