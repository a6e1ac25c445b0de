package secretsmanager

import (
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

const maxPolicy = 20480 // characters

// putResourcePolicy keeps a policy that counts from the next call on, and for tasks that start.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html
func putResourcePolicy(tx *store.Tx, in *secretsmanager.PutResourcePolicyInput) (*secretsmanager.PutResourcePolicyOutput, error) {
	if err := wire.Refuse(in, "InvalidParameterException", "BlockPublicPolicy"); err != nil {
		return nil, err
	}
	s, err := findInUse(tx, in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := required("resourcePolicy", in.ResourcePolicy); err != nil {
		return nil, err
	}
	if err := checkLength("resourcePolicy", in.ResourcePolicy, 1, maxPolicy); err != nil {
		return nil, err
	}
	arn := s.ARN(tx.Scope())
	if _, err := identity.OnResource(arn, *in.ResourcePolicy); err != nil {
		return nil, &types.MalformedPolicyDocumentException{Message: aws.String("This resource policy is not valid: " + err.Error())}
	}
	s.Policy, s.Changed = *in.ResourcePolicy, tx.Now()
	store.Secrets.Put(tx, s)
	return &secretsmanager.PutResourcePolicyOutput{ARN: &arn, Name: &s.Name}, nil
}

func getResourcePolicy(tx *store.Tx, in *secretsmanager.GetResourcePolicyInput) (*secretsmanager.GetResourcePolicyOutput, error) {
	s, err := findInUse(tx, in.SecretId)
	if err != nil {
		return nil, err
	}
	return &secretsmanager.GetResourcePolicyOutput{ARN: aws.String(s.ARN(tx.Scope())), Name: &s.Name, ResourcePolicy: optional(s.Policy)}, nil
}

func deleteResourcePolicy(tx *store.Tx, in *secretsmanager.DeleteResourcePolicyInput) (*secretsmanager.DeleteResourcePolicyOutput, error) {
	s, err := findInUse(tx, in.SecretId)
	if err != nil {
		return nil, err
	}
	if s.Policy != "" {
		s.Policy, s.Changed = "", tx.Now()
		store.Secrets.Put(tx, s)
	}
	return &secretsmanager.DeleteResourcePolicyOutput{ARN: aws.String(s.ARN(tx.Scope())), Name: &s.Name}, nil
}
