package gate

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// iamRules are those of IAM.
//
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
var iamRules = table(map[string]rule{
	"CreateUser":            {on: user, keys: keyed(boundary), tagged: "iam:TagUser"},
	"CreateRole":            {on: role, keys: keyed(boundary), tagged: "iam:TagRole"},
	"CreatePolicy":          {on: newPolicy, tagged: "iam:TagPolicy"},
	"CreateInstanceProfile": {on: profile, tagged: "iam:TagInstanceProfile"},

	"AddRoleToInstanceProfile": {on: profile, passes: func(a *asking) []passing {
		return a.pass("ec2.amazonaws.com", profile(a), a.texts("RoleName"))
	}},
	"ListInstanceProfilesForRole":        {on: role},
	"CreateServiceLinkedRole":            {on: linkedRole, keys: keyed(linked)},
	"GetServiceLinkedRoleDeletionStatus": {on: anyRole},
	"SimulatePrincipalPolicy":            {on: given("PolicySourceArn")},
	"GetContextKeysForPrincipalPolicy":   {on: given("PolicySourceArn")},
	"GetAccessKeyLastUsed":               {on: keyOwner},
	"ListUsers":                          {on: anyIn("user/")},
	"ListGroups":                         {on: anyIn("group/")},
	"ListRoles":                          {on: anyIn("role/")},
	"ListInstanceProfiles":               {on: anyIn("instance-profile/")},
},
	all(rule{on: renamed(user, "user", "NewUserName")}, "UpdateUser"),
	all(rule{on: renamed(group, "group", "NewGroupName")}, "UpdateGroup"),
	all(rule{on: user}, `GetUser DeleteUser TagUser UntagUser ListUserTags ListGroupsForUser ListAttachedUserPolicies PutUserPolicy
		GetUserPolicy DeleteUserPolicy ListUserPolicies CreateAccessKey UpdateAccessKey DeleteAccessKey ListAccessKeys`),
	all(rule{on: user, keys: keyed(boundary)}, "PutUserPermissionsBoundary DeleteUserPermissionsBoundary"),
	all(rule{on: user, keys: keyed(attached)}, "AttachUserPolicy DetachUserPolicy"),
	all(rule{on: group}, `CreateGroup GetGroup DeleteGroup AddUserToGroup RemoveUserFromGroup ListAttachedGroupPolicies PutGroupPolicy
		GetGroupPolicy DeleteGroupPolicy ListGroupPolicies`),
	all(rule{on: group, keys: keyed(attached)}, "AttachGroupPolicy DetachGroupPolicy"),
	all(rule{on: role}, `GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole TagRole UntagRole ListRoleTags
		DeleteServiceLinkedRole ListAttachedRolePolicies PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies`),
	all(rule{on: role, keys: keyed(boundary)}, "PutRolePermissionsBoundary DeleteRolePermissionsBoundary"),
	all(rule{on: role, keys: keyed(attached)}, "AttachRolePolicy DetachRolePolicy"),
	all(rule{on: profile}, `GetInstanceProfile DeleteInstanceProfile RemoveRoleFromInstanceProfile TagInstanceProfile UntagInstanceProfile
		ListInstanceProfileTags`),
	all(rule{on: given("PolicyArn")}, `GetPolicy DeletePolicy CreatePolicyVersion GetPolicyVersion DeletePolicyVersion ListPolicyVersions
		SetDefaultPolicyVersion TagPolicy UntagPolicy ListPolicyTags ListEntitiesForPolicy`),
	all(plain, "ListPolicies SimulateCustomPolicy GetContextKeysForCustomPolicy GetAccountSummary GetAccountAuthorizationDetails ListAccountAliases"),
)

// named is the ARN of something of IAM: with its path if it is there, with the path of the request if
// it is to be made.
func (a *asking) named(kind, name string, there func(tx *store.Tx, key string) (path, as string, ok bool)) []string {
	if name == "" {
		return []string{a.sc.IAM(kind + "/*")}
	}
	if path, as, ok := there(a.tx.In(a.sc.Global()), strings.ToLower(name)); ok {
		return []string{a.sc.IAM(kind + path + as)}
	}
	path := a.text("Path")
	if path == "" {
		path = "/"
	}
	return []string{a.sc.IAM(kind + path + name)}
}

