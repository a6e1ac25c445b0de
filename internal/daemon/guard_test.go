package daemon

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestGuard(t *testing.T) {
	allowed := []string{"drydock", "Dock.Example:4566"}
	tail := http.Header{"X-Amz-Target": {"Logs_20140328.StartLiveTail"}}
	for _, c := range []struct {
		rule, host string
		header     http.Header
		want       int
	}{
		{"an address of the loopback range", "127.0.0.1:4566", nil, 200},
		{"another address of the loopback range", "127.66.0.1", nil, 200},
		{"IPv6 loopback", "[::1]:4566", nil, 200},
		{"localhost", "localhost:4566", nil, 200},
		{"a name under .localhost", "Web.us-east-1.elb.LOCALHOST.", nil, 200},
		{"a configured name", "drydock:4566", nil, 200},
		{"a configured name in other case", "dock.example", nil, 200},
		{"a rebound name", "evil.example:4566", nil, 403},
		{"a name that only ends like one", "evil-localhost", nil, 403},
		{"a private address", "192.168.1.2:4566", nil, 403},
		{"the unspecified address", "0.0.0.0:4566", nil, 403},
		{"no host", "", nil, 403},
		{"an SDK's name for live tails", "stream-localhost:4566", tail, 200},
		{"an SDK's name for an address", "stream-127.0.0.1:4566", tail, 200},
		{"an older SDK's name", "Streaming-localhost:4566", tail, 200},
		{"an SDK's name for a configured one", "stream-dock.example:4566", tail, 200},
		{"an SDK's name for a foreign one", "stream-evil.example:4566", tail, 403},
		{"two prefixes", "stream-stream-localhost", tail, 403},
		{"a prefix alone", "stream-", tail, 403},
		{"an SDK's name for live tails with another call", "stream-localhost:4566", http.Header{"X-Amz-Target": {"Logs_20140328.GetLogEvents"}}, 403},
		{"a page under an SDK's name", "stream-localhost:4566", http.Header{"X-Amz-Target": tail["X-Amz-Target"], "Origin": {"http://stream-localhost:4566"}}, 403},
		{"the console's own origin", "localhost:4566", http.Header{"Origin": {"http://localhost:4566"}}, 200},
		{"a foreign origin", "localhost:4566", http.Header{"Origin": {"https://evil.example"}}, 403},
		{"a page on another local port", "localhost:4566", http.Header{"Origin": {"http://localhost:3000"}}, 403},
		{"a page behind a load balancer", "localhost:4566", http.Header{"Origin": {"http://web.us-east-1.elb.localhost:4566"}}, 403},
		{"an opaque origin", "localhost:4566", http.Header{"Origin": {"null"}}, 403},
		{"two origins", "localhost:4566", http.Header{"Origin": {"http://localhost:4566", "http://x"}}, 403},
		{"an image on a foreign page", "localhost:4566", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"an image on a sister page", "localhost:4566", http.Header{"Sec-Fetch-Site": {"same-site"}}, 403},
		{"an address typed by a person", "localhost:4566", http.Header{"Sec-Fetch-Site": {"none"}}, 200},
	} {
		t.Run(c.rule, func(t *testing.T) {
			r := httptest.NewRequest("POST", "http://localhost/", nil)
			r.Host = c.host
			for k, v := range c.header {
				r.Header[k] = v
			}
			w := httptest.NewRecorder()
			guard(allowed, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("got %d, want %d: %s", w.Code, c.want, w.Body)
			}
		})
	}
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"127.0.0.1:4566", "[::1]", "a.localhost.", "evil", "[", ":", "[::1%25lo]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		_ = hostAllowed(host, []string{"x"})
		_ = quote(host)
	})
}
