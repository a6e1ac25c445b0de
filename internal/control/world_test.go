package control

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var here = model.Scope{Account: "000000000000", Region: "us-east-1"}

// world is a control loop on a real store, with an agent and a load balancer that only write what
// they would have seen.
type world struct {
	*testing.T
	s      *store.Store
	c      *Control
	ports  int
	broken string // containers of this image do not start
	sick   string // targets of this group fail their checks
	apart  string // targets in this zone are in none of the load balancer's
	busy   bool   // requests on draining targets do not end

	profile string // of instances that are launched
	config  string // a variable more in their user data
	off     bool   // their metadata is
}

// open makes a world without loops.
func open(t *testing.T) *world {
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{T: t, s: s, c: New(s, Config{}), ports: 32767}
	w.do(func(tx *store.Tx) {
		store.Regions.Put(tx, model.Region{Opened: tx.Now()})
		store.Clusters.Put(tx, model.Cluster{Name: "demo", Status: "ACTIVE"})
		store.TargetGroups.Put(tx, model.TargetGroup{ID: "web/0123456789abcdef", Name: "web", TargetType: "instance"})
	})
	return w
}

// start makes a world whose loops run until the test ends.
func start(t *testing.T) *world {
	w := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 3)
	go func() { done <- w.c.Run(ctx) }()
	go func() { done <- w.loop(ctx, w.agent, store.Tasks.Name(), store.Targets.Name()) }()
	go func() { done <- w.loop(ctx, w.balance, store.Targets.Name()) }()
	t.Cleanup(func() {
		cancel()
		for range 3 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
	return w
}

// loop runs step a little after each change, until nothing changes.
func (w *world) loop(ctx context.Context, step func(*store.Tx), tables ...string) error {
	feed := w.s.Subscribe(tables...)
	defer w.s.Unsubscribe(feed)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-feed.C:
		}
		feed.Take()
		time.Sleep(200 * time.Millisecond)
		if err := w.s.Update(here, func(tx *store.Tx) error { step(tx); return nil }); err != nil {
			return err
		}
	}
}

// agent moves every task one step on.
func (w *world) agent(tx *store.Tx) {
	for in := range store.Instances.All(tx) { // package vpc
		if in.Up && in.State == "terminated" {
			in.Up = false
			store.Instances.Put(tx, in)
		}
	}
	for t := range store.Tasks.All(tx) {
		if !t.Live() {
			continue
		}
		w.stepTask(tx, &t)
		store.Tasks.Put(tx, t)
	}
}

func (w *world) stepTask(tx *store.Tx, t *model.Task) {
	to := t.Is
	switch {
	case t.Want == model.Stopped && undrained(tx, t.ID):
		to = model.Deactivating
	case t.Want == model.Stopped:
		to = model.Stopped
	case t.Is < model.Activating:
		to = model.Activating
	case t.Is == model.Activating && t.Containers[0].Image == w.broken:
		t.End(types.TaskStopCodeTaskFailedToStart, "CannotPullContainerError: no such image", tx.Now())
		to = model.Stopped
	case t.Is == model.Activating:
		w.bind(t)
		to = model.Running
	}
	if err := t.Advance(to, tx.Now()); err != nil {
		w.Error(err)
	}
	if to == model.Stopped {
		nic.Release(tx, t.ID)
	}
}

func (w *world) bind(t *model.Task) {
	w.ports++
	port := w.ports
	if len(t.Needs.Ports) > 0 {
		port = t.Needs.Ports[0].Port
	}
	c := t.Containers[0]
	inside := 80
	if c.Image == "web:2" {
		inside = 8080
	}
	c.Is = model.Running
	if t.ENI != nil {
		t.Containers = []model.Container{c}
		t.Containers[0].Bindings = []model.Binding{{ContainerPort: inside, Protocol: "tcp", Dial: fmt.Sprintf("%s:%d", t.ENI.IP, inside)}}
		return
	}
	c.Bindings = []model.Binding{{ContainerPort: inside, HostPort: port, Protocol: "tcp", Dial: fmt.Sprintf("%s:%d", t.Host, port)}}
	t.Containers = []model.Container{c}
}

func undrained(tx *store.Tx, task string) bool {
	for g := range store.TargetsByTask.Each(tx, task) {
		if !g.Drained {
			return true
		}
	}
	return false
}

// balance drains targets and probes those that were not yet.
func (w *world) balance(tx *store.Tx) {
	for g := range store.Targets.All(tx) {
		switch {
		case !g.Draining.IsZero():
			g.Drained = g.Drained || !w.busy
		case g.Health.State != "":
		case w.apart != "" && g.Zone == w.apart:
			g.Health = model.TargetHealth{State: "unused", Reason: "Target.NotInUse", Description: "Target is in an Availability Zone that is not enabled for the load balancer"}
		case g.Group == w.sick:
			g.Health = model.TargetHealth{State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: "Health checks failed with these codes: [500]"}
		default:
			g.Health = model.TargetHealth{State: "healthy"}
		}
		store.Targets.Put(tx, g)
	}
}

