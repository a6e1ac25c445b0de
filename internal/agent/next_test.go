package agent

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var at = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

// box is one container in a view: its definition, its row and what the engine said.
type box struct {
	name     string
	sidecar  bool // not essential
	row      model.Status
	fact     fact
	on       string // "name:CONDITION"
	timeout  int32
	linked   string
	rowExit  *int
	policy   *types.ContainerRestartPolicy
	hasPorts bool
	plugged  bool // in the network of its task
}

// look makes a view of a task.
func look(want, is model.Status, boxes ...box) view {
	v := view{known: true, now: at}
	v.task = model.Task{ID: "t", Want: want, Is: is, Instance: "ci", Host: "127.66.0.1"}
	if is >= model.Running {
		v.task.Times.Started = at.Add(-time.Minute)
	}
	if want == model.Stopped {
		v.task.Stop = model.Stop{Code: "UserInitiated", Reason: "asked"}
		v.task.Times.Stopping = at.Add(-time.Second)
	}
	for _, b := range boxes {
		row := b.row
		if row == 0 {
			row = model.Pending
			if is >= model.Running {
				row = model.Running
			}
		}
		b.fact.name = b.name
		if b.fact.phase != absent {
			b.fact.made.RuntimeID = "r-" + b.name
		}
		if b.hasPorts {
			b.fact.made.Bindings = []model.Binding{{ContainerPort: 80, HostPort: 32768, Protocol: "tcp"}}
		}
		if b.plugged {
			b.fact.made.Net = engine.Net{ID: "net", IP: "172.17.0.5"}
		}
		v.task.Containers = append(v.task.Containers, model.Container{Name: b.name, Essential: !b.sidecar, Is: row, Exit: b.rowExit})
		v.facts = append(v.facts, b.fact)
		d := types.ContainerDefinition{Name: &b.name, Essential: ptr(!b.sidecar)}
		if b.timeout > 0 {
			d.StartTimeout = &b.timeout
		}
		if name, when, ok := strings.Cut(b.on, ":"); ok {
			d.DependsOn = []types.ContainerDependency{{ContainerName: &name, Condition: types.ContainerCondition(when)}}
		}
		d.RestartPolicy = b.policy
		if b.linked != "" {
			d.Links = []string{b.linked}
		}
		v.def.Doc.ContainerDefinitions = append(v.def.Doc.ContainerDefinitions, d)
	}
	return v
}

func (v view) with(change func(*view)) view { change(&v); return v }

// picture prints what an action says: status, containers, stop code, calls.
func (a action) picture() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v", a.row.Is)
	for _, c := range a.row.Containers {
		fmt.Fprintf(&b, " %s=%v", c.Name, c.Is)
		if c.Exit != nil {
			fmt.Fprintf(&b, "(%d)", *c.Exit)
		}
		if c.Reason != "" {
			fmt.Fprintf(&b, "[%s]", c.Reason)
		}
	}
	if a.row.Stop.Code != "" {
		fmt.Fprintf(&b, " %s %q", a.row.Stop.Code, a.row.Stop.Reason)
	}
	for _, call := range []struct {
		what string
		on   []int
	}{{"start", a.start}, {"stop", a.stop}, {"remove", a.remove}} {
		for _, i := range call.on {
			fmt.Fprintf(&b, " %s:%s", call.what, a.row.Containers[i].Name)
		}
	}
	if a.cancel {
		b.WriteString(" cancel")
	}
	if !a.again.IsZero() {
		fmt.Fprintf(&b, " again+%v", a.again.Sub(at))
	}
	return b.String()
}

func exited(code int) fact { return fact{phase: ended, exit: &code} }

var (
	runs    = fact{phase: running, since: at.Add(-5 * time.Second)}
	refused = fact{err: &engine.Error{Name: engine.CannotPull, Message: "no such image"}}
)

