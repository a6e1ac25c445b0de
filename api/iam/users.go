package iam

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// user returns the user that a request names.
func user(tx *store.Tx, p *string) (model.User, error) {
	n, err := required(p, "userName")
	if err != nil {
		return model.User{}, err
	}
	u, ok := store.Users.Get(tx, model.User{Name: n}.Key())
	if !ok || u.Name != n {
		return u, notThere("user", n)
	}
	return u, nil
}

// caller returns the name of the user that makes the call; empty where it is none.
func caller(tx *store.Tx) *string {
	_, path, ok := strings.Cut(tx.Caller().ARN, ":user/")
	if !ok {
		return nil
	}
	n := path[strings.LastIndexByte(path, '/')+1:]
	return &n
}

// named is the user that a request names, the caller where it names none.
func named(tx *store.Tx, p *string) *string {
	if str(p) == "" {
		return caller(tx)
	}
	return p
}

func createUser(tx *store.Tx, in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	n, err := name(in.UserName, "userName", 64)
	if err != nil {
		return nil, err
	}
	u := model.User{Name: n, ID: ids.Unique("AIDA"), Created: tx.Now()}
	if _, ok := store.Users.Get(tx, u.Key()); ok {
		return nil, exists("User with name %s already exists.", n)
	}
	if u.Path, err = path(in.Path); err != nil {
		return nil, err
	}
	if u.Tags, err = withTags(nil, in.Tags); err != nil {
		return nil, err
	}
	if u.Boundary, err = boundary(tx, in.PermissionsBoundary); err != nil {
		return nil, err
	}
	store.Users.Put(tx, u)
	return &iam.CreateUserOutput{User: showUser(tx, u)}, nil
}

// getUser answers the caller where no user is named.
func getUser(tx *store.Tx, in *iam.GetUserInput) (*iam.GetUserOutput, error) {
	p := named(tx, in.UserName)
	if p == nil && tx.Caller().Role == "" {
		return &iam.GetUserOutput{User: root(tx)}, nil
	}
	if p == nil {
		return nil, invalid("Must specify userName when calling with non-User credentials")
	}
	u, err := user(tx, p)
	if err != nil {
		return nil, err
	}
	return &iam.GetUserOutput{User: showUser(tx, u)}, nil
}

// root is the root user of the account, as old as the first region that was opened in it.
func root(tx *store.Tx) *types.User {
	c := tx.Caller()
	first := tx.Now()
	for _, sc := range tx.Scopes() {
		if r, ok := store.Regions.Get(tx.In(sc), "region"); ok && sc.Account == tx.Scope().Account && r.Opened.Before(first) {
			first = r.Opened
		}
	}
	return &types.User{Arn: &c.ARN, UserId: &c.ID, CreateDate: seconds(first)}
}

func updateUser(tx *store.Tx, in *iam.UpdateUserInput) (*iam.UpdateUserOutput, error) {
	u, err := user(tx, in.UserName)
	if err != nil {
		return nil, err
	}
	old := u
	if in.NewPath != nil {
		if u.Path, err = path(in.NewPath); err != nil {
			return nil, err
		}
	}
	if in.NewUserName != nil {
		if u.Name, err = name(in.NewUserName, "newUserName", 64); err != nil {
			return nil, err
		}
		if _, ok := store.Users.Get(tx, u.Key()); ok && u.Key() != old.Key() {
			return nil, exists("User with name %s already exists.", u.Name)
		}
	}
	store.Users.Delete(tx, old.Key())
	store.Users.Put(tx, u)
	retrust(tx, old.ARN(tx.Scope()), u.ARN(tx.Scope()))
	for _, k := range slices.Collect(store.AccessKeysByUser.Each(tx, old.Name)) {
		k.User = u.Name
		store.AccessKeys.Put(tx, k)
	}
	return &iam.UpdateUserOutput{}, nil
}

func deleteUser(tx *store.Tx, in *iam.DeleteUserInput) (*iam.DeleteUserOutput, error) {
	u, err := user(tx, in.UserName)
	switch {
	case err != nil:
		return nil, err
	case len(u.Groups) > 0:
		return nil, conflict("Cannot delete entity, must remove users from group first.")
	case store.AccessKeysByUser.Any(tx, u.Name):
		return nil, conflict("Cannot delete entity, must delete access keys first.")
	}
	if err := bare(u.Grants); err != nil {
		return nil, err
	}
	store.Users.Delete(tx, u.Key())
	retrust(tx, u.ARN(tx.Scope()), u.ID)
	return &iam.DeleteUserOutput{}, nil
}

// bare reports policies that must go before their entity does.
func bare(g model.Grants) error {
	switch {
	case len(g.Inline) > 0:
		return conflict("Cannot delete entity, must delete policies first.")
	case len(g.Attached) > 0:
		return conflict("Cannot delete entity, must detach all policies first.")
	}
	return nil
}

func listUsers(tx *store.Tx, in *iam.ListUsersInput) (*iam.ListUsersOutput, error) {
	prefix, err := pathPrefix(in.PathPrefix)
	if err != nil {
		return nil, err
	}
	var all []model.User
	for u := range store.Users.All(tx) {
		if strings.HasPrefix(u.Path, prefix) {
			all = append(all, u)
		}
	}
	p, err := paged(all, in.Marker, in.MaxItems, model.User.Key)
	if err != nil {
		return nil, err
	}
	return &iam.ListUsersOutput{Users: each(tx, p.rows, listedUser), IsTruncated: p.truncated, Marker: p.marker}, nil
}

// each renders the rows of a page.
func each[R, T any](tx *store.Tx, rows []R, show func(*store.Tx, R) T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = show(tx, r)
	}
	return out
}
