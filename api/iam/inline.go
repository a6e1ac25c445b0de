package iam

import (
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func putUserPolicy(tx *store.Tx, in *iam.PutUserPolicyInput) (*iam.PutUserPolicyOutput, error) {
	return &iam.PutUserPolicyOutput{}, find(ofUser).write(tx, in.UserName, in.PolicyName, in.PolicyDocument)
}

func getUserPolicy(tx *store.Tx, in *iam.GetUserPolicyInput) (*iam.GetUserPolicyOutput, error) {
	who, what, doc, err := find(ofUser).read(tx, in.UserName, in.PolicyName)
	return &iam.GetUserPolicyOutput{UserName: who, PolicyName: what, PolicyDocument: doc}, err
}

func deleteUserPolicy(tx *store.Tx, in *iam.DeleteUserPolicyInput) (*iam.DeleteUserPolicyOutput, error) {
	return &iam.DeleteUserPolicyOutput{}, find(ofUser).remove(tx, in.UserName, in.PolicyName)
}

func listUserPolicies(tx *store.Tx, in *iam.ListUserPoliciesInput) (*iam.ListUserPoliciesOutput, error) {
	p, err := find(ofUser).names(tx, in.UserName, in.Marker, in.MaxItems)
	return &iam.ListUserPoliciesOutput{PolicyNames: p.rows, IsTruncated: p.truncated, Marker: p.marker}, err
}

func putGroupPolicy(tx *store.Tx, in *iam.PutGroupPolicyInput) (*iam.PutGroupPolicyOutput, error) {
	return &iam.PutGroupPolicyOutput{}, find(ofGroup).write(tx, in.GroupName, in.PolicyName, in.PolicyDocument)
}

func getGroupPolicy(tx *store.Tx, in *iam.GetGroupPolicyInput) (*iam.GetGroupPolicyOutput, error) {
	who, what, doc, err := find(ofGroup).read(tx, in.GroupName, in.PolicyName)
	return &iam.GetGroupPolicyOutput{GroupName: who, PolicyName: what, PolicyDocument: doc}, err
}

func deleteGroupPolicy(tx *store.Tx, in *iam.DeleteGroupPolicyInput) (*iam.DeleteGroupPolicyOutput, error) {
	return &iam.DeleteGroupPolicyOutput{}, find(ofGroup).remove(tx, in.GroupName, in.PolicyName)
}

func listGroupPolicies(tx *store.Tx, in *iam.ListGroupPoliciesInput) (*iam.ListGroupPoliciesOutput, error) {
	p, err := find(ofGroup).names(tx, in.GroupName, in.Marker, in.MaxItems)
	return &iam.ListGroupPoliciesOutput{PolicyNames: p.rows, IsTruncated: p.truncated, Marker: p.marker}, err
}

func putRolePolicy(tx *store.Tx, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	return &iam.PutRolePolicyOutput{}, find(ofRole).write(tx, in.RoleName, in.PolicyName, in.PolicyDocument)
}

func getRolePolicy(tx *store.Tx, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	who, what, doc, err := find(ofRole).read(tx, in.RoleName, in.PolicyName)
	return &iam.GetRolePolicyOutput{RoleName: who, PolicyName: what, PolicyDocument: doc}, err
}

func deleteRolePolicy(tx *store.Tx, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	return &iam.DeleteRolePolicyOutput{}, find(ofRole).remove(tx, in.RoleName, in.PolicyName)
}

func listRolePolicies(tx *store.Tx, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	p, err := find(ofRole).names(tx, in.RoleName, in.Marker, in.MaxItems)
	return &iam.ListRolePoliciesOutput{PolicyNames: p.rows, IsTruncated: p.truncated, Marker: p.marker}, err
}
