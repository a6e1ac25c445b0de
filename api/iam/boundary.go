package iam

import (
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// boundary reads the permissions boundary of a request: the ARN of a managed policy that exists.
func boundary(tx *store.Tx, p *string) (string, error) {
	if str(p) == "" {
		return "", nil
	}
	arn, err := policyARN(p)
	if err != nil {
		return "", err
	}
	if _, _, err := managed(tx, p); err != nil {
		return "", noSuch("Scope ARN: %s does not exist or is not attachable.", arn)
	}
	return arn, nil
}

func putUserBoundary(tx *store.Tx, in *iam.PutUserPermissionsBoundaryInput) (*iam.PutUserPermissionsBoundaryOutput, error) {
	u, err := user(tx, in.UserName)
	if err != nil {
		return nil, err
	}
	if _, err := required(in.PermissionsBoundary, "permissionsBoundary"); err != nil {
		return nil, err
	}
	if u.Boundary, err = boundary(tx, in.PermissionsBoundary); err != nil {
		return nil, err
	}
	store.Users.Put(tx, u)
	return &iam.PutUserPermissionsBoundaryOutput{}, nil
}

func deleteUserBoundary(tx *store.Tx, in *iam.DeleteUserPermissionsBoundaryInput) (*iam.DeleteUserPermissionsBoundaryOutput, error) {
	u, err := user(tx, in.UserName)
	if err != nil {
		return nil, err
	}
	if u.Boundary == "" {
		return nil, noSuch("The user with name %s does not have a permissions boundary.", u.Name)
	}
	u.Boundary = ""
	store.Users.Put(tx, u)
	return &iam.DeleteUserPermissionsBoundaryOutput{}, nil
}

func putRoleBoundary(tx *store.Tx, in *iam.PutRolePermissionsBoundaryInput) (*iam.PutRolePermissionsBoundaryOutput, error) {
	r, err := ownRole(tx, in.RoleName)
	if err != nil {
		return nil, err
	}
	if _, err := required(in.PermissionsBoundary, "permissionsBoundary"); err != nil {
		return nil, err
	}
	if r.Boundary, err = boundary(tx, in.PermissionsBoundary); err != nil {
		return nil, err
	}
	store.Roles.Put(tx, r)
	return &iam.PutRolePermissionsBoundaryOutput{}, nil
}

func deleteRoleBoundary(tx *store.Tx, in *iam.DeleteRolePermissionsBoundaryInput) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
	r, err := ownRole(tx, in.RoleName)
	if err != nil {
		return nil, err
	}
	if r.Boundary == "" {
		return nil, noSuch("The role with name %s does not have a permissions boundary.", r.Name)
	}
	r.Boundary = ""
	store.Roles.Put(tx, r)
	return &iam.DeleteRolePermissionsBoundaryOutput{}, nil
}
