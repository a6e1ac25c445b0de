package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/console"
	"github.com/drydock-ecs/drydock/internal/engine"
	disk "github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/streams"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// gone is an engine that keeps no container any more.
func gone(context.Context, string, engine.LogOptions) iter.Seq2[engine.LogLine, error] {
	return func(yield func(engine.LogLine, error) bool) {
		yield(engine.LogLine{}, errors.New("the container is gone"))
	}
}

// grouped is a console over the log group g, with the streams 1 and 2, the first of which is task A's.
func grouped(t *testing.T) (http.Handler, *disk.Log, string) {
	t.Helper()
	s := open(t)
	l, err := disk.Open(t.TempDir(), disk.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var id string
	update(t, s, func(tx *store.Tx) {
		g, _ := streams.Group(tx, "g")
		id = g.ID
		a, _ := store.Tasks.Get(tx, taskA)
		streams.Stream(tx, g, "p/"+a.Containers[0].Name+"/"+taskA)
		g, _ = streams.Group(tx, "g")
		streams.Stream(tx, g, "two")
		store.TaskDefs.Put(tx, model.TaskDef{Family: "web", Revision: 3, Doc: ecstypes.TaskDefinition{ContainerDefinitions: []ecstypes.ContainerDefinition{{
			Name: &a.Containers[0].Name, LogConfiguration: &ecstypes.LogConfiguration{LogDriver: ecstypes.LogDriverAwslogs, Options: map[string]string{
				"awslogs-group": "g", "awslogs-region": home.Region, "awslogs-stream-prefix": "p"}}}}}})
	})
	return console.New(s, console.Hooks{Default: home, Logs: gone, Events: l}), l, id
}

func put(t *testing.T, l *disk.Log, group string, stream uint64, at int64, text string) {
	t.Helper()
	if err := l.Append(group, []disk.Event{{Stream: stream, At: at, Ingested: at, Message: text}}); err != nil {
		t.Fatal(err)
	}
}

func TestALogGroupIsPrinted(t *testing.T) {
	h, l, g := grouped(t)
	put(t, l, g, 2, 2000, "b ERROR")
	put(t, l, g, 1, 1000, "a")
	put(t, l, g, 1, 3000, "c ERROR")
	put(t, l, g, 9, 3000, "of a deleted stream")
	for query, want := range map[string]string{
		"group=g":                     "a|b ERROR|c ERROR",
		"group=g&filter=ERROR":        "b ERROR|c ERROR",
		"group=g&tail=2":              "b ERROR|c ERROR",
		"group=g&tail=1&filter=ERROR": "c ERROR",
		"group=g&filter=%7B":          "",
		"group=none":                  "",
		"task=" + taskA:               "a|c ERROR", // whose container is gone
		"tail=1&task=" + taskA:        "c ERROR",
	} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/_drydock/logs?"+query, nil))
		if got := texts(t, rec.Body.String()); got != want {
			t.Errorf("%s: got %s, want %s; %s", query, got, want, rec.Body)
		}
	}
}

func TestALogGroupIsFollowed(t *testing.T) {
	h, l, g := grouped(t)
	put(t, l, g, 1, 2000, "first")
	srv := httptest.NewServer(h)
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/_drydock/logs?group=g&follow=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf := make([]byte, 4096)
	for _, text := range []string{"first", "older than the first", "last"} {
		if text != "first" {
			put(t, l, g, 2, map[string]int64{"older than the first": 1000, "last": 3000}[text], text)
		}
		n, err := res.Body.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if got := texts(t, string(buf[:n])); got != text {
			t.Errorf("got %s, want %s", got, text)
		}
	}
}

// texts are the texts of lines, without those that are refusals.
func texts(t *testing.T, body string) string {
	t.Helper()
	var all []string
	for raw := range strings.Lines(body) {
		var l console.LogLine
		if err := json.Unmarshal([]byte(raw), &l); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if l.Text != "" {
			all = append(all, l.Text)
		}
	}
	return strings.Join(all, "|")
}
