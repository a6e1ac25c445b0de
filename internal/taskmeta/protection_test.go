package taskmeta

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/api/ecs"
	"github.com/drydock-ecs/drydock/api/gate"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/session"
	"github.com/drydock-ecs/drydock/internal/store"
)

// guarded has ECS answer behind the gate, a service of two tasks, and roles that may read and set, read
// only, and nothing.
func guarded(t *testing.T) *world {
	w := newWorld(t)
	w.h.APIs = wire.New([]wire.Service{ecs.Service(w.h.store, ecs.Options{Scale: 1})}, wire.Options{Default: model.Scope{Account: "999988887777", Region: "eu-west-1"},
		Gate: gate.New(w.h.store, gate.Options{Vault: w.h.Vault, Strict: true, Log: slog.New(slog.DiscardHandler)})})
	w.do(here.Global(), func(tx *store.Tx) {
		for name, actions := range map[string]string{"one": `"ecs:GetTaskProtection","ecs:UpdateTaskProtection"`, "two": `"ecs:GetTaskProtection"`} {
			r, _ := store.Roles.Get(tx, name)
			r.Inline = []model.Inline{{Name: "own", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + actions + `],` +
				`"Resource":"arn:aws:ecs:us-east-1:000000000000:task/default/*"}]}`}}
			store.Roles.Put(tx, r)
		}
	})
	w.do(here, func(tx *store.Tx) {
		store.Regions.Put(tx, model.Region{})
		store.Clusters.Put(tx, model.Cluster{Name: "default", Status: "ACTIVE"})
		store.Services.Put(tx, model.Service{Cluster: "default", Name: "web", Desired: 9})
		for _, id := range []string{"t1", "t2", "h1", "plain", "wrong"} {
			task, _ := store.Tasks.Get(tx, id)
			id32 := fmt.Sprintf("%032x", id)
			store.Tasks.Delete(tx, id)
			task.ID, task.Birth.Service = id32, "web"
			store.Tasks.Put(tx, task)
		}
		w.task(tx, fmt.Sprintf("%032x", "alone"), "bridge-one", nil)
	})
	return w
}

func place(task string) engine.Place {
	return engine.Place{Scope: here, Task: fmt.Sprintf("%032x", task)}
}

// state asks as curl does, at a container's ECS_AGENT_URI.
func (w *world) state(from engine.Place, method, task, body string) (int, string) {
	id := session.ContainerID(w.h.Vault, here, fmt.Sprintf("%032x", task), "web")
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, httptest.NewRequest(method, "http://169.254.170.2/api/"+id+"/task-protection/v1/state", strings.NewReader(body)), from)
	got := regexp.MustCompile(`"requestID":"[0-9a-f-]{36}"`).ReplaceAllString(rec.Body.String(), `"requestID":"ID"`)
	return rec.Code, strings.ReplaceAll(got, fmt.Sprintf("%032x", task), "TASK")
}

