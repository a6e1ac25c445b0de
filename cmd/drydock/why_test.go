package main

import (
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// decide keeps decisions about the service web and about a family, and a step of the service.
func decide(tx *store.Tx) {
	store.Services.Put(tx, model.Service{Name: "web", Cluster: "demo", Status: "ACTIVE", Desired: 2,
		Deployments: []model.Deployment{{ID: "ecs-svc/1", Status: "PRIMARY", Def: "web:3", State: "IN_PROGRESS"}}})
	d := model.Decision{Seq: 1, At: then, Times: 1, Cluster: "demo", Group: "service:web", Task: taskID, Def: "web:3", Needs: model.Needs{CPU: 128, Memory: 256, Ports: []model.HostPort{{Port: 80, Protocol: "tcp"}}},
		Choice: model.Choice{Candidates: 3, Able: 2, Chosen: ciID, Next: "2222", Steps: []string{"spread attribute:ecs.availability-zone", "most memory left", "lowest id"},
			Verdicts: []model.Verdict{
				{Instance: ciID, EC2: ec2ID, Zone: "us-east-1a", Values: []model.Value{{N: 0, Of: "us-east-1a"}, {N: 3896}}},
				{Instance: "2222", EC2: "i-2", Zone: "us-east-1b", Values: []model.Value{{N: 1, Of: "us-east-1b"}, {N: 3896}}},
				{Instance: "3333", EC2: "i-3", Zone: "us-east-1b", Code: "DistinctInstance placement constraint unsatisfied.", Detail: "has 1 of service:web already"}}}}
	store.Decisions.Put(tx, d)
	d.Seq, d.Task, d.Times, d.Since = 2, "", 3, then.Add(-time.Minute)
	d.Choice = model.Choice{Candidates: 1, Decided: -1, Codes: []model.CodeCount{{Code: "RESOURCE:CPU", N: 1}},
		Verdicts: []model.Verdict{{Instance: ciID, EC2: ec2ID, Zone: "us-east-1a", Code: "RESOURCE:CPU", Detail: "needs 128 units, has 64 left"}}}
	store.Decisions.Put(tx, d)
	d.Seq, d.Group, d.Def = 3, "family:big", "big:1"
	store.Decisions.Put(tx, d)
	step := model.Step{At: then, Since: then, Deployment: "ecs-svc/1", Found: model.Found{Desired: 2, Live: 0, Current: 0, Max: 200, Min: 100, Most: 4, Least: 2},
		Started: model.Some{N: 1, IDs: []string{taskID}}, Holds: []model.Hold{{Bar: model.BarPlace, N: 1}, {Bar: model.BarThrottle, N: 1, Until: then}}}
	store.Stories.Put(tx, model.Story{Cluster: "demo", Service: "web", Steps: []model.Step{step}})
}

func TestWhyIsToldInWords(t *testing.T) {
	w := newWorld(t)
	w.update(t, decide)
	at, before := clock(then), clock(then.Add(-time.Minute))
	const refusal = "no place: the only instance, i-0123456789abcdef0, cannot take it (RESOURCE:CPU): needs 128 units, has 64 left"
	for _, c := range []struct {
		rule string
		args []string
		want string
	}{
		{"a task", []string{"why", "3f2a"}, `
Task 3f2a00000000 (service web, web:3) in cluster demo: RUNNING on i-0123456789abcdef0
  started  AT  service web wanted it for deployment
  placed   AT  on i-0123456789abcdef0, before i-2: by spread attribute:ecs.availability-zone, us-east-1a had 0 tasks of service:web, us-east-1b had 1

It takes 128 CPU units, 256 MiB, host port 80/tcp; 2 of 3 instances could run it:
INSTANCE             ZONE        OUTCOME           SPREAD ZONE      MEMORY         WHY NOT
i-0123456789abcdef0  us-east-1a  chosen            0 in us-east-1a  3896 MiB left
i-2                  us-east-1b  runner-up         1 in us-east-1b  3896 MiB left
i-3                  us-east-1b  DistinctInstance                                  has 1 of service:web already`},
		{"a service", []string{"why", "demo/web"}, `
Service web in cluster demo is ACTIVE: 2 desired, 1 running, 0 pending
  deployment ecs-svc/1 (web:3, PRIMARY): IN_PROGRESS

What holds it back:
HELD BACK BY  WHY  UNTIL
place         1 task wanted, ` + refusal + `. It is tried again whenever capacity changes
throttle      the restart throttle holds 1 task back, because those before failed to start AT

It takes 128 CPU units, 256 MiB, host port 80/tcp; 0 of 1 instances could run it:
INSTANCE             ZONE        OUTCOME       WHY NOT
i-0123456789abcdef0  us-east-1a  RESOURCE:CPU  needs 128 units, has 64 left

Its steps, the newest first:
WHEN  FOUND                 DID               WHY  TASKS
AT    0 live, 0 ready of 2  start 1           0 of 2 tasks of the deployment were there 3f2a00000000
                            held by place     1 task wanted, and no place found
                            held by throttle  the restart throttle holds 1 task back, because those before failed to start

Its newest placements:
WHEN  OF                 TASK          TIMES           ANSWER
AT    web:3 of service:web  -             3 since BEFORE  ` + refusal + `
AT    web:3 of service:web  3f2a00000000                  on i-0123456789abcdef0, before i-2: by spread attribute:ecs.availability-zone, us-east-1a had 0 tasks of service:web, us-east-1b had 1`},
		{"a family whose tasks never came to be", []string{"why", "big", "--cluster", "demo"}, `
The newest decisions:
WHEN  OF                TASK  TIMES           ANSWER
AT    big:1  -     3 since BEFORE  ` + refusal + `

It takes 128 CPU units, 256 MiB, host port 80/tcp; 0 of 1 instances could run it:
INSTANCE             ZONE        OUTCOME       WHY NOT
i-0123456789abcdef0  us-east-1a  RESOURCE:CPU  needs 128 units, has 64 left`},
		{"nothing waits there", []string{"why", "--cluster", "other"}, "No service waits for anything."},
	} {
		t.Run(c.rule, func(t *testing.T) {
			code, out, errs := drydock(t, append(c.args, "--endpoint", w.url)...)
			want := strings.NewReplacer("BEFORE", before, " AT ", " "+at+" ", "\nAT ", "\n"+at+" ", " AT\n", " "+at+"\n").Replace(c.want)
			if got := strings.Join(strings.Fields(out), " "); code != 0 || got != strings.Join(strings.Fields(want), " ") {
				t.Errorf("exit %d, %s, printed\n%s\nwant%s", code, errs, out, want)
			}
		})
	}
}

func TestWhyKnowsWhatToDo(t *testing.T) {
	w := newWorld(t)
	w.update(t, decide)
	if _, _, errs := drydock(t, "why", "ffff", "--endpoint", w.url); !strings.Contains(errs, "`drydock ps --all` lists tasks") {
		t.Errorf("of what it does not know: %s", errs)
	}
	if _, out, _ := drydock(t, "why", "web", "--json", "--endpoint", w.url); !strings.Contains(out, `"by": "throttle"`) {
		t.Errorf("as JSON: %s", out)
	}
	if _, out, _ := drydock(t, "why", "--endpoint", w.url); !strings.Contains(out, "demo/web") || !strings.Contains(out, "big:1") {
		t.Errorf("what waits: %s", out)
	}
	if _, out, _ := drydock(t, "__complete", "why", "--endpoint", w.url, ""); !strings.Contains(out, "web\tservice in demo") || !strings.Contains(out, "3f2a00000000\t") {
		t.Errorf("completes: %s", out)
	}
}
