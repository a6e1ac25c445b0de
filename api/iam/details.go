package iam

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// detail is one entry of the account's details: one of its members is set.
type detail struct {
	key    string
	user   *model.User
	group  *model.Group
	role   *model.Role
	policy *listed
}

// getAccountAuthorizationDetails answers everything that decides about calls, a page at a time. Of the
// policies of AWS it tells those that are attached.
func (o Options) getAccountAuthorizationDetails(tx *store.Tx, in *iam.GetAccountAuthorizationDetailsInput) (*iam.GetAccountAuthorizationDetailsOutput, error) {
	for _, f := range in.Filter {
		if err := enum(f, "filter", types.EntityType("").Values()); err != nil {
			return nil, err
		}
	}
	var all []detail
	for _, d := range details(tx) {
		kind, _, _ := strings.Cut(d.key, "/")
		if len(in.Filter) == 0 || slices.Contains(in.Filter, types.EntityType(kind)) {
			all = append(all, d)
		}
	}
	p, err := paged(all, in.Marker, in.MaxItems, func(d detail) string { return d.key })
	if err != nil {
		return nil, err
	}
	out := &iam.GetAccountAuthorizationDetailsOutput{IsTruncated: p.truncated, Marker: p.marker, UserDetailList: []types.UserDetail{},
		GroupDetailList: []types.GroupDetail{}, RoleDetailList: []types.RoleDetail{}, Policies: []types.ManagedPolicyDetail{}}
	for _, d := range p.rows {
		switch {
		case d.user != nil:
			out.UserDetailList = append(out.UserDetailList, userDetail(tx, *d.user))
		case d.group != nil:
			out.GroupDetailList = append(out.GroupDetailList, groupDetail(tx, *d.group))
		case d.role != nil:
			r := roleDetail(tx, *d.role)
			r.RoleLastUsed = o.roleLastUsed(tx, *d.role)
			out.RoleDetailList = append(out.RoleDetailList, r)
		default:
			out.Policies = append(out.Policies, policyDetail(tx, *d.policy))
		}
	}
	return out, nil
}

// details are all entries in the order of their keys, which begin with the type of entity.
func details(tx *store.Tx) (all []detail) {
	for u := range store.Users.All(tx) {
		all = append(all, detail{key: string(types.EntityTypeUser) + "/" + u.Key(), user: &u})
	}
	for g := range store.UserGroups.All(tx) {
		all = append(all, detail{key: string(types.EntityTypeGroup) + "/" + g.Key(), group: &g})
	}
	for r := range store.Roles.All(tx) {
		all = append(all, detail{key: string(types.EntityTypeRole) + "/" + r.Key(), role: &r})
	}
	for _, p := range inScope(tx, "") {
		kind := types.EntityTypeLocalManagedPolicy
		if a, _ := model.ParseARN(p.arn); a.Account == "aws" {
			if attached, _ := uses(tx, p.arn); attached == 0 {
				continue
			}
			kind = types.EntityTypeAWSManagedPolicy
		}
		all = append(all, detail{key: string(kind) + "/" + p.arn, policy: &p})
	}
	slices.SortFunc(all, func(a, b detail) int { return strings.Compare(a.key, b.key) })
	return all
}

func userDetail(tx *store.Tx, u model.User) types.UserDetail {
	s := showUser(tx, u)
	return types.UserDetail{Arn: s.Arn, CreateDate: s.CreateDate, Path: s.Path, UserId: s.UserId, UserName: s.UserName, Tags: s.Tags,
		PermissionsBoundary: s.PermissionsBoundary, GroupList: append([]string{}, u.Groups...), AttachedManagedPolicies: attachedTo(tx, u.Grants), UserPolicyList: inlineOf(u.Grants)}
}

func groupDetail(tx *store.Tx, g model.Group) types.GroupDetail {
	s := showGroup(tx, g)
	return types.GroupDetail{Arn: s.Arn, CreateDate: s.CreateDate, Path: s.Path, GroupId: s.GroupId, GroupName: s.GroupName,
		AttachedManagedPolicies: attachedTo(tx, g.Grants), GroupPolicyList: inlineOf(g.Grants)}
}

func roleDetail(tx *store.Tx, r model.Role) types.RoleDetail {
	s := showRole(tx, r)
	return types.RoleDetail{Arn: s.Arn, CreateDate: s.CreateDate, Path: s.Path, RoleId: s.RoleId, RoleName: s.RoleName, Tags: s.Tags,
		AssumeRolePolicyDocument: s.AssumeRolePolicyDocument, PermissionsBoundary: s.PermissionsBoundary, AttachedManagedPolicies: attachedTo(tx, r.Grants),
		RolePolicyList: inlineOf(r.Grants), InstanceProfileList: each(tx, slices.Collect(store.InstanceProfilesByRole.Each(tx, r.Key())), listedProfile)}
}

func policyDetail(tx *store.Tx, p listed) types.ManagedPolicyDetail {
	s := showPolicy(tx, p.ManagedPolicy, p.arn)
	d := types.ManagedPolicyDetail{Arn: s.Arn, AttachmentCount: s.AttachmentCount, CreateDate: s.CreateDate, DefaultVersionId: s.DefaultVersionId, Description: given(p.Description),
		IsAttachable: s.IsAttachable, Path: s.Path, PermissionsBoundaryUsageCount: s.PermissionsBoundaryUsageCount, PolicyId: s.PolicyId, PolicyName: s.PolicyName, UpdateDate: s.UpdateDate}
	for _, v := range slices.Backward(p.Versions) {
		d.PolicyVersionList = append(d.PolicyVersionList, types.PolicyVersion{VersionId: &v.ID, Document: encoded(v.Document), IsDefaultVersion: v.ID == p.Default, CreateDate: seconds(v.Created)})
	}
	return d
}

func attachedTo(tx *store.Tx, g model.Grants) []types.AttachedPolicy {
	out := []types.AttachedPolicy{}
	for _, arn := range g.Attached {
		if p, ok := identity.Policy(tx, arn); ok {
			out = append(out, types.AttachedPolicy{PolicyArn: &arn, PolicyName: &p.Name})
		}
	}
	return out
}

func inlineOf(g model.Grants) []types.PolicyDetail {
	out := []types.PolicyDetail{}
	for _, in := range g.Inline {
		out = append(out, types.PolicyDetail{PolicyName: &in.Name, PolicyDocument: encoded(in.Document)})
	}
	return out
}
