package iam

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// group returns the group that a request names.
func group(tx *store.Tx, p *string) (model.Group, error) {
	n, err := required(p, "groupName")
	if err != nil {
		return model.Group{}, err
	}
	g, ok := store.UserGroups.Get(tx, model.Group{Name: n}.Key())
	if !ok || g.Name != n {
		return g, notThere("group", n)
	}
	return g, nil
}

func createGroup(tx *store.Tx, in *iam.CreateGroupInput) (*iam.CreateGroupOutput, error) {
	n, err := name(in.GroupName, "groupName", 128)
	if err != nil {
		return nil, err
	}
	g := model.Group{Name: n, ID: ids.Unique("AGPA"), Created: tx.Now()}
	if _, ok := store.UserGroups.Get(tx, g.Key()); ok {
		return nil, exists("Group with name %s already exists.", n)
	}
	if g.Path, err = path(in.Path); err != nil {
		return nil, err
	}
	store.UserGroups.Put(tx, g)
	out := showGroup(tx, g)
	return &iam.CreateGroupOutput{Group: &out}, nil
}

// getGroup answers the group and a page of its members.
func getGroup(tx *store.Tx, in *iam.GetGroupInput) (*iam.GetGroupOutput, error) {
	g, err := group(tx, in.GroupName)
	if err != nil {
		return nil, err
	}
	p, err := paged(slices.Collect(store.UsersByGroup.Each(tx, g.Name)), in.Marker, in.MaxItems, model.User.Key)
	if err != nil {
		return nil, err
	}
	out := showGroup(tx, g)
	return &iam.GetGroupOutput{Group: &out, Users: each(tx, p.rows, listedUser), IsTruncated: p.truncated, Marker: p.marker}, nil
}

func updateGroup(tx *store.Tx, in *iam.UpdateGroupInput) (*iam.UpdateGroupOutput, error) {
	g, err := group(tx, in.GroupName)
	if err != nil {
		return nil, err
	}
	old := g
	if in.NewPath != nil {
		if g.Path, err = path(in.NewPath); err != nil {
			return nil, err
		}
	}
	if in.NewGroupName != nil {
		if g.Name, err = name(in.NewGroupName, "newGroupName", 128); err != nil {
			return nil, err
		}
		if _, ok := store.UserGroups.Get(tx, g.Key()); ok && g.Key() != old.Key() {
			return nil, exists("Group with name %s already exists.", g.Name)
		}
	}
	members := slices.Collect(store.UsersByGroup.Each(tx, old.Name))
	store.UserGroups.Delete(tx, old.Key())
	store.UserGroups.Put(tx, g)
	for _, u := range members {
		u.Groups = slices.Clone(u.Groups)
		u.Groups[slices.Index(u.Groups, old.Name)] = g.Name
		store.Users.Put(tx, u)
	}
	return &iam.UpdateGroupOutput{}, nil
}

func deleteGroup(tx *store.Tx, in *iam.DeleteGroupInput) (*iam.DeleteGroupOutput, error) {
	g, err := group(tx, in.GroupName)
	if err != nil {
		return nil, err
	}
	if store.UsersByGroup.Any(tx, g.Name) {
		return nil, conflict("Cannot delete entity, must remove users from group first.")
	}
	if err := bare(g.Grants); err != nil {
		return nil, err
	}
	store.UserGroups.Delete(tx, g.Key())
	return &iam.DeleteGroupOutput{}, nil
}

func listGroups(tx *store.Tx, in *iam.ListGroupsInput) (*iam.ListGroupsOutput, error) {
	prefix, err := pathPrefix(in.PathPrefix)
	if err != nil {
		return nil, err
	}
	var all []model.Group
	for g := range store.UserGroups.All(tx) {
		if strings.HasPrefix(g.Path, prefix) {
			all = append(all, g)
		}
	}
	p, err := paged(all, in.Marker, in.MaxItems, model.Group.Key)
	if err != nil {
		return nil, err
	}
	return &iam.ListGroupsOutput{Groups: each(tx, p.rows, showGroup), IsTruncated: p.truncated, Marker: p.marker}, nil
}

// addUserToGroup changes nothing for a member.
func addUserToGroup(tx *store.Tx, in *iam.AddUserToGroupInput) (*iam.AddUserToGroupOutput, error) {
	g, err := group(tx, in.GroupName)
	if err != nil {
		return nil, err
	}
	u, err := user(tx, in.UserName)
	if err != nil {
		return nil, err
	}
	if slices.Contains(u.Groups, g.Name) {
		return &iam.AddUserToGroupOutput{}, nil
	}
	if len(u.Groups) >= 10 {
		return nil, quota("GroupsPerUser", 10)
	}
	u.Groups = append(slices.Clone(u.Groups), g.Name)
	slices.Sort(u.Groups)
	store.Users.Put(tx, u)
	return &iam.AddUserToGroupOutput{}, nil
}

func removeUserFromGroup(tx *store.Tx, in *iam.RemoveUserFromGroupInput) (*iam.RemoveUserFromGroupOutput, error) {
	g, err := group(tx, in.GroupName)
	if err != nil {
		return nil, err
	}
	u, err := user(tx, in.UserName)
	if err != nil {
		return nil, err
	}
	u.Groups = slices.DeleteFunc(slices.Clone(u.Groups), func(n string) bool { return n == g.Name })
	store.Users.Put(tx, u)
	return &iam.RemoveUserFromGroupOutput{}, nil
}

func listGroupsForUser(tx *store.Tx, in *iam.ListGroupsForUserInput) (*iam.ListGroupsForUserOutput, error) {
	u, err := user(tx, in.UserName)
	if err != nil {
		return nil, err
	}
	var all []model.Group
	for _, n := range u.Groups {
		if g, ok := store.UserGroups.Get(tx, model.Group{Name: n}.Key()); ok {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b model.Group) int { return strings.Compare(a.Key(), b.Key()) })
	p, err := paged(all, in.Marker, in.MaxItems, model.Group.Key)
	if err != nil {
		return nil, err
	}
	return &iam.ListGroupsForUserOutput{Groups: each(tx, p.rows, showGroup), IsTruncated: p.truncated, Marker: p.marker}, nil
}
