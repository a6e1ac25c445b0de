package iam

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// role returns the role that a request names.
func role(tx *store.Tx, p *string) (model.Role, error) {
	n, err := required(p, "roleName")
	if err != nil {
		return model.Role{}, err
	}
	r, ok := store.Roles.Get(tx, model.Role{Name: n}.Key())
	if !ok || r.Name != n {
		return r, notThere("role", n)
	}
	return r, nil
}

// ownRole is role for changes, which a service-linked role does not take.
func ownRole(tx *store.Tx, p *string) (model.Role, error) {
	r, err := role(tx, p)
	if err == nil && r.Service != "" {
		return r, &types.UnmodifiableEntityException{Message: say("Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", r.Name)}
	}
	return r, err
}

// maxTrust is the quota of a trust policy's size.
const maxTrust = 2048

// trust reads the trust policy of a request. Users and roles of this account that it names must exist.
func trust(tx *store.Tx, p *string, member string) (string, error) {
	doc, err := document(policy.Trust, p, member)
	if err != nil {
		return "", err
	}
	if policy.Size(doc) > maxTrust {
		return "", quota("ACLSizePerRole", maxTrust)
	}
	d, err := policy.Parse(policy.Trust, doc)
	if err != nil {
		return "", err
	}
	for _, arn := range d.AWSPrincipals() {
		if a, _ := model.ParseARN(arn); a.Service == "iam" && a.Account == tx.Scope().Account && !identity.Exists(tx, arn) {
			return "", &types.MalformedPolicyDocumentException{Message: say(`Invalid principal in policy: "AWS":"%s"`, arn)}
		}
	}
	return doc, nil
}

func createRole(tx *store.Tx, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	n, err := name(in.RoleName, "roleName", 64)
	if err != nil {
		return nil, err
	}
	r := model.Role{Name: n, ID: ids.Unique("AROA"), Created: tx.Now()}
	if r.Path, err = path(in.Path); err != nil {
		return nil, err
	}
	if strings.HasPrefix(r.Path, linkedPath) {
		return nil, invalid("Roles with the path prefix %s can only be created with CreateServiceLinkedRole.", linkedPath)
	}
	if r.Description, err = description(in.Description); err != nil {
		return nil, err
	}
	if r.MaxSession, err = sessionTime(in.MaxSessionDuration); err != nil {
		return nil, err
	}
	if r.Trust, err = trust(tx, in.AssumeRolePolicyDocument, "assumeRolePolicyDocument"); err != nil {
		return nil, err
	}
	if _, ok := store.Roles.Get(tx, r.Key()); ok {
		return nil, exists("Role with name %s already exists.", n)
	}
	if r.Tags, err = withTags(nil, in.Tags); err != nil {
		return nil, err
	}
	if r.Boundary, err = boundary(tx, in.PermissionsBoundary); err != nil {
		return nil, err
	}
	store.Roles.Put(tx, r)
	return &iam.CreateRoleOutput{Role: showRole(tx, r)}, nil
}

// getRole tells when the role was used last, too, which only this and the account's details do.
func (o Options) getRole(tx *store.Tx, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	r, err := role(tx, in.RoleName)
	if err != nil {
		return nil, err
	}
	out := showRole(tx, r)
	out.RoleLastUsed = o.roleLastUsed(tx, r)
	return &iam.GetRoleOutput{Role: out}, nil
}

func updateRole(tx *store.Tx, in *iam.UpdateRoleInput) (*iam.UpdateRoleOutput, error) {
	r, err := ownRole(tx, in.RoleName)
	if err != nil {
		return nil, err
	}
	if in.Description != nil {
		if r.Description, err = description(in.Description); err != nil {
			return nil, err
		}
	}
	if in.MaxSessionDuration != nil {
		if r.MaxSession, err = sessionTime(in.MaxSessionDuration); err != nil {
			return nil, err
		}
	}
	store.Roles.Put(tx, r)
	return &iam.UpdateRoleOutput{}, nil
}

func updateRoleDescription(tx *store.Tx, in *iam.UpdateRoleDescriptionInput) (*iam.UpdateRoleDescriptionOutput, error) {
	r, err := role(tx, in.RoleName) // AWS lets one describe a service-linked role
	if err != nil {
		return nil, err
	}
	if in.Description == nil {
		return nil, missing("description")
	}
	if r.Description, err = description(in.Description); err != nil {
		return nil, err
	}
	store.Roles.Put(tx, r)
	return &iam.UpdateRoleDescriptionOutput{Role: showRole(tx, r)}, nil
}

func updateAssumeRolePolicy(tx *store.Tx, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	r, err := ownRole(tx, in.RoleName)
	if err != nil {
		return nil, err
	}
	if r.Trust, err = trust(tx, in.PolicyDocument, "policyDocument"); err != nil {
		return nil, err
	}
	store.Roles.Put(tx, r)
	return &iam.UpdateAssumeRolePolicyOutput{}, nil
}

func deleteRole(tx *store.Tx, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	r, err := ownRole(tx, in.RoleName)
	if err != nil {
		return nil, err
	}
	if store.InstanceProfilesByRole.Any(tx, r.Key()) {
		return nil, conflict("Cannot delete entity, must remove roles from instance profile first.")
	}
	if err := bare(r.Grants); err != nil {
		return nil, err
	}
	store.Roles.Delete(tx, r.Key())
	store.Uses.Delete(tx, r.ID)
	retrust(tx, r.ARN(tx.Scope()), r.ID)
	return &iam.DeleteRoleOutput{}, nil
}

func listRoles(tx *store.Tx, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	prefix, err := pathPrefix(in.PathPrefix)
	if err != nil {
		return nil, err
	}
	var all []model.Role
	for r := range store.Roles.All(tx) {
		if strings.HasPrefix(r.Path, prefix) {
			all = append(all, r)
		}
	}
	p, err := paged(all, in.Marker, in.MaxItems, model.Role.Key)
	if err != nil {
		return nil, err
	}
	return &iam.ListRolesOutput{Roles: each(tx, p.rows, listedRole), IsTruncated: p.truncated, Marker: p.marker}, nil
}
