package control

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestKeyedPassesMissNothing does random things to a world, lets keyed passes follow the changes,
// and then makes a full pass: it may find nothing left to do.
func TestKeyedPassesMissNothing(t *testing.T) {
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := open(t)
				rnd := rand.New(rand.NewPCG(seed, 11))
				w.c.Strict = seed%5 == 0
				w.profile = "machines"
				w.do(func(tx *store.Tx) { w.identities(rnd, tx) })
				feed := w.s.Subscribe(watched()...)
				w.keyed(feed)
				w.def(1, 8080)
				w.def(2, 0)
				w.service(1+rnd.IntN(4), rnd.IntN(2) == 0)
				w.someCapacity(rnd)
				if seed%3 == 2 {
					w.external(1 + rnd.IntN(4))
				}
				if seed%6 == 1 || seed%6 == 4 {
					w.own(seed%6 == 1)
				}
				w.update(func(s *model.Service) {
					if s.External() {
						return
					}
					s.Spec.Breaker = model.Breaker{Enable: rnd.IntN(2) == 0, Rollback: rnd.IntN(2) == 0}
					s.Spec.Rebalancing = []string{"ENABLED", "DISABLED"}[rnd.IntN(2)]
					if c := s.Primary().Capacity; len(c.Strategy) == 0 && !c.OnFargate() && rnd.IntN(3) == 0 {
						s.Spec.Scheduling, s.Spec.MinPercent, s.Spec.MaxPercent = "DAEMON", 0, 100
					}
				})
				if seed%2 == 0 {
					w.crowd(rnd)
				}
				for step := range 150 {
					what := w.disturb(rnd)
					w.keyed(feed)
					w.plugged()
					before, dump := w.s.Commits(), w.dump()
					full := store.Changes{Full: true}
					if _, err := w.c.Pass(full); err != nil {
						t.Fatal(err)
					}
					if w.s.Commits() != before {
						t.Fatalf("step %d (%s): a full pass found more to do:\n%s", step, what, diff(dump, w.dump()))
					}
				}
			})
		})
	}
}

// keyed makes passes until nothing changes.
func (w *world) keyed(feed *store.Feed) {
	w.Helper()
	for range 50 {
		changes, before := feed.Take(), w.s.Commits()
		next, err := w.c.Pass(changes)
		if err != nil {
			w.Fatal(err)
		}
		if changes.Empty() && w.s.Commits() == before && (next.IsZero() || next.After(time.Now())) {
			return
		}
	}
	w.Fatal("passes do not come to rest")
}

// disturb does one random thing, as API, agent or load balancer would.
func (w *world) disturb(rnd *rand.Rand) string {
	zones := []string{"us-east-1a", "us-east-1b", "us-east-1c"}
	n := rnd.IntN(21)
	switch n {
	case 0:
		w.profile = []string{"machines", "machines", "other", ""}[rnd.IntN(4)]
		w.instance(fmt.Sprintf("i-%d", rnd.IntN(6)+100*rnd.IntN(9)), zones[rnd.IntN(3)])
		return "a new instance"
	case 1:
		w.update(func(s *model.Service) {
			if s.Name != "" {
				s.Desired = rnd.IntN(5)
			}
		})
		return "scaling"
	case 2:
		w.update(func(s *model.Service) {
			if s.External() {
				upset(s, rnd)
			} else if d := s.Primary(); d.ID != "" {
				rollTo(1+rnd.IntN(2), true)(s)
				s.Deployments[0].ID, s.Deployments[0].Capacity = fmt.Sprintf("ecs-svc/%d", rnd.Uint32()), d.Capacity
				s.Current = ""
			}
		})
		if s := w.web(); !s.External() && rnd.IntN(2) == 0 {
			w.record("a")
		}
		return "an update"
	case 3:
		time.Sleep(time.Duration(rnd.IntN(int(10 * time.Minute))))
		if rnd.IntN(4) == 0 {
			time.Sleep(repeated)
		}
		return "time"
	case 4:
		w.do(w.balance)
		return "probes"
	}
	w.do(func(tx *store.Tx) { w.act(n, rnd, tx) })
	return fmt.Sprint("case ", n)
}

// act does one of the things that are one transaction.
func (w *world) act(n int, rnd *rand.Rand, tx *store.Tx) {
	switch n {
	case 5, 6, 7, 8, 9:
		w.agent(tx)
	case 10:
		w.some(rnd, tx)
	case 11:
		w.toggle(rnd, tx)
	case 12:
		for in := range store.Instances.All(tx) {
			if in.State == "running" && rnd.IntN(4) == 0 {
				in.State = "shutting-down"
				if rnd.IntN(3) == 0 {
					in.State, in.Fault = "running", "Server.InternalError: it ended"
				}
				store.Instances.Put(tx, in)
			}
		}
	case 14:
		for t := range store.TasksByService.Each(tx, "demo/web") {
			t.Protected = tx.Now().Add(time.Duration(rnd.IntN(600)-60) * time.Second)
			store.Tasks.Put(tx, t)
		}
	case 15:
		if s, _ := store.Services.Get(tx, "demo/web"); s.Good.ID != "" {
			if d, ok := store.ServiceDeployments.Get(tx, s.Current); ok && d.Status == "IN_PROGRESS" {
				d.Move(types.ServiceDeploymentStatusRollbackRequested, "", tx.Now())
				store.ServiceDeployments.Put(tx, d)
			}
		}
	case 16: // something else runs on an instance, for a while
		w.stranger(rnd, tx)
	case 17:
		w.regroup(rnd, tx)
	case 18:
		w.secret(rnd, tx)
	case 19:
		w.jostle(rnd, tx)
	case 20:
		w.identities(rnd, tx)
	case 13:
		for g := range store.Targets.All(tx) {
			if rnd.IntN(3) == 0 {
				g.Health = model.TargetHealth{State: "unhealthy"}
				store.Targets.Put(tx, g)
			}
		}
	}
}

