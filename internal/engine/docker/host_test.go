package docker_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/docker"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

// noAddr stands for what comes from outside of a VPC.
var noAddr netip.Addr

// cidr is one that no other run of these tests uses.
var cidr = netip.MustParsePrefix("10.231.0.0/16")

// grounds are a runtime, and what it is to make on the engine.
type grounds struct {
	t     *testing.T
	cli   *client.Client
	r     *docker.Runtime
	owner string
	dir   string // that it shares with gateways; empty for none
	doors docker.Doors
}

// vpcs returns grounds on which nothing stands, and checks at the end that nothing does.
func vpcs(t *testing.T) *grounds {
	g := &grounds{t: t, cli: raw(t), owner: "test-" + ids.Hex(8), dir: t.TempDir()}
	before := addresses(t)
	t.Cleanup(func() {
		g.empty(context.Background())
		if after := addresses(t); after != before {
			t.Errorf("addresses of this machine: %s, before %s", after, before)
		}
	})
	g.r = g.open()
	return g
}

// addresses are those of this machine.
func addresses(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(all)
}

// open returns one more runtime of the same owner.
func (g *grounds) open() *docker.Runtime {
	g.t.Helper()
	r, err := docker.New(docker.Config{Owner: g.owner, Probe: program, Dir: g.dir, Doors: g.doors, Pool: netip.MustParsePrefix("198.19.0.0/16")})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() {
		if err := r.RemoveAll(context.Background()); err != nil {
			g.t.Error(err)
		}
		if err := r.Close(); err != nil {
			g.t.Error(err)
		}
	})
	return r
}

// empty checks that the engine has nothing of the owner.
func (g *grounds) empty(ctx context.Context) {
	g.t.Helper()
	mine := filters.NewArgs(filters.Arg("label", "io.drydock.owner="+g.owner))
	cs, err := g.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: mine})
	if err != nil || len(cs) > 0 {
		g.t.Errorf("containers that stay: %v, %v", cs, err)
	}
	ns, err := g.cli.NetworkList(ctx, network.ListOptions{Filters: mine})
	if err != nil || len(ns) > 0 {
		g.t.Errorf("networks that stay: %v, %v", ns, err)
	}
}

func vpc(id string) engine.VPC {
	return engine.VPC{Scope: model.Scope{Account: "123456789012", Region: "eu-test-1"}, ID: "vpc-" + id, CIDR: cidr}
}

// open80 lets TCP port 80 in from some, and everything out.
func open80(from ...string) (f engine.Firewall) {
	in := engine.Pass{Protocol: 6, From: 80, To: 80}
	for _, p := range from {
		in.Peers = append(in.Peers, netip.MustParsePrefix(p))
	}
	return engine.Firewall{In: []engine.Pass{in},
		Out: []engine.Pass{{Protocol: -1, Peers: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}}}
}

// at is a host of that number with an address in v.
func at(v engine.VPC, n int, f engine.Firewall) engine.Host {
	ip := fmt.Sprintf("10.231.7.%d", n)
	return engine.Host{VPC: v, ID: fmt.Sprintf("i-%s%d", v.ID, n), Name: "ip-" + strings.ReplaceAll(ip, ".", "-"),
		NIC: engine.NIC{ID: fmt.Sprintf("eni-%s%d", v.ID, n), IP: netip.MustParseAddr(ip), MAC: fmt.Sprintf("0a:00:00:00:07:%02x", n), Firewall: f}}
}

// raise raises hosts, at the same time.
func (g *grounds) raise(hs ...engine.Host) {
	g.t.Helper()
	var wg sync.WaitGroup
	for _, h := range hs {
		wg.Go(func() {
			if err := g.r.RaiseHost(g.t.Context(), h); err != nil {
				g.t.Errorf("%s: %v", h.ID, err)
			}
		})
	}
	wg.Wait()
	if g.t.Failed() {
		g.t.FailNow()
	}
}

// machine is the id of the container of a host.
func (g *grounds) machine(h engine.Host) string {
	g.t.Helper()
	in, err := g.cli.ContainerInspect(g.t.Context(), "drydock-"+g.owner+"-"+h.ID)
	if err != nil {
		g.t.Fatal(err)
	}
	return in.ID
}

