package main

import (
	"bytes"
	"context"
	"encoding/json"
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
	then = time.Now().Add(-90 * time.Second).UTC().Truncate(time.Second)
)

const (
	taskID = "3f2a0000000000000000000000000001"
	ec2ID  = "i-0123456789abcdef0"
	ciID   = "11110000000000000000000000000000"
)

// world is a daemon's console over a store that is filled by hand, and whatever else a test wants
// it to answer.
type world struct {
	*store.Store
	*http.ServeMux
	url string
}

func newWorld(t *testing.T) world {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := world{Store: s, ServeMux: http.NewServeMux()}
	w.Handle("/_drydock/", console.New(s, console.Hooks{Default: home, Logs: logLines}))
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.update(t, fill)
	return w
}

func (w world) update(t *testing.T, fn func(*store.Tx)) {
	t.Helper()
	if err := w.Update(home, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		t.Error(err)
	}
}

func logLines(context.Context, string, engine.LogOptions) iter.Seq2[engine.LogLine, error] {
	return func(yield func(engine.LogLine, error) bool) {
		_ = yield(engine.LogLine{At: then, Text: "hello"}, nil) && yield(engine.LogLine{At: then, Text: "trouble", Stderr: true}, nil)
	}
}

// fill puts one running task behind a load balancer into the store.
func fill(tx *store.Tx) {
	store.Clusters.Put(tx, model.Cluster{Name: "demo", Status: "ACTIVE"})
	store.Instances.Put(tx, model.Instance{ID: ec2ID, Type: model.InstanceType{Name: "t3.medium", VCPU: 2, Memory: 4096}, Zone: "us-east-1a", PrivateIP: "172.31.0.4", Host: "172.31.0.4", State: "running"})
	store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-1", Instance: ec2ID, IP: "172.31.0.4", Public: "127.66.0.1"})
	store.ContainerInstances.Put(tx, model.ContainerInstance{ID: ciID, Provider: "workers", Cluster: "demo", EC2: ec2ID, Status: "ACTIVE", Connected: true, CPU: 2048, Memory: 3896})
	store.LoadBalancers.Put(tx, model.LoadBalancer{ID: "app/web/1111111111111111", Name: "web", DNSName: "web-1.us-east-1.elb.localhost", Groups: []string{"sg-1"}})
	store.TargetGroups.Put(tx, model.TargetGroup{ID: "tg/2222222222222222", Name: "tg", Protocol: "HTTP"})
	store.Listeners.Put(tx, model.Listener{ID: "app/web/1111111111111111/3333333333333333", LoadBalancer: "app/web/1111111111111111", Port: 80, Protocol: "HTTP",
		Bound: 8080, BindError: "port 80 is taken", Actions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(home.TargetGroupARN("tg/2222222222222222"))}}})
	store.Targets.Put(tx, model.Target{Group: "tg/2222222222222222", ID: ec2ID, Port: 32768, Task: taskID, Health: model.TargetHealth{State: "healthy"}})
	store.Tasks.Put(tx, model.Task{ID: taskID, Is: model.Running, Want: model.Running, Instance: ciID, Host: "172.31.0.4", Needs: model.Needs{CPU: 128, Memory: 256},
		Birth: model.Birth{Cluster: "demo", Service: "web", Def: "web:3"}, Times: model.TaskTimes{Created: then, Started: then},
		Containers: []model.Container{{Name: "nginx", RuntimeID: "c1", Essential: true, Is: model.Running,
			Bindings: []model.Binding{{ContainerPort: 80, HostPort: 32768, Protocol: "tcp", BindIP: "0.0.0.0"}}}}})
	store.Events.Put(tx, model.Event{ID: "1", Kind: "service", Cluster: "demo", Subject: "web", At: then.Add(time.Second), Message: "(service web) has reached a steady state."})
}