// stranger starts a standalone task on some instance, or ends it.
func (w *world) stranger(rnd *rand.Rand, tx *store.Tx) {
	id := fmt.Sprintf("%032d", rnd.IntN(4))
	if t, ok := store.Tasks.Get(tx, id); ok {
		if err := t.Advance(model.Stopped, tx.Now()); err != nil {
			w.Error(err)
		}
		store.Tasks.Put(tx, t)
		return
	}
	for ci := range store.ContainerInstancesByCluster.Each(tx, "demo") {
		if ci.Status == "ACTIVE" && rnd.IntN(3) == 0 {
			store.Tasks.Put(tx, model.Task{ID: id, Birth: model.Birth{Cluster: "demo", Def: "web:1"}, Needs: model.Needs{Memory: 400 * rnd.IntN(3)},
				Want: model.Running, Is: model.Running, Instance: ci.ID})
			return
		}
	}
}

// some stops or fails some tasks.
func (w *world) some(rnd *rand.Rand, tx *store.Tx) {
	for t := range store.TasksByService.Each(tx, "demo/web") {
		switch rnd.IntN(4) {
		case 0:
			t.End(types.TaskStopCodeUserInitiated, "", tx.Now())
		case 1:
			t.End(types.TaskStopCodeTaskFailedToStart, "", tx.Now())
			nic.Release(tx, t.ID)
			if err := t.Advance(model.Stopped, tx.Now()); err != nil {
				w.Error(err)
			}
		}
		store.Tasks.Put(tx, t)
	}
}

// toggle drains, reactivates and disconnects container instances.
func (w *world) toggle(rnd *rand.Rand, tx *store.Tx) {
	for ci := range store.ContainerInstancesByCluster.Each(tx, "demo") {
		if ci.Status == "INACTIVE" {
			continue
		}
		ci.Connected = rnd.IntN(4) > 0
		ci.Status = []string{"ACTIVE", "ACTIVE", "DRAINING"}[rnd.IntN(3)]
		if rnd.IntN(12) == 0 {
			ci.Status = "INACTIVE" // deregistered by force: its tasks may still run
		}
		store.ContainerInstances.Put(tx, ci)
	}
}

// plugged checks that interfaces are there exactly for the instances and tasks that have one.
func (w *world) plugged() {
	w.Helper()
	w.do(func(tx *store.Tx) {
		owners := map[string]bool{}
		for in := range store.Instances.All(tx) {
			owners[in.ID] = in.State != "terminated"
		}
		for t := range store.Tasks.All(tx) {
			owners[t.ID] = t.Live() && t.ENI != nil && t.ENI.ID != ""
		}
		for n := range store.NetworkInterfaces.All(tx) {
			if owner := n.Instance + n.Task; !owners[owner] {
				w.Errorf("%s of %s is left", n.ID, owner)
			}
			delete(owners, n.Instance+n.Task)
		}
		for owner, lacks := range owners {
			if lacks {
				w.Errorf("%s lacks its interface", owner)
			}
		}
	})
}

// dump prints the rows that stages write.
func (w *world) dump() []string {
	var all []string
	w.do(func(tx *store.Tx) {
		add := func(kind string, v any) {
			raw, err := json.Marshal(v)
			if err != nil {
				w.Error(err)
			}
			all = append(all, kind+" "+string(raw))
		}
		for v := range store.Instances.All(tx) {
			add("instance", v)
		}
		for v := range store.ContainerInstances.All(tx) {
			add("container instance", v)
		}
		for v := range store.Services.All(tx) {
			add("service", v)
		}
		for v := range store.ServiceDeployments.All(tx) {
			add("service deployment", v)
		}
		for v := range store.Tasks.All(tx) {
			add("task", v)
		}
		for v := range store.Targets.All(tx) {
			add("target", v)
		}
		for v := range store.NetworkInterfaces.All(tx) {
			add("network interface", v)
		}
		for v := range store.Stories.All(tx) {
			add("story", v)
		}
		for v := range store.Events.All(tx) {
			add("event", v)
		}
	})
	return all
}

func diff(before, after []string) string {
	var lines []string
	for _, l := range before {
		if !slices.Contains(after, l) {
			lines = append(lines, "- "+l)
		}
	}
	for _, l := range after {
		if !slices.Contains(before, l) {
			lines = append(lines, "+ "+l)
		}
	}
	return strings.Join(lines, "\n")
}
