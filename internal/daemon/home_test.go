package daemon

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOwner(t *testing.T) {
	for _, c := range []struct {
		rule  string
		file  *string
		fails bool
		want  string // "" for a new one
	}{
		{"a new directory gets an owner", nil, false, ""},
		{"what is there stays", ptr("0123abcd\n"), false, "0123abcd"},
		{"a file that was never filled is filled", ptr(""), false, ""},
		{"a file that holds something else is not written over", ptr("mine"), true, ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			h := home{t.TempDir()}
			if c.file != nil {
				if err := os.WriteFile(filepath.Join(h.dir, "owner"), []byte(*c.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			first, err := h.owner()
			if (err != nil) != c.fails || c.want != "" && first != c.want || err == nil && !ownerForm.MatchString(first) {
				t.Fatalf("got %q, %v", first, err)
			}
			if again, err := h.owner(); !c.fails && (again != first || err != nil) {
				t.Errorf("then %q, %v", again, err)
			}
		})
	}
}

func ptr(s string) *string { return &s }

func TestCannotListen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, c := range []struct{ rule, address, want string }{
		{"a port that is taken", l.Addr().String(), "address already in use; is another daemon running? choose another address with --listen"},
		{"an address of another machine", "192.0.2.1:4566", "cannot assign requested address; choose another address with --listen"},
		{"a port that is none", "127.0.0.1:99999", "invalid port; choose another address with --listen"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			other, err := net.Listen("tcp", c.address)
			if err == nil {
				other.Close()
				t.Fatal("could be had")
			}
			if got := cannotListen(c.address, err).Error(); !strings.HasPrefix(got, "cannot listen on "+c.address+": ") || !strings.HasSuffix(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestRequestsEndWithTheDaemon(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	h := until(ctx, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stop()
		<-r.Context().Done()
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/_drydock/events", nil))
}

func TestResetThatTheDaemonsEndOvertakesSaysSo(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	d := &daemon{resets: make(chan chan error)}
	w := httptest.NewRecorder()
	until(ctx, http.HandlerFunc(d.reset)).ServeHTTP(w, httptest.NewRequest("POST", "/_drydock/reset", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
