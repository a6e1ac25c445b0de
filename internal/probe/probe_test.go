package probe

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// program is a probe that runs in the test.
type program struct {
	*testing.T
	url  string
	stop context.CancelFunc
	end  chan int
}

func start(t *testing.T, env map[string]string) *program {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p := &program{T: t, url: "http://" + l.Addr().String(), stop: cancel, end: make(chan int, 1)}
	go func() {
		code, err := Serve(ctx, l, func(k string) string { return env[k] }, nil)
		if err != nil {
			t.Errorf("serve: %v", err)
		}
		p.end <- code
		close(p.end)
	}()
	t.Cleanup(func() { cancel(); <-p.end })
	return p
}

func (p *program) get(path string) (int, string) {
	p.Helper()
	res, err := http.Get(p.url + path)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestAnswers(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, "short and stout, "+r.Method+" "+string(body))
	}))
	defer other.Close()
	p := start(t, map[string]string{"COLOUR": "blue"})
	for _, c := range []struct {
		rule, path string
		status     int
		body       string
	}{
		{"it is healthy", "/healthz", 200, "ok"},
		{"any status can be had", "/status?code=503", 503, "Service Unavailable"},
		{"a status without a body has none", "/status?code=204", 204, ""},
		{"a status below 200 is refused", "/status?code=100", 400, "code: want a number from 200 to 599"},
		{"a missing parameter is refused by name", "/sleep", 400, "ms: want"},
		{"no parameter is beyond its bound", "/sleep?ms=300001", 400, "ms: want"},
		{"not a number is refused", "/burn?cpu=NaN&seconds=1", 400, "cpu: want"},
		{"sleep answers afterwards", "/sleep?ms=1", 200, "slept 1ms"},
		{"a variable of the environment", "/env?name=COLOUR", 200, "blue"},
		{"one that is not set", "/env?name=SHAPE", 404, "SHAPE is not set"},
		{"another server seen from here", "/fetch?url=" + other.URL, 200, "short and stout"},
		{"and what it is sent", "/fetch?method=PUT&body=tea&url=" + other.URL, 200, "PUT tea"},
		{"only web addresses are fetched", "/fetch?url=file:///etc/passwd", 400, "url: want"},
		{"an address that does not answer is a bad gateway", "/fetch?url=http://127.0.0.1:1/", 502, "refused"},
		{"load begins and is replaced", "/burn?cpu=0.1&seconds=1", 200, "burning 0.1 cores"},
		{"load can be ended", "/burn?cpu=0&seconds=1", 200, "burning 0 cores"},
		{"memory is held", "/alloc?mb=2&seconds=1", 200, "holding 2 MiB"},
		{"memory is bounded", "/alloc?mb=65537&seconds=1", 400, "mb: want"},
		{"every other path says who answers", "/api/v1?x=1", 200, `"path": "/api/v1?x=1"`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if status, body := p.get(c.path); status != c.status || !strings.Contains(body, c.body) {
				t.Errorf("GET %s = %d %q", c.path, status, body)
			}
		})
	}
}

func TestItSaysWhoAnswers(t *testing.T) {
	env := map[string]string{"DRYDOCK_INSTANCE_ID": "i-1", "DRYDOCK_TASK_ARN": "arn:task"}
	p := start(t, env)
	var id Identity
	_, body := p.get("/")
	if err := json.Unmarshal([]byte(body), &id); err != nil {
		t.Fatal(err)
	}
	if id.Instance != "i-1" || id.Task != "arn:task" || id.HostPort != 0 || id.Hostname == "" || id.Container != id.Hostname {
		t.Errorf("before it was told: %+v", id)
	}
	who := newIdentity(func(k string) string { return env[k] })
	who.learn(strings.NewReader("nonsense\n{}\n" +
		`{"ContainerID":"abc","ContainerName":"web","Cluster":"demo","PortMappings":[{"ContainerPort":80,"HostPort":32768}]}` + "\n"))
	if id = who.get(); id.Container != "abc" || id.Name != "web" || id.Cluster != "demo" || id.HostPort != 32768 || id.Task != "arn:task" || id.Instance != "i-1" {
		t.Errorf("afterwards: %+v", id)
	}
}

func TestAWebSocketEchoesAndIsToldOfTheEnd(t *testing.T) {
	p := start(t, nil)
	c, res, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(p.url, "http")+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	defer c.Close()
	if err := c.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, msg, err := c.ReadMessage(); err != nil || string(msg) != "hello" {
		t.Errorf("echo %q, %v", msg, err)
	}
	p.stop()
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("at the end: %v", err)
	}
	if code := <-p.end; code != 0 {
		t.Errorf("exit %d", code)
	}
}

func TestARequestInFlightOutlivesTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		client := &http.Client{Transport: &http.Transport{DialContext: l.dial}}
		defer client.CloseIdleConnections()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		end, answer := make(chan int, 1), make(chan string, 1)
		go func() {
			code, err := Serve(ctx, l, func(string) string { return "" }, nil)
			if err != nil {
				t.Error(err)
			}
			end <- code
		}()
		go func() {
			res, err := client.Get("http://probe/sleep?ms=30000")
			if err != nil {
				answer <- err.Error()
				return
			}
			defer res.Body.Close()
			answer <- res.Status
		}()
		synctest.Wait() // the server sleeps
		began := time.Now()
		cancel()
		synctest.Wait()
		if _, err := client.Get("http://probe/healthz"); err == nil {
			t.Error("it still accepts")
		}
		if got := <-answer; got != "200 OK" || time.Since(began) != 30*time.Second {
			t.Errorf("%s after %v", got, time.Since(began))
		}
		if code := <-end; code != 0 {
			t.Errorf("exit %d", code)
		}
	})
}

