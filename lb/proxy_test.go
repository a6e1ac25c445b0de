package lb

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/gorilla/websocket"
)

// seen keeps the last request that a backend got.
type seen chan *http.Request

func (c seen) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Keep-Alive", "timeout=5")
	w.Header().Set("Server", "backend/1")
	c <- r
}

func TestHeadersToTheTarget(t *testing.T) {
	got := make(seen, 1)
	s := newStory(t, nil, got)
	req, _ := http.NewRequest("GET", s.url+"/a%2Fb?q=%zz&x=1;y", nil)
	for k, v := range map[string]string{"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "kept",
		"X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678;CalledFrom=app", "Connection": "X-Hop", "X-Hop": "1", "X-Many": "a"} {
		req.Header.Set(k, v)
	}
	req.Header.Add("X-Many", "b")
	req.Host = "shop.test"
	res, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	r := <-got
	for k, want := range map[string]string{"X-Forwarded-For": "203.0.113.7, 127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "kept",
		"X-Forwarded-Port": strconv.Itoa(s.l.Port), "X-Hop": "", "Connection": "", "X-Many": "a,b"} {
		if v := strings.Join(r.Header[k], ","); v != want {
			t.Errorf("%s is %q, want %q", k, v, want)
		}
	}
	if id := r.Header.Get("X-Amzn-Trace-Id"); !regexp.MustCompile(`^Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-67891233-abcdef012345678912345678;CalledFrom=app$`).MatchString(id) {
		t.Errorf("trace id %q", id)
	}
	if r.RequestURI != "/a%2Fb?q=%zz&x=1;y" {
		t.Errorf("the target was asked for %q", r.RequestURI)
	}
	if want := "shop.test:" + strconv.Itoa(s.l.Port); r.Host != want {
		t.Errorf("Host is %q, want %q: the listener's port is added", r.Host, want)
	}
	if res.Header.Get("Keep-Alive") != "" || res.Header.Get("Server") != "backend/1" {
		t.Errorf("answer's header: %v", res.Header)
	}
}

func TestHeaderAttributes(t *testing.T) {
	got := make(seen, 1)
	s := newStory(t, map[string]string{"routing.http.preserve_host_header.enabled": "true", "routing.http.xff_header_processing.mode": "preserve",
		"routing.http.drop_invalid_header_fields.enabled": "true"}, got)
	req, _ := http.NewRequest("GET", s.url, nil)
	req.Host = "shop.test"
	req.Header["X-Forwarded-For"] = []string{"203.0.113.7"}
	req.Header.Set("X_odd", "1")
	res, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	r := <-got
	if r.Host != "shop.test" || r.Header.Get("X-Forwarded-For") != "203.0.113.7" || r.Header.Get("X_odd") != "" {
		t.Errorf("host %q, header %v", r.Host, r.Header)
	}
}

func TestTraceID(t *testing.T) {
	const id = "1-67891233-000000000000000000000000"
	for _, c := range []struct{ rule, header, want string }{
		{"none: a Root", "", "Root=" + id},
		{"a Root: a Self before it", "Root=1-a-b", "Self=" + id + ";Root=1-a-b"},
		{"a Self: replaced", "Self=1-x-y;Root=1-a-b", "Self=" + id + ";Root=1-a-b"},
		{"fields of applications stay", "Root=1-a-b;CalledFrom=app", "Self=" + id + ";Root=1-a-b;CalledFrom=app"},
		{"no Root: one is made", "CalledFrom=app", "Root=" + id + ";CalledFrom=app"},
		{"over 7 KB: written anew", "Root=" + strings.Repeat("x", 8<<10), "Root=" + id},
	} {
		if got := traceID(c.header, id); got != c.want {
			t.Errorf("%s: got %q, want %q", c.rule, got, c.want)
		}
	}
}

