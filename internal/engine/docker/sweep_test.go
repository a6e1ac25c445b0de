package docker

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/client"
)

func TestImagesOfOtherBuildsAreSwept(t *testing.T) {
	now := time.Now().Unix()
	images := []string{
		fmt.Sprintf(`{"Id":"ours","Created":%d,"RepoTags":["drydock/probe:0123456789ab"]}`, now-9000),
		fmt.Sprintf(`{"Id":"old","Created":%d,"RepoTags":["drydock/probe:111111111111"]}`, now-9000),
		fmt.Sprintf(`{"Id":"new","Created":%d,"RepoTags":["drydock/probe:222222222222","drydock/probe:latest"]}`, now-60),
		fmt.Sprintf(`{"Id":"used","Created":%d,"RepoTags":["drydock/probe:333333333333"]}`, now-9000),
		fmt.Sprintf(`{"Id":"own","Created":%d,"RepoTags":["drydock/probe:of-mine"]}`, now-9000),
	}
	for _, c := range []struct {
		rule string
		age  time.Duration
		want string
	}{
		{"at a start the old ones that nothing uses", sweepAge, "drydock/probe:111111111111"},
		{"at a reset all that nothing uses", 0, "drydock/probe:111111111111 drydock/probe:222222222222 drydock/probe:latest"},
	} {
		var removed []string
		latest := false
		mux := http.NewServeMux()
		mux.HandleFunc("GET /v1.41/images/json", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "[%s]", strings.Join(images, ","))
		})
		mux.HandleFunc("GET /v1.41/containers/json", func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Query().Get("filters"), "used") && r.URL.Query().Get("all") == "1" {
				fmt.Fprint(w, `[{"Id":"c"}]`)
				return
			}
			fmt.Fprint(w, "[]")
		})
		mux.HandleFunc("DELETE /v1.41/images/{name...}", func(w http.ResponseWriter, r *http.Request) {
			removed = append(removed, r.PathValue("name"))
			fmt.Fprint(w, "[]")
		})
		mux.HandleFunc("GET /v1.41/images/{name...}", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"message":"No such image"}`, http.StatusNotFound)
		})
		mux.HandleFunc("POST /v1.41/images/{name...}", func(w http.ResponseWriter, r *http.Request) {
			if r.PathValue("name") == "drydock/probe:0123456789ab/tag" && r.URL.Query().Get("tag") == "latest" {
				latest = true
			}
			w.WriteHeader(http.StatusCreated)
		})
		srv := httptest.NewServer(mux)
		cli, err := client.NewClientWithOpts(client.WithHost("tcp://"+srv.Listener.Addr().String()), client.WithVersion("1.41"))
		if err != nil {
			t.Fatal(err)
		}
		(&Runtime{cli: cli}).sweep(t.Context(), "drydock/probe:0123456789ab", c.age)
		slices.Sort(removed)
		if got := strings.Join(removed, " "); got != c.want || !latest {
			t.Errorf("%s: removed %q, want %q; ours is the latest: %v", c.rule, got, c.want, latest)
		}
		_ = cli.Close()
		srv.Close()
	}
}
