package console_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/console"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// TestLogsWaitForAContainer asks for the logs of a task that is not placed yet: without follow that
// is refused; with it, lines come once the container is there.
func TestLogsWaitForAContainer(t *testing.T) {
	s := open(t)
	bare := task("dddd0000000000000000000000000004", model.Pending)
	bare.Containers[0].RuntimeID = ""
	update(t, s, func(tx *store.Tx) { store.Tasks.Put(tx, bare) })
	if w := get(t, handler(s), "/_drydock/logs?task=dddd"); w.Code != 409 || !strings.Contains(w.Body.String(), "is PENDING: no container") {
		t.Errorf("without follow: %d %s", w.Code, w.Body)
	}
	for _, c := range []struct {
		rule string
		then func(*model.Task)
		want string
	}{
		{"its container is created", func(t *model.Task) { t.Containers[0].RuntimeID = "c" + taskA }, `"text":"one"`},
		{"it stops before", func(t *model.Task) { t.Is, t.Want, t.Stop.Reason = model.Stopped, model.Stopped, "CannotPull" },
			`{"text":"","error":"task dddd00000000 stopped before a container of it was created: CannotPull"}`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			update(t, s, func(tx *store.Tx) { store.Tasks.Put(tx, bare) })
			srv := httptest.NewServer(handler(s))
			defer srv.Close()
			resp, err := http.Get(srv.URL + "/_drydock/logs?follow=1&task=dddd")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			lines := bufio.NewScanner(resp.Body)
			if lines.Scan(); !strings.Contains(lines.Text(), `"waiting":"task dddd00000000 is PENDING`) {
				t.Errorf("at first: %s", lines.Text())
			}
			later := bare
			later.Containers = append([]model.Container(nil), bare.Containers...)
			c.then(&later)
			update(t, s, func(tx *store.Tx) { store.Tasks.Put(tx, later) })
			if lines.Scan(); !strings.Contains(lines.Text(), c.want) {
				t.Errorf("then: %s, want %s", lines.Text(), c.want)
			}
			if _, err := io.ReadAll(resp.Body); err != nil {
				t.Errorf("the stream does not end: %v", err)
			}
		})
		update(t, s, func(tx *store.Tx) { store.Tasks.Delete(tx, bare.ID) })
	}
}

// TestServicesSayWhyTheyWait reads the services beside the tasks, and in the picture.
func TestServicesSayWhyTheyWait(t *testing.T) {
	s := open(t)
	primary := model.Deployment{ID: "ecs-svc/1", Status: "PRIMARY", Def: "web:3", State: "IN_PROGRESS"}
	update(t, s, func(tx *store.Tx) {
		store.Services.Put(tx, model.Service{Name: "web", Cluster: "demo", Status: "ACTIVE", Desired: 4, Deployments: []model.Deployment{primary},
			Waiting: "(service web) was unable to place a task because of <ports>."})
		store.Services.Put(tx, model.Service{Name: "stuck", Cluster: "demo", Status: "ACTIVE", Desired: 1, Stuck: true, Spec: model.ServiceSpec{MinPercent: 100, MaxPercent: 100}})
		store.Services.Put(tx, model.Service{Name: "gone", Cluster: "demo", Status: "INACTIVE"})
	})
	var got []string
	for _, v := range read[console.Tasks](t, handler(s), "/_drydock/ps?cluster=demo").Services {
		got = append(got, fmt.Sprintf("%s %d/%d+%d %d: %s", v.Name, v.Running, v.Desired, v.Pending, len(v.Deployments), v.Waiting))
	}
	want := []string{"stuck 0/1+0 0: its healthy percents (minimum 100, maximum 100) of 1 tasks allow neither to start nor to stop one",
		"web 1/4+1 1: unable to place a task because of <ports>."}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if body := get(t, handler(s), "/_drydock/").Body.String(); !strings.Contains(body, "unable to place a task because of &lt;ports&gt;.") {
		t.Error("the picture does not say it")
	}
}
