package iam

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// profile returns the instance profile that a request names.
func profile(tx *store.Tx, p *string) (model.InstanceProfile, error) {
	n, err := required(p, "instanceProfileName")
	if err != nil {
		return model.InstanceProfile{}, err
	}
	i, ok := store.InstanceProfiles.Get(tx, model.InstanceProfile{Name: n}.Key())
	if !ok || i.Name != n {
		return i, noSuch("Instance Profile %s cannot be found.", n)
	}
	return i, nil
}

func createInstanceProfile(tx *store.Tx, in *iam.CreateInstanceProfileInput) (*iam.CreateInstanceProfileOutput, error) {
	n, err := name(in.InstanceProfileName, "instanceProfileName", 128)
	if err != nil {
		return nil, err
	}
	p := model.InstanceProfile{Name: n, ID: ids.Unique("AIPA"), Created: tx.Now()}
	if _, ok := store.InstanceProfiles.Get(tx, p.Key()); ok {
		return nil, exists("Instance Profile %s already exists.", n)
	}
	if p.Path, err = path(in.Path); err != nil {
		return nil, err
	}
	if p.Tags, err = withTags(nil, in.Tags); err != nil {
		return nil, err
	}
	store.InstanceProfiles.Put(tx, p)
	return &iam.CreateInstanceProfileOutput{InstanceProfile: showProfile(tx, p)}, nil
}

func getInstanceProfile(tx *store.Tx, in *iam.GetInstanceProfileInput) (*iam.GetInstanceProfileOutput, error) {
	p, err := profile(tx, in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	return &iam.GetInstanceProfileOutput{InstanceProfile: showProfile(tx, p)}, nil
}

func deleteInstanceProfile(tx *store.Tx, in *iam.DeleteInstanceProfileInput) (*iam.DeleteInstanceProfileOutput, error) {
	p, err := profile(tx, in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	if p.Role != "" {
		return nil, conflict("Cannot delete entity, must remove roles from instance profile first.")
	}
	store.InstanceProfiles.Delete(tx, p.Key())
	return &iam.DeleteInstanceProfileOutput{}, nil
}

func listInstanceProfiles(tx *store.Tx, in *iam.ListInstanceProfilesInput) (*iam.ListInstanceProfilesOutput, error) {
	prefix, err := pathPrefix(in.PathPrefix)
	if err != nil {
		return nil, err
	}
	var all []model.InstanceProfile
	for p := range store.InstanceProfiles.All(tx) {
		if strings.HasPrefix(p.Path, prefix) {
			all = append(all, p)
		}
	}
	p, err := paged(all, in.Marker, in.MaxItems, model.InstanceProfile.Key)
	if err != nil {
		return nil, err
	}
	return &iam.ListInstanceProfilesOutput{InstanceProfiles: each(tx, p.rows, listedProfile), IsTruncated: p.truncated, Marker: p.marker}, nil
}

func listInstanceProfilesForRole(tx *store.Tx, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	r, err := role(tx, in.RoleName)
	if err != nil {
		return nil, err
	}
	p, err := paged(slices.Collect(store.InstanceProfilesByRole.Each(tx, r.Key())), in.Marker, in.MaxItems, model.InstanceProfile.Key)
	if err != nil {
		return nil, err
	}
	return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: each(tx, p.rows, listedProfile), IsTruncated: p.truncated, Marker: p.marker}, nil
}

// addRoleToInstanceProfile fills a profile, which holds one role at most.
func addRoleToInstanceProfile(tx *store.Tx, in *iam.AddRoleToInstanceProfileInput) (*iam.AddRoleToInstanceProfileOutput, error) {
	p, err := profile(tx, in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	r, err := ownRole(tx, in.RoleName)
	if err != nil {
		return nil, err
	}
	if p.Role != "" {
		return nil, quota("InstanceSessionsPerInstanceProfile", 1)
	}
	p.Role = r.Name
	store.InstanceProfiles.Put(tx, p)
	return &iam.AddRoleToInstanceProfileOutput{}, nil
}

func removeRoleFromInstanceProfile(tx *store.Tx, in *iam.RemoveRoleFromInstanceProfileInput) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
	p, err := profile(tx, in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	n, err := required(in.RoleName, "roleName")
	if err != nil {
		return nil, err
	}
	if p.Role != n {
		return nil, notThere("role", n)
	}
	p.Role = ""
	store.InstanceProfiles.Put(tx, p)
	return &iam.RemoveRoleFromInstanceProfileOutput{}, nil
}