// user is the user that is named, else the caller.
func user(a *asking) []string {
	name := a.text("UserName")
	if name == "" {
		name = userName(a.call.Caller.ARN)
	}
	return a.named("user", name, func(tx *store.Tx, key string) (string, string, bool) {
		u, ok := store.Users.Get(tx, key)
		return u.Path, u.Name, ok
	})
}

func group(a *asking) []string {
	return a.named("group", a.text("GroupName"), func(tx *store.Tx, key string) (string, string, bool) {
		g, ok := store.UserGroups.Get(tx, key)
		return g.Path, g.Name, ok
	})
}

func role(a *asking) []string {
	return a.named("role", a.text("RoleName"), func(tx *store.Tx, key string) (string, string, bool) {
		r, ok := store.Roles.Get(tx, key)
		return r.Path, r.Name, ok
	})
}

func profile(a *asking) []string {
	return a.named("instance-profile", a.text("InstanceProfileName"), func(tx *store.Tx, key string) (string, string, bool) {
		p, ok := store.InstanceProfiles.Get(tx, key)
		return p.Path, p.Name, ok
	})
}

func newPolicy(a *asking) []string {
	return a.named("policy", a.text("PolicyName"), func(*store.Tx, string) (string, string, bool) { return "", "", false })
}

// renamed is the entity and, if it gets another name or path, what it is to be.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users_rename.html
func renamed(now func(*asking) []string, kind, member string) func(*asking) []string {
	return func(a *asking) []string {
		all := now(a)
		name, path := a.text(member), a.text("NewPath")
		p, _ := model.ParseARN(all[0])
		cut := strings.LastIndexByte(p.Resource, '/') + 1
		if name == "" {
			name = p.Resource[cut:]
		}
		if path == "" {
			path = strings.TrimPrefix(p.Resource[:cut], kind)
		}
		if to := a.sc.IAM(kind + path + name); to != all[0] {
			all = append(all, to)
		}
		return all
	}
}

// keyOwner is the user whose access key is asked for.
func keyOwner(a *asking) []string {
	k, _ := store.AccessKeys.Get(a.tx.In(a.sc.Global()), a.text("AccessKeyId"))
	return a.named("user", k.User, func(tx *store.Tx, key string) (string, string, bool) {
		u, ok := store.Users.Get(tx, key)
		return u.Path, u.Name, ok
	})
}

// anyIn is everything under a path.
func anyIn(kind string) func(*asking) []string {
	return func(a *asking) []string {
		return []string{a.sc.IAM(kind + strings.TrimPrefix(a.text("PathPrefix"), "/"))}
	}
}

func anyRole(a *asking) []string { return []string{a.sc.IAM("role/*")} }

func linkedRole(a *asking) []string {
	return []string{a.sc.IAM("role/aws-service-role/" + a.text("AWSServiceName") + "/*")}
}

func linked(a *asking) { a.keys.Set("iam:AWSServiceName", a.texts("AWSServiceName")...) }

func attached(a *asking) { a.keys.Set("iam:PolicyARN", a.texts("PolicyArn")...) }

// boundary is the one that is asked for, else that of who it is about.
func boundary(a *asking) {
	if given := a.texts("PermissionsBoundary"); len(given) > 0 {
		a.keys.Set("iam:PermissionsBoundary", given...)
		return
	}
	tx := a.tx.In(a.sc.Global())
	if u, ok := store.Users.Get(tx, model.User{Name: a.text("UserName")}.Key()); ok && u.Boundary != "" {
		a.keys.Set("iam:PermissionsBoundary", u.Boundary)
	}
	if r, ok := store.Roles.Get(tx, model.Role{Name: a.text("RoleName")}.Key()); ok && r.Boundary != "" {
		a.keys.Set("iam:PermissionsBoundary", r.Boundary)
	}
}

// userName is the name of the user with the ARN.
func userName(arn string) string {
	_, path, ok := strings.Cut(arn, ":user/")
	if !ok {
		return ""
	}
	return path[strings.LastIndexByte(path, '/')+1:]
}