// drydock runs the command line in this process.
func drydock(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	for _, name := range []string{"DRYDOCK_ENDPOINT", "AWS_ENDPOINT_URL", "DRYDOCK_REGION", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"} {
		t.Setenv(name, "")
	}
	var o, e bytes.Buffer
	code = run(args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestCommandsShowWhatTheDaemonSays(t *testing.T) {
	w := newWorld(t)
	w.update(t, func(tx *store.Tx) {
		store.Tasks.Put(tx, model.Task{ID: "4f2a" + taskID[4:], Is: model.Running, Want: model.Running, ENI: &model.ENI{IP: "172.17.0.5"},
			Birth: model.Birth{Cluster: "far", Def: "web:3", LaunchType: "FARGATE", Provider: "FARGATE_SPOT"}, Times: model.TaskTimes{Created: then, Started: then},
			Containers: []model.Container{{Name: "nginx", RuntimeID: "c2", Essential: true, Is: model.Running, Bindings: []model.Binding{{ContainerPort: 80, Protocol: "tcp"}}}}})
		store.Tasks.Put(tx, model.Task{ID: "5f2a" + taskID[4:], Is: model.Running, Want: model.Running, Host: "172.31.0.4",
			Birth: model.Birth{Cluster: "wide", Def: "web:3", LaunchType: "EC2"}, Times: model.TaskTimes{Created: then, Started: then},
			Containers: []model.Container{{Name: "nginx", RuntimeID: "c3", Essential: true, Is: model.Running, Bindings: []model.Binding{{ContainerPort: 7000, Last: 7004, HostPort: 32768, Protocol: "tcp"}}}}})
	})
	for _, c := range []struct {
		rule string
		args []string
		want string
	}{
		{"ps", []string{"ps", "--cluster", "demo"}, `
TASK          CLUSTER  SERVICE  REVISION  CONTAINER  INSTANCE             PORTS                     TARGET      STATUS
3f2a00000000  demo     web      web:3     nginx      i-0123456789abcdef0  172.31.0.4:32768->80/tcp  tg healthy  RUNNING 1m`},
		{"ps of a range of ports", []string{"ps", "--cluster", "wide"}, `
TASK          CLUSTER  SERVICE  REVISION  CONTAINER  PORTS                                  STATUS
5f2a00000000  wide     -        web:3     nginx      172.31.0.4:32768-32772->7000-7004/tcp  RUNNING 1m`},
		{"ps of a Fargate task, with the address of its own", []string{"ps", "--cluster", "far"}, `
TASK          CLUSTER  SERVICE  REVISION  CONTAINER  INSTANCE      PORTS              STATUS
4f2a00000000  far      -        web:3     nginx      FARGATE_SPOT  172.17.0.5:80/tcp  RUNNING 1m`},
		{"ps of a cluster without tasks", []string{"ps", "--cluster", "other"}, `
TASK  CLUSTER  SERVICE  REVISION  CONTAINER  INSTANCE  PORTS  TARGET  STATUS  WHY`},
		{"lb", []string{"lb"}, `
LOAD BALANCER  LISTENER  URL                                          DOES           NOTE
web            HTTP:80   http://web-1.us-east-1.elb.localhost:8080/  forward to tg  port 80 is taken; closed to this machine by its security groups: aws ec2 authorize-security-group-ingress --region us-east-1 --group-id sg-1 --protocol tcp --port 80 --cidr 0.0.0.0/0

TARGET GROUP  TARGET               PORT   TASK          HEALTH
tg            i-0123456789abcdef0  32768  3f2a00000000  healthy`},
		{"instance list", []string{"instance", "list"}, `
INSTANCE             TYPE       ZONE        STATE    CLUSTER  PROVIDER  AGENT   CPU LEFT      MEMORY LEFT       TASKS  ADDRESS     PUBLIC
i-0123456789abcdef0  t3.medium  us-east-1a  running  demo     workers   ACTIVE  1920 of 2048  3640 of 3896 MiB  1      172.31.0.4  127.66.0.1`},
		{"logs by the beginning of an id", []string{"logs", "3f"}, "\nhello"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			code, out, errs := drydock(t, append(c.args, "--endpoint", w.url)...)
			if got, want := strings.Fields(out), strings.Fields(c.want); code != 0 || strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("exit %d, %s, printed\n%s\nwant%s", code, errs, out, c.want)
			}
		})
	}
}

