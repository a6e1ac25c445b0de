package taskmeta

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/session"
	"github.com/drydock-ecs/drydock/internal/store"
)

// fake is an engine that knows every container.
type fake struct{}

func (fake) Look(_ context.Context, id string) (engine.Look, error) {
	return engine.Look{Name: "ecs-" + id, Image: "sha256:abc", Created: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC), Address: "10.1.2.3"}, nil
}

func (fake) Stats(_ context.Context, id string) (json.RawMessage, error) {
	return json.RawMessage(fmt.Sprintf(`{"id":%q}`, id)), nil
}

func (w *world) metadata(version, task, container string) string {
	return "/" + version + "/" + session.ContainerID(w.h.Vault, here, task, container)
}

const web = `{"DockerId":"engine-t2-web","Name":"web","DockerName":"ecs-engine-t2-web","Image":"drydock/probe","ImageID":"sha256:abc",` +
	`"Labels":{"com.amazonaws.ecs.cluster":"default","com.amazonaws.ecs.container-name":"web","com.amazonaws.ecs.task-arn":"arn:aws:ecs:us-east-1:000000000000:task/default/t2",` +
	`"com.amazonaws.ecs.task-definition-family":"awsvpc-two","com.amazonaws.ecs.task-definition-version":"1"},"DesiredStatus":"RUNNING","KnownStatus":"RUNNING",` +
	`"Limits":{"CPU":128,"Memory":256},"CreatedAt":"2026-01-02T03:04:06Z","Type":"NORMAL",`

func TestMetadata(t *testing.T) {
	w := newWorld(t)
	w.h.Engine = func() Engine { return fake{} }
	two := engine.Place{Scope: here, Task: "t2"}
	const v4 = web + `"ContainerARN":"arn:aws:ecs:us-east-1:000000000000:container/default/t2/uuid-t2-web","Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["172.31.0.9"],"AttachmentIndex":0,` +
		`"MACAddress":"0a:00:00:00:00:02","IPv4SubnetCIDRBlock":"172.31.0.0/20","DomainNameServers":["169.254.169.253"],"DomainNameSearchList":["ec2.internal"],` +
		`"PrivateDNSName":"ip-172-31-0-9.ec2.internal","SubnetGatewayIpv4Address":"172.31.0.1/20"}]}`
	const task = `{"Cluster":"default","TaskARN":"arn:aws:ecs:us-east-1:000000000000:task/default/t2","Family":"awsvpc-two","Revision":"1","DesiredStatus":"RUNNING","KnownStatus":"RUNNING",` +
		`"PullStartedAt":"2026-01-02T03:04:05Z","AvailabilityZone":"us-east-1a","LaunchType":"EC2",`
	for _, c := range []struct {
		rule string
		from engine.Place
		path string
		code int
		want string // a prefix, where it ends in …
	}{
		{"a container", two, w.metadata("v4", "t2", "web"), 200, v4},
		{"less of it in version 3", two, w.metadata("v3", "t2", "web"), 200, web + `"Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["172.31.0.9"]}]}`},
		{"a slash at the end is nothing", two, w.metadata("v4", "t2", "web") + "/", 200, v4},
		{"its task", two, w.metadata("v4", "t2", "web") + "/task", 200, task + `"Containers":[` + v4 + `,{"DockerId":"engine-t2-side",…`},
		{"with tags", two, w.metadata("v4", "t2", "web") + "/taskWithTags", 200, task + `"TaskTags":{"team":"a"},"ContainerInstanceTags":{"rack":"b"},"Containers":[…`},
		{"what it uses", two, w.metadata("v4", "t2", "web") + "/stats", 200, `{"id":"engine-t2-web"}`},
		{"what its task uses", two, w.metadata("v4", "t2", "web") + "/task/stats", 200, `{"engine-t2-side":{"id":"engine-t2-side"},"engine-t2-web":{"id":"engine-t2-web"}}`},
		{"not that of another task", two, w.metadata("v4", "t1", "web"), 404,
			`"V4 container metadata handler: unable to get container ID from request: unable to get docker ID from v3 endpoint ID: …`},
		{"nor its task", two, "/v4/bad/task", 404, `"V4 task metadata handler: unable to get task arn from request: unable to get task Arn from v3 endpoint ID: bad"`},
		{"nor what it uses", two, "/v4/bad/stats", 404, `"V4 container stats handler: unable to get container ID from request: unable to get docker ID from v3 endpoint ID: bad"`},
		{"version 3 has another status for that", two, "/v3/bad", 400, `"V3 container metadata handler: unable to get container ID from request: unable to get docker ID from v3 endpoint ID: bad"`},
		{"what is no page", two, w.metadata("v4", "t2", "web") + "/more", 404, "404 page not found\n"},
		{"what is no version", two, "/v5/x", 404, "404 page not found\n"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			code, got := w.get(c.from, c.path)
			want, open := strings.CutSuffix(c.want, "…")
			if code != c.code || got != want && !(open && strings.HasPrefix(got, want)) {
				t.Errorf("got  %d %s\nwant %d %s", code, got, c.code, c.want)
			}
		})
	}
}

