package gate_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamapi "github.com/aws/aws-sdk-go-v2/service/iam"
	stsapi "github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// trusting is a trust policy for the account's principals, with a condition.
func trusting(principal, condition string) string {
	if condition != "" {
		condition = `,"Condition":{` + condition + `}`
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":["sts:AssumeRole","sts:TagSession"]` + condition + `}]}`
}

func (w *world) assume(c aws.Credentials, in *stsapi.AssumeRoleInput) (aws.Credentials, error) {
	if in.RoleSessionName == nil {
		in.RoleSessionName = aws.String("s1")
	}
	out, err := w.sts(c).AssumeRole(w.Context(), in)
	if err != nil {
		return aws.Credentials{}, err
	}
	k := out.Credentials
	return aws.Credentials{AccessKeyID: *k.AccessKeyId, SecretAccessKey: *k.SecretAccessKey, SessionToken: *k.SessionToken, Expires: *k.Expiration}, nil
}

func TestWhoMayAssumeARole(t *testing.T) {
	const account, user = "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/u"
	const refused = "AccessDenied: User: arn:aws:iam::111122223333:user/u is not authorized to perform: sts:"
	assumes := policy(allow("sts:AssumeRole", "*"))
	for _, c := range []struct {
		name, trust, own string
		in               stsapi.AssumeRoleInput
		want             string
	}{
		{"the role trusts the account, and the user may", trusting(account, ""), assumes, stsapi.AssumeRoleInput{}, "allowed"},
		{"the role trusts the account, and the user may not", trusting(account, ""), "", stsapi.AssumeRoleInput{}, refused + "AssumeRole"},
		{"the role trusts the user", trusting(user, ""), "", stsapi.AssumeRoleInput{}, "allowed"},
		{"the role trusts somebody else", trusting("arn:aws:iam::111122223333:user/x", ""), assumes, stsapi.AssumeRoleInput{}, refused + "AssumeRole"},
		{"a denial of the user's own", trusting(user, ""), policy(deny("sts:*", "*")), stsapi.AssumeRoleInput{}, refused + "AssumeRole"},
		{"the external id that the role wants", trusting(user, `"StringEquals":{"sts:ExternalId":"x1"}`), "", stsapi.AssumeRoleInput{ExternalId: aws.String("x1")}, "allowed"},
		{"another external id", trusting(user, `"StringEquals":{"sts:ExternalId":"x1"}`), "", stsapi.AssumeRoleInput{ExternalId: aws.String("x2")}, refused + "AssumeRole"},
		{"no external id", trusting(user, `"StringEquals":{"sts:ExternalId":"x1"}`), "", stsapi.AssumeRoleInput{}, refused + "AssumeRole"},
		{"tags that the role lets in", trusting(user, ""), "", stsapi.AssumeRoleInput{Tags: []ststypes.Tag{{Key: aws.String("team"), Value: aws.String("a")}}}, "allowed"},
		{"tags that it does not", strings.Replace(trusting(user, ""), `,"sts:TagSession"`, "", 1), "",
			stsapi.AssumeRoleInput{Tags: []ststypes.Tag{{Key: aws.String("team"), Value: aws.String("a")}}}, refused + "TagSession"},
		{"longer than the role lasts", trusting(user, ""), "", stsapi.AssumeRoleInput{DurationSeconds: aws.Int32(7200)},
			"ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"too short", trusting(user, ""), "", stsapi.AssumeRoleInput{DurationSeconds: aws.Int32(60)}, "ValidationError: 1 validation error detected: Value '60'"},
		{"a role that is not there", trusting(user, ""), assumes, stsapi.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::111122223333:role/none")}, refused + "AssumeRole"},
		{"a session policy that is none", trusting(user, ""), "", stsapi.AssumeRoleInput{Policy: aws.String("{")}, "MalformedPolicyDocument"},
		{"MFA is refused by name", trusting(user, ""), "", stsapi.AssumeRoleInput{SerialNumber: aws.String("arn:aws:iam::1:mfa/u"), TokenCode: aws.String("123456")},
			"ValidationError: Drydock does not support the parameters SerialNumber, TokenCode."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, true)
			arn := w.role(model.Role{Name: "r", Trust: c.trust}, policy(allow("ecs:*", "*")))
			if c.in.RoleArn == nil {
				c.in.RoleArn = &arn
			}
			if _, err := w.assume(w.user("u", c.own), &c.in); !strings.HasPrefix(told(err), c.want) {
				t.Errorf("got %s, want %s", told(err), c.want)
			}
		})
	}
}

func TestASessionIsItsRoleAndNoMore(t *testing.T) {
	w := newWorld(t, true)
	u := w.user("u", policy(allow("*", "*")))
	arn := w.role(model.Role{Name: "r", Trust: trusting("arn:aws:iam::111122223333:root", "")}, policy(allow("ecs:*", "*")))
	s := must(w.assume(u, &stsapi.AssumeRoleInput{RoleArn: &arn}))(t)
	if got := w.whoami(s); got != "arn:aws:sts::111122223333:assumed-role/r/s1" {
		t.Error(got)
	}
	if got := w.list(s); got != "allowed" {
		t.Error(got)
	}
	if _, err := w.assume(s, &stsapi.AssumeRoleInput{RoleArn: &arn}); !strings.HasPrefix(told(err), "AccessDenied") {
		t.Errorf("the user's permissions are the session's too: %v", err)
	}
	less := must(w.assume(u, &stsapi.AssumeRoleInput{RoleArn: &arn, Policy: aws.String(policy(allow("ecs:DescribeClusters", "*")))}))(t)
	if got := w.list(less); !strings.Contains(got, "because no session policy allows the ecs:ListClusters action") {
		t.Error(got)
	}
	const fails = "' failed to satisfy constraint: Member must "
	for says, in := range map[string]*stsapi.AssumeRoleInput{
		"ValidationError: arn:aws:iam::111122223333:user/u is invalid":      {RoleArn: aws.String("arn:aws:iam::111122223333:user/u")},
		"Value 's' at 'roleSessionName" + fails + "have length greater":     {RoleArn: &arn, RoleSessionName: aws.String("s")},
		"Value 'a b' at 'roleSessionName" + fails + `satisfy regular`:       {RoleArn: &arn, RoleSessionName: aws.String("a b")},
		"at 'externalId" + fails + "have length less than or equal to 1224": {RoleArn: &arn, ExternalId: aws.String(strings.Repeat("x", 1225))},
		"Value 'a b' at 'externalId" + fails + `satisfy regular`:            {RoleArn: &arn, ExternalId: aws.String("a b")},
	} {
		if _, err := w.assume(u, in); !strings.Contains(told(err), says) {
			t.Errorf("got %v, want %s", err, says)
		}
	}
	managed := func(name string) []ststypes.PolicyDescriptorType {
		return []ststypes.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/" + name)}}
	}
	for name, want := range map[string]string{"AmazonECS_FullAccess": "allowed", "IAMReadOnlyAccess": "because no session policy allows the ecs:ListClusters action"} {
		s := must(w.assume(u, &stsapi.AssumeRoleInput{RoleArn: &arn, PolicyArns: managed(name)}))(t)
		if got := w.list(s); !strings.Contains(got, want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if _, err := w.assume(u, &stsapi.AssumeRoleInput{RoleArn: &arn, PolicyArns: managed("Nothing")}); !strings.Contains(told(err), "The policy arn:aws:iam::aws:policy/Nothing does not exist") {
		t.Errorf("a policy that is not there: %v", err)
	}
	// The sessions of before a restart are good after it, and those of a role that is another are not.
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(true)
	if got := w.list(s); got != "allowed" {
		t.Errorf("after a restart: %s", got)
	}
	w.role(model.Role{Name: "r", ID: "AROAOTHER", Trust: trusting("arn:aws:iam::111122223333:root", "")}, policy(allow("ecs:*", "*")))
	if got := w.list(s); got != bad {
		t.Errorf("the role is another: %s", got)
	}
}

func TestSessionTagsArePrincipalTags(t *testing.T) {
	w := newWorld(t, true)
	u := w.user("u", policy(allow("*", "*")))
	arn := w.role(model.Role{Name: "r", Trust: trusting("arn:aws:iam::111122223333:root", ""), Tags: model.Tags{{Key: "team", Value: "a"}}},
		policy(`{"Effect":"Allow","Action":"ecs:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"b"}}}`))
	if got := w.list(must(w.assume(u, &stsapi.AssumeRoleInput{RoleArn: &arn}))(t)); !strings.HasPrefix(got, "AccessDenied") {
		t.Error(got)
	}
	tags := []ststypes.Tag{{Key: aws.String("team"), Value: aws.String("b")}}
	if got := w.list(must(w.assume(u, &stsapi.AssumeRoleInput{RoleArn: &arn, Tags: tags}))(t)); got != "allowed" {
		t.Error(got)
	}
}

func TestEndedSessionsAreReaped(t *testing.T) {
	w := newWorld(t, true)
	u := w.user("u", policy(allow("*", "*")))
	old := must(w.sts(u).GetSessionToken(t.Context(), &stsapi.GetSessionTokenInput{}))(t).Credentials
	w.update(func(tx *store.Tx) {
		s, _ := store.Sessions.Get(tx, *old.AccessKeyId)
		s.Expires = tx.Now().Add(-2 * time.Hour)
		store.Sessions.Put(tx, s)
	})
	must(w.sts(u).GetSessionToken(t.Context(), &stsapi.GetSessionTokenInput{}))(t)
	w.update(func(tx *store.Tx) {
		if _, ok := store.Sessions.Get(tx, *old.AccessKeyId); ok {
			t.Error("it is still there")
		}
	})
}

func TestTheRootAssumesNoRoles(t *testing.T) {
	w := newWorld(t, false)
	arn := w.role(model.Role{Name: "r", Trust: trusting("*", "")}, "{}")
	_, err := w.assume(aws.Credentials{AccessKeyID: scope.Account, SecretAccessKey: "test"}, &stsapi.AssumeRoleInput{RoleArn: &arn})
	if got := told(err); got != "AccessDenied: Roles may not be assumed by root accounts." {
		t.Error(got)
	}
}

func TestTheSessionOfAUserCallsNothingOfIAM(t *testing.T) {
	w := newWorld(t, true)
	u := w.user("u", policy(allow("*", "*")))
	k := must(w.sts(u).GetSessionToken(t.Context(), &stsapi.GetSessionTokenInput{}))(t).Credentials
	s := aws.Credentials{AccessKeyID: *k.AccessKeyId, SecretAccessKey: *k.SecretAccessKey, SessionToken: *k.SessionToken}
	if _, err := iamapi.NewFromConfig(w.as(s)).ListUsers(t.Context(), &iamapi.ListUsersInput{}); told(err) != badQuery {
		t.Error(told(err))
	}
	if _, err := iamapi.NewFromConfig(w.as(u)).ListUsers(t.Context(), &iamapi.ListUsersInput{}); told(err) != "allowed" {
		t.Error(told(err))
	}
	if _, err := w.sts(s).GetSessionToken(t.Context(), &stsapi.GetSessionTokenInput{}); !strings.HasPrefix(told(err), "AccessDenied: Cannot call") {
		t.Error(told(err))
	}
}

func TestAPresignedCallIsItsSigners(t *testing.T) {
	w := newWorld(t, true)
	u := w.user("u", "")
	p := must(stsapi.NewPresignClient(w.sts(u)).PresignGetCallerIdentity(t.Context(), &stsapi.GetCallerIdentityInput{}))(t)
	for url, want := range map[string]string{p.URL: "user/u", strings.Replace(p.URL, "X-Amz-Signature=", "X-Amz-Signature=0", 1): "SignatureDoesNotMatch",
		strings.Replace(p.URL, "X-Amz-Date=2", "X-Amz-Date=1", 1): "SignatureDoesNotMatch"} {
		r, _ := http.NewRequestWithContext(t.Context(), p.Method, url, nil)
		res := must(http.DefaultClient.Do(r))(t)
		if body := string(must(io.ReadAll(res.Body))(t)); !strings.Contains(body, want) {
			t.Errorf("%s: want %s", body, want)
		}
		_ = res.Body.Close()
	}
}

// TestARoleOfAnotherAccount must be trusted by that account and allowed by one's own.
func TestARoleOfAnotherAccount(t *testing.T) {
	there := model.Scope{Account: "444455556666", Region: scope.Region}
	for _, c := range []struct{ name, trust, own, want string }{
		{"both agree", trusting("arn:aws:iam::111122223333:root", ""), policy(allow("sts:AssumeRole", "*")), "allowed"},
		{"its own account does not", trusting("arn:aws:iam::111122223333:user/u", ""), "", "AccessDenied"},
		{"the other account does not", trusting("arn:aws:iam::444455556666:root", ""), policy(allow("sts:AssumeRole", "*")), "AccessDenied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, true)
			r := model.Role{Name: "r", Path: "/", ID: "AROAR", MaxSession: time.Hour, Trust: c.trust, Grants: model.Grants{Inline: []model.Inline{{Name: "own", Document: policy(allow("ecs:*", "*"))}}}}
			if err := w.store.Update(there.Global(), func(tx *store.Tx) error { store.Roles.Put(tx, r); return nil }); err != nil {
				t.Fatal(err)
			}
			s, err := w.assume(w.user("u", c.own), &stsapi.AssumeRoleInput{RoleArn: aws.String(r.ARN(there))})
			if got := told(err); !strings.HasPrefix(got, c.want) {
				t.Fatalf("got %s", got)
			}
			if got := w.whoami(s); err == nil && got != "arn:aws:sts::444455556666:assumed-role/r/s1" {
				t.Error(got)
			}
		})
	}
}

func TestARenamedUserMustBeAllowedUnderBothNames(t *testing.T) {
	w := newWorld(t, true)
	w.user("dev-a", "")
	u := iamapi.NewFromConfig(w.as(w.user("u", policy(allow("iam:UpdateUser", "arn:aws:iam::111122223333:user/dev-*")))))
	for to, want := range map[string]string{"admin": "AccessDenied", "dev-b": "allowed"} {
		_, err := u.UpdateUser(t.Context(), &iamapi.UpdateUserInput{UserName: aws.String("dev-a"), NewUserName: &to})
		if got := told(err); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", to, got)
		}
	}
}
