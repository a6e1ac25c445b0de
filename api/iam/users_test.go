package iam

import (
	"fmt"
	"testing"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestUsers(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	out, err := w.CreateUser(ctx, &iam.CreateUserInput{UserName: new("bob"), Path: new("/team/"), Tags: []types.Tag{{Key: new("team"), Value: new("web")}}})
	w.must("create", err)
	if *out.User.Arn != "arn:aws:iam::111122223333:user/team/bob" || len(*out.User.UserId) != 21 || (*out.User.UserId)[:4] != "AIDA" || len(out.User.Tags) != 1 {
		t.Errorf("got %+v", out.User)
	}
	for i := range 5 {
		w.user(fmt.Sprint("u", i))
	}
	var names []string
	for p := iam.NewListUsersPaginator(w, &iam.ListUsersInput{MaxItems: new(int32(2))}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		w.must("list", err)
		for _, u := range page.Users {
			names = append(names, *u.UserName)
		}
	}
	if fmt.Sprint(names) != "[bob u0 u1 u2 u3 u4]" {
		t.Errorf("listed %v", names)
	}
	team, err := w.ListUsers(ctx, &iam.ListUsersInput{PathPrefix: new("/team/")})
	w.must("list by path", err)
	if len(team.Users) != 1 || team.IsTruncated {
		t.Errorf("got %+v", team.Users)
	}
	_, err = w.UpdateUser(ctx, &iam.UpdateUserInput{UserName: new("bob"), NewUserName: new("rob"), NewPath: new("/")})
	w.must("rename", err)
	got, err := w.GetUser(ctx, &iam.GetUserInput{UserName: new("rob")})
	w.must("get", err)
	if *got.User.Arn != "arn:aws:iam::111122223333:user/rob" || *got.User.UserId != *out.User.UserId {
		t.Errorf("got %+v", got.User)
	}
	me, err := w.GetUser(ctx, &iam.GetUserInput{})
	w.must("get root", err)
	if *me.User.Arn != "arn:aws:iam::111122223333:root" {
		t.Errorf("got %s", *me.User.Arn)
	}
	w.as = model.Caller{ARN: "arn:aws:iam::111122223333:user/rob"}
	me, err = w.GetUser(ctx, &iam.GetUserInput{})
	w.must("get oneself", err)
	if *me.User.UserName != "rob" {
		t.Errorf("got %s", *me.User.UserName)
	}
	_, err = w.UntagUser(ctx, &iam.UntagUserInput{UserName: new("rob"), TagKeys: []string{"TEAM"}})
	w.must("untag", err)
	tags, err := w.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: new("rob")})
	w.must("tags", err)
	if len(tags.Tags) != 0 {
		t.Errorf("got %+v", tags.Tags)
	}
	_, err = w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: new("rob")})
	w.must("delete", err)
}

func TestAccessKeys(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	w.user("bob")
	out, err := w.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: new("bob")})
	w.must("create", err)
	k := out.AccessKey
	if account, ok := ids.Issued(*k.AccessKeyId); !ok || account != "111122223333" || len(*k.SecretAccessKey) != 40 {
		t.Errorf("got %s, %d characters", *k.AccessKeyId, len(*k.SecretAccessKey))
	}
	if err := w.store.View(w.scope, func(tx *store.Tx) error {
		row, ok := store.AccessKeys.Get(tx, *k.AccessKeyId)
		secret, err := identity.Secret(w.vault, model.Scope{Account: w.scope.Account, Region: "eu-central-1"}, row)
		if !ok || err != nil || secret != *k.SecretAccessKey || !row.Active {
			t.Errorf("kept %v %v", ok, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	_, err = w.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: new("bob"), AccessKeyId: k.AccessKeyId, Status: types.StatusTypeInactive})
	w.must("deactivate", err)
	_, err = w.UpdateUser(ctx, &iam.UpdateUserInput{UserName: new("bob"), NewUserName: new("rob")})
	w.must("rename", err)
	w.as = model.Caller{ARN: "arn:aws:iam::111122223333:user/rob"}
	_, err = w.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})
	w.must("create for oneself", err)
	all, err := w.ListAccessKeys(ctx, &iam.ListAccessKeysInput{})
	w.must("list", err)
	if len(all.AccessKeyMetadata) != 2 || *all.AccessKeyMetadata[0].UserName != "rob" {
		t.Errorf("got %+v", all.AccessKeyMetadata)
	}
	w.as = model.Caller{}
	refuseAll(t, []refusal{
		{"a third key", "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", func() error {
			_, err := w.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: new("rob")})
			return err
		}},
		{"deleting who has keys", "DeleteConflict", "Cannot delete entity, must delete access keys first.", func() error {
			_, err := w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: new("rob")})
			return err
		}},
		{"a key of the root", "ValidationError", "Drydock does not support access keys of the root user: name a user.", func() error {
			_, err := w.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})
			return err
		}},
		{"a key that is not there", "NoSuchEntity", "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.", func() error {
			_, err := w.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: new("rob"), AccessKeyId: new("AKIAIOSFODNN7EXAMPLE")})
			return err
		}},
	})
	for _, m := range all.AccessKeyMetadata {
		_, err = w.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: new("rob"), AccessKeyId: m.AccessKeyId})
		w.must("delete", err)
	}
	_, err = w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: new("rob")})
	w.must("delete user", err)
}

