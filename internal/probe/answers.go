package probe

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Bounds of what is read from others.
const (
	fetchTimeout = 20 * time.Second
	fetchLimit   = 1 << 20
	frameLimit   = 1 << 20
)

// about says who answered, and shows the request.
func (s *server) about(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, struct {
		Identity
		Method  string      `json:"method"`
		Path    string      `json:"path"`
		Host    string      `json:"host"`
		Remote  string      `json:"remote"`
		Headers http.Header `json:"headers"`
	}{s.who.get(), r.Method, r.URL.RequestURI(), r.Host, r.RemoteAddr, r.Header})
}

func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	if s.stopping.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func (s *server) status(w http.ResponseWriter, r *http.Request) {
	code, ok := number(w, r, "code", 200, 599)
	if !ok {
		return
	}
	w.WriteHeader(int(code))
	if code != http.StatusNoContent && code != http.StatusNotModified {
		fmt.Fprintln(w, int(code), http.StatusText(int(code)))
	}
}

func (s *server) sleep(w http.ResponseWriter, r *http.Request) {
	ms, ok := number(w, r, "ms", 0, 300_000)
	if !ok {
		return
	}
	select {
	case <-r.Context().Done():
	case <-time.After(time.Duration(ms * float64(time.Millisecond))):
		fmt.Fprintln(w, "slept", time.Duration(ms*float64(time.Millisecond)))
	}
}

func (s *server) exit(w http.ResponseWriter, r *http.Request) {
	code, ok := number(w, r, "code", 0, 255)
	if !ok {
		return
	}
	said := fmt.Sprintln("exit", int(code))
	w.Header().Set("Connection", "close")
	w.Header().Set("Content-Length", strconv.Itoa(len(said))) // so that it is whole once it is flushed
	_, _ = io.WriteString(w, said)
	_ = http.NewResponseController(w).Flush() // the answer goes out before the process
	select {
	case s.exits <- int(code):
	default: // someone else asked first
	}
}

func (s *server) variable(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if name == "" {
		refuse(w, "name: want the name of an environment variable")
		return
	}
	v := s.env(name)
	if v == "" {
		http.Error(w, name+" is not set", http.StatusNotFound)
		return
	}
	fmt.Fprint(w, v)
}

// fetch shows what another server answers, seen from inside the container: to GET, or to another method
// and what is sent with it.
func (s *server) fetch(w http.ResponseWriter, r *http.Request) {
	u, err := url.Parse(r.URL.Query().Get("url"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		refuse(w, "url: want an http or https URL")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.URL.Query().Get("method"), http.MethodGet), u.String(), strings.NewReader(r.URL.Query().Get("body")))
	if err != nil {
		refuse(w, "url: "+err.Error())
		return
	}
	began := time.Now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, fetchLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	writeJSON(w, struct {
		Status  int         `json:"status"`
		Ms      int64       `json:"ms"`
		Headers http.Header `json:"headers"`
		Body    string      `json:"body"`
	}{res.StatusCode, time.Since(began).Milliseconds(), res.Header, string(body)})
}

// echo sends every message back until the client leaves or the server stops.
func (s *server) echo(w http.ResponseWriter, r *http.Request) {
	if !s.sockets.add() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	defer s.sockets.done()
	c, err := s.up.Upgrade(w, r, nil)
	if err != nil {
		return // the client was answered
	}
	defer c.Close()
	c.SetReadLimit(frameLimit)
	stop := context.AfterFunc(s.life, func() {
		_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, "stopping"), time.Now().Add(time.Second))
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
	})
	defer stop()
	for {
		kind, msg, err := c.ReadMessage()
		if err != nil {
			return
		}
		if c.WriteMessage(kind, msg) != nil {
			return
		}
	}
}

// group waits for web sockets, which the server forgets once they are upgraded. None begins once
// someone waits.
type group struct {
	mu     sync.RWMutex
	closed bool
	wg     sync.WaitGroup
}

func (g *group) add() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.closed {
		return false
	}
	g.wg.Add(1)
	return true
}

func (g *group) done() { g.wg.Done() }

// Wait returns when the last one ended.
func (g *group) Wait() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.wg.Wait()
}

// number reads a parameter that must lie between min and max, or refuses the request.
func number(w http.ResponseWriter, r *http.Request, name string, least, most float64) (float64, bool) {
	v, err := strconv.ParseFloat(r.URL.Query().Get(name), 64)
	if err != nil || !(v >= least && v <= most) {
		refuse(w, fmt.Sprintf("%s: want a number from %g to %g", name, least, most))
		return 0, false
	}
	return v, true
}

func refuse(w http.ResponseWriter, why string) { http.Error(w, why, http.StatusBadRequest) }

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // a client that left reads nothing
}