func TestWebSocket(t *testing.T) {
	up := websocket.Upgrader{}
	s := newStory(t, nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			kind, m, err := c.ReadMessage()
			if err != nil || c.WriteMessage(kind, m) != nil {
				return
			}
		}
	}))
	c, _, err := websocket.DefaultDialer.Dial(strings.Replace(s.url, "http", "ws", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, m := range []string{"hello", strings.Repeat("x", 100_000)} {
		if err := c.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.ReadMessage(); err != nil || string(got) != m {
			t.Fatalf("echo of %d bytes: %d bytes, %v", len(m), len(got), err)
		}
	}
	if n := s.p.Snapshot()[0].Targets[0].InFlight; n != 1 {
		t.Errorf("%d in flight, want the open socket to count", n)
	}
	s.drain(s.targets[0], 1)
	if _, _, err := c.ReadMessage(); err == nil {
		t.Error("the socket outlived the deregistration delay")
	}
	s.drained(s.targets[0])
}

func TestStreamingBothWays(t *testing.T) {
	s := newStory(t, nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		_ = rc.EnableFullDuplex()
		w.WriteHeader(200)
		_ = rc.Flush()
		in := bufio.NewReader(r.Body)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(w, "got "+line)
			_ = rc.Flush()
		}
	}))
	body, feed := io.Pipe()
	req, _ := http.NewRequest("POST", s.url, body)
	res, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out := bufio.NewReader(res.Body)
	for i := range 3 {
		fmt.Fprintf(feed, "%d\n", i)
		if line, err := out.ReadString('\n'); line != fmt.Sprintf("got %d\n", i) {
			t.Fatalf("%q %v", line, err)
		}
	}
	feed.Close()
	if rest, err := io.ReadAll(out); err != nil || len(rest) != 0 {
		t.Errorf("%q %v", rest, err)
	}
}

func TestKnownLengthIsStreamedToo(t *testing.T) {
	more := make(chan struct{})
	s := newStory(t, nil, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(w, "a")
		_ = http.NewResponseController(w).Flush()
		<-more
		_, _ = io.WriteString(w, "b")
	}))
	res, err := client(t).Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(res.Body, first); err != nil || first[0] != 'a' {
		t.Fatalf("%q %v", first, err)
	}
	close(more)
	if rest, err := io.ReadAll(res.Body); string(rest) != "b" || err != nil {
		t.Errorf("%q %v", rest, err)
	}
}

func TestTrailers(t *testing.T) {
	s := newStory(t, nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Announced")
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
		w.Header().Set("Announced", r.Trailer.Get("Sum"))
	}))
	req, _ := http.NewRequest("POST", s.url, struct{ io.Reader }{strings.NewReader("body")})
	req.Trailer = http.Header{"Sum": {"42"}}
	res, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if string(body) != "body" || err != nil || res.Trailer.Get("Announced") != "42" {
		t.Errorf("body %q, %v, trailer %v", body, err, res.Trailer)
	}
}

func TestLargeBodies(t *testing.T) {
	const size = 16 << 20
	s := newStory(t, nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		n, _ := io.Copy(sum, r.Body)
		w.Header().Set("Sum", fmt.Sprintf("%d %x", n, sum.Sum(nil)))
		_, _ = w.Write(bytes.Repeat([]byte("y"), size))
	}))
	data := bytes.Repeat([]byte("x"), size)
	for name, body := range map[string]io.Reader{"known length": bytes.NewReader(data), "chunked": struct{ io.Reader }{bytes.NewReader(data)}} {
		res, err := client(t).Post(s.url, "application/octet-stream", body)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if want := fmt.Sprintf("%d %x", size, sha256.Sum256(data)); res.Header.Get("Sum") != want || n != size || err != nil {
			t.Errorf("%s: %s, %d bytes back, %v", name, res.Header.Get("Sum"), n, err)
		}
	}
}

