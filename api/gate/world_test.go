package gate_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/api/ec2"
	"github.com/drydock-ecs/drydock/api/ecs"
	"github.com/drydock-ecs/drydock/api/elbv2"
	"github.com/drydock-ecs/drydock/api/gate"
	"github.com/drydock-ecs/drydock/api/iam"
	"github.com/drydock-ecs/drydock/api/logs"
	"github.com/drydock-ecs/drydock/api/secretsmanager"
	"github.com/drydock-ecs/drydock/api/sts"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecsapi "github.com/aws/aws-sdk-go-v2/service/ecs"
	elbapi "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	stsapi "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

var scope = model.Scope{Account: "111122223333", Region: "eu-central-1"}

// world is the services behind a gate.
type world struct {
	testing.TB
	path  string
	store *store.Store
	vault *vault.Vault
	uses  *lastuse.Book
	url   string
}

func newWorld(t testing.TB, strict bool) *world {
	w := &world{TB: t, path: filepath.Join(t.TempDir(), "state.db"), vault: vault.New(vault.NewKey())}
	w.open(strict)
	return w
}

// open opens the state, as a daemon does at its start, and serves it.
func (w *world) open(strict bool) {
	w.Helper()
	var err error
	if w.store, err = store.Open(w.path); err != nil {
		w.Fatal(err)
	}
	w.uses = lastuse.New(w.store)
	srv := httptest.NewServer(wire.New(services(w.store, w.vault, w.uses), wire.Options{Default: model.Scope{Account: "000000000000", Region: "us-east-1"},
		Gate: gate.New(w.store, gate.Options{Vault: w.vault, Strict: strict, Uses: w.uses, Log: slog.New(slog.DiscardHandler)})}))
	w.url = srv.URL
	w.Cleanup(func() { srv.Close(); _ = w.store.Close() })
}

func services(s *store.Store, v *vault.Vault, u *lastuse.Book) []wire.Service {
	return []wire.Service{ecs.Service(s, ecs.Options{}), elbv2.Service(s, elbv2.Options{}), ec2.Service(s, ec2.Options{Vault: v}),
		iam.Service(s, iam.Options{Vault: v, Uses: u}), sts.Service(s, sts.Options{Vault: v}), secretsmanager.Service(s, secretsmanager.Options{Vault: v}),
		logs.Service(s, nil, logs.Options{})}
}

func (w *world) update(fn func(tx *store.Tx)) {
	w.Helper()
	if err := w.store.Update(scope.Global(), func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

// user makes a user with an inline policy and returns its credentials.
func (w *world) user(name, document string) aws.Credentials {
	w.Helper()
	c := aws.Credentials{AccessKeyID: ids.AccessKey("AKIA", scope.Account), SecretAccessKey: "secret of " + name}
	w.update(func(tx *store.Tx) {
		u := model.User{Name: name, Path: "/", ID: "AIDA" + name, Created: tx.Now()}
		if document != "" {
			u.Inline = []model.Inline{{Name: "own", Document: document}}
		}
		store.Users.Put(tx, u)
		k := model.AccessKey{ID: c.AccessKeyID, User: name, Active: true, Created: tx.Now()}
		k.Secret = identity.Seal(w.vault, scope, k.ID, c.SecretAccessKey)
		store.AccessKeys.Put(tx, k)
	})
	return c
}

// role makes a role.
func (w *world) role(r model.Role, document string) string {
	w.Helper()
	r.Path, r.MaxSession = "/", max(r.MaxSession, time.Hour)
	if r.ID == "" {
		r.ID = "AROA" + r.Name
	}
	r.Inline = []model.Inline{{Name: "own", Document: document}}
	w.update(func(tx *store.Tx) { store.Roles.Put(tx, r) })
	return r.ARN(scope)
}

func (w *world) as(c aws.Credentials) aws.Config {
	return aws.Config{Region: scope.Region, BaseEndpoint: &w.url, RetryMaxAttempts: 1, HTTPClient: http.DefaultClient,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })}
}

func (w *world) ecs(c aws.Credentials) *ecsapi.Client { return ecsapi.NewFromConfig(w.as(c)) }
func (w *world) sts(c aws.Credentials) *stsapi.Client { return stsapi.NewFromConfig(w.as(c)) }
func (w *world) elb(c aws.Credentials) *elbapi.Client { return elbapi.NewFromConfig(w.as(c)) }

// told is the code and the message of an error.
func told(err error) string {
	var e smithy.APIError
	switch {
	case err == nil:
		return "allowed"
	case errors.As(err, &e):
		return e.ErrorCode() + ": " + e.ErrorMessage()
	}
	return err.Error()
}

// policy is a document of statements.
func policy(statements string) string {
	return `{"Version":"2012-10-17","Statement":[` + statements + `]}`
}

func allow(action, resource string) string {
	return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}`
}

func deny(action, resource string) string {
	return `{"Sid":"no","Effect":"Deny","Action":"` + action + `","Resource":"` + resource + `"}`
}
