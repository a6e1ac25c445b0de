package secretsmanager

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func TestResourcePolicies(t *testing.T) {
	w := newWorld(t)
	w.create("db", "1")
	db := aws.String("db")
	const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"secretsmanager:DeleteSecret","Resource":"*"}]}`
	if _, err := w.client.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: db, ResourcePolicy: aws.String(document)}); err != nil {
		t.Fatal(err)
	}
	got, err := w.client.GetResourcePolicy(t.Context(), &secretsmanager.GetResourcePolicyInput{SecretId: db})
	if err != nil || aws.ToString(got.ResourcePolicy) != document {
		t.Errorf("%+v %v", got, err)
	}
	_, err = w.client.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: db, ResourcePolicy: aws.String(`{"Statement":`)})
	var malformed *types.MalformedPolicyDocumentException
	if !errors.As(err, &malformed) {
		t.Error(err)
	}
	_, err = w.client.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: db, ResourcePolicy: aws.String(document), BlockPublicPolicy: aws.Bool(true)})
	w.fails(err, "InvalidParameterException", "Drydock does not support the parameter BlockPublicPolicy.")
	if _, err := w.client.DeleteResourcePolicy(t.Context(), &secretsmanager.DeleteResourcePolicyInput{SecretId: db}); err != nil {
		t.Fatal(err)
	}
	if got, err := w.client.GetResourcePolicy(t.Context(), &secretsmanager.GetResourcePolicyInput{SecretId: db}); err != nil || got.ResourcePolicy != nil {
		t.Errorf("%+v %v", got, err)
	}
}
