// Package sts answers the AWS Security Token Service as far as clients ask it who they are. There are
// no users and no roles here: every caller is the root user of the account that its access key names.
package sts

import (
	"context"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Service returns the operations. They read nothing of the store; it is taken for the sake of one
// shape with the other services.
func Service(*store.Store) wire.Service {
	return wire.Service{Name: "sts", Protocol: wire.Query, Version: "2011-06-15", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Ops: map[string]wire.Op{
			"GetCallerIdentity": {In: func() any { return new(sts.GetCallerIdentityInput) }, Do: func(_ context.Context, c wire.Call, _ any) (any, error) {
				return callerIdentity(c), nil
			}},
		},
		Known: []string{"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "DecodeAuthorizationMessage",
			"GetAccessKeyInfo", "GetDelegatedAccessToken", "GetFederationToken", "GetSessionToken", "GetWebIdentityToken"},
	}
}

// callerIdentity answers as AWS answers a root user, whose user id is the account id.
//
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func callerIdentity(c wire.Call) *sts.GetCallerIdentityOutput {
	account := c.Scope.Account
	return &sts.GetCallerIdentityOutput{Account: &account, UserId: &account,
		Arn: aws.String("arn:" + c.Scope.Partition() + ":iam::" + account + ":root")}
}
