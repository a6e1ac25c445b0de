package iam

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// A trust policy names who was there when it was written, not a name.
func TestTrustFollowsThePrincipal(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	w.user("bob")
	bob, err := w.GetUser(ctx, &iam.GetUserInput{UserName: new("bob")})
	w.must("get", err)
	_, err = w.CreateRole(ctx, &iam.CreateRoleInput{RoleName: new("app"), AssumeRolePolicyDocument: new(fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"%s"}}}`, *bob.User.Arn))})
	w.must("create", err)
	trusts := func(who string) {
		t.Helper()
		got, err := w.GetRole(ctx, &iam.GetRoleInput{RoleName: new("app")})
		w.must("get", err)
		if doc, _ := url.PathUnescape(*got.Role.AssumeRolePolicyDocument); !strings.Contains(doc, `{"AWS":"`+who+`"}`) {
			t.Errorf("got %s, want %s", doc, who)
		}
	}
	_, err = w.UpdateUser(ctx, &iam.UpdateUserInput{UserName: new("bob"), NewUserName: new("rob"), NewPath: new("/team/")})
	w.must("rename", err)
	trusts("arn:aws:iam::111122223333:user/team/rob")
	_, err = w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: new("rob")})
	w.must("delete", err)
	trusts(*bob.User.UserId)
	w.user("rob")
	trusts(*bob.User.UserId)
}