func TestExpectContinue(t *testing.T) {
	s := newStory(t, nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		_, _ = io.Copy(w, r.Body)
	}))
	for path, want := range map[string][]string{"/": {"HTTP/1.1 100 Continue", "HTTP/1.1 200 OK"}, "/refused": {"HTTP/1.1 413 Request Entity Too Large"}} {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n", path)
		in := bufio.NewReader(c)
		for i, w := range want {
			line, _ := in.ReadString('\n')
			if strings.TrimSpace(line) != w {
				t.Fatalf("%s: %q, want %q", path, line, w)
			}
			if i == 0 && len(want) == 2 {
				_, _ = in.ReadString('\n')
				_, _ = io.WriteString(c, "body")
			}
		}
		c.Close()
	}
}

func TestKeepAliveOnBothSides(t *testing.T) {
	var conns counter
	b := httptest.NewUnstartedServer(checked(says("a")))
	accepts := &countingListener{Listener: b.Listener, n: &conns}
	b.Listener = accepts
	b.Start()
	t.Cleanup(b.Close)
	s := newStory(t, nil)
	x := s.target(s.g, b.Listener.Addr().String())
	s.state(x, "healthy")
	before := conns.n.Load()
	c := client(t)
	for range 20 {
		get(t, c, s.url)
	}
	if n := conns.n.Load() - before; n != 1 {
		t.Errorf("20 requests of one client took %d connections to the target", n)
	}
}

type countingListener struct {
	net.Listener
	n *counter
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.n.n.Add(1)
	}
	return c, err
}

func TestOwnAnswers(t *testing.T) {
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	abort := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for _, c := range []struct {
		name     string
		backends []http.Handler
		method   string
		forward  string
		code     int
		title    string
	}{
		{"no registered target", nil, "GET", "", 503, "503 Service Temporarily Unavailable"},
		{"no byte for the idle timeout", []http.Handler{hang}, "GET", "", 504, "504 Gateway Time-out"},
		{"the target closes without an answer", []http.Handler{abort}, "POST", "", 502, "502 Bad Gateway"},
		{"TRACE is not served", []http.Handler{says("x")}, "TRACE", "", 405, "405 Not Allowed"},
		{"more than 30 addresses", []http.Handler{says("x")}, "GET", strings.Repeat("10.0.0.1, ", 30) + "10.0.0.1", 463, "463 Bad Request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t, map[string]string{"idle_timeout.timeout_seconds": "1"}, c.backends...)
			req, _ := http.NewRequest(c.method, s.url, nil)
			if c.forward != "" {
				req.Header.Set("X-Forwarded-For", c.forward)
			}
			res, err := client(t).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != c.code || !strings.Contains(string(body), "<h1>"+c.title+"</h1>") || res.Header.Get("Server") != "awselb/2.0" || res.Header.Get("Content-Type") != "text/html" {
				t.Errorf("%d %v\n%s", res.StatusCode, res.Header, body)
			}
		})
	}
}

func TestTornAnswerIsNotWhole(t *testing.T) {
	s := newStory(t, nil, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	res, err := client(t).Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadAll(res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reading ended with %v, want the tear to show", err)
	}
}

func TestDeadTargetCostsNoRequest(t *testing.T) {
	s := newStory(t, nil, says("a"), says("b"))
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x := s.target(s.g, dead.Addr().String())
	dead.Close()
	s.write(func(tx *store.Tx) {
		row, _ := store.Targets.Get(tx, x.Key())
		row.Health, row.Registered = healthy, row.Registered.Add(1)
		store.Targets.Put(tx, row)
	})
	s.chosen(3)
	c := client(t)
	for range 20 {
		res, err := c.Post(s.url, "text/plain", strings.NewReader("body"))
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%v %v", res, err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}

func TestOnlyTargetIsDead(t *testing.T) {
	s := newStory(t, nil)
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.target(s.g, dead.Addr().String())
	dead.Close()
	s.chosen(1)
	if code, _ := get(t, client(t), s.url); code != 502 {
		t.Errorf("got %d, want 502", code)
	}
}
