package sts_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	ours "github.com/drydock-ecs/drydock/api/sts"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

func client(t *testing.T, region, key string) *sts.Client {
	t.Helper()
	srv := httptest.NewServer(wire.New([]wire.Service{ours.Service(nil)}, wire.Options{Default: model.Scope{Account: "000000000000", Region: "us-east-1"}}))
	t.Cleanup(srv.Close)
	return sts.New(sts.Options{Region: region, BaseEndpoint: &srv.URL, Credentials: aws.CredentialsProviderFunc(
		func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: key, SecretAccessKey: "test"}, nil
		})})
}

func TestACallerIsTheRootOfItsAccount(t *testing.T) {
	for _, tt := range []struct{ region, key, account, arn string }{
		{"us-east-1", "test", "000000000000", "arn:aws:iam::000000000000:root"},
		{"cn-north-1", "123456789012", "123456789012", "arn:aws-cn:iam::123456789012:root"},
	} {
		out, err := client(t, tt.region, tt.key).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil {
			t.Fatal(err)
		}
		if *out.Account != tt.account || *out.UserId != tt.account || *out.Arn != tt.arn {
			t.Errorf("got %s %s %s, want %+v", *out.Account, *out.UserId, *out.Arn, tt)
		}
	}
}

func TestRolesAreRefusedByName(t *testing.T) {
	_, err := client(t, "us-east-1", "test").AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::000000000000:role/x"), RoleSessionName: aws.String("s")})
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != "InvalidAction" || e.ErrorMessage() != "Drydock does not serve sts:AssumeRole." {
		t.Errorf("got %v", err)
	}
}