func TestGroups(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	w.group("ops")
	w.user("bob")
	for range 2 {
		_, err := w.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: new("ops"), UserName: new("bob")})
		w.must("add", err)
	}
	_, err := w.UpdateGroup(ctx, &iam.UpdateGroupInput{GroupName: new("ops"), NewGroupName: new("dev")})
	w.must("rename", err)
	g, err := w.GetGroup(ctx, &iam.GetGroupInput{GroupName: new("dev")})
	w.must("get", err)
	if len(g.Users) != 1 || *g.Users[0].UserName != "bob" || *g.Group.Arn != "arn:aws:iam::111122223333:group/dev" {
		t.Errorf("got %+v %+v", g.Group, g.Users)
	}
	of, err := w.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: new("bob")})
	w.must("list", err)
	if len(of.Groups) != 1 || *of.Groups[0].GroupName != "dev" {
		t.Errorf("got %+v", of.Groups)
	}
	const words = "Cannot delete entity, must remove users from group first."
	refuseAll(t, []refusal{
		{"a group with members", "DeleteConflict", words, func() error {
			_, err := w.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: new("dev")})
			return err
		}},
		{"a member of a group", "DeleteConflict", words, func() error {
			_, err := w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: new("bob")})
			return err
		}},
	})
	_, err = w.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: new("dev"), UserName: new("bob")})
	w.must("remove", err)
	_, err = w.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: new("dev")})
	w.must("delete", err)
}

func TestRefusals(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	w.user("bob")
	w.role("app")
	createUser := func(in iam.CreateUserInput) func() error {
		return func() error { _, err := w.CreateUser(ctx, &in); return err }
	}
	createRole := func(in iam.CreateRoleInput) func() error {
		return func() error { _, err := w.CreateRole(ctx, &in); return err }
	}
	refuseAll(t, []refusal{
		{"no name", "ValidationError", "1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null", createUser(iam.CreateUserInput{UserName: new("")})},
		{"a name with a space", "ValidationError", "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", createUser(iam.CreateUserInput{UserName: new("b b")})},
		{"a name that is taken", "EntityAlreadyExists", "User with name bob already exists.", createUser(iam.CreateUserInput{UserName: new("bob")})},
		{"a name that differs in case only", "EntityAlreadyExists", "User with name Bob already exists.", createUser(iam.CreateUserInput{UserName: new("Bob")})},
		{"a path without an end", "ValidationError", "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.", createUser(iam.CreateUserInput{UserName: new("x"), Path: new("/a")})},
		{"a boundary that is not there", "NoSuchEntity", "Scope ARN: arn:aws:iam::111122223333:policy/none does not exist or is not attachable.", createUser(iam.CreateUserInput{UserName: new("x"), PermissionsBoundary: new("arn:aws:iam::111122223333:policy/none")})},
		{"a tag twice", "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.", createUser(iam.CreateUserInput{UserName: new("x"), Tags: []types.Tag{{Key: new("a"), Value: new("1")}, {Key: new("A"), Value: new("2")}}})},
		{"no such user", "NoSuchEntity", "The user with name nobody cannot be found.", func() error {
			_, err := w.GetUser(ctx, &iam.GetUserInput{UserName: new("nobody")})
			return err
		}},
		{"no such role", "NoSuchEntity", "The role with name none cannot be found.", func() error { _, err := w.GetRole(ctx, &iam.GetRoleInput{RoleName: new("none")}); return err }},
		{"a role that is there", "EntityAlreadyExists", "Role with name app already exists.", createRole(iam.CreateRoleInput{RoleName: new("app"), AssumeRolePolicyDocument: new(tasks)})},
		{"a trust policy that is no JSON", "MalformedPolicyDocument", "This policy contains invalid Json", createRole(iam.CreateRoleInput{RoleName: new("x"), AssumeRolePolicyDocument: new("{")})},
		{"a principal in a policy of a user", "MalformedPolicyDocument", "Policy document should not specify a principal.", func() error {
			_, err := w.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: new("bob"), PolicyName: new("p"), PolicyDocument: new(tasks)})
			return err
		}},
		{"a trust policy that names nobody", "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/none"`, createRole(iam.CreateRoleInput{RoleName: new("x"),
			AssumeRolePolicyDocument: new(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:user/none"}}}`)})},
		{"a session that is too short", "ValidationError", "1 validation error detected: Value '60' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600", createRole(iam.CreateRoleInput{RoleName: new("x"), AssumeRolePolicyDocument: new(tasks), MaxSessionDuration: new(int32(60))})},
		{"a page of nothing", "ValidationError", "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1", func() error {
			_, err := w.ListUsers(ctx, &iam.ListUsersInput{MaxItems: new(int32(0))})
			return err
		}},
		{"what is not served", "InvalidAction", "Drydock does not serve iam:CreateLoginProfile.", func() error {
			_, err := w.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: new("bob")})
			return err
		}},
	})
}
