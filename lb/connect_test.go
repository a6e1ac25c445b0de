package lb

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/store"
)

// dialling is a story with one backend to which connections are made by dial: n counts from 1.
func dialling(t *testing.T, dial func(n int64) error) (s *story, dials *atomic.Int64) {
	dials = new(atomic.Int64)
	w := newWorld(t, Config{})
	w.net.dialed = func(engine.VPC, netip.Addr, netip.AddrPort) error { return dial(dials.Add(1)) }
	s = &story{world: w, lb: w.balancer("web", nil), g: w.group("web")}
	s.g.Check.Enabled = false // so that only requests dial
	w.write(func(tx *store.Tx) { store.TargetGroups.Put(tx, s.g) })
	s.l = w.listener(s.lb, "HTTP", freePort(t), forwardTo(s.g))
	x := w.target(s.g, backend(t, says("well")).Listener.Addr().String())
	w.run()
	s.url = w.bound(s.l)
	w.state(x, "unavailable")
	return s, dials
}

func TestDialsThatFail(t *testing.T) {
	for _, c := range []struct {
		rule  string
		dial  func(n int64) error
		code  int
		dials int64
	}{
		{"a dial that timed out is made again", func(n int64) error {
			if n < 3 {
				return os.ErrDeadlineExceeded
			}
			return nil
		}, 200, 3},
		{"only silence is a 504, after so many rounds", func(int64) error { return os.ErrDeadlineExceeded }, 504, int64(maxRounds)},
		{"a target that refuses is a 502 at once", func(int64) error { return syscall.ECONNREFUSED }, 502, 1},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s, dials := dialling(t, c.dial)
			res, err := client(t).Post(s.url, "text/plain", strings.NewReader("not sent twice"))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != c.code || dials.Load() != c.dials {
				t.Errorf("got %d after %d dials, want %d after %d", res.StatusCode, dials.Load(), c.code, c.dials)
			}
		})
	}
}

// A client that ends its half of the connection before the answer has left, as far as net/http tells.
func TestClientThatEndsItsHalfIsNotTold200(t *testing.T) {
	b := newSlow()
	s := newStory(t, nil, b)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-b.came
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(c); len(got) > 0 {
		t.Errorf("got %q, want the connection to end", got)
	}
}

// What the base context of a server ends has no answer either.
func TestRequestThatTheServerEndsIsNotTold200(t *testing.T) {
	b := newSlow()
	s := newStory(t, nil, b)
	base, end := context.WithCancel(context.Background())
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.p.ServeHost(w, r) }),
		BaseContext: func(net.Listener) context.Context { return base }}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	codes := make(chan int)
	go func() {
		req, _ := http.NewRequest("GET", "http://"+l.Addr().String(), nil)
		req.Host = s.lb.DNSName
		res, err := client(t).Do(req)
		if err != nil {
			codes <- 0
			return
		}
		res.Body.Close()
		codes <- res.StatusCode
	}()
	<-b.came
	end()
	if code := <-codes; code != 0 {
		t.Errorf("got %d, want the connection to end", code)
	}
}
