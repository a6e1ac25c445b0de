package secretsmanager

import (
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
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
)

var scope = model.Scope{Account: "000000000000", Region: "us-east-1"}

// world is a store with Secrets Manager over it, and AWS's own client.
type world struct {
	testing.TB
	path   string
	store  *store.Store
	vault  *vault.Vault
	client *secretsmanager.Client
}

func newWorld(t testing.TB) *world {
	w := &world{TB: t, path: filepath.Join(t.TempDir(), "state.db"), vault: vault.New(vault.NewKey())}
	s, err := store.Open(w.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.store = s
	srv := httptest.NewServer(wire.New([]wire.Service{Service(s, Options{Vault: w.vault})}, wire.Options{Default: scope}))
	t.Cleanup(srv.Close)
	w.client = secretsmanager.New(secretsmanager.Options{Region: scope.Region, BaseEndpoint: &srv.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
	return w
}

// create makes a secret and returns its ARN and the id of its version.
func (w *world) create(name, value string) (arn, version string) {
	w.Helper()
	out, err := w.client.CreateSecret(w.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	if err != nil {
		w.Fatal(err)
	}
	return *out.ARN, *out.VersionId
}

func (w *world) put(in *secretsmanager.PutSecretValueInput) (version string) {
	w.Helper()
	out, err := w.client.PutSecretValue(w.Context(), in)
	if err != nil {
		w.Fatal(err)
	}
	return *out.VersionId
}

// has checks the value that a secret has.
func (w *world) has(id, want string) {
	w.Helper()
	out, err := w.client.GetSecretValue(w.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
	if err != nil {
		w.Fatal(err)
	}
	if got := aws.ToString(out.SecretString); got != want {
		w.Errorf("got %q, want %q", got, want)
	}
}

// fails checks an error by code and words.
func (w *world) fails(err error, code, message string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		w.Fatalf("got %v, want %s: %s", err, code, message)
	}
	if _, generic := api.(*smithy.GenericAPIError); generic && code != "ValidationException" && code != "AccessDeniedException" && code != "UnsupportedOperationException" {
		w.Errorf("%s has no type of the SDK", api.ErrorCode())
	}
	if api.ErrorCode() != code || api.ErrorMessage() != message {
		w.Errorf("got %s: %s\nwant %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}
