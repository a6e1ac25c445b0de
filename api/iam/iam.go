// Package iam answers AWS Identity and Access Management: users, groups, roles, access keys, instance
// profiles and policies. Its rows are in the global scope of the caller's account. It decides about no
// call: what the rows say is enforced by the gate before every service.
//
// What does not act is refused by name: passwords and MFA (there is no console), SAML and OpenID
// Connect providers, certificates, SSH keys, account aliases, reports on what was accessed.
//
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html
package iam

import (
	"context"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// Options of the service.
type Options struct {
	Vault *vault.Vault // seals the secrets of access keys
}

// Service returns IAM over s.
func Service(s *store.Store, o Options) wire.Service {
	return wire.Service{
		Name:      "iam",
		Protocol:  wire.Query,
		Version:   "2010-05-08",
		Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Ops:       handler.Ops(s, o.binds()),
		Known:     known,
	}
}

// write binds a handler that changes rows of the account's global scope. No region is opened.
func write[In, Out any](fn func(*store.Tx, *In) (*Out, error)) handler.Bind {
	return func(s *store.Store) wire.Op {
		return wire.Op{In: func() any { return new(In) }, Do: func(_ context.Context, c wire.Call, in any) (any, error) {
			var out *Out
			err := s.Update(c.Scope.Global(), func(tx *store.Tx) (err error) {
				out, err = fn(tx.By(c.Caller), in.(*In))
				return err
			})
			return out, err
		}}
	}
}

// read binds a handler that only reads.
func read[In, Out any](fn func(*store.Tx, *In) (*Out, error)) handler.Bind {
	return func(s *store.Store) wire.Op {
		return wire.Op{In: func() any { return new(In) }, Do: func(_ context.Context, c wire.Call, in any) (any, error) {
			var out *Out
			err := s.View(c.Scope.Global(), func(tx *store.Tx) (err error) {
				out, err = fn(tx.By(c.Caller), in.(*In))
				return err
			})
			return out, err
		}}
	}
}

func (o Options) binds() map[string]handler.Bind {
	return map[string]handler.Bind{
		"CreateUser":                    write(createUser),
		"GetUser":                       read(getUser),
		"UpdateUser":                    write(updateUser),
		"DeleteUser":                    write(deleteUser),
		"ListUsers":                     read(listUsers),
		"TagUser":                       write(tagUser),
		"UntagUser":                     write(untagUser),
		"ListUserTags":                  read(listUserTags),
		"PutUserPermissionsBoundary":    write(putUserBoundary),
		"DeleteUserPermissionsBoundary": write(deleteUserBoundary),

		"CreateAccessKey": write(o.createAccessKey),
		"UpdateAccessKey": write(updateAccessKey),
		"DeleteAccessKey": write(deleteAccessKey),
		"ListAccessKeys":  read(listAccessKeys),

		"CreateGroup":         write(createGroup),
		"GetGroup":            read(getGroup),
		"UpdateGroup":         write(updateGroup),
		"DeleteGroup":         write(deleteGroup),
		"ListGroups":          read(listGroups),
		"AddUserToGroup":      write(addUserToGroup),
		"RemoveUserFromGroup": write(removeUserFromGroup),
		"ListGroupsForUser":   read(listGroupsForUser),

		"CreateRole":                         write(createRole),
		"GetRole":                            read(getRole),
		"UpdateRole":                         write(updateRole),
		"UpdateRoleDescription":              write(updateRoleDescription),
		"UpdateAssumeRolePolicy":             write(updateAssumeRolePolicy),
		"DeleteRole":                         write(deleteRole),
		"ListRoles":                          read(listRoles),
		"TagRole":                            write(tagRole),
		"UntagRole":                          write(untagRole),
		"ListRoleTags":                       read(listRoleTags),
		"PutRolePermissionsBoundary":         write(putRoleBoundary),
		"DeleteRolePermissionsBoundary":      write(deleteRoleBoundary),
		"CreateServiceLinkedRole":            write(createServiceLinkedRole),
		"DeleteServiceLinkedRole":            write(deleteServiceLinkedRole),
		"GetServiceLinkedRoleDeletionStatus": read(getServiceLinkedRoleDeletionStatus),

		"CreateInstanceProfile":         write(createInstanceProfile),
		"GetInstanceProfile":            read(getInstanceProfile),
		"DeleteInstanceProfile":         write(deleteInstanceProfile),
		"ListInstanceProfiles":          read(listInstanceProfiles),
		"ListInstanceProfilesForRole":   read(listInstanceProfilesForRole),
		"AddRoleToInstanceProfile":      write(addRoleToInstanceProfile),
		"RemoveRoleFromInstanceProfile": write(removeRoleFromInstanceProfile),
		"TagInstanceProfile":            write(tagInstanceProfile),
		"UntagInstanceProfile":          write(untagInstanceProfile),
		"ListInstanceProfileTags":       read(listInstanceProfileTags),

		"CreatePolicy":            write(createPolicy),
		"GetPolicy":               read(getPolicy),
		"DeletePolicy":            write(deletePolicy),
		"ListPolicies":            read(listPolicies),
		"CreatePolicyVersion":     write(createPolicyVersion),
		"GetPolicyVersion":        read(getPolicyVersion),
		"DeletePolicyVersion":     write(deletePolicyVersion),
		"ListPolicyVersions":      read(listPolicyVersions),
		"SetDefaultPolicyVersion": write(setDefaultPolicyVersion),
		"TagPolicy":               write(tagPolicy),
		"UntagPolicy":             write(untagPolicy),
		"ListPolicyTags":          read(listPolicyTags),
		"ListEntitiesForPolicy":   read(listEntitiesForPolicy),

		"AttachUserPolicy":          write(attachUserPolicy),
		"AttachGroupPolicy":         write(attachGroupPolicy),
		"AttachRolePolicy":          write(attachRolePolicy),
		"DetachUserPolicy":          write(detachUserPolicy),
		"DetachGroupPolicy":         write(detachGroupPolicy),
		"DetachRolePolicy":          write(detachRolePolicy),
		"ListAttachedUserPolicies":  read(listAttachedUserPolicies),
		"ListAttachedGroupPolicies": read(listAttachedGroupPolicies),
		"ListAttachedRolePolicies":  read(listAttachedRolePolicies),

		"PutUserPolicy":     write(putUserPolicy),
		"PutGroupPolicy":    write(putGroupPolicy),
		"PutRolePolicy":     write(putRolePolicy),
		"GetUserPolicy":     read(getUserPolicy),
		"GetGroupPolicy":    read(getGroupPolicy),
		"GetRolePolicy":     read(getRolePolicy),
		"DeleteUserPolicy":  write(deleteUserPolicy),
		"DeleteGroupPolicy": write(deleteGroupPolicy),
		"DeleteRolePolicy":  write(deleteRolePolicy),
		"ListUserPolicies":  read(listUserPolicies),
		"ListGroupPolicies": read(listGroupPolicies),
		"ListRolePolicies":  read(listRolePolicies),

		"SimulateCustomPolicy":             read(simulateCustomPolicy),
		"SimulatePrincipalPolicy":          read(simulatePrincipalPolicy),
		"GetContextKeysForCustomPolicy":    read(getContextKeysForCustomPolicy),
		"GetContextKeysForPrincipalPolicy": read(getContextKeysForPrincipalPolicy),
		"GetAccountSummary":                read(getAccountSummary),
		"GetAccountAuthorizationDetails":   read(getAccountAuthorizationDetails),
	}
}