func TestColumnsAreAligned(t *testing.T) {
	w := newWorld(t)
	_, out, _ := drydock(t, "ps", "--endpoint", w.url)
	lines := strings.Split(out, "\n")
	for _, cell := range [][2]string{{"SERVICE", "web "}, {"STATUS", "RUNNING"}} {
		if at := strings.Index(lines[0], cell[0]); strings.Index(lines[1][at:], cell[1]) != 0 {
			t.Errorf("%q is not under %q:\n%s", cell[1], cell[0], out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("colour where no terminal is")
	}
}

func TestJSONIsForPrograms(t *testing.T) {
	w := newWorld(t)
	for _, args := range [][]string{{"ps"}, {"lb"}, {"instance", "ls"}, {"events"}, {"doctor"}, {"version"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			if args[0] != "version" {
				args = append(args, "--endpoint", w.url)
			}
			_, out, errs := drydock(t, append(args, "--json")...)
			var v map[string]any
			if err := json.Unmarshal([]byte(out), &v); err != nil || len(v) == 0 {
				t.Errorf("%v: %s%s", err, out, errs)
			}
		})
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	w := newWorld(t)
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, c := range []struct {
		rule string
		args []string
		want string
	}{
		{"no daemon", []string{"ps", "--endpoint", gone.URL}, "no daemon answers on " + strings.TrimPrefix(gone.URL, "http://") + ": start one with `drydock serve`"},
		{"another server", []string{"ps", "--endpoint", other.URL}, "is not Drydock"},
		{"an endpoint that is none", []string{"ps", "--endpoint", "http://"}, "want a URL"},
		{"an unknown task", []string{"logs", "ffff", "--endpoint", w.url}, "`drydock ps --all` lists them"},
		{"an unknown cluster", []string{"instance", "add", "--cluster", "nope", "--endpoint", w.url}, "aws ecs create-cluster --cluster-name nope"},
		{"an unknown instance", []string{"instance", "rm", "i-9", "--endpoint", w.url}, "`drydock instance list` shows them"},
		{"no instances to add", []string{"instance", "add", "--count", "0", "--endpoint", w.url}, "--count 0: want 1 or more"},
		{"an unknown flag", []string{"ps", "--bogus"}, "see `drydock ps --help`"},
		{"a log level that is none", []string{"serve", "--log-level", "loud"}, "want debug, info, warn or error"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			code, out, errs := drydock(t, c.args...)
			if code != 1 || out != "" || !strings.HasPrefix(errs, "drydock: ") || !strings.Contains(errs, c.want) {
				t.Errorf("exit %d, out %q, said %q; want %q", code, out, errs, c.want)
			}
		})
	}
}

// TestInstanceAddReturnsOnceTheyJoined launches through the daemon's EC2 API, here one that writes
// the rows as the real ones do.
func TestInstanceAddReturnsOnceTheyJoined(t *testing.T) {
	w := newWorld(t)
	const fresh = "i-0fedcba9876543210"
	w.HandleFunc("POST /{$}", func(rw http.ResponseWriter, r *http.Request) {
		if r.FormValue("Action") != "RunInstances" || r.FormValue("InstanceType") != "t3.small" || !strings.Contains(r.Header.Get("Authorization"), "/us-east-1/ec2/") {
			t.Errorf("got %v, %s", r.Form, r.Header)
		}
		i := model.Instance{ID: fresh, Type: model.InstanceType{Name: "t3.small", VCPU: 2, Memory: 2048}, State: "pending", Host: "127.66.0.2"}
		w.update(t, func(tx *store.Tx) { store.Instances.Put(tx, i) })
		_, _ = rw.Write([]byte(`<RunInstancesResponse><instancesSet><item><instanceId>` + fresh + `</instanceId></item></instancesSet></RunInstancesResponse>`))
		i.State = "running"
		w.update(t, func(tx *store.Tx) {
			store.Instances.Put(tx, i)
			store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "2222", Cluster: "demo", EC2: fresh, Status: "ACTIVE", Connected: true, CPU: 2048, Memory: 1880})
		})
	})
	code, out, errs := drydock(t, "instance", "add", "--cluster", "demo", "--type", "t3.small", "--endpoint", w.url)
	if code != 0 || !strings.Contains(out, fresh) || strings.Contains(out, ec2ID) {
		t.Errorf("exit %d, %s, printed\n%s", code, errs, out)
	}
}

// TestInstanceAddSaysWhyOneHasNotRegistered: it runs, and its agent may not.
func TestInstanceAddSaysWhyOneHasNotRegistered(t *testing.T) {
	w := newWorld(t)
	const fresh = "i-0fedcba9876543210"
	w.HandleFunc("POST /{$}", func(rw http.ResponseWriter, r *http.Request) {
		if got := r.FormValue("IamInstanceProfile.Name"); got != "machines" {
			t.Errorf("the profile is %q", got)
		}
		_, _ = rw.Write([]byte(`<RunInstancesResponse><instancesSet><item><instanceId>` + fresh + `</instanceId></item></instancesSet></RunInstancesResponse>`))
		w.update(t, func(tx *store.Tx) {
			store.Instances.Put(tx, model.Instance{ID: fresh, State: "running", Refused: "AccessDeniedException: no.", Launch: model.Launch{Profile: "machines"}})
		})
	})
	code, _, errs := drydock(t, "instance", "add", "--cluster", "demo", "--profile", "machines", "--endpoint", w.url)
	if code != 1 || !strings.Contains(errs, "instance "+fresh+" runs, but has not registered: AccessDeniedException: no") {
		t.Errorf("exit %d, %s", code, errs)
	}
	if _, out, _ := drydock(t, "instance", "list", "--endpoint", w.url); !strings.Contains(out, "not registered: AccessDeniedException: no.") {
		t.Errorf("printed\n%s", out)
	}
}

