package iam

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// tagged is an entity with tags: how they stand and how to replace them.
type tagged struct {
	tags model.Tags
	put  func(model.Tags)
}

func (t tagged) add(tags []types.Tag, err error) error {
	if err != nil {
		return err
	}
	if len(tags) == 0 {
		return missing("tags")
	}
	all, err := withTags(t.tags, tags)
	if err == nil {
		t.put(all)
	}
	return err
}

func (t tagged) remove(keys []string, err error) error {
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return missing("tagKeys")
	}
	t.put(withoutTags(t.tags, keys))
	return nil
}

func (t tagged) list(marker *string, max *int32, err error) (list[types.Tag], error) {
	if err != nil {
		return list[types.Tag]{}, err
	}
	return pagedTags(t.tags, marker, max)
}

func taggedUser(tx *store.Tx, name *string) (tagged, error) {
	u, err := user(tx, name)
	return tagged{u.Tags, func(t model.Tags) { u.Tags = t; store.Users.Put(tx, u) }}, err
}

func taggedRole(tx *store.Tx, name *string) (tagged, error) {
	r, err := role(tx, name)
	return tagged{r.Tags, func(t model.Tags) { r.Tags = t; store.Roles.Put(tx, r) }}, err
}

func taggedProfile(tx *store.Tx, name *string) (tagged, error) {
	p, err := profile(tx, name)
	return tagged{p.Tags, func(t model.Tags) { p.Tags = t; store.InstanceProfiles.Put(tx, p) }}, err
}

func taggedPolicy(tx *store.Tx, arn *string) (tagged, error) {
	p, _, err := customer(tx, arn)
	return tagged{p.Tags, func(t model.Tags) { p.Tags = t; store.ManagedPolicies.Put(tx, p) }}, err
}

func tagUser(tx *store.Tx, in *iam.TagUserInput) (*iam.TagUserOutput, error) {
	t, err := taggedUser(tx, in.UserName)
	return &iam.TagUserOutput{}, t.add(in.Tags, err)
}

func untagUser(tx *store.Tx, in *iam.UntagUserInput) (*iam.UntagUserOutput, error) {
	t, err := taggedUser(tx, in.UserName)
	return &iam.UntagUserOutput{}, t.remove(in.TagKeys, err)
}

func listUserTags(tx *store.Tx, in *iam.ListUserTagsInput) (*iam.ListUserTagsOutput, error) {
	t, err := taggedUser(tx, in.UserName)
	p, err := t.list(in.Marker, in.MaxItems, err)
	return &iam.ListUserTagsOutput{Tags: p.rows, IsTruncated: p.truncated, Marker: p.marker}, err
}

func tagRole(tx *store.Tx, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
	t, err := taggedRole(tx, in.RoleName)
	return &iam.TagRoleOutput{}, t.add(in.Tags, err)
}

func untagRole(tx *store.Tx, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
	t, err := taggedRole(tx, in.RoleName)
	return &iam.UntagRoleOutput{}, t.remove(in.TagKeys, err)
}

func listRoleTags(tx *store.Tx, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
	t, err := taggedRole(tx, in.RoleName)
	p, err := t.list(in.Marker, in.MaxItems, err)
	return &iam.ListRoleTagsOutput{Tags: p.rows, IsTruncated: p.truncated, Marker: p.marker}, err
}

func tagInstanceProfile(tx *store.Tx, in *iam.TagInstanceProfileInput) (*iam.TagInstanceProfileOutput, error) {
	t, err := taggedProfile(tx, in.InstanceProfileName)
	return &iam.TagInstanceProfileOutput{}, t.add(in.Tags, err)
}

func untagInstanceProfile(tx *store.Tx, in *iam.UntagInstanceProfileInput) (*iam.UntagInstanceProfileOutput, error) {
	t, err := taggedProfile(tx, in.InstanceProfileName)
	return &iam.UntagInstanceProfileOutput{}, t.remove(in.TagKeys, err)
}

func listInstanceProfileTags(tx *store.Tx, in *iam.ListInstanceProfileTagsInput) (*iam.ListInstanceProfileTagsOutput, error) {
	t, err := taggedProfile(tx, in.InstanceProfileName)
	p, err := t.list(in.Marker, in.MaxItems, err)
	return &iam.ListInstanceProfileTagsOutput{Tags: p.rows, IsTruncated: p.truncated, Marker: p.marker}, err
}

func tagPolicy(tx *store.Tx, in *iam.TagPolicyInput) (*iam.TagPolicyOutput, error) {
	t, err := taggedPolicy(tx, in.PolicyArn)
	return &iam.TagPolicyOutput{}, t.add(in.Tags, err)
}

func untagPolicy(tx *store.Tx, in *iam.UntagPolicyInput) (*iam.UntagPolicyOutput, error) {
	t, err := taggedPolicy(tx, in.PolicyArn)
	return &iam.UntagPolicyOutput{}, t.remove(in.TagKeys, err)
}

func listPolicyTags(tx *store.Tx, in *iam.ListPolicyTagsInput) (*iam.ListPolicyTagsOutput, error) {
	t, err := taggedPolicy(tx, in.PolicyArn)
	p, err := t.list(in.Marker, in.MaxItems, err)
	return &iam.ListPolicyTagsOutput{Tags: p.rows, IsTruncated: p.truncated, Marker: p.marker}, err
}