func TestNextStart(t *testing.T) {
	const P, A, R = model.Pending, model.Activating, model.Running
	for _, c := range []struct {
		rule string
		view view
		want string
	}{
		{"a placed task is started at once", look(R, P, box{name: "web"}), `ACTIVATING web=PENDING start:web`},
		{"nothing is started before the engine told what there is",
			look(R, P, box{name: "web"}).with(func(v *view) { v.known = false }), `PENDING web=PENDING`},
		{"a task without a place is left alone", look(R, model.Provisioning, box{name: "web"}).with(func(v *view) { v.task.Instance = "" }),
			`PROVISIONING web=PENDING`},
		{"one whose network interface is to be attached is started with it, past Pending", look(R, model.Provisioning, box{name: "web"}).with(func(v *view) { v.task.ENI = &model.ENI{ID: "eni-1"} }),
			`ACTIVATING web=PENDING start:web`},
		{"which waits for the engine", look(R, model.Provisioning, box{name: "web"}).with(func(v *view) { v.task.ENI, v.known = &model.ENI{ID: "eni-1"}, false }),
			`PROVISIONING web=PENDING`},
		{"and on Fargate is all the place there is", look(R, model.Provisioning, box{name: "web"}).with(func(v *view) {
			v.task.Instance, v.task.Birth.LaunchType, v.task.ENI = "", "FARGATE", &model.ENI{ID: "eni-1"}
		}), `ACTIVATING web=PENDING start:web`},
		{"a start under way is not repeated", look(R, A, box{name: "web", fact: fact{call: starting}}), `ACTIVATING web=PENDING`},
		{"a container that was only created is started", look(R, A, box{name: "web", fact: fact{phase: created}}), `ACTIVATING web=PENDING start:web`},
		{"what the engine did not answer is asked again later", look(R, A, box{name: "web", fact: fact{failed: 1, again: at.Add(retry)}}),
			`ACTIVATING web=PENDING again+1s`},
		{"an event before the answer does not count", look(R, A, box{name: "web", fact: fact{phase: running, call: starting}}), `ACTIVATING web=PENDING`},
		{"all containers run, so does the task", look(R, A, box{name: "web", fact: runs}, box{name: "log", fact: runs}),
			`RUNNING web=RUNNING log=RUNNING`},
		{"containers are not written one by one", look(R, A, box{name: "web", fact: runs}, box{name: "log", fact: fact{call: starting}}),
			`ACTIVATING web=PENDING log=PENDING`},
		{"independent containers start together", look(R, P, box{name: "web"}, box{name: "log"}), `ACTIVATING web=PENDING log=PENDING start:web start:log`},
		{"a link waits for its target", look(R, P, box{name: "web", linked: "db:database"}, box{name: "db"}), `ACTIVATING web=PENDING db=PENDING start:db`},
		{"START waits for the start", look(R, A, box{name: "web", on: "db:START"}, box{name: "db", fact: fact{call: starting}}), `ACTIVATING web=PENDING db=PENDING`},
		{"START is met by a container that runs", look(R, A, box{name: "web", on: "db:START"}, box{name: "db", fact: runs}), `ACTIVATING web=PENDING db=PENDING start:web`},
		{"HEALTHY waits for health, and what runs is shown", look(R, A, box{name: "web", on: "db:HEALTHY"}, box{name: "db", fact: runs}),
			`ACTIVATING web=PENDING db=RUNNING`},
		{"HEALTHY is met", look(R, A, box{name: "web", on: "db:HEALTHY"}, box{name: "db", fact: fact{phase: running, health: model.HealthHealthy}}),
			`ACTIVATING web=PENDING db=PENDING start:web`},
		{"COMPLETE is met by any end", look(R, A, box{name: "web", on: "init:COMPLETE"}, box{name: "init", sidecar: true, fact: exited(3)}),
			`ACTIVATING web=PENDING init=PENDING start:web`},
		{"SUCCESS is met by exit code 0, and the task runs without it",
			look(R, A, box{name: "web", on: "init:SUCCESS", fact: runs}, box{name: "init", sidecar: true, fact: exited(0)}),
			`RUNNING web=RUNNING init=STOPPED(0)`},
		{"SUCCESS that cannot be met stops the task", look(R, A, box{name: "web", on: "init:SUCCESS"}, box{name: "init", sidecar: true, fact: exited(1)}),
			`STOPPED web=STOPPED[CannotStartContainerError: dependency init of container web did not exit successfully] init=STOPPED(1) ` +
				`TaskFailedToStart "CannotStartContainerError: dependency init of container web did not exit successfully"`},
	} {
		t.Run(c.rule, func(t *testing.T) { check(t, c.view, c.want) })
	}
}