func TestAWSErrorsAreReadInEveryProtocol(t *testing.T) {
	for _, c := range []struct{ rule, body, want string }{
		{"JSON", `{"__type":"com.amazonaws.ecs#ClusterNotFoundException","message":"Cluster not found."}`, "Cluster not found. (ClusterNotFoundException)"},
		{"query", `<ErrorResponse><Error><Type>Sender</Type><Code>DuplicateListener</Code><Message>taken</Message></Error></ErrorResponse>`, "taken (DuplicateListener)"},
		{"EC2", `<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>none</Message></Error></Errors></Response>`, "none (InvalidInstanceID.NotFound)"},
		{"something else", `oops`, "400 Bad Request: oops"},
	} {
		if got := apiError("400 Bad Request", []byte(c.body)).Error(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.rule, got, c.want)
		}
	}
}

func TestFlagsComeFromTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		rule    string
		command []string
		env     map[string]string
		flag    string
		want    string
	}{
		{"DRYDOCK_ and the name", []string{"serve"}, map[string]string{"DRYDOCK_DATA_DIR": "/d"}, "data-dir", "/d"},
		{"a list", []string{"serve"}, map[string]string{"DRYDOCK_ALLOW_HOST": "a,b"}, "allow-host", "[a,b]"},
		{"a client's AWS_ENDPOINT_URL", []string{"ps"}, map[string]string{"AWS_ENDPOINT_URL": "http://x"}, "endpoint", "http://x"},
		{"Drydock's own before AWS's", []string{"ps"}, map[string]string{"AWS_REGION": "eu-west-1", "DRYDOCK_REGION": "eu-west-2"}, "region", "eu-west-2"},
		{"AWS's region is not the daemon's default", []string{"serve"}, map[string]string{"AWS_REGION": "eu-west-1"}, "region", "us-east-1"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			cmd, _, err := newRoot().Find(c.command)
			if err != nil {
				t.Fatal(err)
			}
			err = fromEnvironment(cmd, func(name string) (string, bool) { v, ok := c.env[name]; return v, ok })
			if got := cmd.Flag(c.flag).Value.String(); err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
	cmd, _, _ := newRoot().Find([]string{"serve"})
	if err := fromEnvironment(cmd, func(name string) (string, bool) { return "x", name == "DRYDOCK_TIME_SCALE" }); err == nil || !strings.Contains(err.Error(), "DRYDOCK_TIME_SCALE") {
		t.Errorf("got %v, want an error that names the variable", err)
	}
}

func TestWhoAnswered(t *testing.T) {
	tasks := []console.Task{{ID: "t1", Containers: []console.Container{{RuntimeID: "aaaaaaaaaaaabbbb"}}}, {ID: "t2", Containers: []console.Container{{RuntimeID: "ccccccccccccdddd"}}}}
	for body, want := range map[string]string{`{"DockerId":"ccccccccccccdddd","Name":"web"}`: "t2", `{"container":"aaaaaaaaaaaabbbb"}`: "t1", "welcome": "unknown: the image does not say"} {
		if got, _ := who(body, tasks); got != want {
			t.Errorf("%q: got %s, want %s", body, got, want)
		}
	}
}

func TestTerminalEscapesOfOthersAreNotPrinted(t *testing.T) {
	tb := table{heads: []string{"A"}}
	tb.row("x\x1b[2J\ty\u009bz")
	var b bytes.Buffer
	if err := tb.print(&b); err != nil || strings.ContainsAny(b.String(), "\x1b\t\u009b") {
		t.Errorf("%v %q", err, b.String())
	}
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{500 * time.Millisecond: "now", 59 * time.Second: "59s", 61 * time.Second: "1m", 3 * time.Hour: "3h", 50 * time.Hour: "2d"} {
		if got := age(then.Add(d), then); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