// TestTasksProtectThemselves in the role of the task, with the documents of the agent.
func TestTasksProtectThemselves(t *testing.T) {
	const arn = "arn:aws:ecs:us-east-1:000000000000:task/default/TASK"
	const open = `{"protection":{"ExpirationDate":null,"ProtectionEnabled":false,"TaskArn":"` + arn + `"}}`
	noRole := `{"error":{"Arn":"` + arn + `","Code":"AccessDeniedException","Message":"Invalid Request: no task IAM role credentials available for task"}}`
	undecoded := `{"error":{"Code":"InvalidParameterException","Message":"UpdateTaskProtection: failed to decode request"}}`
	nobody := `{"error":{"Code":"ResourceNotFoundException","Message":"Failed to find a task for the request"}}`
	for _, c := range []struct {
		rule         string
		from         engine.Place
		method, task string
		body         string
		code         int
		want         string
	}{
		{"nothing is protected at first", place("t1"), "GET", "t1", "", 200, open},
		{"a task protects itself", place("t1"), "PUT", "t1", `{"ProtectionEnabled":true,"ExpiresInMinutes":60}`, 200,
			`{"protection":{"ExpirationDate":"DATE","ProtectionEnabled":true,"TaskArn":"` + arn + `"}}`},
		{"and gives it up", place("t1"), "PUT", "t1", `{"ProtectionEnabled":false}`, 200, open},
		{"in host mode from the instance", engine.Place{Scope: here, Instance: "i-1"}, "GET", "h1", "", 200, open},
		{"a task without a service", place("alone"), "GET", "alone", "", 200, `{"failure":{"Arn":"` + arn + `","Detail":null,"Reason":"TASK_NOT_VALID"}}`},
		{"what the role may not", place("t2"), "PUT", "t2", `{"ProtectionEnabled":true}`, 400, `{"requestID":"ID","error":{"Arn":"` + arn + `","Code":"AccessDeniedException",` +
			`"Message":"User: arn:aws:sts::000000000000:assumed-role/two/TASK is not authorized to perform: ecs:UpdateTaskProtection on resource: ` + arn +
			` because no identity-based policy allows the ecs:UpdateTaskProtection action"}}`},
		{"what ECS does not take", place("t1"), "PUT", "t1", `{"ProtectionEnabled":true,"ExpiresInMinutes":2881}`, 400,
			`{"requestID":"ID","error":{"Arn":"` + arn + `","Code":"InvalidParameterException","Message":"expiresInMinutes must be between 1 and 2880."}}`},
		{"a task without a role", place("plain"), "GET", "plain", "", 403, noRole},
		{"a role that does not trust ECS", place("wrong"), "GET", "wrong", "", 403, noRole},
		{"without the one member", place("t1"), "PUT", "t1", `{"ExpiresInMinutes":60}`, 400,
			`{"error":{"Arn":"` + arn + `","Code":"InvalidParameterException","Message":"Invalid request: does not contain 'ProtectionEnabled' field"}}`},
		{"a member that is unknown", place("t1"), "PUT", "t1", `{"Protected":true}`, 400, undecoded},
		{"a member of another type", place("t1"), "PUT", "t1", `{"ProtectionEnabled":"true"}`, 400, undecoded},
		{"no JSON", place("t1"), "PUT", "t1", ``, 400, undecoded},
		{"more minutes than a number has", place("t1"), "PUT", "t1", `{"ProtectionEnabled":true,"ExpiresInMinutes":4294967297}`, 400, undecoded},
		{"not for another task", place("t1"), "GET", "t2", "", 404, nobody},
		{"nor from another region", engine.Place{Scope: model.Scope{Account: here.Account, Region: "eu-west-1"}, Task: place("t1").Task}, "GET", "t1", "", 404, nobody},
		{"nothing else can be done", place("t1"), "POST", "t1", `{"ProtectionEnabled":true}`, 405, ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := guarded(t)
			code, got := w.state(c.from, c.method, c.task, c.body)
			if i := strings.Index(got, `"ExpirationDate":"`); i >= 0 {
				i += len(`"ExpirationDate":"`)
				text, rest, _ := strings.Cut(got[i:], `"`)
				if at, err := time.Parse(time.RFC3339, text); err != nil || time.Until(at).Round(time.Minute) != time.Hour || !strings.HasSuffix(text, "Z") {
					t.Errorf("it expires at %s", text)
				}
				got = got[:i] + `DATE"` + rest
			}
			if code != c.code || got != c.want {
				t.Errorf("got  %d %s\nwant %d %s", code, got, c.code, c.want)
			}
		})
	}
}

// TestNoMoreAreProtectedThanThereShouldBe is ECS's failure, seen from inside.
func TestNoMoreAreProtectedThanThereShouldBe(t *testing.T) {
	w := guarded(t)
	w.do(here, func(tx *store.Tx) {
		s, _ := store.Services.Get(tx, "default/web")
		s.Desired = 0
		store.Services.Put(tx, s)
	})
	const want = `{"failure":{"Arn":"arn:aws:ecs:us-east-1:000000000000:task/default/TASK","Detail":null,"Reason":"DEPLOYMENT_BLOCKED"}}`
	if code, got := w.state(place("t1"), http.MethodPut, "t1", `{"ProtectionEnabled":true}`); code != 200 || got != want {
		t.Errorf("got %d %s", code, got)
	}
}

// TestARequestThatIsGivenUp is told as the agent tells it.
func TestARequestThatIsGivenUp(t *testing.T) {
	w := guarded(t)
	w.h.APIs = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	id := session.ContainerID(w.h.Vault, here, place("t1").Task, "web")
	r := httptest.NewRequest(http.MethodGet, "http://169.254.170.2/api/"+id+"/task-protection/v1/state", nil).WithContext(ctx)
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r, place("t1"))
	if rec.Code != 504 || !strings.Contains(rec.Body.String(), `"Code":"RequestCanceled","Message":"Timed out calling ECS Task Protection API"`) {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
}
