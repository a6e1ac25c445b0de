package console_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/console"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// placed is a decision for task A among two instances.
func placed(seq uint64, decided int) model.Decision {
	return model.Decision{Seq: seq, At: noon, Times: 1, Cluster: "demo", Group: "service:web", Task: taskA, Def: "web:3", Needs: model.Needs{CPU: 128, Memory: 256},
		Choice: model.Choice{Candidates: 3, Able: 2, Chosen: ciID, Next: "2222", Decided: decided,
			Steps: []string{"spread attribute:ecs.availability-zone", "spread instanceId", "binpack cpu", "binpack memory", "most memory left", "lowest id"},
			Verdicts: []model.Verdict{
				{Instance: ciID, EC2: ec2ID, Zone: "us-east-1a", Values: []model.Value{{N: 0, Of: "us-east-1a"}, {N: 1}, {N: 500}, {N: 900}, {N: 900}}},
				{Instance: "2222", EC2: "i-2", Zone: "us-east-1b", Values: []model.Value{{N: 2, Of: "us-east-1b"}, {N: 3}, {N: 600}, {N: 1000}, {N: 800}}},
				{Instance: "3333", EC2: "i-3", Zone: "us-east-1b", Code: "RESOURCE:CPU", Detail: "needs 128 units, has 64 left"}},
			Codes: []model.CodeCount{{Code: "RESOURCE:CPU", N: 1}}}}
}

// refused is a decision for a task of a group.
func refused(seq uint64, group string) model.Decision {
	d := placed(seq, -1)
	d.Group, d.Task, d.Times, d.Since = group, "", 4, noon.Add(-time.Minute)
	if group == "family:big" {
		d.Def = "big:1"
	}
	d.Choice = model.Choice{Candidates: 3, Decided: -1, Codes: []model.CodeCount{{Code: "RESOURCE:PORTS", N: 1}, {Code: "RESOURCE:CPU", N: 2}},
		Verdicts: []model.Verdict{{Instance: ciID, EC2: ec2ID, Code: "RESOURCE:PORTS", Detail: "80/tcp is taken by a task"}}, Sampled: true}
	return d
}

// story is that of the service web: it was told to roll, started two, and waits.
func story() model.Story {
	found := model.Found{Desired: 4, Live: 4, Current: 2, Ready: 4, Min: 100, Max: 150, Most: 6, Least: 4}
	return model.Story{Cluster: "demo", Service: "web", Steps: []model.Step{
		{At: noon, Since: noon, Deployment: "ecs-svc/1", State: "IN_PROGRESS", Found: found, Started: model.Some{N: 2, IDs: []string{taskA, taskB}},
			Stopped: []model.StoppedBy{{Rule: model.RuleOldIdle, Tasks: model.Some{N: 1, IDs: []string{taskC}}}}},
		{At: noon.Add(time.Second), Since: noon.Add(time.Second), Deployment: "ecs-svc/1", State: "IN_PROGRESS", Found: found, Holds: []model.Hold{
			{Bar: model.BarMaximum, N: 2},
			{Bar: model.BarMinimum, N: 1, Tasks: model.Some{N: 1, IDs: []string{taskC}}},
			{Bar: model.BarThrottle, N: 1, Until: noon.Add(time.Minute)},
			{Bar: model.BarPlace, N: 3, Detail: "was unable"}}}}}
}

func explained(t *testing.T) *store.Store {
	s := open(t)
	update(t, s, func(tx *store.Tx) {
		store.Services.Put(tx, model.Service{Name: "web", Cluster: "demo", Status: "ACTIVE", Desired: 4, Created: noon.Add(-time.Hour),
			Deployments: []model.Deployment{{ID: "ecs-svc/1", Status: "PRIMARY", Def: "web:3", State: "IN_PROGRESS"}}})
		ended, _ := store.Tasks.Get(tx, taskC)
		ended.Times.Stopping = noon
		store.Tasks.Put(tx, ended)
		first, _ := store.Tasks.Get(tx, taskA)
		first.Birth.Deployment = "ecs-svc/1"
		store.Tasks.Put(tx, first)
		store.Stories.Put(tx, story())
		store.Decisions.Put(tx, placed(1, 0))
		store.Decisions.Put(tx, refused(2, "service:web"))
		store.Decisions.Put(tx, refused(3, "family:big"))
	})
	return s
}

