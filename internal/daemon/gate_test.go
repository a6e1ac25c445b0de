package daemon

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// free are the operations that nobody needs a permission for.
var free = []string{"sts:GetCallerIdentity", "sts:GetSessionToken"}

// TestNoOperationIsOutsideTheGate calls every operation of every service that the daemon answers as a
// user who may do nothing, and as one who may do everything: the first is denied all but what is free,
// the second is denied nothing, so there is a rule for each.
func TestNoOperationIsOutsideTheGate(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	d := &daemon{Config: Config{Account: "000000000000", Region: "us-east-1", Auth: "strict", Log: slog.New(slog.DiscardHandler)}, store: s, vault: vault.New(vault.NewKey()), scale: 1}
	sc := model.Scope{Account: "111122223333", Region: "us-east-1"}
	nobody, admin := d.issue(t, sc, "nobody", ""), d.issue(t, sc, "admin", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	all := d.services()
	h := wire.New(all, wire.Options{Default: d.scope(), Gate: d.keeper()})
	for _, svc := range all {
		for _, op := range slices.Sorted(maps.Keys(svc.Ops)) {
			name := svc.Name + ":" + op
			got := ask(t, h, svc, op, nobody)
			if denied := strings.Contains(got, "is not authorized to perform: "); denied == slices.Contains(free, name) {
				t.Errorf("%s, without permission: %s", name, got)
			}
			if name == "sts:AssumeRole" {
				continue // a role must agree too
			}
			if got := ask(t, h, svc, op, admin); strings.Contains(got, "is not authorized") || strings.Contains(got, "which permission") {
				t.Errorf("%s, with every permission: %s", name, got)
			}
		}
	}
}

// issue makes a user with a policy and a key.
func (d *daemon) issue(t *testing.T, sc model.Scope, name, document string) aws.Credentials {
	t.Helper()
	c := aws.Credentials{AccessKeyID: ids.AccessKey("AKIA", sc.Account), SecretAccessKey: "secret of " + name}
	if err := d.store.Update(sc.Global(), func(tx *store.Tx) error {
		u := model.User{Name: name, Path: "/", ID: "AIDA" + name}
		if document != "" {
			u.Inline = []model.Inline{{Name: "own", Document: document}}
		}
		store.Users.Put(tx, u)
		store.AccessKeys.Put(tx, model.AccessKey{ID: c.AccessKeyID, User: name, Active: true,
			Secret: identity.Seal(d.vault, sc, c.AccessKeyID, c.SecretAccessKey)})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return c
}

// ask sends an operation without parameters and returns the body of the answer.
func ask(t *testing.T, h http.Handler, s wire.Service, op string, c aws.Credentials) string {
	t.Helper()
	body, kind := "{}", "application/x-amz-json-1.1"
	if s.Protocol >= wire.Query {
		body, kind = "Action="+op+"&Version="+s.Version, "application/x-www-form-urlencoded"
	}
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:4566/", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	if s.Protocol < wire.Query {
		r.Header.Set("X-Amz-Target", s.Target+"."+op)
	}
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(t.Context(), c, r, hex.EncodeToString(sum[:]), s.Name, "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Body.String()
}
