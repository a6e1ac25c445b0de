package lb

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

var scope = model.Scope{Account: "000000000000", Region: "us-east-1"}

// world is a store with a Proxy over it.
type world struct {
	t testing.TB
	s *store.Store
	p *Proxy
	n int // for names

	net *fakeNet
}

// open is the rule of the group that load balancers have.
var open = model.SecurityGroupRule{ID: "sgr-1", Group: "sg-1", Protocol: "tcp", From: 0, To: 65535, CIDR: "0.0.0.0/0"}

// newWorld makes a world whose Proxy does not run yet.
func newWorld(t testing.TB, c Config) *world {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	w := &world{t: t, s: s, net: &fakeNet{opened: make(chan opened, 16)}}
	c.Network = w.net
	w.p = New(s, c)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.write(func(tx *store.Tx) {
		store.Regions.Put(tx, model.Region{Opened: tx.Now()})
		store.SecurityGroupRules.Put(tx, open)
	})
	return w
}

// run starts the Proxy; it ends with the test.
func (w *world) run() *world {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.p.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	return w
}

func (w *world) write(fn func(*store.Tx)) {
	w.t.Helper()
	if err := w.s.Update(scope, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

// until waits for the commit after which ok holds.
func (w *world) until(what string, ok func(*store.Tx) bool) {
	w.t.Helper()
	f := w.s.Subscribe()
	defer w.s.Unsubscribe(f)
	late := time.After(20 * time.Second)
	for {
		select {
		case <-f.C:
			f.Take()
			good := false
			if err := w.s.View(scope, func(tx *store.Tx) error { good = ok(tx); return nil }); err != nil {
				w.t.Fatal(err)
			}
			if good {
				return
			}
		case <-late:
			w.t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func (w *world) balancer(name string, attributes map[string]string) model.LoadBalancer {
	w.n++
	l := model.LoadBalancer{ID: fmt.Sprintf("app/%s/%016x", name, w.n), Name: name, Attributes: attributes,
		Groups: []string{open.Group}, DNSName: name + "-1.us-east-1.elb.localhost", Created: time.Unix(int64(1700000000+w.n), 0)}
	w.write(func(tx *store.Tx) { store.LoadBalancers.Put(tx, l) })
	return l
}

func (w *world) group(name string) model.TargetGroup {
	w.n++
	g := model.TargetGroup{ID: fmt.Sprintf("%s/%016x", name, w.n), Name: name, Protocol: "HTTP", TargetType: "ip",
		Check: model.HealthCheck{Enabled: true, Protocol: "HTTP", Port: "traffic-port", Path: "/", Matcher: "200",
			Interval: 30 * time.Second, Timeout: 5 * time.Second, Healthy: 5, Unhealthy: 2}}
	w.write(func(tx *store.Tx) { store.TargetGroups.Put(tx, g) })
	return g
}

func forwardTo(gs ...model.TargetGroup) types.Action {
	c := &types.ForwardActionConfig{}
	for _, g := range gs {
		c.TargetGroups = append(c.TargetGroups, types.TargetGroupTuple{TargetGroupArn: aws.String(scope.TargetGroupARN(g.ID)), Weight: aws.Int32(1)})
	}
	return types.Action{Type: types.ActionTypeEnumForward, ForwardConfig: c}
}

func (w *world) listener(l model.LoadBalancer, protocol string, port int, a types.Action) model.Listener {
	w.n++
	n := model.Listener{ID: fmt.Sprintf("%s/%016x", l.ID, w.n), LoadBalancer: l.ID, Port: port, Protocol: protocol,
		SSLPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06", Actions: []types.Action{a}}
	w.write(func(tx *store.Tx) { store.Listeners.Put(tx, n) })
	return n
}

// bound waits until a listener is served and returns its base URL.
func (w *world) bound(n model.Listener) string {
	w.t.Helper()
	port := 0
	w.until("listener bound", func(tx *store.Tx) bool {
		l, _ := store.Listeners.Get(tx, n.ID)
		port = l.Bound
		return port != 0
	})
	return fmt.Sprintf("%s://127.0.0.1:%d", strings.ToLower(n.Protocol), port)
}

// target registers a backend.
func (w *world) target(g model.TargetGroup, dial string) model.Target {
	host, p, err := net.SplitHostPort(dial)
	if err != nil {
		w.t.Fatal(err)
	}
	port, _ := strconv.Atoi(p)
	row := model.Target{Group: g.ID, ID: host, Port: port, Dial: dial, Registered: time.Now().UTC().Truncate(time.Microsecond)}
	w.write(func(tx *store.Tx) { store.Targets.Put(tx, row) })
	return row
}

func (w *world) state(t model.Target, state string) {
	w.t.Helper()
	w.until(t.Key()+" "+state, func(tx *store.Tx) bool {
		row, _ := store.Targets.Get(tx, t.Key())
		return row.Health.State == state
	})
}

// silence makes an address one that never answers, and tells of every dial to it. The address is
// none that anybody else has.
func (w *world) silence(address string, dialling chan<- struct{}) {
	w.net.silent.Store(netip.MustParseAddrPort(address), dialling)
}

// drain begins the draining of a target.
func (w *world) drain(t model.Target, delay time.Duration) {
	w.write(func(tx *store.Tx) {
		row, _ := store.Targets.Get(tx, t.Key())
		row.Draining = tx.Now().Add(delay)
		store.Targets.Put(tx, row)
	})
}

func (w *world) drained(t model.Target) {
	w.t.Helper()
	w.until(t.Key()+" drained", func(tx *store.Tx) bool {
		row, ok := store.Targets.Get(tx, t.Key())
		return ok && row.Drained
	})
}

// story is the usual world: one load balancer, one HTTP listener, one group, healthy backends.
type story struct {
	*world
	lb      model.LoadBalancer
	g       model.TargetGroup
	l       model.Listener
	url     string
	targets []model.Target
}

func newStory(t testing.TB, attributes map[string]string, backends ...http.Handler) *story {
	t.Helper()
	w := newWorld(t, Config{})
	s := &story{world: w, lb: w.balancer("web", attributes), g: w.group("web")}
	s.l = w.listener(s.lb, "HTTP", freePort(t), forwardTo(s.g))
	for _, b := range backends {
		s.targets = append(s.targets, w.target(s.g, backend(t, b).Listener.Addr().String()))
	}
	w.run()
	s.url = w.bound(s.l)
	for _, x := range s.targets {
		w.state(x, "healthy")
	}
	return s
}

// backend serves h, but for health checks, which pass.
func backend(t testing.TB, h http.Handler) *httptest.Server { return newServer(t, checked(h)) }

// newServer serves h to its end.
func newServer(t testing.TB, h http.Handler) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// yield lets another goroutine run, where there is no event to wait for.
func yield() { runtime.Gosched() }

func checked(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.UserAgent(), "ELB-HealthChecker") {
			h.ServeHTTP(w, r)
		}
	})
}

// says answers every request with a name.
func says(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
}

// freePort returns a port that was free a moment ago.
func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// client returns a client with connections of its own.
func client(t testing.TB) *http.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get returns code and body.
func get(t testing.TB, c *http.Client, url string) (int, string) {
	t.Helper()
	code, body, err := fetch(c, url)
	if err != nil {
		t.Fatal(err)
	}
	return code, body
}

func fetch(c *http.Client, url string) (int, string, error) {
	res, err := c.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

// nowhere is a listener that nobody ever connects to.
type nowhere struct {
	net.Listener
	done chan struct{}
}

func listenNowhere(string) (net.Listener, error) { return &nowhere{done: make(chan struct{})}, nil }

func (n *nowhere) Accept() (net.Conn, error) {
	<-n.done
	return nil, net.ErrClosed
}

func (n *nowhere) Close() error {
	close(n.done)
	return nil
}
