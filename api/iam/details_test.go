package iam

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestAccountAuthorizationDetails(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	w.user("bob")
	w.group("ops")
	w.role("app")
	w.profileOf("app")
	w.policy("p", allowAll)
	_, err := w.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: new("ops"), UserName: new("bob")})
	w.must("add", err)
	_, err = w.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: new("app"), PolicyName: new("own"), PolicyDocument: new(allowAll)})
	w.must("put", err)
	_, err = w.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: new("app"), PolicyArn: new("arn:aws:iam::aws:policy/AdministratorAccess")})
	w.must("attach", err)
	var got string
	for p := iam.NewGetAccountAuthorizationDetailsPaginator(w, &iam.GetAccountAuthorizationDetailsInput{MaxItems: new(int32(2))}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		w.must("details", err)
		for _, u := range page.UserDetailList {
			got += fmt.Sprint(*u.UserName, u.GroupList, " ")
		}
		for _, g := range page.GroupDetailList {
			got += *g.GroupName + " "
		}
		for _, r := range page.RoleDetailList {
			got += fmt.Sprint(*r.RoleName, " ", *r.RolePolicyList[0].PolicyName, " ", *r.AttachedManagedPolicies[0].PolicyName, " ", *r.InstanceProfileList[0].InstanceProfileName, " ")
		}
		for _, p := range page.Policies {
			got += fmt.Sprint(*p.PolicyName, " ", *p.PolicyVersionList[0].VersionId, " ", *p.AttachmentCount, " ")
		}
	}
	if want := "ops AdministratorAccess v1 1 app own AdministratorAccess ip p v1 0 bob[ops] "; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	some, err := w.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{types.EntityTypeUser}})
	w.must("filter", err)
	if len(some.UserDetailList) != 1 || len(some.RoleDetailList)+len(some.GroupDetailList)+len(some.Policies) != 0 {
		t.Errorf("got %+v", some)
	}
}
