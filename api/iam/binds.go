package iam

import "github.com/drydock-ecs/drydock/api/handler"

// The operations by noun; those of access keys need the vault.
var (
	userBinds = map[string]handler.Bind{
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
	}
	groupBinds = map[string]handler.Bind{
		"CreateGroup":         write(createGroup),
		"GetGroup":            read(getGroup),
		"UpdateGroup":         write(updateGroup),
		"DeleteGroup":         write(deleteGroup),
		"ListGroups":          read(listGroups),
		"AddUserToGroup":      write(addUserToGroup),
		"RemoveUserFromGroup": write(removeUserFromGroup),
		"ListGroupsForUser":   read(listGroupsForUser),
	}
	roleBinds = map[string]handler.Bind{
		"CreateRole":                         write(createRole),
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
	}
	profileBinds = map[string]handler.Bind{
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
	}
	policyBinds = map[string]handler.Bind{
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
	}
	attachBinds = map[string]handler.Bind{
		"AttachUserPolicy":          write(attachUserPolicy),
		"AttachGroupPolicy":         write(attachGroupPolicy),
		"AttachRolePolicy":          write(attachRolePolicy),
		"DetachUserPolicy":          write(detachUserPolicy),
		"DetachGroupPolicy":         write(detachGroupPolicy),
		"DetachRolePolicy":          write(detachRolePolicy),
		"ListAttachedUserPolicies":  read(listAttachedUserPolicies),
		"ListAttachedGroupPolicies": read(listAttachedGroupPolicies),
		"ListAttachedRolePolicies":  read(listAttachedRolePolicies),
	}
	inlineBinds = map[string]handler.Bind{
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
	}
	simulateBinds = map[string]handler.Bind{
		"SimulateCustomPolicy":             read(simulateCustomPolicy),
		"SimulatePrincipalPolicy":          read(simulatePrincipalPolicy),
		"GetContextKeysForCustomPolicy":    read(getContextKeysForCustomPolicy),
		"GetContextKeysForPrincipalPolicy": read(getContextKeysForPrincipalPolicy),
		"GetAccountSummary":                read(getAccountSummary),
	}
)