// unmake takes what the engine answered about a container out of its row.
func (w *world) unmake(task, container string) (remake func()) {
	set := func(id string) (was string) {
		w.do(here, func(tx *store.Tx) {
			t, _ := store.Tasks.Get(tx, task)
			t.Containers = slices.Clone(t.Containers)
			for i, c := range t.Containers {
				if c.Name == container {
					was, t.Containers[i].RuntimeID = c.RuntimeID, id
				}
			}
			store.Tasks.Put(tx, t)
		})
		return was
	}
	was := set("")
	return func() { set(was) }
}

func TestAContainerThatAsksBeforeItIsWrittenWaitsForThat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one, path := engine.Place{Scope: here, Task: "t1"}, w.metadata("v4", "t1", "web")
		remake := w.unmake("t1", "web")
		asked := make(chan string)
		go func() { _, body := w.get(one, path); asked <- body }()
		synctest.Wait()
		w.do(here, func(tx *store.Tx) { store.Tasks.Put(tx, w.task(tx, "t9", "bridge-one", nil)) }) // another's change ends nothing
		synctest.Wait()
		select {
		case body := <-asked:
			t.Errorf("it was not waited: %s", body)
			return
		default:
		}
		remake()
		if body := <-asked; !strings.Contains(body, `"DockerId":"engine-t1-web"`) {
			t.Errorf("got %s", body)
		}
		w.unmake("t1", "web")
		began := time.Now()
		if _, body := w.get(one, path); time.Since(began) != settles || !strings.Contains(body, `"DockerId":""`) {
			t.Errorf("after %v: %s", time.Since(began), body)
		}
		began = time.Now()
		if _, body := w.get(one, w.metadata("v4", "t1", "side")+"/task"); time.Since(began) != 0 || !strings.Contains(body, `"DockerId":""`) {
			t.Errorf("the others of the task need not be there: after %v: %s", time.Since(began), body)
		}
	})
}

func TestTheNetworkOfOtherModes(t *testing.T) {
	w := newWorld(t)
	w.h.Engine = func() Engine { return fake{} }
	for task, want := range map[string]string{"t1": `"Networks":[{"NetworkMode":"bridge","IPv4Addresses":["10.1.2.3"]}]`, "h1": `"Networks":[{"NetworkMode":"host","IPv4Addresses":[""]}]`} {
		from := engine.Place{Scope: here, Task: task}
		if task == "h1" {
			from = engine.Place{Scope: here, Instance: "i-1"}
		}
		if _, got := w.get(from, w.metadata("v4", task, "side")); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWithoutAnEngineTheRowsAreTold(t *testing.T) {
	w := newWorld(t)
	code, got := w.get(engine.Place{Scope: here, Task: "t1"}, w.metadata("v4", "t1", "web"))
	if code != 200 || !strings.Contains(got, `"DockerId":"engine-t1-web"`) {
		t.Errorf("got %d %s", code, got)
	}
	if _, got := w.get(engine.Place{Scope: here, Task: "t1"}, w.metadata("v4", "t1", "web")+"/stats"); got != "null" {
		t.Errorf("got %s", got)
	}
}

func TestStatusesAreTheAgents(t *testing.T) {
	for s, want := range map[model.Status]string{model.Provisioning: "NONE", model.Pending: "NONE", model.Running: "RUNNING", model.Deactivating: "RUNNING", model.Stopped: "STOPPED"} {
		if got := known(s, false); got != want {
			t.Errorf("%v: got %s, want %s", s, got, want)
		}
	}
	if got := known(model.Pending, true); got != "CREATED" {
		t.Errorf("got %s", got)
	}
}
