// Package sts answers the AWS Security Token Service: who a caller is, and temporary credentials for
// roles and users. Whether a role may be assumed is the gate's to say.
package sts

import (
	"regexp"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/ids"
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
			"GetAccessKeyInfo":  handler.Read(accessKeyInfo),
		}), Known: known}
}

// known are the operations that are refused as not supported.
var known = []string{"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "DecodeAuthorizationMessage",
	"GetDelegatedAccessToken", "GetFederationToken", "GetWebIdentityToken"}

var keyForm = regexp.MustCompile(`^\w{16,128}$`)

// accessKeyInfo tells which account a key belongs to: it stands in the id, so that it is no matter whether
// the key is there, or whose it is.
//
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
func accessKeyInfo(_ *store.Tx, in *sts.GetAccessKeyInfoInput) (*sts.GetAccessKeyInfoOutput, error) {
	if in.AccessKeyId == nil {
		return nil, invalid("1 validation error detected: Value at 'accessKeyId' failed to satisfy constraint: Member must not be null")
	}
	id := *in.AccessKeyId
	if !keyForm.MatchString(id) {
		return nil, invalid(`1 validation error detected: Value at 'accessKeyId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w]* and have length from 16 to 128`)
	}
	account, ok := ids.Issued(id)
	if !ok {
		return nil, invalid("Drydock knows the account of an AccessKeyId only if it issued the key.")
	}
	return &sts.GetAccessKeyInfoOutput{Account: &account}, nil
}

// callerIdentity answers who calls. Nobody needs a permission for that.
//
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func callerIdentity(tx *store.Tx, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	c := tx.Caller()
	return &sts.GetCallerIdentityOutput{Account: new(tx.Scope().Account), UserId: &c.ID, Arn: &c.ARN}, nil
}
