package iam

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// getAccessKeyLastUsed answers for any key of the account. Of one that was never used it says N/A.
//
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html
func (o Options) getAccessKeyLastUsed(tx *store.Tx, in *iam.GetAccessKeyLastUsedInput) (*iam.GetAccessKeyLastUsedOutput, error) {
	id, err := required(in.AccessKeyId, "accessKeyId")
	if err != nil {
		return nil, err
	}
	k, ok := store.AccessKeys.Get(tx, id)
	if !ok {
		return nil, noSuch("The Access Key with id %s cannot be found.", id)
	}
	out := &iam.GetAccessKeyLastUsedOutput{UserName: &k.User, AccessKeyLastUsed: &types.AccessKeyLastUsed{ServiceName: new("N/A"), Region: new("N/A")}}
	if u, ok := o.Uses.Last(tx, k.ID); ok {
		out.AccessKeyLastUsed = &types.AccessKeyLastUsed{LastUsedDate: &u.At, ServiceName: &u.Service, Region: &u.Region}
	}
	return out, nil
}

// roleLastUsed is empty, and there, for a role that was never used.
func (o Options) roleLastUsed(tx *store.Tx, r model.Role) *types.RoleLastUsed {
	u, ok := o.Uses.Last(tx, r.ID)
	if !ok {
		return &types.RoleLastUsed{}
	}
	return &types.RoleLastUsed{LastUsedDate: &u.At, Region: &u.Region}
}
