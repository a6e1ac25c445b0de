package iam

import (
	"cmp"
	"context"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
)

// world is the service behind a real HTTP server, and the SDK's client in front of it.
type world struct {
	*testing.T
	*iam.Client
	store *store.Store
	vault *vault.Vault
	scope model.Scope
	as    model.Caller // who calls; the root where it is zero
}

func start(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, store: s, vault: vault.New(vault.NewKey()), scope: model.Scope{Account: "111122223333", Region: "us-east-1"}.Global()}
	srv := httptest.NewServer(wire.New([]wire.Service{Service(s, Options{Vault: w.vault})}, wire.Options{Default: w.scope,
		Gate: wire.Gate{Identify: func(c *wire.Call, _ *wire.Service, _ wire.Proof) error { c.Caller = w.as; return nil }}}))
	t.Cleanup(func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.Client = iam.New(iam.Options{Region: "us-east-1", BaseEndpoint: &srv.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: w.scope.Account, SecretAccessKey: "test"}, nil
		})})
	return w
}

const (
	allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"*"}]}`
	denyStop = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ecs:StopTask","Resource":"*"}]}`
	tasks    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

func (w *world) must(what string, err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("%s: %v", what, err)
	}
}

func (w *world) user(name string) {
	w.Helper()
	_, err := w.CreateUser(w.Context(), &iam.CreateUserInput{UserName: &name})
	w.must("create user", err)
}

func (w *world) role(name string) {
	w.Helper()
	_, err := w.CreateRole(w.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: new(tasks)})
	w.must("create role", err)
}

func (w *world) group(name string) {
	w.Helper()
	_, err := w.CreateGroup(w.Context(), &iam.CreateGroupInput{GroupName: &name})
	w.must("create group", err)
}

// policy makes a managed policy and returns its ARN.
func (w *world) policy(name, doc string) string {
	w.Helper()
	out, err := w.CreatePolicy(w.Context(), &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: &doc})
	w.must("create policy", err)
	return *out.Policy.Arn
}

// statusOf are the HTTP statuses that AWS's model of the API has, where they are not 400.
var statusOf = map[string]int{"NoSuchEntity": 404, "EntityAlreadyExists": 409, "DeleteConflict": 409, "LimitExceeded": 409}

// refusal is one request that must be refused.
type refusal struct {
	name, code, says string
	call             func() error
}

func refuseAll(t *testing.T, all []refusal) {
	t.Helper()
	for _, r := range all {
		t.Run(r.name, func(t *testing.T) {
			var api smithy.APIError
			err := r.call()
			if !errors.As(err, &api) {
				t.Fatalf("got error %v, want %s", err, r.code)
			}
			if api.ErrorCode() != r.code || api.ErrorMessage() != r.says {
				t.Errorf("got  %s: %s\nwant %s: %s", api.ErrorCode(), api.ErrorMessage(), r.code, r.says)
			}
			var res *awshttp.ResponseError
			if want := cmp.Or(statusOf[r.code], 400); !errors.As(err, &res) || res.HTTPStatusCode() != want {
				t.Errorf("%s came without the status %d: %v", r.code, want, err)
			}
		})
	}
}
