package lb

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

var vpc = engine.VPC{Scope: scope, ID: "vpc-1", CIDR: netip.MustParsePrefix("172.31.0.0/16")}

// stands gives a load balancer an address in a zone.
func (w *world) stands(l model.LoadBalancer, zone, ip string) model.NetworkInterface {
	n := model.NetworkInterface{ID: "eni-" + ip, VPC: vpc.ID, Zone: zone, IP: ip, LoadBalancer: l.ID}
	w.write(func(tx *store.Tx) {
		store.VPCs.Put(tx, model.VPC{ID: vpc.ID, CIDR: vpc.CIDR.String()})
		store.NetworkInterfaces.Put(tx, n)
	})
	return n
}

func TestTheWayToATarget(t *testing.T) {
	a, b := netip.MustParseAddr("172.31.0.4"), netip.MustParseAddr("172.31.16.4")
	h := &home{vpc, []address{{"a", a}, {"b", b}}}
	for _, c := range []struct {
		rule string
		home *home
		zone string
		want way
	}{
		{"from the address in its zone", h, "b", way{vpc, b}},
		{"from the first where there is none in its zone", h, "c", way{vpc, a}},
		{"also outside of the VPC", h, "all", way{vpc, a}},
		{"none before the load balancer has an address", &home{vpc: vpc}, "a", way{}},
		{"none without a load balancer", nil, "a", way{}},
	} {
		if got := c.home.way(c.zone); got != c.want {
			t.Errorf("%s: got %v", c.rule, got)
		}
	}
}

func TestTargetsAreDialledFromTheLoadBalancersAddress(t *testing.T) {
	w := newWorld(t, Config{})
	var mu sync.Mutex
	var seen []string
	w.net.dialed = func(v engine.VPC, from netip.Addr, _ netip.AddrPort) error {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, v.ID+v.CIDR.String()+" "+from.String())
		return nil
	}
	l, g := w.balancer("web", nil), w.group("web")
	first := w.stands(l, "us-east-1a", "172.31.0.4")
	n := w.listener(l, "HTTP", freePort(t), forwardTo(g))
	x := w.target(g, backend(t, says("well")).Listener.Addr().String())
	w.run()
	url := w.bound(n)
	w.state(x, "healthy")
	c := client(t)
	get(t, c, url)
	get(t, c, url) // on the same connection
	if want := "vpc-1172.31.0.0/16 172.31.0.4"; strings.Join(seen, ",") != want+","+want {
		t.Errorf("a check and a request dialled from %q", seen)
	}

	w.write(func(tx *store.Tx) { store.NetworkInterfaces.Delete(tx, first.ID) })
	w.stands(l, "us-east-1b", "172.31.16.4")
	for {
		<-w.net.opened
		if w.p.table.Load().inside[insideKey{vpc, netip.AddrPortFrom(netip.MustParseAddr("172.31.16.4"), uint16(n.Port))}] != nil {
			break
		}
	}
	get(t, c, url)
	mu.Lock()
	defer mu.Unlock()
	if last := seen[len(seen)-1]; !strings.HasSuffix(last, " 172.31.16.4") {
		t.Errorf("after a move a request went out from %q", seen)
	}
}

func TestListenersAnswerAtTheAddressesOfTheLoadBalancer(t *testing.T) {
	w := newWorld(t, Config{})
	one, two := w.balancer("one", nil), w.balancer("two", nil)
	w.stands(one, "us-east-1a", "172.31.0.4")
	w.stands(two, "us-east-1a", "172.31.0.5")
	port := freePort(t)
	echo := backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.Host + " " + r.Header.Get("X-Forwarded-For") + " " + r.Header.Get("X-Forwarded-Port")))
	}))
	g := w.group("echo")
	x := w.target(g, echo.Listener.Addr().String())
	w.listener(one, "HTTP", port, forwardTo(g))
	w.listener(two, "HTTP", port, types.Action{Type: types.ActionTypeEnumRedirect, RedirectConfig: &types.RedirectActionConfig{
		StatusCode: types.RedirectActionStatusCodeEnumHttp301, Port: aws.String("80"), Protocol: aws.String("HTTP")}})
	w.listener(two, "HTTP", 80, forwardTo(g))
	w.run()
	w.state(x, "healthy")
	urls := map[string]string{}
	for range 3 {
		o := <-w.net.opened
		urls[o.at.String()] = "http://" + o.Addr().String() + "/"
	}
	of := func(ip string) string {
		return urls[netip.AddrPortFrom(netip.MustParseAddr(ip), uint16(port)).String()]
	}
	if code, body := get(t, client(t), of("172.31.0.4")); code != 200 || !strings.HasSuffix(body, " 127.0.0.1 "+strconv.Itoa(port)) {
		t.Errorf("the first load balancer: %d %s", code, body)
	}
	res, err := client(t).Get(of("172.31.0.5"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if to := res.Header.Get("Location"); res.StatusCode != 301 || !strings.HasPrefix(to, "http://127.0.0.1:80/") {
		t.Errorf("the second load balancer: %d to %s, want the port that the listener has in the VPC", res.StatusCode, to)
	}
}

func TestListenersComeBackWithTheGateway(t *testing.T) {
	w := newWorld(t, Config{})
	l := w.balancer("web", nil)
	n := w.stands(l, "us-east-1a", "172.31.0.4")
	w.listener(l, "HTTP", freePort(t), types.Action{Type: types.ActionTypeEnumFixedResponse,
		FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("200")}})
	w.run()
	first := <-w.net.opened
	first.Close() // the gateway is lost
	again := <-w.net.opened
	if code, _ := get(t, client(t), "http://"+again.Addr().String()); code != 200 {
		t.Errorf("got %d", code)
	}
	w.write(func(tx *store.Tx) { store.NetworkInterfaces.Delete(tx, n.ID) })
	if _, err := again.Accept(); err == nil { // one that is closed fails
		t.Error("still open after its address went")
	}
}

// refusing counts how often it is asked for a listener, and gives none.
type refusing struct {
	none
	n *int
}

func (r refusing) Listen(ctx context.Context, v engine.VPC, at netip.AddrPort) (net.Listener, error) {
	*r.n++
	return r.none.Listen(ctx, v, at)
}

func TestAGatewayThatCannotBeHadIsAskedForNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		p := New(nil, Config{Network: refusing{none{}, &n}, Log: slog.New(slog.DiscardHandler)})
		s := &inside{p: p, key: insideKey{vpc, netip.MustParseAddrPort("172.31.0.4:80")}}
		p.work.Go(func() { s.listen(p.stopping) })
		time.Sleep(time.Minute)
		p.stop()
		p.work.Wait()
		if n < 12 || n > 20 {
			t.Errorf("asked %d times in a minute", n)
		}
	})
}
