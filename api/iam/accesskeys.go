package iam

import (
	"slices"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// createAccessKey shows the secret, which nothing shows again.
func (o Options) createAccessKey(tx *store.Tx, in *iam.CreateAccessKeyInput) (*iam.CreateAccessKeyOutput, error) {
	u, err := keyHolder(tx, in.UserName)
	if err != nil {
		return nil, err
	}
	if len(slices.Collect(store.AccessKeysByUser.Each(tx, u.Name))) >= 2 {
		return nil, quota("AccessKeysPerUser", 2)
	}
	k := model.AccessKey{ID: ids.AccessKey("AKIA", tx.Scope().Account), User: u.Name, Active: true, Created: tx.Now()}
	secret := ids.Secret()
	k.Secret = identity.Seal(o.Vault, tx.Scope(), k.ID, secret)
	store.AccessKeys.Put(tx, k)
	return &iam.CreateAccessKeyOutput{AccessKey: &types.AccessKey{AccessKeyId: &k.ID, SecretAccessKey: &secret, Status: types.StatusTypeActive,
		UserName: &u.Name, CreateDate: seconds(k.Created)}}, nil
}

// keyHolder is the user whose access keys a request means. Keys of the root are refused by name: the
// root needs none here.
func keyHolder(tx *store.Tx, p *string) (model.User, error) {
	n := named(tx, p)
	if n == nil && tx.Caller().Role != "" {
		return model.User{}, invalid("Must specify userName when calling with non-User credentials")
	}
	if n == nil {
		return model.User{}, invalid("Drydock does not support access keys of the root user: name a user.")
	}
	return user(tx, n)
}

// accessKey returns the key that a request names.
func accessKey(tx *store.Tx, userName, id *string) (model.AccessKey, error) {
	want, err := required(id, "accessKeyId")
	if err != nil {
		return model.AccessKey{}, err
	}
	u, err := keyHolder(tx, userName)
	if err != nil {
		return model.AccessKey{}, err
	}
	k, ok := store.AccessKeys.Get(tx, want)
	if !ok || k.User != u.Name {
		return k, noSuch("The Access Key with id %s cannot be found.", want)
	}
	return k, nil
}

func updateAccessKey(tx *store.Tx, in *iam.UpdateAccessKeyInput) (*iam.UpdateAccessKeyOutput, error) {
	if in.Status == "" {
		return nil, missing("status")
	}
	if err := enum(in.Status, "status", []types.StatusType{types.StatusTypeActive, types.StatusTypeInactive}); err != nil {
		return nil, err
	}
	k, err := accessKey(tx, in.UserName, in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	k.Active = in.Status == types.StatusTypeActive
	store.AccessKeys.Put(tx, k)
	return &iam.UpdateAccessKeyOutput{}, nil
}

func deleteAccessKey(tx *store.Tx, in *iam.DeleteAccessKeyInput) (*iam.DeleteAccessKeyOutput, error) {
	k, err := accessKey(tx, in.UserName, in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	store.AccessKeys.Delete(tx, k.ID)
	store.Uses.Delete(tx, k.ID)
	return &iam.DeleteAccessKeyOutput{}, nil
}

// listAccessKeys answers the caller's where no user is named; the root has none.
func listAccessKeys(tx *store.Tx, in *iam.ListAccessKeysInput) (*iam.ListAccessKeysOutput, error) {
	var all []model.AccessKey
	if n := named(tx, in.UserName); n != nil {
		u, err := user(tx, n)
		if err != nil {
			return nil, err
		}
		all = slices.Collect(store.AccessKeysByUser.Each(tx, u.Name))
	}
	p, err := paged(all, in.Marker, in.MaxItems, model.AccessKey.Key)
	if err != nil {
		return nil, err
	}
	return &iam.ListAccessKeysOutput{IsTruncated: p.truncated, Marker: p.marker, AccessKeyMetadata: each(tx, p.rows, func(_ *store.Tx, k model.AccessKey) types.AccessKeyMetadata {
		status := types.StatusTypeInactive
		if k.Active {
			status = types.StatusTypeActive
		}
		return types.AccessKeyMetadata{AccessKeyId: &k.ID, CreateDate: seconds(k.Created), Status: status, UserName: &k.User}
	})}, nil
}
