// Package sts answers the AWS Security Token Service: who a caller is, and temporary credentials for
// roles and users. Whether a role may be assumed is the gate's to say.
package sts

import (
	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Options is what the handlers know besides the rows.
type Options struct {
	Vault *vault.Vault // seals the secrets of sessions
}

// Service returns the operations over s.
func Service(s *store.Store, o Options) wire.Service {
	return wire.Service{Name: "sts", Protocol: wire.Query, Version: "2011-06-15", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Ops: handler.Ops(s, map[string]handler.Bind{
			"GetCallerIdentity": handler.Read(callerIdentity),
			"AssumeRole":        handler.Write(o.assumeRole),
			"GetSessionToken":   handler.Write(o.sessionToken),
		}), Known: known}
}

// known are the operations that are refused as not supported.
var known = []string{"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "DecodeAuthorizationMessage",
	"GetAccessKeyInfo", "GetDelegatedAccessToken", "GetFederationToken", "GetWebIdentityToken"}

// callerIdentity answers who calls. Nobody needs a permission for that.
//
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func callerIdentity(tx *store.Tx, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	c := tx.Caller()
	return &sts.GetCallerIdentityOutput{Account: new(tx.Scope().Account), UserId: &c.ID, Arn: &c.ARN}, nil
}