// said prints the answer in short.
func said(y console.Why) string {
	var all []string
	for _, b := range y.Answer {
		all = append(all, b.What+": "+b.Text)
	}
	for _, h := range y.Held {
		all = append(all, h.By+": "+h.Text)
	}
	return strings.Join(all, "\n")
}

func TestWhyATaskIsWhereItIs(t *testing.T) {
	s := explained(t)
	y := read[console.Why](t, handler(s), "/_drydock/why/aaaa")
	want := "started: service web had 2 of 4 tasks of deployment ecs-svc/1\n" +
		"placed: on " + ec2ID + ", before i-2: by spread attribute:ecs.availability-zone, us-east-1a had 0 tasks of service:web, us-east-1b had 2"
	if got := said(y); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	d := y.Decisions[0]
	var got []string
	for _, c := range d.Candidates {
		got = append(got, fmt.Sprintf("%s %s %v %s", c.Instance, c.Outcome, c.Values, c.Why))
	}
	if got, want := strings.Join(got, "; "), ec2ID+" chosen [0 in us-east-1a 1 there 500 left 900 MiB left 900 MiB left] ; "+
		"i-2 runner-up [2 in us-east-1b 3 there 600 left 1000 MiB left 800 MiB left] ; i-3 RESOURCE:CPU [] needs 128 units, has 64 left"; got != want || d.DecidedBy != d.Strategy[0] || *d.Able != 2 {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	arn := "arn:aws:ecs:us-east-1:000000000000:task/demo/" + taskC
	if got, want := said(read[console.Why](t, handler(s), "/_drydock/why/"+arn)), "stopped: of an older deployment, and it did not serve yet"; !strings.HasSuffix(got, want) || !strings.Contains(got, "is not kept any more") {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestWhatDecidedInWords(t *testing.T) {
	s := explained(t)
	for n, want := range []string{"by spread attribute:ecs.availability-zone, us-east-1a had 0 tasks of service:web, us-east-1b had 2", "by spread instanceId, it had 1 task of service:web, the other 3",
		"binpack cpu fills the fuller one first: it had 500 CPU units left, the other 600", "binpack memory fills the fuller one first: it had 900 MiB left, the other 1000",
		"the strategy finds them equal, and it has 900 MiB left, the other 800", "they are equal in all else, and its container instance id is the lower one"} {
		update(t, s, func(tx *store.Tx) { store.Decisions.Put(tx, placed(1, n)) })
		if got := read[console.Why](t, handler(s), "/_drydock/why/"+taskA).Decisions[0].Answer; !strings.HasSuffix(got, "before i-2: "+want) {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
	alone, named, many := placed(1, -1), placed(1, -1), placed(1, -1)
	named.Only = ciID
	many.Choice.Sampled, many.Choice.Candidates = true, 5000
	for _, c := range []struct {
		d    model.Decision
		want string
	}{{alone, ", the only one of 3 instances that could take it"}, {named, ", the instance that it was asked for"},
		{many, "in clusters of this size the others are not recorded"}} {
		update(t, s, func(tx *store.Tx) { store.Decisions.Put(tx, c.d) })
		if got := read[console.Why](t, handler(s), "/_drydock/why/"+taskA).Decisions[0].Answer; !strings.HasSuffix(got, c.want) {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
	}
}

func TestWhyATaskIsOnACapacityProvider(t *testing.T) {
	s := explained(t)
	update(t, s, func(tx *store.Tx) {
		v, _ := store.Services.Get(tx, "demo/web")
		d := v.Deployments[0]
		d.Capacity.Strategy = []model.ProviderShare{{Provider: "FARGATE", Base: 1, Weight: 1}, {Provider: "FARGATE_SPOT", Weight: 3}}
		v.Deployments = []model.Deployment{d}
		store.Services.Put(tx, v)
		spot := task("ffff0000000000000000000000000001", model.Running)
		spot.Instance, spot.ENI = "", &model.ENI{Subnet: "subnet-1", Zone: "us-east-1c"}
		spot.Birth.LaunchType, spot.Birth.Provider, spot.Birth.Deployment = "FARGATE", "FARGATE_SPOT", "ecs-svc/1"
		store.Tasks.Put(tx, spot)
		none := refused(9, "family:batch")
		none.Provider, none.Choice = "group", model.Choice{Decided: -1}
		store.Decisions.Put(tx, none)
	})
	want := "\nprovider: on capacity provider FARGATE_SPOT, which was next by the strategy (FARGATE base 1 weight 1, FARGATE_SPOT base 0 weight 3)\n" +
		"placed: on Fargate, which has room for every task: no instance had to be chosen; its subnet is subnet-1 in us-east-1c"
	if got := said(read[console.Why](t, handler(s), "/_drydock/why/ffff")); !strings.HasSuffix(got, want) {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if d := read[console.Why](t, handler(s), "/_drydock/why/family:batch").Decisions[0]; d.Answer != "no place: capacity provider group has no ACTIVE container instance" || d.Provider != "group" {
		t.Errorf("%+v", d)
	}
}

func TestWhyAServiceIsAsItIs(t *testing.T) {
	s := explained(t)
	const closest = "none of 3 instances could take it (1 × RESOURCE:PORTS, 2 × RESOURCE:CPU); the closest is " + ec2ID + ": 80/tcp is taken by a task"
	want := "maximumPercent: maximumPercent 150 of 4 desired lets at most 6 live: 2 more wait\n" +
		"minimumHealthyPercent: minimumHealthyPercent 100 of 4 desired keeps at least 4 ready, and 4 were: 1 task is to go, once others are ready\n" +
		"throttle: the restart throttle holds 1 task back, because those before failed to start\n" +
		"place: 3 tasks wanted, no place: " + closest + ". It is tried again whenever capacity changes"
	for _, path := range []string{"web", "demo/web", "web?cluster=demo", "arn:aws:ecs:us-east-1:000000000000:service/demo/web"} {
		y := read[console.Why](t, handler(s), "/_drydock/why/"+path)
		if got := said(y); got != want {
			t.Errorf("%s:\n got %s\nwant %s", path, got, want)
		}
		if len(y.Steps) != 2 || y.Steps[1].Did[0].Text != "2 of 4 tasks of the deployment were there" || y.Steps[1].Did[1].Rule != "old-idle" || len(y.Decisions) != 2 || y.Decisions[0].Times != 4 {
			t.Errorf("steps %+v, decisions %+v", y.Steps, y.Decisions)
		}
	}
	steady := story()
	steady.Steps[1].Holds, steady.Steps[1].Steady = nil, true
	update(t, s, func(tx *store.Tx) { store.Stories.Put(tx, steady) })
	if got, want := said(read[console.Why](t, handler(s), "/_drydock/why/web")), "service: it has what it wants: nothing is to start or to stop"; got != want {
		t.Errorf("got %s", got)
	}
	update(t, s, func(tx *store.Tx) { store.Stories.Delete(tx, "demo/web") })
	if got, want := said(read[console.Why](t, handler(s), "/_drydock/why/web")), "service: nothing was decided for it yet"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestWhatWaits(t *testing.T) {
	s := explained(t)
	y := read[console.Why](t, handler(s), "/_drydock/why?cluster=demo")
	if len(y.Held) != 4 || y.Held[3].By != "place" || y.Held[3].Cluster != "demo" || len(y.Decisions) != 2 || y.Decisions[0].Group != "family:big" {
		t.Errorf("%+v", y)
	}
	if y := read[console.Why](t, handler(s), "/_drydock/why?cluster=other"); said(y) != "services: no service waits for anything" || len(y.Decisions) != 0 {
		t.Errorf("%+v", y)
	}
	for _, path := range []string{"big", "family:big", "demo/big", "big?cluster=demo"} {
		if y := read[console.Why](t, handler(s), "/_drydock/why/"+path); len(y.Decisions) != 1 || y.Decisions[0].Placed {
			t.Errorf("%s: %+v", path, y)
		}
	}
}

func TestWhyRefuses(t *testing.T) {
	s := explained(t)
	update(t, s, func(tx *store.Tx) {
		store.Services.Put(tx, model.Service{Name: "web", Cluster: "other", Status: "ACTIVE"})
	})
	for path, want := range map[string]string{"nope": `404 nothing in 000000000000/us-east-1 is called "nope": give a service`, "aaa": `409 "aaa" is the beginning of more than one task id`,
		"web": "409 there is more than one service web: say which of demo/web, other/web"} {
		w := get(t, handler(s), "/_drydock/why/"+path)
		body := strings.ReplaceAll(w.Body.String(), `\"`, `"`)
		status, text, _ := strings.Cut(want, " ")
		if fmt.Sprint(w.Code) != status || !strings.Contains(body, text) {
			t.Errorf("%s: %d %s", path, w.Code, body)
		}
	}
}

func TestWhyAnInstanceIsInNoCluster(t *testing.T) {
	s := open(t)
	const refusal = "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/m/i-2 is not authorized to perform: ecs:RegisterContainerInstance"
	update(t, s, func(tx *store.Tx) {
		store.Instances.Put(tx, model.Instance{ID: "i-2", State: "running", UserData: "ECS_CLUSTER=demo", Refused: refusal})
		store.Instances.Put(tx, model.Instance{ID: "i-3", State: "running", UserData: "ECS_CLUSTER=other"})
		store.Instances.Put(tx, model.Instance{ID: "i-4", State: "shutting-down", StateReason: "Client.UserInitiatedShutdown: User initiated shutdown"})
		for n := range 7 {
			store.Instances.Put(tx, model.Instance{ID: fmt.Sprint("i-5", n), State: "running", UserData: "ECS_CLUSTER=many", Refused: "denied."})
		}
		store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "6666", Cluster: "demo", EC2: "i-6", Status: "ACTIVE", Refused: "no Poll"})
		store.Instances.Put(tx, model.Instance{ID: "i-6", State: "running"})
	})
	const away = "ECS refuses the agent of instance i-6, which is disconnected: no Poll"
	for path, want := range map[string][]string{
		"/i-2":          {"instance i-2 has not registered with cluster demo: " + refusal},
		"/i-3":          {"instance i-3 waits for cluster other, which its user data names: there is no ACTIVE one of that name"},
		"/i-4":          {"instance i-4 is shutting-down: Client.UserInitiatedShutdown: User initiated shutdown"},
		"/i-6":          {"instance i-6 is in cluster demo as container instance 6666, ACTIVE", away},
		"?cluster=demo": {"no service waits for anything", "instance i-2 has not registered with cluster demo: " + refusal, away},
		"?cluster=many": {"no service waits for anything", "instance i-50 has not registered with cluster many: denied", "instance i-51 has not registered with cluster many: denied",
			"instance i-52 has not registered with cluster many: denied", "instance i-53 has not registered with cluster many: denied", "instance i-54 has not registered with cluster many: denied",
			"ECS refuses the agents of 2 more instances"},
	} {
		var got []string
		for _, b := range read[console.Why](t, handler(s), "/_drydock/why"+path).Answer {
			got = append(got, b.Text)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", path, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
