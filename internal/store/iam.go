package store

import "github.com/drydock-ecs/drydock/internal/model"

// The indexes of IAM's tables.
var (
	// AccessKeysByUser finds access keys by the name of their user.
	AccessKeysByUser = index(AccessKeys, func(k model.AccessKey) []string { return []string{k.User} })
	// UsersByGroup finds the members of a group by its name.
	UsersByGroup = index(Users, func(u model.User) []string { return u.Groups })
	// UsersByPolicy, GroupsByPolicy and RolesByPolicy find who a managed policy is attached to by its ARN.
	UsersByPolicy  = index(Users, func(u model.User) []string { return u.Attached })
	GroupsByPolicy = index(UserGroups, func(g model.Group) []string { return g.Attached })
	RolesByPolicy  = index(Roles, func(r model.Role) []string { return r.Attached })
	// UsersByBoundary and RolesByBoundary find who a managed policy bounds by its ARN.
	UsersByBoundary = index(Users, func(u model.User) []string { return given(u.Boundary) })
	RolesByBoundary = index(Roles, func(r model.Role) []string { return given(r.Boundary) })
	// InstanceProfilesByRole finds instance profiles by the key of their role.
	InstanceProfilesByRole = index(InstanceProfiles, func(p model.InstanceProfile) []string { return given(model.Role{Name: p.Role}.Key()) })
)

// given are the values under which a row is found by a field that may be empty.
func given(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}