// pipes is a listener in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func TestExitEndsTheProgramWithTheCode(t *testing.T) {
	p := start(t, nil)
	if status, _ := p.get("/exit?code=42"); status != 200 {
		t.Errorf("status %d", status)
	}
	if code := <-p.end; code != 42 {
		t.Errorf("exit %d", code)
	}
}

func TestCheck(t *testing.T) {
	p := start(t, nil)
	var said bytes.Buffer
	for _, c := range []struct {
		rule string
		args []string
		code int
	}{
		{"a healthy server passes", []string{"check", p.url + "/healthz"}, 0},
		{"a failing one does not", []string{"check", p.url + "/status?code=500"}, 1},
		{"nor one that is not there", []string{"check", "http://127.0.0.1:1/"}, 1},
		{"anything else is explained", []string{"chekc"}, 2},
	} {
		t.Run(c.rule, func(t *testing.T) {
			said.Reset()
			if code := Main(t.Context(), c.args, func(string) string { return "" }, &said); code != c.code || (code != 0) != (said.Len() > 0) {
				t.Errorf("exit %d, %q", code, said.String())
			}
		})
	}
}

func TestImageOf(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := ImageOf(script); err == nil || !strings.Contains(err.Error(), "no Linux binary") {
		t.Errorf("a script: %v", err)
	}
	bin := filepath.Join(dir, "program")
	build := exec.Command("go", "build", "-o", bin, "./testdata/program")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	img, err := ImageOf(bin)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := ImageOf(bin)
	if img.Repository != Repository || len(img.Tag) != 12 || img.Tag != again.Tag {
		t.Errorf("image %+v, again %s", img, again.Tag)
	}
	var buf bytes.Buffer
	if err := img.Tar(&buf); err != nil {
		t.Fatal(err)
	}
	modes := map[string]int64{}
	for r := tar.NewReader(&buf); ; {
		h, err := r.Next()
		if err != nil {
			break
		}
		modes[h.Name] = h.Mode
	}
	if modes["drydock"] != 0o755 || modes["tmp/"] != 0o1777 || modes["etc/passwd"] == 0 {
		t.Errorf("files %v", modes)
	}
}

func TestADynamicBinaryIsRefused(t *testing.T) {
	if _, err := ImageOf("/bin/ls"); err == nil || !strings.Contains(err.Error(), "CGO_ENABLED=0") {
		t.Errorf("ls: %v", err)
	}
}

func FuzzParameters(f *testing.F) {
	f.Add("/status", "code=200")
	f.Add("/burn", "cpu=0.01&seconds=1")
	f.Add("/fetch", "url=http://127.0.0.1:1/")
	f.Fuzz(func(t *testing.T, path, query string) {
		// Only what answers at once; the rest is bounded in time by design.
		if strings.Contains(query, "url=http") || path == "/sleep" || path == "/alloc" || path == "/burn" || path == "/file" || path == "/write" || path == "/print" || path == "/zeros" {
			return
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := &server{env: func(string) string { return "" }, who: newIdentity(func(string) string { return "" }), exits: make(chan int, 1), life: ctx}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path, r.URL.RawQuery = path, query
		s.routes().ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	})
}

func TestItShowsTheContainerFromInside(t *testing.T) {
	p, dir := start(t, nil), t.TempDir()
	path := dir + "/note"
	for _, c := range []struct {
		path string
		code int
		body string
	}{
		{"/file?path=" + path, http.StatusNotFound, "open " + path + ": no such file or directory\n"},
		{"/write?path=" + path + "&text=hello", http.StatusOK, "written\n"},
		{"/file?path=" + path, http.StatusOK, "hello"},
		{"/file?path=" + dir, http.StatusOK, "note\n"},
		{"/print?text=hello&lines=1", http.StatusOK, "printed\n"},
		{"/zeros?mib=1", http.StatusOK, strings.Repeat("\x00", 1<<20)},
		{"/zeros?mib=0", http.StatusBadRequest, "mib: want a number from 1 to 65536\n"},
		{"/print?text=hello&lines=0", http.StatusBadRequest, "lines: want a number from 1 to 1e+06\n"},
		{"/write?path=" + dir + "&text=hello", http.StatusForbidden, "open " + dir + ": is a directory\n"},
	} {
		if code, body := p.get(c.path); code != c.code || body != c.body {
			t.Errorf("%s: %d %q, want %d %q", c.path, code, body, c.code, c.body)
		}
	}
	var who struct{ PID, UID int }
	if _, body := p.get("/self"); json.Unmarshal([]byte(body), &who) != nil || who.PID != os.Getpid() || who.UID != os.Getuid() {
		t.Errorf("self: %s", body)
	}
}

func TestPauseWaitsUntilItIsToldToStop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() { done <- Main(ctx, []string{"pause"}, func(string) string { return "" }, io.Discard) }()
	select {
	case code := <-done:
		t.Fatalf("it ended with %d", code)
	default:
	}
	cancel()
	if code := <-done; code != 0 {
		t.Errorf("it ended with %d", code)
	}
}