func TestNextFailedStart(t *testing.T) {
	const A, R = model.Activating, model.Running
	for _, c := range []struct {
		rule string
		view view
		want string
	}{
		{"startTimeout limits what is waited for", look(R, A, box{name: "web", on: "db:HEALTHY"}, box{name: "db", fact: runs, timeout: 8}),
			`ACTIVATING web=PENDING db=RUNNING again+3s`},
		{"startTimeout that passed stops the task", look(R, A, box{name: "web", on: "db:HEALTHY"}, box{name: "db", fact: runs, timeout: 5}),
			`STOPPING web=STOPPED[CannotStartContainerError: dependency db of container web did not become HEALTHY within its startTimeout of 5s] db=RUNNING ` +
				`TaskFailedToStart "CannotStartContainerError: dependency db of container web did not become HEALTHY within its startTimeout of 5s" stop:db`},
		{"and is the reason also while that stop is under way", look(R, A, box{name: "web", on: "db:HEALTHY"}, box{name: "db", fact: fact{phase: running, since: runs.since, call: stopping}, timeout: 5}),
			`STOPPING web=STOPPED[CannotStartContainerError: dependency db of container web did not become HEALTHY within its startTimeout of 5s] db=RUNNING ` +
				`TaskFailedToStart "CannotStartContainerError: dependency db of container web did not become HEALTHY within its startTimeout of 5s"`},
		{"startTimeout does not speak up in a task that is stopped by hand", look(model.Stopped, model.Stopping, box{name: "web", row: model.Pending, on: "db:HEALTHY"}, box{name: "db", fact: fact{phase: running, since: runs.since, call: stopping}, timeout: 5}),
			`STOPPING web=STOPPED db=RUNNING UserInitiated "asked"`},
		{"a refused start stops the task in the engine's words", look(R, A, box{name: "web", fact: refused}),
			`STOPPED web=STOPPED[CannotPullContainerError: no such image] TaskFailedToStart "CannotPullContainerError: no such image"`},
		{"a refused start stops the siblings, and gives up those under way",
			look(R, A, box{name: "web", fact: refused}, box{name: "db", fact: runs}, box{name: "log", fact: fact{call: starting}}),
			`STOPPING web=STOPPED[CannotPullContainerError: no such image] db=RUNNING log=PENDING TaskFailedToStart "CannotPullContainerError: no such image" stop:db cancel`},
		{"a sidecar that is refused does not stop the task", look(R, A, box{name: "web", fact: runs}, box{name: "log", sidecar: true, fact: refused}),
			`RUNNING web=RUNNING log=STOPPED[CannotPullContainerError: no such image]`},
		{"what waits for a refused sidecar cannot start", look(R, A, box{name: "web", on: "log:START"}, box{name: "log", sidecar: true, fact: refused}),
			`STOPPED web=STOPPED[CannotStartContainerError: dependency log of container web did not start] log=STOPPED[CannotPullContainerError: no such image] ` +
				`TaskFailedToStart "CannotStartContainerError: dependency log of container web did not start"`},
		{"an essential container that ends while others start", look(R, A, box{name: "web", fact: exited(2)}, box{name: "db", fact: fact{call: queued}}),
			`STOPPED web=STOPPED(2) db=STOPPED EssentialContainerExited "Essential container in task exited" cancel`},
	} {
		t.Run(c.rule, func(t *testing.T) { check(t, c.view, c.want) })
	}
}

