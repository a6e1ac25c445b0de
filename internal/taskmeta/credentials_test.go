package taskmeta

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/rolecreds"
	"github.com/drydock-ecs/drydock/internal/session"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
)

// asks is what a container reads by an SDK without any configuration but the variable.
func (w *world) asks(from engine.Place, path string) (string, error) {
	w.t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.h.ServeHTTP(rw, r, from) }))
	defer srv.Close()
	c, err := endpointcreds.New(srv.URL + path).Retrieve(context.Background())
	if err != nil {
		return "", err
	}
	return w.holder(c.AccessKeyID, c.SecretAccessKey, c.SessionToken), nil
}

// holder is who the gate would find to hold credentials.
func (w *world) holder(id, secret, token string) (arn string) {
	w.t.Helper()
	w.do(here.Global(), func(tx *store.Tx) {
		row, ok := store.Sessions.Get(tx, id)
		own, err := session.Secret(tx, w.h.Vault, row)
		if !ok || err != nil || own != secret || !session.Holds(row, token) {
			w.t.Errorf("the credentials %s are not those of a session", id)
		}
		if left := row.Expires.Sub(tx.Now()); left > rolecreds.Lasting || left < rolecreds.Rotated-2*time.Second {
			w.t.Errorf("they last %v", left)
		}
		arn = row.Caller.ARN
	})
	return arn
}

func TestAnSDKGetsTheTaskRole(t *testing.T) {
	w := newWorld(t)
	const own, other = "arn:aws:sts::000000000000:assumed-role/one/t1", "arn:aws:sts::000000000000:assumed-role/two/t2"
	pathOf := func(task string) string { return session.TaskPath(w.h.Vault, here, task) }
	for _, c := range []struct {
		rule string
		from engine.Place
		path string
		want string // ARN of the caller, or of the error
	}{
		{"its own role", engine.Place{Scope: here, Task: "t1", Container: "web"}, pathOf("t1"), own},
		{"another task has another role", engine.Place{Scope: here, Task: "t2"}, pathOf("t2"), other},
		{"an override goes before the definition", engine.Place{Scope: here, Task: "t3"}, pathOf("t3"), "arn:aws:sts::000000000000:assumed-role/two/t3"},
		{"a task in host mode, from its instance", engine.Place{Scope: here, Instance: "i-1"}, pathOf("h1"), "arn:aws:sts::000000000000:assumed-role/one/h1"},
		{"not those of another task", engine.Place{Scope: here, Task: "t1"}, pathOf("t2"), "InvalidIdInRequest"},
		{"nor from the host those of a task with a namespace of its own", engine.Place{Scope: here, Instance: "i-1"}, pathOf("t1"), "InvalidIdInRequest"},
		{"nor from another instance", engine.Place{Scope: here, Instance: "i-2"}, pathOf("h1"), "InvalidIdInRequest"},
		{"nor from a task those of host mode", engine.Place{Scope: here, Task: "t1"}, pathOf("h1"), "InvalidIdInRequest"},
		{"nor from another region", engine.Place{Scope: model.Scope{Account: here.Account, Region: "eu-west-1"}, Task: "t1"}, pathOf("t1"), "InvalidIdInRequest"},
		{"nor from nowhere", engine.Place{}, pathOf("t1"), "InvalidIdInRequest"},
		{"a task without a role has none", engine.Place{Scope: here, Task: "plain"}, pathOf("plain"), "InvalidIdInRequest"},
		{"nor one that ended", engine.Place{Scope: here, Task: "ended"}, pathOf("ended"), "InvalidIdInRequest"},
		{"nor one whose role does not trust ECS", engine.Place{Scope: here, Task: "wrong"}, pathOf("wrong"), "InvalidIdInRequest"},
		{"an id that nobody has", engine.Place{Scope: here, Task: "t1"}, "/v2/credentials/00000000-0000-4000-8000-000000000000", "InvalidIdInRequest"},
		{"none at all", engine.Place{Scope: here, Task: "t1"}, "/v2/credentials/", "NoIdInRequest"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got, err := w.asks(c.from, c.path)
			if err != nil {
				got = err.Error()
			}
			if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// get asks as curl does.
func (w *world) get(from engine.Place, path string) (int, string) {
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "http://169.254.170.2"+path, nil), from)
	return rec.Code, rec.Body.String()
}

func TestTheErrorDocumentIsTheAgents(t *testing.T) {
	w := newWorld(t)
	code, body := w.get(engine.Place{Scope: here, Task: "t1"}, "/v2/credentials/x")
	if want := `{"code":"InvalidIdInRequest","message":"CredentialsV2Request: Credentials not found","HTTPErrorCode":400}`; code != 400 || body != want {
		t.Errorf("got %d %s, want %s", code, body, want)
	}
}

func TestCredentialsAreTheSameUntilTheyRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		from, path := engine.Place{Scope: here, Task: "t1"}, session.TaskPath(w.h.Vault, here, "t1")
		ask := func() (d document) {
			_, body := w.get(from, path)
			if err := json.Unmarshal([]byte(body), &d); err != nil || d.RoleArn != roleARN("one") {
				t.Fatalf("%v: %s", err, body)
			}
			return d
		}
		first := ask()
		time.Sleep(rolecreds.Lasting - rolecreds.Rotated - time.Second)
		if again := ask(); again != first {
			t.Error("they changed early")
		}
		time.Sleep(2 * time.Second)
		next := ask()
		if next == first || next.AccessKeyId == first.AccessKeyId {
			t.Error("they are not rotated")
		}
		w.holder(first.AccessKeyId, first.SecretAccessKey, first.Token) // the old ones hold until their end
		restarted := New(w.h.store, w.h.Config)
		w.h = restarted
		if path != session.TaskPath(w.h.Vault, here, "t1") {
			t.Error("the path changed with a restart")
		}
		if d := ask(); d.AccessKeyId == "" {
			t.Error("there are none after a restart")
		}
		w.holder(next.AccessKeyId, next.SecretAccessKey, next.Token)
	})
}