// serve runs a probe in the namespace of a host.
func (g *grounds) serve(h engine.Host) {
	g.t.Helper()
	ref, err := g.r.EnsureProbe(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	made, err := g.cli.ContainerCreate(g.t.Context(), &container.Config{Image: ref, Labels: map[string]string{"io.drydock.owner": g.owner, "io.drydock.task": ids.Hex(32)}},
		&container.HostConfig{NetworkMode: container.NetworkMode("container:" + g.machine(h))}, nil, nil, "")
	if err == nil {
		err = g.cli.ContainerStart(g.t.Context(), made.ID, container.StartOptions{})
	}
	if err != nil {
		g.t.Fatal(err)
	}
}

// ask asks the probe of a host from an address of the gateway, with patience for one that does not
// listen yet; empty for no answer.
func (g *grounds) ask(h engine.Host, from netip.Addr, path string) string {
	g.t.Helper()
	c := http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
		return g.r.Dial(ctx, h.VPC, network, from, netip.MustParseAddrPort(to))
	}}}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	resp, err := c.Get("http://" + h.NIC.IP.String() + ":80" + path)
	for deadline := time.Now().Add(10 * time.Second); errors.Is(err, syscall.ECONNREFUSED) && time.Now().Before(deadline); <-tick.C {
		resp, err = c.Get("http://" + h.NIC.IP.String() + ":80" + path)
	}
	if err != nil {
		g.t.Log(err)
		return ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(b)
}

// through asks the probe of a host to fetch from another one.
func (g *grounds) through(a, b engine.Host) string {
	return g.ask(a, noAddr, "/fetch?url="+url.QueryEscape("http://"+b.NIC.IP.String()+"/"))
}

func TestHostsOfAVPCReachEachOther(t *testing.T) {
	g := vpcs(t)
	v := vpc("a")
	a, b := at(v, 5, open80("0.0.0.0/0")), at(v, 6, open80("10.231.7.5/32"))
	g.raise(a, b)
	g.serve(a)
	g.serve(b)
	if got := g.through(a, b); !strings.Contains(got, "10.231.7.5:") {
		t.Errorf("from one to the other: %q", got)
	}
	if got := g.through(b, a); got != "" {
		t.Errorf("from outside to one that lets in the other only: %q", got)
	}
	b.NIC.Firewall = open80("10.231.0.0/16")
	if err := g.r.SetNIC(t.Context(), v, b.NIC); err != nil {
		t.Fatal(err)
	}
	if got := g.through(b, a); !strings.Contains(got, "10.231.7.6:") {
		t.Errorf("once its rules let it in: %q", got)
	}
}

func TestVPCsOfOneCIDR(t *testing.T) {
	g := vpcs(t)
	v, w := vpc("a"), vpc("b")
	all := open80("10.231.0.0/16")
	a, b, c, d := at(v, 5, all), at(v, 6, all), at(w, 5, all), at(w, 6, all)
	g.raise(a, b, c, d)
	for _, h := range []engine.Host{a, b, c, d} {
		g.serve(h)
	}
	for _, pair := range [][2]engine.Host{{a, b}, {b, a}, {c, d}, {d, c}} {
		if got, want := g.through(pair[0], pair[1]), pair[0].NIC.IP.String()+":"; !strings.Contains(got, want) {
			t.Errorf("in %s, to %v: %q, want it from %s", pair[0].VPC.ID, pair[1].NIC.IP, got, want)
		}
	}
}

func TestGatewayHasTheAddressesOfItsInterfaces(t *testing.T) {
	t.Run("in a directory that both see", func(t *testing.T) { gateway(t, vpcs(t)) })
	t.Run("over a stream of the engine", func(t *testing.T) {
		g := vpcs(t)
		g.dir = ""
		g.r.Close()
		g.r = g.open()
		gateway(t, g)
	})
}

func gateway(t *testing.T, g *grounds) {
	v := vpc("a")
	a := at(v, 5, open80("10.231.9.1/32", "10.231.7.5/32"))
	g.raise(a)
	g.serve(a)
	lb := engine.NIC{ID: "eni-lb", IP: netip.MustParseAddr("10.231.9.1"), MAC: "0a:00:00:00:09:01", Firewall: open80("0.0.0.0/0")}
	if err := g.r.SetGateway(t.Context(), v, []engine.NIC{lb}); err != nil {
		t.Fatal(err)
	}
	if got := g.ask(a, lb.IP, "/"); !strings.Contains(got, "10.231.9.1:") {
		t.Errorf("from the load balancer: %q", got)
	}
	if got := g.ask(a, noAddr, "/"); got != "" {
		t.Errorf("from outside: %q", got)
	}
	l, err := g.r.Listen(t.Context(), v, netip.AddrPortFrom(lb.IP, 80))
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "balanced for ", r.RemoteAddr) })}
	served := make(chan error)
	go func() { served <- srv.Serve(l) }()
	if got := g.ask(a, lb.IP, "/fetch?url=http://10.231.9.1/"); !strings.Contains(got, "balanced for 10.231.7.5:") {
		t.Errorf("from the host to the load balancer: %q", got)
	}
	name := "drydock-" + g.owner + "-123456789012-eu-test-1-vpc-a-gateway"
	kill(t, g.cli, name)
	if err := <-served; err == nil {
		t.Error("the listener outlives its gateway")
	}
	if got := g.ask(a, lb.IP, "/"); !strings.Contains(got, "10.231.9.1:") {
		t.Errorf("after the gateway was killed: %q", got)
	}
	if err := g.cli.ContainerRemove(t.Context(), name, container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	if got := g.ask(a, lb.IP, "/"); !strings.Contains(got, "10.231.9.1:") {
		t.Errorf("after the gateway was removed: %q", got)
	}
	if err := g.r.SetGateway(t.Context(), v, nil); err != nil {
		t.Fatal(err)
	}
}

