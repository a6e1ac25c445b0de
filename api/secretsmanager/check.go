package secretsmanager

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Limits.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const (
	maxName        = 512
	maxID          = 2048
	maxDescription = 2048
	maxValue       = 64 << 10 // bytes
	maxVersions    = 100
	maxStages      = 20 // of one version
	defaultKey     = "alias/aws/secretsmanager"
)

// checkLength refuses a member that is given and not between least and most characters long.
func checkLength(member string, p *string, least, most int) error {
	if p == nil {
		return nil
	}
	switch n := utf8.RuneCountInString(*p); {
	case n < least:
		return breaks(*p, member, "have length greater than or equal to "+strconv.Itoa(least))
	case n > most:
		return breaks(*p, member, "have length less than or equal to "+strconv.Itoa(most))
	}
	return nil
}

// lengths is checkLength for several members.
type length struct {
	member      string
	value       *string
	least, most int
}

func checkLengths(ls ...length) error {
	for _, l := range ls {
		if err := checkLength(l.member, l.value, l.least, l.most); err != nil {
			return err
		}
	}
	return nil
}

// required refuses what must be given and is not.
func required(member string, p *string) error {
	if p == nil {
		return validation("1 validation error detected: Value null at '" + member + "' failed to satisfy constraint: Member must not be null")
	}
	return nil
}

// find returns the secret that a SecretId names.
func find(tx *store.Tx, id *string) (model.Secret, error) {
	if err := required("secretId", id); err != nil {
		return model.Secret{}, err
	}
	if err := checkLength("secretId", id, 1, maxID); err != nil {
		return model.Secret{}, err
	}
	return secrets.Find(tx, *id)
}

// findInUse is find for what may be done only to secrets that are not deleted.
func findInUse(tx *store.Tx, id *string) (model.Secret, error) {
	s, err := find(tx, id)
	if err == nil && !s.Deleted.IsZero() {
		err = secrets.Deleted()
	}
	return s, err
}

// checkName applies the rules of names.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func checkName(name *string) error {
	if err := required("name", name); err != nil {
		return err
	}
	if err := checkLength("name", name, 1, maxName); err != nil {
		return err
	}
	for _, r := range *name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/_+=.@-!", r)) {
			return validation("Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
		}
	}
	return nil
}

// checkKey lets through the one key there is.
func checkKey(key *string, sc model.Scope) error {
	switch k := aws.ToString(key); k {
	case "", defaultKey, sc.ARN("kms", defaultKey):
		return nil
	}
	return invalid("Drydock does not support the parameter KmsKeyId other than %s: leave it out.", defaultKey)
}

// value is a new value as a client gave it.
type value struct {
	bytes  []byte
	binary bool
}

// newValue reads SecretString or SecretBinary; none is no error.
func newValue(text *string, binary []byte) (v value, given bool, err error) {
	switch {
	case text != nil && binary != nil:
		return v, false, invalid("You can't specify both a binary secret value and a string secret value in the same secret.")
	case text != nil:
		v = value{bytes: []byte(*text)}
	case binary != nil:
		v = value{bytes: binary, binary: true}
	default:
		return v, false, nil
	}
	member := "secretString"
	if v.binary {
		member = "secretBinary"
	}
	switch {
	case len(v.bytes) > maxValue:
		return v, false, breaks("", member, "have length less than or equal to "+strconv.Itoa(maxValue))
	case len(v.bytes) == 0:
		return v, false, breaks("", member, "have length greater than or equal to 1")
	}
	return v, true, nil
}

// token returns the id of a new version: the client's token, else a new one.
func token(t *string) (string, error) {
	if aws.ToString(t) == "" {
		return ids.UUID(), nil
	}
	if err := checkLength("clientRequestToken", t, 32, 64); err != nil {
		return "", err
	}
	if strings.Contains(*t, "|") {
		return "", invalid("The ClientRequestToken is not valid.")
	}
	return *t, nil
}
