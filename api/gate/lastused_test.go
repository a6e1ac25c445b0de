package gate_test

import (
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamapi "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	stsapi "github.com/aws/aws-sdk-go-v2/service/sts"
)

// keyUsed is service, region and whether the date is about now; "N/A N/A" of what was never used.
func (w *world) keyUsed(id string) string {
	w.Helper()
	out := must(w.iam().GetAccessKeyLastUsed(w.Context(), &iamapi.GetAccessKeyLastUsedInput{AccessKeyId: &id}))(w)
	u := out.AccessKeyLastUsed
	return *out.UserName + ": " + *u.ServiceName + " " + *u.Region + recently(u.LastUsedDate)
}

func recently(t *time.Time) string {
	switch {
	case t == nil:
		return ""
	case time.Since(*t) < 2*time.Minute && t.Second() == 0:
		return " now"
	}
	return " " + t.String()
}

func (w *world) roleUsed(u *types.RoleLastUsed) string {
	w.Helper()
	if u == nil {
		return "not told"
	}
	return aws.ToString(u.Region) + recently(u.LastUsedDate)
}

func (w *world) iam() *iamapi.Client {
	return iamapi.NewFromConfig(w.as(aws.Credentials{AccessKeyID: scope.Account, SecretAccessKey: "test"}))
}

// TestUsesAreTold of keys and roles, whatever came of the call; not those by somebody else.
func TestUsesAreTold(t *testing.T) {
	w := newWorld(t, false)
	u := w.user("ann", policy(allow("sts:*", "*")))
	bob := w.user("bob", "")
	arn := w.role(model.Role{Name: "r", Trust: trusting("arn:aws:iam::111122223333:user/ann", "")}, policy(allow("ecs:*", "*")))
	role := func() string {
		return w.roleUsed(must(w.iam().GetRole(t.Context(), &iamapi.GetRoleInput{RoleName: aws.String("r")}))(t).Role.RoleLastUsed)
	}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	want("a new key", w.keyUsed(u.AccessKeyID), "ann: N/A N/A")
	want("a new role", role(), "")
	wrong := u
	wrong.SecretAccessKey = "other"
	w.list(wrong)
	want("a wrong signature is no use", w.keyUsed(u.AccessKeyID), "ann: N/A N/A")
	w.list(u)
	want("what was denied is", w.keyUsed(u.AccessKeyID), "ann: ecs eu-central-1 now")
	s := must(w.assume(u, &stsapi.AssumeRoleInput{RoleArn: &arn}))(t)
	want("the newest counts", w.keyUsed(u.AccessKeyID), "ann: sts eu-central-1 now")
	want("to assume a role is not to use it", role(), "")
	w.list(s)
	want("its session does", role(), "eu-central-1 now")
	all := must(w.iam().GetAccountAuthorizationDetails(t.Context(), &iamapi.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{types.EntityTypeRole}}))(t)
	want("as the account's details tell", w.roleUsed(all.RoleDetailList[0].RoleLastUsed), "eu-central-1 now")
	want("a list does not tell", w.roleUsed(must(w.iam().ListRoles(t.Context(), &iamapi.ListRolesInput{}))(t).Roles[0].RoleLastUsed), "not told")
	want("nobody else's", w.keyUsed(bob.AccessKeyID), "bob: N/A N/A")
}
