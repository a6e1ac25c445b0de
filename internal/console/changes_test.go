package console_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/drydock-ecs/drydock/internal/store"
)

// TestChangesWakeTheBrowser reads the first two server-sent events.
func TestChangesWakeTheBrowser(t *testing.T) {
	s := open(t)
	srv := httptest.NewServer(handler(s))
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", srv.URL+"/_drydock/changes", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	const event = "data: changed\n\n"
	got := make([]byte, len(event))
	for _, why := range []string{"at first", "after a change"} {
		if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != event {
			t.Fatalf("%s: got %q, %v", why, got, err)
		}
		update(t, s, func(tx *store.Tx) { store.LoadBalancers.Delete(tx, "app/web/1111111111111111") })
	}
}