func TestDoorsAnswerWhoIsInside(t *testing.T) {
	g := vpcs(t)
	g.doors.HTTP = func(w http.ResponseWriter, r *http.Request, from engine.Place) {
		fmt.Fprintf(w, "%s%s for %s in %s", r.Host, r.URL.Path, from.Instance, from.VPC)
	}
	g.r.Close()
	g.r = g.open()
	a := at(vpc("a"), 5, open80("0.0.0.0/0"))
	g.raise(a)
	g.serve(a)
	if got, want := g.ask(a, noAddr, "/fetch?url=http://169.254.169.254/latest/"), "169.254.169.254/latest/ for i-vpc-a5 in vpc-a"; !strings.Contains(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestMachinesAreFoundAgain(t *testing.T) {
	g := vpcs(t)
	v := vpc("a")
	a, b := at(v, 5, open80("0.0.0.0/0")), at(v, 6, open80("10.231.7.5/32"))
	g.raise(a, b)
	g.serve(a)
	g.serve(b)
	before := g.machine(a)
	if in, err := g.cli.ContainerInspect(t.Context(), before); err != nil || len(in.Config.ExposedPorts) > 0 {
		t.Errorf("docker ps tells ports of a machine: %v, %v", in.Config.ExposedPorts, err)
	}
	g.r.Close()
	g.r = g.open()
	g.raise(a)
	if got := g.machine(a); got != before {
		t.Errorf("the machine became %s", got)
	}
	if got := g.through(a, b); !strings.Contains(got, "10.231.7.5:") {
		t.Errorf("from one to the other: %q", got)
	}
	for _, h := range []engine.Host{a, b} {
		if err := g.r.DropHost(t.Context(), v.Scope, h.ID); err != nil {
			t.Error(err)
		}
	}
	if err := g.r.DropVPC(t.Context(), v.Scope, v.ID); err != nil {
		t.Error(err)
	}
	ns, err := g.cli.NetworkList(t.Context(), network.ListOptions{Filters: filters.NewArgs(filters.Arg("label", "io.drydock.owner="+g.owner))})
	if err != nil || len(ns) > 0 {
		t.Errorf("networks: %v, %v", ns, err)
	}
}

func TestAMachineThatIsKilledIsTold(t *testing.T) {
	g := vpcs(t)
	a := at(vpc("a"), 5, open80("0.0.0.0/0"))
	g.raise(a)
	events := make(chan engine.Event, 100)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = g.r.Watch(ctx, func(ev engine.Event) { events <- ev }) })
	defer func() { cancel(); wg.Wait() }()
	for ev := range events {
		if ev.Kind == engine.Synced {
			break
		}
	}
	kill(t, g.cli, g.machine(a))
	select {
	case ev := <-events:
		if ev.Kind != engine.HostDown || ev.Instance != a.ID || ev.Scope != a.VPC.Scope {
			t.Errorf("%+v", ev)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was told")
	}
	g.raise(a) // the same again
	g.serve(a)
	if got := g.ask(a, noAddr, "/healthz"); got == "" {
		t.Error("it does not answer")
	}
}

func TestWhatTheEngineCanIsTriedOnce(t *testing.T) {
	g := vpcs(t)
	for range 2 {
		in, err := g.r.Check(t.Context())
		if err != nil || in.Flat != "" {
			t.Fatalf("%q, %v", in.Flat, err)
		}
		g.empty(t.Context())
		g.r.Close()
		g.r = g.open()
	}
	if known, err := filepath.Glob(filepath.Join(g.dir, "engine-can")); err != nil || len(known) != 1 {
		t.Errorf("what is remembered: %v, %v", known, err)
	}
}

func TestRaisingManyMachines(t *testing.T) {
	g := vpcs(t)
	v := vpc("a")
	var hs []engine.Host
	for n := range 10 {
		hs = append(hs, at(v, 10+n, open80("0.0.0.0/0")))
	}
	began := time.Now()
	g.raise(hs...)
	t.Logf("%d machines in %v", len(hs), time.Since(began))
	began = time.Now()
	g.raise(hs...)
	t.Logf("again in %v", time.Since(began))
}
