package sts

import (
	"flag"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/drydock-ecs/drydock/internal/optable"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

var update = flag.Bool("update", false, "write docs/operations-sts.md anew")

func TestOperationsTable(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	optable.Table{Service: "sts", Title: "AWS Security Token Service", Client: reflect.TypeFor[*sts.Client](), Pascal: true,
		Ops: Service(s, Options{Vault: vault.New(vault.NewKey())}).Ops, Known: known, Readers: []string{"api/sts", "api/gate"}, Why: why,
		Values: map[string][]string{"GetAccessKeyInfo": {"AccessKeyId of a key that Drydock did not issue"}}}.Check(t, *update)
}

func why(name string) string {
	switch name {
	case "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetWebIdentityToken":
		return "there are no identity providers"
	case "AssumeRoot", "GetDelegatedAccessToken":
		return "accounts belong to no organization"
	case "GetFederationToken":
		return "users have sessions by GetSessionToken and AssumeRole"
	case "DecodeAuthorizationMessage":
		return "denials are told in the clear"
	}
	return ""
}
