package ssm

import (
	"encoding/base64"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// value is what a call shows of a version: a SecureString that is not decrypted is base64 of
// ciphertext, as on AWS.
func (o Options) value(tx *store.Tx, v model.ParameterVersion, decrypt bool) (string, error) {
	if v.Type == string(types.ParameterTypeSecureString) && !decrypt {
		return base64.StdEncoding.EncodeToString(v.Value), nil
	}
	return secrets.OpenParameter(tx.Scope(), o.Vault, v)
}

// optional returns nil for what is empty: only members with a value are answered.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
