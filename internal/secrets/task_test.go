package secrets_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var here = model.Scope{Account: "000000000000", Region: "us-east-1"}

// world keeps a secret with two versions and a parameter with two.
type world struct {
	*testing.T
	secrets.Reader
}

func newWorld(t *testing.T) *world {
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{t, secrets.Reader{Store: s, Vault: vault.New(vault.NewKey())}}
	w.named("any", trusted, allow("*", "*"))
	w.do(func(tx *store.Tx) {
		db := model.Secret{Name: "db", Suffix: "AbCdEf", Stages: map[string]string{model.StageCurrent: "two", model.StagePrevious: "one"}}
		store.Secrets.Put(tx, db)
		for id, value := range map[string]string{"one": `old`, "two": `{"user":"ann","port":5432000,"on":true,"nested":{"a":[1]},"none":null}`} {
			store.SecretVersions.Put(tx, model.SecretVersion{Secret: "db", ID: id, Value: w.Vault.Seal(secrets.Place(here, db, id), []byte(value))})
		}
		bin := model.Secret{Name: "bin", Suffix: "AbCdEf", Stages: map[string]string{model.StageCurrent: "one"}}
		store.Secrets.Put(tx, bin)
		store.SecretVersions.Put(tx, model.SecretVersion{Secret: "bin", ID: "one", Binary: true, Value: w.Vault.Seal(secrets.Place(here, bin, "one"), []byte{1})})
		store.Parameters.Put(tx, model.Parameter{Name: "/app/db", Version: 2, Labels: map[string]int64{"prod": 1}})
		for n, value := range []string{"first", "second"} {
			v := model.ParameterVersion{Parameter: "/app/db", Version: int64(n + 1), Type: "SecureString"}
			v.Value = w.Vault.Seal(secrets.ParameterPlace(here, v), []byte(value))
			store.ParameterVersions.Put(tx, v)
		}
	})
	return w
}

// For returns what one container of a task gets.
func (w *world) For(sc model.Scope, def model.TaskDef, t model.Task, container string) (engine.Secrets, error) {
	return w.Task(sc, def, t).For(container)
}

