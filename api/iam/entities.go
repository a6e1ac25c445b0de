package iam

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// entity is one that a managed policy is attached to or bounds.
type entity struct{ kind, name, path, id string }

func (e entity) key() string { return e.kind + "/" + strings.ToLower(e.name) }

// entities are all that use a policy: attached where not bounding.
func entities(tx *store.Tx, arn string, attached, bounding bool) (all []entity) {
	user := func(u model.User) { all = append(all, entity{"user", u.Name, u.Path, u.ID}) }
	role := func(r model.Role) { all = append(all, entity{"role", r.Name, r.Path, r.ID}) }
	if attached {
		for u := range store.UsersByPolicy.Each(tx, arn) {
			user(u)
		}
		for r := range store.RolesByPolicy.Each(tx, arn) {
			role(r)
		}
		for g := range store.GroupsByPolicy.Each(tx, arn) {
			all = append(all, entity{"group", g.Name, g.Path, g.ID})
		}
	}
	if bounding {
		for u := range store.UsersByBoundary.Each(tx, arn) {
			user(u)
		}
		for r := range store.RolesByBoundary.Each(tx, arn) {
			role(r)
		}
	}
	slices.SortFunc(all, func(a, b entity) int { return strings.Compare(a.key(), b.key()) })
	return slices.Compact(all)
}

func listEntitiesForPolicy(tx *store.Tx, in *iam.ListEntitiesForPolicyInput) (*iam.ListEntitiesForPolicyOutput, error) {
	_, arn, err := managed(tx, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if err := enum(in.EntityFilter, "entityFilter", types.EntityType("").Values()); err != nil {
		return nil, err
	}
	if err := enum(in.PolicyUsageFilter, "policyUsageFilter", types.PolicyUsageType("").Values()); err != nil {
		return nil, err
	}
	prefix, err := pathPrefix(in.PathPrefix)
	if err != nil {
		return nil, err
	}
	var all []entity
	for _, e := range entities(tx, arn, in.PolicyUsageFilter != types.PolicyUsageTypePermissionsBoundary, in.PolicyUsageFilter != types.PolicyUsageTypePermissionsPolicy) {
		if strings.HasPrefix(e.path, prefix) && (in.EntityFilter == "" || strings.EqualFold(string(in.EntityFilter), e.kind)) {
			all = append(all, e)
		}
	}
	p, err := paged(all, in.Marker, in.MaxItems, entity.key)
	if err != nil {
		return nil, err
	}
	out := &iam.ListEntitiesForPolicyOutput{IsTruncated: p.truncated, Marker: p.marker, PolicyUsers: []types.PolicyUser{}, PolicyRoles: []types.PolicyRole{}, PolicyGroups: []types.PolicyGroup{}}
	for _, e := range p.rows {
		switch e.kind {
		case "user":
			out.PolicyUsers = append(out.PolicyUsers, types.PolicyUser{UserId: &e.id, UserName: &e.name})
		case "role":
			out.PolicyRoles = append(out.PolicyRoles, types.PolicyRole{RoleId: &e.id, RoleName: &e.name})
		default:
			out.PolicyGroups = append(out.PolicyGroups, types.PolicyGroup{GroupId: &e.id, GroupName: &e.name})
		}
	}
	return out, nil
}

// getAccountSummary counts what there is, and tells the quotas that are kept.
//
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
func getAccountSummary(tx *store.Tx, _ *iam.GetAccountSummaryInput) (*iam.GetAccountSummaryOutput, error) {
	m := map[string]int32{"UserPolicySizeQuota": 2048, "GroupPolicySizeQuota": 5120, "RolePolicySizeQuota": 10240, "AssumeRolePolicySizeQuota": maxTrust,
		"PolicySizeQuota": maxPolicy, "VersionsPerPolicyQuota": maxVersions, "GroupsPerUserQuota": 10, "AccessKeysPerUserQuota": 2,
		"AttachedPoliciesPerUserQuota": maxAttached, "AttachedPoliciesPerGroupQuota": maxAttached, "AttachedPoliciesPerRoleQuota": maxAttached,
		"MFADevices": 0, "MFADevicesInUse": 0, "AccountMFAEnabled": 0, "AccountAccessKeysPresent": 0, "AccountSigningCertificatesPresent": 0,
		"AccountPasswordPresent": 0, "ServerCertificates": 0, "Providers": 0,
		"Users": 0, "Groups": 0, "Roles": 0, "InstanceProfiles": 0, "Policies": 0}
	for range store.Users.All(tx) {
		m["Users"]++
	}
	for range store.UserGroups.All(tx) {
		m["Groups"]++
	}
	for range store.Roles.All(tx) {
		m["Roles"]++
	}
	for range store.InstanceProfiles.All(tx) {
		m["InstanceProfiles"]++
	}
	for range store.ManagedPolicies.All(tx) {
		m["Policies"]++
	}
	return &iam.GetAccountSummaryOutput{SummaryMap: m}, nil
}
