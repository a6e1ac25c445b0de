package docker

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/docker/docker/client"
)

// What an engine makes for a call that was given up would stay behind: a daemon that ends lists what there is
// once its calls have returned.
func TestANetworkThatIsBeingMadeIsWaitedFor(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	made := false
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1.41/networks", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[]")) })
	mux.HandleFunc("POST /v1.41/networks/create", func(w http.ResponseWriter, req *http.Request) {
		end() // while the engine is at it
		select {
		case <-req.Context().Done():
		default:
			made = true
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"Id":"n"}`))
	})
	mux.HandleFunc("GET /v1.41/networks/{name}", func(w http.ResponseWriter, req *http.Request) {
		_, _ = w.Write([]byte(`{"Id":"n","Name":"` + req.PathValue("name") + `"}`))
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	cli, err := client.NewClientWithOpts(client.WithHost("tcp://"+srv.Listener.Addr().String()), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	defer cli.Close()
	r := &Runtime{cli: cli, owner: "me", pool: DefaultPool}
	in, err := r.makeNetwork(ctx, "net", nil, func([]netip.Prefix) (netip.Prefix, bool) { return netip.MustParsePrefix("198.18.0.0/24"), true })
	if err != nil || in.ID != "n" || !made {
		t.Errorf("%v, %+v, made %v", err, in, made)
	}
}
