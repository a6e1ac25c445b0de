package iam

import (
	"net/url"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// encoded is a document as IAM answers it: percent-encoded after RFC 3986.
func encoded(doc string) *string {
	s := strings.ReplaceAll(url.QueryEscape(doc), "+", "%20")
	return &s
}

// seconds is t as IAM tells it, in whole seconds.
func seconds(t time.Time) *time.Time {
	t = t.Truncate(time.Second)
	return &t
}

func showTags(tags model.Tags) []types.Tag {
	var out []types.Tag
	for _, t := range tags {
		out = append(out, types.Tag{Key: &t.Key, Value: &t.Value})
	}
	return out
}

func showBoundary(arn string) *types.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: &arn, PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy}
}

// listedUser is a user as lists have it; showUser adds what only GetUser and CreateUser tell.
func listedUser(tx *store.Tx, u model.User) types.User {
	return types.User{Arn: say("%s", u.ARN(tx.Scope())), CreateDate: seconds(u.Created), Path: &u.Path, UserId: &u.ID, UserName: &u.Name}
}

func showUser(tx *store.Tx, u model.User) *types.User {
	out := listedUser(tx, u)
	out.Tags, out.PermissionsBoundary = showTags(u.Tags), showBoundary(u.Boundary)
	return &out
}

func showGroup(tx *store.Tx, g model.Group) types.Group {
	return types.Group{Arn: say("%s", g.ARN(tx.Scope())), CreateDate: seconds(g.Created), GroupId: &g.ID, GroupName: &g.Name, Path: &g.Path}
}

// listedRole is a role as lists have it; showRole adds what only GetRole and CreateRole tell.
func listedRole(tx *store.Tx, r model.Role) types.Role {
	most := int32(r.MaxSession / time.Second)
	return types.Role{Arn: say("%s", r.ARN(tx.Scope())), CreateDate: seconds(r.Created), Path: &r.Path, RoleId: &r.ID, RoleName: &r.Name,
		AssumeRolePolicyDocument: encoded(r.Trust), Description: given(r.Description), MaxSessionDuration: &most}
}

func showRole(tx *store.Tx, r model.Role) *types.Role {
	out := listedRole(tx, r)
	out.Tags, out.PermissionsBoundary = showTags(r.Tags), showBoundary(r.Boundary)
	return &out
}

// listedProfile is an instance profile with its role, without tags.
func listedProfile(tx *store.Tx, p model.InstanceProfile) types.InstanceProfile {
	out := types.InstanceProfile{Arn: say("%s", p.ARN(tx.Scope())), CreateDate: seconds(p.Created), InstanceProfileId: &p.ID,
		InstanceProfileName: &p.Name, Path: &p.Path, Roles: []types.Role{}}
	if r, ok := store.Roles.Get(tx, model.Role{Name: p.Role}.Key()); ok && p.Role != "" {
		out.Roles = append(out.Roles, listedRole(tx, r))
	}
	return out
}

func showProfile(tx *store.Tx, p model.InstanceProfile) *types.InstanceProfile {
	out := listedProfile(tx, p)
	out.Tags = showTags(p.Tags)
	return &out
}
