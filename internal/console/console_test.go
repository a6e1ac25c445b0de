package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/console"
	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

var (
	home = model.Scope{Account: "000000000000", Region: "us-east-1"}
	noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
)

const (
	taskA = "aaaa0000000000000000000000000001"
	taskB = "aaab0000000000000000000000000002"
	taskC = "cccc0000000000000000000000000003"
	ec2ID = "i-0123456789abcdef0"
	ciID  = "11110000000000000000000000000000"
)

// open returns a store with an instance that runs task A behind a load balancer, task B that waits
// for a place, and task C that stopped.
func open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	update(t, s, fill)
	return s
}

func update(t *testing.T, s *store.Store, fn func(*store.Tx)) {
	t.Helper()
	if err := s.Update(home, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func fill(tx *store.Tx) {
	store.Clusters.Put(tx, model.Cluster{Name: "demo", Status: "ACTIVE"})
	store.Instances.Put(tx, model.Instance{ID: ec2ID, Type: model.InstanceType{Name: "t3.medium", VCPU: 2, Memory: 4096}, Zone: "us-east-1a",
		PrivateIP: "172.31.0.4", Host: "172.31.0.4", State: "running", UserData: "echo SECRET=hunter2", Launch: model.Launch{At: noon}})
	store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-1", Instance: ec2ID, IP: "172.31.0.4", Public: "127.66.0.1"})
	store.ContainerInstances.Put(tx, model.ContainerInstance{ID: ciID, Cluster: "demo", EC2: ec2ID, Status: "ACTIVE", Connected: true, CPU: 2048, Memory: 3885})
	store.LoadBalancers.Put(tx, model.LoadBalancer{ID: "app/web/1111111111111111", Name: "web", DNSName: "web-1.us-east-1.elb.localhost"})
	store.TargetGroups.Put(tx, model.TargetGroup{ID: "tg/2222222222222222", Name: "tg", Protocol: "HTTP",
		Check: model.HealthCheck{Enabled: true, Protocol: "HTTP", Path: "/", Port: "traffic-port", Interval: 5 * time.Second, Timeout: 2 * time.Second, Matcher: "200"}})
	store.Listeners.Put(tx, model.Listener{ID: "app/web/1111111111111111/3333333333333333", LoadBalancer: "app/web/1111111111111111", Port: 80, Protocol: "HTTP",
		Bound: 8080, BindError: "port 80 is taken", Actions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(home.TargetGroupARN("tg/2222222222222222"))}}})
	store.Tasks.Put(tx, task(taskA, model.Running))
	waits := task(taskB, model.Provisioning)
	waits.Instance, waits.Containers[0].Bindings = "", nil
	waits.Times.Started = time.Time{}
	store.Tasks.Put(tx, waits)
	ended, code := task(taskC, model.Stopped), 137
	ended.Want, ended.Stop = model.Stopped, model.Stop{Code: "EssentialContainerExited", Reason: "Essential container in task exited"}
	ended.Containers[0].Exit, ended.Times.Stopped = &code, noon.Add(time.Minute)
	store.Tasks.Put(tx, ended)
	store.Targets.Put(tx, model.Target{Group: "tg/2222222222222222", ID: ec2ID, Port: 32768, Task: taskA, Health: model.TargetHealth{State: "healthy"}})
	store.Events.Put(tx, model.Event{ID: "1", Kind: "service", Cluster: "demo", Subject: "web", At: noon.Add(2 * time.Minute), Message: "(service web) has reached a steady state. <b>"})
}

func task(id string, is model.Status) model.Task {
	return model.Task{ID: id, Is: is, Want: model.Running, Instance: ciID, Host: "172.31.0.4", Needs: model.Needs{CPU: 128, Memory: 256},
		Birth: model.Birth{Cluster: "demo", Service: "web", Def: "web:3"},
		Times: model.TaskTimes{Created: noon, Started: noon.Add(time.Second)},
		Containers: []model.Container{{Name: "nginx", Image: "nginx", RuntimeID: "c" + id, Essential: true, Is: is,
			Bindings: []model.Binding{{ContainerPort: 80, HostPort: 32768, Protocol: "tcp", BindIP: "0.0.0.0"}}}}}
}