func (w *world) do(fn func(*store.Tx)) {
	w.Helper()
	if err := w.Store.Update(here, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

// def is a definition whose container web has one secret, and app none.
func def(from string) model.TaskDef {
	return model.TaskDef{Doc: types.TaskDefinition{ExecutionRoleArn: new(anyARN), ContainerDefinitions: []types.ContainerDefinition{
		{Name: new("web"), Secrets: []types.Secret{{Name: new("S"), ValueFrom: &from}}}, {Name: new("app")}}}}
}

func TestWhatContainersGet(t *testing.T) {
	w := newWorld(t)
	for from, want := range map[string]string{
		asm + "db-AbCdEf":            `{"user":"ann","port":5432000,"on":true,"nested":{"a":[1]},"none":null}`,
		asm + "db:user::":            "ann",
		asm + "db-AbCdEf:port::":     "5432000",
		asm + "db:on:AWSCURRENT:two": "true",
		asm + "db:nested::":          `{"a":[1]}`,
		asm + "db:none::":            "null",
		asm + "db::AWSPREVIOUS:":     "old",
		asm + "db:::one":             "old",
		"/app/db":                    "second",
		"/app/db:1":                  "first",
		"/app/db:prod":               "first",
		ssm + "/app/db":              "second",
		ssm + "/app/db:2":            "second",
		"arn:aws:ssm:us-east-1::parameter/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id": model.PublicImage("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"),
	} {
		got, err := w.For(here, def(from), task, "web")
		if err != nil || got.Env["S"] != want || len(got.LogOptions) != 0 {
			t.Errorf("%s: got %v, %v", from, got, err)
		}
		if other, err := w.For(here, def(from), task, "app"); err != nil || len(other.Env) != 0 {
			t.Errorf("another container gets %v, %v", other, err)
		}
	}
	d := def("/app/db")
	d.Doc.ContainerDefinitions[0].LogConfiguration = &types.LogConfiguration{SecretOptions: []types.Secret{{Name: new("splunk-token"), ValueFrom: new(asm + "db:user::")}}}
	if got, err := w.For(here, d, task, "web"); err != nil || got.LogOptions["splunk-token"] != "ann" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestATaskIsReadOnce(t *testing.T) {
	w := newWorld(t)
	d := def("/app/db")
	d.Doc.ContainerDefinitions[1].Secrets = []types.Secret{{Name: new("T"), ValueFrom: new("/app/db")}}
	all := w.Task(here, d, task)
	put := func(version int64) {
		w.do(func(tx *store.Tx) { store.Parameters.Put(tx, model.Parameter{Name: "/app/db", Version: version}) })
	}
	for _, c := range []struct {
		rule, container, want string
		version               int64 // of the parameter by then
	}{
		{"with the first container", "web", "map[S:second]", 2},
		{"the others get what was read then", "app", "map[T:second]", 1},
		{"what was handed out is read anew", "app", "map[T:first]", 1},
		{"and what nobody got", "web", "map[S:first]", 2},
		{"is handed out once too", "web", "map[S:second]", 2},
	} {
		put(c.version)
		if got, err := all.For(c.container); err != nil || fmt.Sprint(got.Env) != c.want {
			t.Errorf("%s: got %v, %v", c.rule, got.Env, err)
		}
	}
	w.do(func(tx *store.Tx) { store.Parameters.Delete(tx, "/app/db") })
	all = w.Task(here, d, task)
	if _, err := all.For("web"); err == nil {
		t.Error("there is no parameter")
	}
	put(2)
	if _, err := all.For("web"); err != nil {
		t.Errorf("a failure is remembered: %v", err)
	}
}

func TestWhyTasksDoNotStart(t *testing.T) {
	w := newWorld(t)
	const asked = "unable to retrieve secret from asm: service call has been retried 1 time(s): "
	const call = "from secrets manager: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: ID, "
	for from, want := range map[string]string{
		asm + "none":         asked + "failed to fetch secret " + asm + "none " + call + "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
		asm + "db::green:":   asked + "failed to fetch secret " + asm + "db " + call + "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: green",
		asm + "db:pass::":    asked + "retrieved secret from Secrets Manager did not contain json key pass",
		asm + "db:user::one": asked + "retrieved secret from Secrets Manager is not a JSON object, and a json key is asked for: user",
		asm + "bin":          asked + "secret " + asm + "bin has no SecretString: only text is passed to containers",
		"/none":              "unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /none",
		"/app/db:9":          "unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /app/db:9",
		strings.Replace(asm, "us-east-1", "us-east-2", 1) + "db":       "-",
		strings.Replace(asm, "000000000000", "111111111111", 1) + "db": "-",
	} {
		_, err := w.For(here, def(from), task, "app") // of another container of the task, too
		e, ok := err.(*engine.Error)
		if !ok {
			t.Errorf("%s: %v", from, err)
			continue
		}
		got := regexp.MustCompile(`RequestID: [0-9a-f-]{36}`).ReplaceAllString(e.Error(), "RequestID: ID")
		if full := "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: " + want; want != "-" && got != full {
			t.Errorf("got  %s\nwant %s", got, full)
		}
		if strings.Contains(got, "ann") || strings.Contains(got, "old") || strings.Contains(got, "first") {
			t.Errorf("a value is told: %s", got)
		}
	}
	w.do(func(tx *store.Tx) {
		s, _ := store.Secrets.Get(tx, "db")
		s.Deleted, s.Ends = tx.Now(), tx.Now().Add(time.Hour)
		store.Secrets.Put(tx, s)
	})
	if _, err := w.For(here, def(asm+"db"), task, "web"); err == nil || !strings.HasSuffix(err.Error(), "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.") {
		t.Error(err)
	}
}

func TestReadingIsSeenAsReading(t *testing.T) {
	w := newWorld(t)
	if _, err := w.For(here, def(asm+"db"), task, "web"); err != nil {
		t.Fatal(err)
	}
	before := w.Store.Commits()
	if _, err := w.For(here, def(asm+"db"), task, "web"); err != nil || w.Store.Commits() != before {
		t.Error("a second reading of the day writes", err)
	}
	w.do(func(tx *store.Tx) {
		if s, _ := store.Secrets.Get(tx, "db"); s.Accessed.IsZero() {
			t.Error("nobody read it")
		}
	})
}

func TestHide(t *testing.T) {
	s := engine.Secrets{Env: map[string]string{"PASS": "hunter2", "EMPTY": "", "PART": "hunt"}, LogOptions: map[string]string{"splunk-token": "tok-1"},
		Registry: engine.Login{Username: "ann", Password: "pw-1"}}
	err := s.Hide(&engine.Error{Name: engine.CannotStart, Message: "bad token tok-1 of hunter2, ann:pw-1"})
	if got := fmt.Sprint(err); got != "CannotStartContainerError: bad token (splunk-token) of (PASS), (username):(password)" {
		t.Error(got)
	}
	if s.Hide(nil) != nil {
		t.Error("nothing became something")
	}
}
