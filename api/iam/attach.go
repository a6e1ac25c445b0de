package iam

import (
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func attachUserPolicy(tx *store.Tx, in *iam.AttachUserPolicyInput) (*iam.AttachUserPolicyOutput, error) {
	return &iam.AttachUserPolicyOutput{}, find(ofUser).attach(tx, in.UserName, in.PolicyArn)
}

func detachUserPolicy(tx *store.Tx, in *iam.DetachUserPolicyInput) (*iam.DetachUserPolicyOutput, error) {
	return &iam.DetachUserPolicyOutput{}, find(ofUser).detach(tx, in.UserName, in.PolicyArn)
}

func listAttachedUserPolicies(tx *store.Tx, in *iam.ListAttachedUserPoliciesInput) (*iam.ListAttachedUserPoliciesOutput, error) {
	p, err := find(ofUser).attached(tx, in.UserName, in.PathPrefix, in.Marker, in.MaxItems)
	return &iam.ListAttachedUserPoliciesOutput{AttachedPolicies: p.rows, IsTruncated: p.truncated, Marker: p.marker}, err
}

func attachGroupPolicy(tx *store.Tx, in *iam.AttachGroupPolicyInput) (*iam.AttachGroupPolicyOutput, error) {
	return &iam.AttachGroupPolicyOutput{}, find(ofGroup).attach(tx, in.GroupName, in.PolicyArn)
}

func detachGroupPolicy(tx *store.Tx, in *iam.DetachGroupPolicyInput) (*iam.DetachGroupPolicyOutput, error) {
	return &iam.DetachGroupPolicyOutput{}, find(ofGroup).detach(tx, in.GroupName, in.PolicyArn)
}

func listAttachedGroupPolicies(tx *store.Tx, in *iam.ListAttachedGroupPoliciesInput) (*iam.ListAttachedGroupPoliciesOutput, error) {
	p, err := find(ofGroup).attached(tx, in.GroupName, in.PathPrefix, in.Marker, in.MaxItems)
	return &iam.ListAttachedGroupPoliciesOutput{AttachedPolicies: p.rows, IsTruncated: p.truncated, Marker: p.marker}, err
}

func attachRolePolicy(tx *store.Tx, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	return &iam.AttachRolePolicyOutput{}, find(ofRole).attach(tx, in.RoleName, in.PolicyArn)
}

func detachRolePolicy(tx *store.Tx, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	return &iam.DetachRolePolicyOutput{}, find(ofRole).detach(tx, in.RoleName, in.PolicyArn)
}

func listAttachedRolePolicies(tx *store.Tx, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	p, err := find(ofRole).attached(tx, in.RoleName, in.PathPrefix, in.Marker, in.MaxItems)
	return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: p.rows, IsTruncated: p.truncated, Marker: p.marker}, err
}
