package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/internal/store"
)

// FuzzQuery asks every page that ends with whatever query: the answer is a page or a refusal.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{"", "all=1&cluster=demo", "region=eu-west-1&account=123456789012", "task=aaaa&tail=1", "tail=-1", "task=%00", "region=%ff", "follow=maybe"} {
		f.Add(q)
	}
	s, err := store.Open(filepath.Join(f.TempDir(), "db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	if err := s.Update(home, func(tx *store.Tx) error { fill(tx); return nil }); err != nil {
		f.Fatal(err)
	}
	h := handler(s)
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q.Del("follow")
		for _, page := range []string{"ps", "lb", "instances", "events", "logs", ""} {
			r := &http.Request{Method: "GET", URL: &url.URL{Path: "/_drydock/" + page, RawQuery: q.Encode()}, Header: http.Header{}}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r.WithContext(t.Context()))
			if w.Code >= 500 {
				t.Errorf("%s?%s: %d %s", page, query, w.Code, w.Body)
			}
		}
	})
}
