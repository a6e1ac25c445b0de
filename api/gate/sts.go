package gate

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// stsRules are those of the Security Token Service. Who a caller is, it may always ask, and so may a
// user for a session of its own.
//
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html,
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
var stsRules = map[string]rule{
	"GetCallerIdentity": {free: true},
	"GetSessionToken":   {free: true},
	"GetAccessKeyInfo":  plain,
	"AssumeRole":        {on: given("RoleArn"), keys: keyed(assuming), more: sessionsAre, trust: trusted},
}

// assuming sets the keys that trust policies look at.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-sts
func assuming(a *asking) {
	a.keys.Set("sts:ExternalId", a.texts("ExternalId")...)
	a.keys.Set("sts:RoleSessionName", a.texts("RoleSessionName")...)
	a.keys.Set("sts:SourceIdentity", a.texts("SourceIdentity")...)
	a.keys.Set("sts:TransitiveTagKeys", a.texts("TransitiveTagKeys")...)
}

// trusted is the role that is to be assumed; one that is not there trusts nobody. Of what is no role the operation
// itself says so.
func trusted(a *asking) *model.Role {
	arn := a.text("RoleArn")
	name, ok := model.RoleName(arn)
	if !ok {
		return nil
	}
	p, _ := model.ParseARN(arn)
	sc := model.Scope{Account: p.Account, Region: a.sc.Region}.Global()
	r, ok := store.Roles.Get(a.tx.In(sc), model.Role{Name: name}.Key())
	if !ok || r.ARN(sc) != arn {
		return &model.Role{Trust: nobody}
	}
	return &r
}

// nobody is a trust policy that lets nobody in.
const nobody = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"nobody.invalid"},"Action":"sts:AssumeRole"}]}`

// sessionsAre is what an assumed session that is tagged, or has a source identity, needs besides.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
func sessionsAre(a *asking) (actions []string) {
	if len(a.texts("Tags.Key")) > 0 || len(a.texts("TransitiveTagKeys")) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if a.text("SourceIdentity") != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	return actions
}