func handler(s *store.Store) http.Handler {
	return console.New(s, console.Hooks{Default: home, Gateway: 4566, Logs: logs})
}

// logs is an engine's: container "c"+taskA wrote two lines, others are gone.
func logs(_ context.Context, id string, o engine.LogOptions) iter.Seq2[engine.LogLine, error] {
	return func(yield func(engine.LogLine, error) bool) {
		if id != "c"+taskA {
			yield(engine.LogLine{}, errors.New("container "+id+" is gone"))
			return
		}
		lines := []engine.LogLine{{At: noon, Text: "one"}, {At: noon, Text: "two", Stderr: true}}
		if o.Tail > 0 {
			lines = lines[len(lines)-o.Tail:]
		}
		for _, l := range lines {
			if !yield(l, nil) {
				return
			}
		}
	}
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return w
}

func read[T any](t *testing.T, h http.Handler, path string) (v T) {
	t.Helper()
	w := get(t, h, path)
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTasks(t *testing.T) {
	h := handler(open(t))
	for _, c := range []struct{ rule, query, want string }{
		{"live tasks by default", "", taskA + " " + taskB},
		{"stopped ones on demand", "?all=1", taskA + " " + taskB + " " + taskC},
		{"only those of a cluster", "?cluster=other", ""},
		{"only those of a region", "?region=eu-west-1", ""},
		{"only those of an account", "?account=123456789012", ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var ids []string
			for _, k := range read[console.Tasks](t, h, "/_drydock/ps"+c.query).Tasks {
				ids = append(ids, k.ID)
			}
			if got := strings.Join(ids, " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	a := read[console.Tasks](t, h, "/_drydock/ps").Tasks[0]
	if a.Instance != ec2ID || a.Status != "RUNNING" || a.Revision != "web:3" || a.Containers[0].Ports[0] != (console.Port{Container: 80, Host: 32768, Protocol: "tcp", Bind: "172.31.0.4"}) ||
		len(a.Targets) != 1 || a.Targets[0] != (console.TaskTarget{Group: "tg", Port: 32768, State: "healthy"}) {
		t.Errorf("got %+v", a)
	}
}

func TestLoadBalancersSayWhereToPointABrowser(t *testing.T) {
	s := open(t)
	l := read[console.LoadBalancers](t, handler(s), "/_drydock/lb")
	n := l.LoadBalancers[0].Listeners[0]
	if n.Closed != "" {
		t.Errorf("closed without a group: %s", n.Closed)
	}
	for _, rule := range []struct{ port, closed int }{{81, 1}, {80, 0}} {
		update(t, s, func(tx *store.Tx) {
			b, _ := store.LoadBalancers.Get(tx, "app/web/1111111111111111")
			b.Groups = []string{"sg-1"}
			store.LoadBalancers.Put(tx, b)
			store.SecurityGroupRules.Put(tx, model.SecurityGroupRule{ID: "sgr-1", Group: "sg-1", Protocol: "tcp", From: rule.port, To: rule.port, CIDR: "0.0.0.0/0"})
		})
		closed := read[console.LoadBalancers](t, handler(s), "/_drydock/lb").LoadBalancers[0].Listeners[0].Closed
		if strings.Count(closed, "--group-id sg-1 --protocol tcp --port 80") != rule.closed {
			t.Errorf("with port %d open: %q", rule.port, closed)
		}
	}
	if n.URL != "http://web-1.us-east-1.elb.localhost:8080/" || n.Why != "port 80 is taken" || n.Actions[0] != "forward to tg" {
		t.Errorf("got %+v", n)
	}
	if g := l.LoadBalancers[0].Gateway; g != "http://web-1.us-east-1.elb.localhost:4566/" {
		t.Errorf("gateway %s", g)
	}
	if len(l.TargetGroups) != 1 || l.TargetGroups[0].Targets[0].State != "healthy" {
		t.Errorf("got %+v", l.TargetGroups)
	}
}

func TestTargetHealthIsWhatDescribeTargetHealthSays(t *testing.T) {
	for _, c := range []struct {
		rule string
		do   func(tx *store.Tx, x model.Target)
		want string
	}{
		{"probed", func(*store.Tx, model.Target) {}, "healthy"},
		{"not yet probed", func(tx *store.Tx, x model.Target) { x.Health = model.TargetHealth{}; store.Targets.Put(tx, x) }, "initial"},
		{"leaving", func(tx *store.Tx, x model.Target) { x.Draining = noon; store.Targets.Put(tx, x) }, "draining"},
		{"of a group that no listener uses", func(tx *store.Tx, _ model.Target) {
			store.Listeners.Delete(tx, "app/web/1111111111111111/3333333333333333")
		}, "unused"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s := open(t)
			update(t, s, func(tx *store.Tx) {
				x, _ := store.Targets.Get(tx, model.TargetKey("tg/2222222222222222", ec2ID, 32768))
				c.do(tx, x)
			})
			if got := read[console.LoadBalancers](t, handler(s), "/_drydock/lb").TargetGroups[0].Targets[0].State; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestInstancesShowWhatIsLeft(t *testing.T) {
	p := read[console.Instances](t, handler(open(t)), "/_drydock/instances")
	if len(p.Clusters) != 1 || p.Clusters[0] != "demo" || len(p.Instances) != 1 {
		t.Fatalf("got %+v", p)
	}
	i := p.Instances[0]
	if i.Cluster != "demo" || i.Member == nil || i.Member.CPULeft != 2048-128 || i.Member.MemLeft != 3885-256 || i.Member.Running != 1 || i.PrivateIP != "172.31.0.4" || i.Public != "127.66.0.1" {
		t.Errorf("got %+v %+v", i, i.Member)
	}
}

func TestRefusals(t *testing.T) {
	h := handler(open(t))
	for _, c := range []struct {
		rule, path string
		status     int
		says       string
	}{
		{"a region that is none", "/_drydock/ps?region=../x", 400, "not a region name"},
		{"an account that is none", "/_drydock/ps?account=12", 400, "not 12 digits"},
		{"a page that is none", "/_drydock/nope", 404, "no such page"},
		{"a tail that is no number", "/_drydock/events?tail=-1", 400, "not a number"},
		{"logs of nothing", "/_drydock/logs", 400, "task= is missing"},
		{"logs of an unknown task", "/_drydock/logs?task=ffff", 404, "no task"},
		{"logs of two tasks", "/_drydock/logs?task=aaa", 409, "more than one"},
		{"logs of an unknown container", "/_drydock/logs?task=aaaa&container=x", 404, "it has nginx"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := get(t, h, c.path)
			var r console.Refusal
			if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != c.status || !strings.Contains(r.Error, c.says) {
				t.Errorf("got %d %s, want %d with %q", w.Code, w.Body, c.status, c.says)
			}
		})
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/_drydock/ps", nil))
	if w.Code != 405 {
		t.Errorf("POST: %d, want 405", w.Code)
	}
}

func TestLogs(t *testing.T) {
	h := handler(open(t))
	for _, c := range []struct{ rule, query, want string }{
		{"all lines", "?task=" + taskA, `{"at":"2026-01-02T12:00:00Z","container":"nginx","text":"one"} {"at":"2026-01-02T12:00:00Z","container":"nginx","stderr":true,"text":"two"}`},
		{"by the beginning of an id", "?task=aaaa&tail=1", `{"at":"2026-01-02T12:00:00Z","container":"nginx","stderr":true,"text":"two"}`},
		{"by an ARN", "?tail=1&task=arn:aws:ecs:us-east-1:000000000000:task/demo/" + taskA, `{"at":"2026-01-02T12:00:00Z","container":"nginx","stderr":true,"text":"two"}`},
		{"of a container that is gone", "?task=cccc", `{"container":"nginx","text":"","error":"container c` + taskC + ` is gone"}`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := get(t, h, "/_drydock/logs"+c.query)
			if got := strings.ReplaceAll(strings.TrimSpace(w.Body.String()), "\n", " "); w.Code != 200 || got != c.want {
				t.Errorf("got %d %s\nwant %s", w.Code, got, c.want)
			}
		})
	}
}

func TestEventsAreTheSentencesAndTheSteps(t *testing.T) {
	var got []string
	for _, e := range read[console.Events](t, handler(open(t)), "/_drydock/events?tail=4").Events {
		got = append(got, e.Message)
	}
	want := []string{
		"task aaaa00000000 (service web) is RUNNING on " + ec2ID + ", 172.31.0.4:32768 → nginx:80",
		"task cccc00000000 (service web) is RUNNING on " + ec2ID + ", 172.31.0.4:32768 → nginx:80",
		"task cccc00000000 (service web) is STOPPED on " + ec2ID + ": Essential container in task exited (nginx exited with 137)",
		"(service web) has reached a steady state. <b>",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestEventsFollowTheStore reads the stream while rows change.
func TestEventsFollowTheStore(t *testing.T) {
	s := open(t)
	srv := httptest.NewServer(handler(s))
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", srv.URL+"/_drydock/events?follow=1&tail=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func() (e console.Event) {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("the stream ended: %v", lines.Err())
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	want := func(kind, status, says string) {
		t.Helper()
		if e := next(); e.Kind != kind || e.Status != status || !strings.Contains(e.Message, says) {
			t.Errorf("got %+v, want %s %s %q", e, kind, status, says)
		}
	}
	want("service", "", "steady state") // history

	update(t, s, func(tx *store.Tx) {
		a, _ := store.Tasks.Get(tx, taskA)
		a.Tags = model.Tags{{Key: "k", Value: "v"}} // no news
		store.Tasks.Put(tx, a)
	})
	update(t, s, func(tx *store.Tx) {
		a, _ := store.Tasks.Get(tx, taskA)
		a.End("UserInitiated", "bye", tx.Now())
		_ = a.Advance(model.Stopping, tx.Now())
		store.Tasks.Put(tx, a)
	})
	want("task", "STOPPING", "bye")
	update(t, s, func(tx *store.Tx) { store.Targets.Delete(tx, model.TargetKey("tg/2222222222222222", ec2ID, 32768)) })
	want("target", "deregistered", ec2ID+":32768 of tg")
	update(t, s, func(tx *store.Tx) {
		store.Events.Put(tx, model.Event{ID: "2", Kind: "engine", Subject: "docker", At: tx.Now(), Message: "the engine is away"})
	})
	want("engine", "", "away")
	update(t, s, func(tx *store.Tx) {
		ci, _ := store.ContainerInstances.Get(tx, ciID)
		ci.Connected = false
		store.ContainerInstances.Put(tx, ci)
	})
	want("containerinstance", "ACTIVE", "disconnected")
	cancel()
	if lines.Scan() {
		t.Errorf("more than happened: %s", lines.Text())
	}
}

func TestThePictureIsEscapedAndKeepsSecrets(t *testing.T) {
	w := get(t, handler(open(t)), "/_drydock/")
	body := w.Body.String()
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("%d %s %s", w.Code, w.Header(), body)
	}
	for _, want := range []string{ec2ID, "aaaa00000000", "http://web-1.us-east-1.elb.localhost:8080/", "32768", "steady state. &lt;b&gt;", "steady state"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	for _, secret := range []string{"hunter2", "<b>\n", "requirements <b>"} {
		if strings.Contains(body, secret) {
			t.Errorf("the page shows %q", secret)
		}
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy: %s", csp)
	}
	if strings.Contains(body, "style=") || strings.Contains(body, "onclick") || strings.Contains(body, "://cdn") {
		t.Error("the page has what its policy forbids")
	}
	for _, p := range []string{"/_drydock/console.css", "/_drydock/console.js"} {
		if w := get(t, handler(open(t)), p); w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%s: %d", p, w.Code)
		}
	}
}