func TestNextStop(t *testing.T) {
	const S, A, R = model.Stopped, model.Activating, model.Running
	bound := func(v *view) { v.bound = true }
	away := func(v *view) { v.known = false }
	for _, c := range []struct {
		rule string
		view view
		want string
	}{
		{"a task without a place stops at once, engine or not", look(S, model.Provisioning, box{name: "web"}).with(func(v *view) { v.task.Instance = ""; v.known = false }),
			`STOPPED web=STOPPED UserInitiated "asked"`},
		{"a task that did not begin to start stops at once", look(S, model.Pending, box{name: "web"}), `STOPPED web=STOPPED UserInitiated "asked"`},
		{"a start under way is given up and waited for", look(S, A, box{name: "web", fact: fact{call: starting}}), `STOPPING web=PENDING UserInitiated "asked" cancel`},
		{"a target drains first", look(S, R, box{name: "web", fact: runs}).with(bound), `DEACTIVATING web=RUNNING UserInitiated "asked"`},
		{"a target drains while the engine is away", look(S, R, box{name: "web", fact: runs}).with(bound).with(away), `DEACTIVATING web=RUNNING UserInitiated "asked"`},
		{"drained, the containers are stopped", look(S, model.Deactivating, box{name: "web", fact: runs}), `STOPPING web=RUNNING UserInitiated "asked" stop:web`},
		{"a container that ends while its target drains ends the draining", look(S, model.Deactivating, box{name: "web", fact: exited(0)}).with(bound),
			`STOPPED web=STOPPED(0) UserInitiated "asked"`},
		{"dependents stop first", look(S, R, box{name: "web", on: "db:START", fact: runs}, box{name: "db", fact: runs}),
			`STOPPING web=RUNNING db=RUNNING UserInitiated "asked" stop:web`},
		{"then what they depended on", look(S, model.Stopping, box{name: "web", on: "db:START", fact: exited(0)}, box{name: "db", fact: runs}),
			`STOPPING web=STOPPED(0) db=RUNNING UserInitiated "asked" stop:db`},
		{"a stop under way is not repeated", look(S, model.Stopping, box{name: "web", fact: fact{phase: running, call: stopping}}), `STOPPING web=RUNNING UserInitiated "asked"`},
		{"a stop that was answered waits for the end to be told", look(S, model.Stopping, box{name: "web", fact: fact{phase: running, freed: true, again: at.Add(patience)}}),
			`STOPPING web=RUNNING UserInitiated "asked" again+5s`},
		{"but not for ever", look(S, model.Stopping, box{name: "web", fact: fact{phase: running, freed: true, again: at}}), `STOPPED web=STOPPED UserInitiated "asked"`},
		{"all ended and nothing held is stopped", look(S, model.Stopping, box{name: "web", fact: exited(143)}), `STOPPED web=STOPPED(143) UserInitiated "asked"`},
		{"while the engine is away nothing is assumed stopped", look(S, R, box{name: "web", fact: runs}).with(away), `STOPPING web=RUNNING UserInitiated "asked"`},
		{"nor anything that did not start", look(S, A, box{name: "web"}).with(away), `ACTIVATING web=PENDING UserInitiated "asked"`},
		{"what runs of a stopped task is stopped", look(S, S, box{name: "web", row: S, fact: runs}), `STOPPED web=STOPPED UserInitiated "asked" stop:web`},
		{"what ended of a stopped task is kept", look(S, S, box{name: "web", row: S, fact: exited(0)}), `STOPPED web=STOPPED UserInitiated "asked"`},
		{"until it is kept long enough", look(S, S, box{name: "web", row: S, fact: exited(0)}).with(func(v *view) { v.expired = true }),
			`STOPPED web=STOPPED UserInitiated "asked" remove:web`},
	} {
		t.Run(c.rule, func(t *testing.T) { check(t, c.view, c.want) })
	}
}