func (w *world) do(fn func(tx *store.Tx)) {
	w.Helper()
	if err := w.s.Update(here, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) after(d time.Duration) { time.Sleep(d); synctest.Wait() }

// instance launches an instance of 2 vCPU and 2 GiB in a zone.
func (w *world) instance(id, zone string) {
	w.do(func(tx *store.Tx) {
		nic.Release(tx, id) // of one of that name before it
		store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-" + id, Instance: id})
		store.Instances.Put(tx, model.Instance{ID: id, Type: model.InstanceType{Name: "t3.small", VCPU: 2, Memory: 2048, Arch: "x86_64", ENIs: 3},
			VPC: "vpc-1", Zone: zone, Host: "127.66.0." + strings.TrimPrefix(id, "i-"), UserData: "#!/bin/sh\necho ECS_CLUSTER=demo >> /etc/ecs/ecs.config\necho '" + w.config + "' >> /etc/ecs/ecs.config\n", State: "pending", Up: true,
			Launch: model.Launch{Profile: w.profile, Metadata: model.MetadataOptions{Off: w.off}}})
	})
}

// def registers web:revision, with a fixed host port or none.
func (w *world) def(revision, hostPort int) {
	w.do(func(tx *store.Tx) {
		port := 80
		if revision == 2 {
			port = 8080
		}
		store.TaskDefs.Put(tx, model.TaskDef{Family: "web", Revision: revision, Status: "ACTIVE", Doc: types.TaskDefinition{
			ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("app"), Image: aws.String(fmt.Sprintf("web:%d", revision)),
				Cpu: 10, Memory: aws.Int32(64), PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(int32(port)), HostPort: aws.Int32(int32(hostPort))}}}}}})
	})
}

// service creates the service web of web:1, behind the load balancer or not.
func (w *world) service(desired int, balanced bool, with ...func(*model.Service)) {
	w.do(func(tx *store.Tx) {
		s := model.Service{Name: "web", Cluster: "demo", Status: "ACTIVE", Desired: desired, Spec: model.ServiceSpec{MinPercent: 100, MaxPercent: 200, Scheduling: "REPLICA"}}
		s.Deployments = []model.Deployment{deployment(1, balanced)}
		for _, fn := range with {
			fn(&s)
		}
		store.Services.Put(tx, s)
	})
}

func deployment(revision int, balanced bool) model.Deployment {
	d := model.Deployment{ID: fmt.Sprintf("ecs-svc/%d", revision), Status: "PRIMARY", Def: fmt.Sprintf("web:%d", revision), State: "IN_PROGRESS"}
	if balanced {
		d.LBs = []model.ServiceLB{{Group: "web/0123456789abcdef", Container: "app", Port: 80}}
		if revision == 2 {
			d.LBs[0].Port = 8080
		}
	}
	return d
}

// update changes the service web.
func (w *world) update(fn func(s *model.Service)) {
	w.do(func(tx *store.Tx) {
		s, _ := store.Services.Get(tx, "demo/web")
		s.Deployments = slices.Clone(s.Deployments)
		fn(&s)
		store.Services.Put(tx, s)
	})
}

func rollTo(revision int, balanced bool) func(*model.Service) {
	return func(s *model.Service) {
		for i := range s.Deployments {
			s.Deployments[i].Status = "ACTIVE"
		}
		s.Deployments = append([]model.Deployment{deployment(revision, balanced)}, s.Deployments...)
	}
}

// end makes the agent find one running task of the service ended by itself.
func (w *world) end() {
	w.do(func(tx *store.Tx) {
		for t := range store.TasksByService.Each(tx, "demo/web") {
			if t.Is == model.Running && t.Want == model.Running {
				t.End(types.TaskStopCodeEssentialContainerExited, "Essential container in task exited", tx.Now())
				nic.Release(tx, t.ID)
				if err := t.Advance(model.Stopped, tx.Now()); err != nil {
					w.Error(err)
				}
				store.Tasks.Put(tx, t)
				return
			}
		}
	})
}

// picture prints the service, its live tasks and the targets.
func (w *world) picture() string {
	var lines []string
	w.do(func(tx *store.Tx) {
		s, _ := store.Services.Get(tx, "demo/web")
		head := s.Status
		if s.Steady {
			head += " steady"
		}
		for _, d := range s.Deployments {
			head += fmt.Sprintf(" %s:%s", d.Def, d.State)
		}
		for t := range store.TasksByService.Each(tx, "demo/web") {
			ci, _ := store.ContainerInstances.Get(tx, t.Instance)
			line := fmt.Sprintf("%s@%s %v", t.Birth.Def, ci.EC2, t.Is)
			for g := range store.TargetsByTask.Each(tx, t.ID) {
				line += " " + g.Health.State
				if !g.Draining.IsZero() {
					line += " draining"
				}
			}
			lines = append(lines, line)
		}
		slices.Sort(lines)
		lines = append([]string{head}, lines...)
	})
	return strings.Join(lines, "\n")
}

func (w *world) want(lines ...string) {
	w.Helper()
	if got, want := w.picture(), strings.Join(lines, "\n"); got != want {
		w.Fatalf("\n got %s\nwant %s", strings.ReplaceAll(got, "\n", "\n     "), strings.ReplaceAll(want, "\n", "\n     "))
	}
}

var random = regexp.MustCompile(`[0-9a-f]{32}`)

// events returns the service's events, oldest first, ids shortened, from the nth on.
func (w *world) events(from int) string {
	var all []string
	w.do(func(tx *store.Tx) {
		for e := range store.Events.From(tx, model.EventPrefix("service", "demo", "web"), "") {
			all = append(all, random.ReplaceAllString(strings.TrimPrefix(e.Message, "(service web"), "T"))
		}
	})
	return strings.Join(all[min(from, len(all)):], "\n")
}

func (w *world) wantEvents(from int, lines ...string) {
	w.Helper()
	if got, want := w.events(from), strings.Join(lines, "\n"); got != want {
		w.Fatalf("\n got %s\nwant %s", strings.ReplaceAll(got, "\n", "\n     "), strings.ReplaceAll(want, "\n", "\n     "))
	}
}
