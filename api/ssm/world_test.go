package ssm

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
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
)

var scope = model.Scope{Account: "000000000000", Region: "us-east-1"}

// world is a store with the Parameter Store over it, and AWS's own client.
type world struct {
	testing.TB
	path   string
	store  *store.Store
	vault  *vault.Vault
	client *ssm.Client
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
	w.client = ssm.New(ssm.Options{Region: scope.Region, BaseEndpoint: &srv.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
	return w
}

// put puts a String parameter, over what is there.
func (w *world) put(name, value string) {
	w.Helper()
	w.putAs(name, value, types.ParameterTypeString)
}

func (w *world) putAs(name, value string, typ types.ParameterType) {
	w.Helper()
	if _, err := w.client.PutParameter(w.Context(), &ssm.PutParameterInput{Name: &name, Value: &value, Type: typ, Overwrite: aws.Bool(true)}); err != nil {
		w.Fatal(err)
	}
}

// get returns the value that a reference has, decrypted.
func (w *world) get(reference string) string {
	w.Helper()
	out, err := w.client.GetParameter(w.Context(), &ssm.GetParameterInput{Name: &reference, WithDecryption: aws.Bool(true)})
	if err != nil {
		w.Fatal(err)
	}
	return *out.Parameter.Value
}

// fails checks an error by code and words.
func (w *world) fails(err error, code, message string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		w.Fatalf("got %v, want %s: %s", err, code, message)
	}
	switch code {
	case "InvalidFilterKey", "InvalidResourceId", "InvalidResourceType": // the SDK reads no message of these
		message = ""
	}
	if api.ErrorCode() != code || api.ErrorMessage() != message {
		w.Errorf("got %s: %s\nwant %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}