func TestNextEnd(t *testing.T) {
	const R, S = model.Running, model.Stopped
	killed := exited(137)
	killed.oom = true
	sick := runs
	sick.health = model.HealthUnhealthy
	for _, c := range []struct {
		rule string
		view view
		want string
	}{
		{"a task at rest asks for nothing", look(R, R, box{name: "web", fact: runs}), `RUNNING web=RUNNING`},
		{"ill health is written and no more", look(R, R, box{name: "web", fact: sick}), `RUNNING web=RUNNING`},
		{"an essential container that ends ends the task", look(R, R, box{name: "web", fact: exited(1)}),
			`STOPPED web=STOPPED(1) EssentialContainerExited "Essential container in task exited"`},
		{"the network of its task is given back before it is stopped", look(R, R, box{name: "web", fact: exited(1), plugged: true}),
			`DEPROVISIONING web=STOPPED(1) EssentialContainerExited "Essential container in task exited" stop:web`},
		{"also by what a dead daemon made and did not start", look(S, model.Activating, box{name: "web", fact: fact{phase: created}, plugged: true}),
			`DEPROVISIONING web=STOPPED UserInitiated "asked" stop:web`},
		{"a task does not outlive its network", look(R, R, box{name: "web", fact: fact{phase: running}, plugged: true}).with(func(v *view) { v.cut = "net" }),
			`STOPPING web=RUNNING EssentialContainerExited "Essential container in task exited: the pause container, which holds the network of the task" stop:web`},
		{"but one that it had before", look(R, R, box{name: "web", fact: fact{phase: running}, plugged: true}).with(func(v *view) { v.cut = "other" }),
			`RUNNING web=RUNNING`},
		{"a task whose network ends while it starts failed to start", look(R, model.Activating, box{name: "web", fact: fact{phase: running}, plugged: true}, box{name: "side", fact: fact{call: starting}}).with(func(v *view) { v.cut = "net" }),
			`STOPPING web=RUNNING side=PENDING TaskFailedToStart "Essential container in task exited: the pause container, which holds the network of the task" stop:web cancel`},
		{"its host ports are given back before it is stopped", look(R, R, box{name: "web", fact: exited(1), hasPorts: true}),
			`DEPROVISIONING web=STOPPED(1) EssentialContainerExited "Essential container in task exited" stop:web`},
		{"and its siblings are stopped", look(R, R, box{name: "web", fact: exited(1)}, box{name: "log", sidecar: true, fact: runs}),
			`STOPPING web=STOPPED(1) log=RUNNING EssentialContainerExited "Essential container in task exited" stop:log`},
		{"memory is the reason", look(R, R, box{name: "web", fact: killed}),
			`STOPPED web=STOPPED(137)[OutOfMemoryError: Container killed due to memory usage] EssentialContainerExited "Essential container in task exited"`},
		{"a sidecar that ends changes only its own row", look(R, R, box{name: "web", fact: runs}, box{name: "log", sidecar: true, fact: exited(0)}),
			`RUNNING web=RUNNING log=STOPPED(0)`},
		{"sidecars alone do not keep a task", look(R, R, box{name: "a", sidecar: true, fact: exited(0)}, box{name: "b", sidecar: true, fact: exited(0)}),
			`STOPPED a=STOPPED(0) b=STOPPED(0) EssentialContainerExited "Essential container in task exited"`},
		{"a container that vanished ended", look(R, R, box{name: "web"}),
			`STOPPED web=STOPPED[CannotInspectContainerError: the container is not on the engine any more] EssentialContainerExited "Essential container in task exited"`},
		{"but not while the engine is away", look(R, R, box{name: "web"}).with(func(v *view) { v.known = false }), `RUNNING web=RUNNING`},
		{"a sidecar that ended long ago and is gone stays as it was",
			look(R, R, box{name: "web", fact: runs}, box{name: "log", sidecar: true, row: S, rowExit: ptr(4)}), `RUNNING web=RUNNING log=STOPPED(4)`},
	} {
		t.Run(c.rule, func(t *testing.T) { check(t, c.view, c.want) })
	}
}

