package secrets_test

import (
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// behind is a definition whose container web pulls with a login, and app with none.
func behind(parameter string) model.TaskDef {
	return model.TaskDef{Doc: types.TaskDefinition{ExecutionRoleArn: new(roleARN), ContainerDefinitions: []types.ContainerDefinition{
		{Name: new("web"), RepositoryCredentials: &types.RepositoryCredentials{CredentialsParameter: &parameter}}, {Name: new("app")}}}}
}

// put makes a secret of one version.
func (w *world) put(name, value string, binary bool) {
	w.do(func(tx *store.Tx) {
		s := model.Secret{Name: name, Suffix: "AbCdEf", Stages: map[string]string{model.StageCurrent: "one"}}
		store.Secrets.Put(tx, s)
		store.SecretVersions.Put(tx, model.SecretVersion{Secret: name, ID: "one", Binary: binary, Value: w.Vault.Seal(secrets.Place(here, s, "one"), []byte(value))})
	})
}

func TestTheLoginToARegistry(t *testing.T) {
	w := newWorld(t)
	w.role(trusted, allow("secretsmanager:GetSecretValue", asm+"login-??????"))
	w.put("login", `{"username":"ann","password":"hunter2","more":1}`, false)
	for _, from := range []string{"login", asm + "login", asm + "login-AbCdEf"} {
		got, err := w.For(here, behind(from), task, "web")
		if err != nil || got.Registry != (engine.Login{Username: "ann", Password: "hunter2"}) || len(got.Env) != 0 {
			t.Errorf("%s: got %v, %v", from, got, err)
		}
		if got, err := w.For(here, behind(from), task, "app"); err != nil || got.Registry != (engine.Login{}) {
			t.Errorf("another container gets %v, %v", got, err)
		}
	}
}

func TestWhyALoginFails(t *testing.T) {
	const asked = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: " +
		"unable to get registry auth from asm: service call has been retried 1 time(s): asm fetching "
	const denied = "secret from the service for login: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: "
	const empty = ": AuthorizationData is malformed, empty field"
	everything := allow("secretsmanager:*", "*")
	for _, c := range []struct {
		rule, value, policy string
		wants               []string
	}{
		{"no permission", `{"username":"ann","password":"hunter2"}`, allow("ssm:*", "*"), []string{denied,
			"api error AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/execution/t is not authorized to perform: secretsmanager:GetSecretValue on resource: " + asm + "login-AbCdEf because no identity-based policy"}},
		{"no secret", "", everything, []string{denied, "ResourceNotFoundException: Secrets Manager can't find the specified secret."}},
		{"no secret, and no permission", "", allow("ssm:*", "*"), []string{denied, "on resource: " + asm + "login because"}},
		{"no JSON", "hunter2", everything, []string{"authorization data: unable to unmarshal secret value, invalid schema"}},
		{"a password that is no text", `{"username":"ann","password":7}`, everything, []string{"authorization data: unable to unmarshal secret value, invalid schema"}},
		{"no user", `{"password":"hunter2"}`, everything, []string{"username" + empty}},
		{"no password", `{"username":"ann"}`, everything, []string{"password" + empty}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := newWorld(t)
			w.role(trusted, c.policy)
			if c.value != "" {
				w.put("login", c.value, false)
			}
			got, err := w.For(here, behind("login"), task, "app")
			if err == nil || got.Registry != (engine.Login{}) {
				t.Fatalf("got %v, %v", got, err)
			}
			for _, want := range append(c.wants, asked) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %s, want %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ann") {
				t.Errorf("a value is told: %s", err)
			}
		})
	}
	w := newWorld(t)
	w.role(trusted, everything)
	w.put("login", "\x01", true)
	if _, err := w.For(here, behind("login"), task, "web"); err == nil || err.Error() != asked+"authorization data: empty secrets value" {
		t.Errorf("of bytes: got %v", err)
	}
}

func TestWhatNamesALogin(t *testing.T) {
	for from, good := range map[string]bool{"login": true, "prod/login": true, asm + "login-AbCdEf": true, asm + "prod/login": true, "": false, "a b": false,
		asm + "login:password::": false, ssm + "/login": false, "/x:1": false, "arn:aws:s3:::x": false} {
		if _, err := secrets.ParseLogin(from); (err == nil) != good {
			t.Errorf("%q: got %v", from, err)
		}
	}
}