// check compares one decision, and shows that deciding again about its outcome changes nothing.
func check(t *testing.T, v view, want string) {
	t.Helper()
	a := next(v)
	if got := a.picture(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	v.task = a.row
	if again := next(v); !same(&again.row, &a.row) {
		t.Errorf("a second look moves it from %s to %s", a.picture(), again.picture())
	}
}

func TestNextRestart(t *testing.T) {
	const R = model.Running
	policy := &types.ContainerRestartPolicy{Enabled: ptr(true), IgnoredExitCodes: []int32{3}, RestartAttemptPeriod: ptr(int32(60))}
	lived := func(code int, d time.Duration) fact {
		f := exited(code)
		f.since, f.over = at.Add(-d), at
		return f
	}
	for _, c := range []struct {
		rule string
		view view
		want string
	}{
		{"a container that ran long enough is started again, and its task runs on",
			look(R, R, box{name: "web", policy: policy, fact: lived(1, time.Minute)}), `RUNNING web=RUNNING start:web`},
		{"one that ended before its period stays ended", look(R, R, box{name: "web", policy: policy, fact: lived(1, 59*time.Second)}),
			`STOPPED web=STOPPED(1) EssentialContainerExited "Essential container in task exited"`},
		{"the period is 300 seconds by itself", look(R, R, box{name: "web", policy: &types.ContainerRestartPolicy{Enabled: ptr(true)}, fact: lived(1, 299*time.Second)}),
			`STOPPED web=STOPPED(1) EssentialContainerExited "Essential container in task exited"`},
		{"and an emulated duration", look(R, R, box{name: "web", policy: policy, fact: lived(1, 6*time.Second)}).with(func(v *view) { v.scale = 10 }),
			`RUNNING web=RUNNING start:web`},
		{"an ignored exit code is an end", look(R, R, box{name: "web", policy: policy, fact: lived(3, time.Hour)}),
			`STOPPED web=STOPPED(3) EssentialContainerExited "Essential container in task exited"`},
		{"a policy that is not enabled does nothing", look(R, R, box{name: "web", policy: &types.ContainerRestartPolicy{Enabled: ptr(false)}, fact: lived(1, time.Hour)}),
			`STOPPED web=STOPPED(1) EssentialContainerExited "Essential container in task exited"`},
		{"a container of a task that stops is not started again", look(model.Stopped, R, box{name: "web", policy: policy, fact: lived(143, time.Hour)}),
			`STOPPED web=STOPPED(143) UserInitiated "asked"`},
		{"a sidecar is started again like any other", look(R, R, box{name: "web", fact: runs}, box{name: "log", sidecar: true, policy: policy, fact: lived(0, time.Hour)}),
			`RUNNING web=RUNNING log=RUNNING start:log`},
		{"a start again that was not answered is asked later", look(R, R, box{name: "web", policy: policy, fact: fact{phase: created, restart: true, failed: 1, again: at.Add(retry)}}),
			`RUNNING web=RUNNING again+1s`},
		{"one that the engine refuses is the end", look(R, R, box{name: "web", policy: policy, fact: fact{phase: created, restart: true, exit: ptr(1), err: refused.err}}),
			`STOPPED web=STOPPED(1)[CannotPullContainerError: no such image] EssentialContainerExited "Essential container in task exited"`},
	} {
		t.Run(c.rule, func(t *testing.T) { check(t, c.view, c.want) })
	}
}
