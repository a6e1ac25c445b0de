package lb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func fixed(body string) types.Action {
	return types.Action{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("200"), MessageBody: aws.String(body)}}
}

func redirectTo(protocol, port string) types.Action {
	return types.Action{Type: types.ActionTypeEnumRedirect, RedirectConfig: &types.RedirectActionConfig{
		Protocol: aws.String(protocol), Port: aws.String(port), StatusCode: types.RedirectActionStatusCodeEnumHttp301}}
}

// ask sends one GET with a Host header.
func ask(t *testing.T, c *http.Client, url, host string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b strings.Builder
	if _, err := io.Copy(&b, res.Body); err != nil {
		t.Fatal(err)
	}
	return res, b.String()
}

func TestHostChoosesTheLoadBalancer(t *testing.T) {
	w := newWorld(t, Config{})
	port := freePort(t)
	old, young := w.balancer("old", nil), w.balancer("young", nil)
	w.listener(young, "HTTP", port, fixed("young"))
	l := w.listener(old, "HTTP", port, fixed("old"))
	w.run()
	url := w.bound(l)
	for host, want := range map[string]string{
		young.DNSName: "young", strings.ToUpper(young.DNSName) + ":1234": "young", young.DNSName + ".": "young",
		old.DNSName: "old", "localhost": "old", "other.test": "old", "127.0.0.1": "old", "[::1]:80": "old",
	} {
		if _, got := ask(t, client(t), url, host); got != want {
			t.Errorf("Host %q: %q answers, want %q", host, got, want)
		}
	}
}

func TestGatewayPort(t *testing.T) {
	w := newWorld(t, Config{})
	lb, bare := w.balancer("web", nil), w.balancer("bare", nil)
	w.listener(lb, "HTTP", freePort(t), fixed("any"))
	low := 1024
	for !free(low) {
		low++
	}
	l := w.listener(lb, "HTTP", low, fixed("lowest"))
	w.run()
	w.bound(l)
	serve := func(host string) (int, string, bool) {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		ok := w.p.ServeHost(rec, r)
		return rec.Code, rec.Body.String(), ok
	}
	if code, body, ok := serve(lb.DNSName + ":4566"); !ok || code != 200 || body != "lowest" {
		t.Errorf("%d %q %v, want the HTTP listener with the lowest port", code, body, ok)
	}
	if code, _, ok := serve(bare.DNSName); !ok || code != 503 {
		t.Errorf("%d %v, want 503 of a load balancer without listeners", code, ok)
	}
	if _, _, ok := serve("localhost:4566"); ok {
		t.Error("another name was served")
	}
}

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func authority(t testing.TB) (*Authority, *x509.CertPool) {
	a, err := LoadAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(a.PEM()) {
		t.Fatal("no certificate in PEM")
	}
	return a, pool
}

// secureClient dials addr whatever the URL says, so that any name can be asked for.
func secureClient(t *testing.T, pool *x509.CertPool, addr string, h2 bool) *http.Client {
	c := client(t)
	tr := c.Transport.(*http.Transport)
	tr.TLSClientConfig = &tls.Config{RootCAs: pool}
	tr.ForceAttemptHTTP2 = h2
	tr.DialContext = (&net.Dialer{}).DialContext
	dial := tr.DialContext
	tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) { return dial(ctx, network, addr) }
	return c
}

func TestHTTPS(t *testing.T) {
	ca, pool := authority(t)
	w := newWorld(t, Config{CA: ca})
	got := make(seen, 10)
	old, young := w.balancer("old", map[string]string{"routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "true"}), w.balancer("young", map[string]string{"routing.http2.enabled": "false"})
	port, g := freePort(t), w.group("g")
	l := w.listener(old, "HTTPS", port, forwardTo(g))
	w.listener(young, "HTTPS", port, fixed("young"))
	x := w.target(g, backend(t, got).Listener.Addr().String())
	w.run()
	addr := strings.TrimPrefix(w.bound(l), "https://")
	w.state(x, "healthy")

	res, _ := ask(t, secureClient(t, pool, addr, true), "https://"+old.DNSName+"/", "")
	if res.ProtoMajor != 2 {
		t.Errorf("spoke %s, want HTTP/2", res.Proto)
	}
	r := <-got
	if r.ProtoMajor != 1 || r.Header.Get("X-Forwarded-Proto") != "https" || r.Header.Get("X-Amzn-Tls-Version") != "TLSv1.3" || r.Header.Get("X-Amzn-Tls-Cipher-Suite") == "" {
		t.Errorf("%s %v", r.Proto, r.Header)
	}
	if res, body := ask(t, secureClient(t, pool, addr, true), "https://"+young.DNSName+"/", ""); res.ProtoMajor != 1 || body != "young" {
		t.Errorf("%s %q: the server name chooses; HTTP/2 is off there", res.Proto, body)
	}
	if _, body := ask(t, secureClient(t, pool, addr, true), "https://"+young.DNSName+"/", "other.test"); body != "young" {
		t.Errorf("%q: where the Host is nobody's the server name chooses", body)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "app.test", "x.elb.localhost"} {
		ask(t, secureClient(t, pool, addr, false), "https://"+name+"/", "")
		<-got
	}
	if res, err := client(t).Get("http://" + addr); err != nil || res.StatusCode != 400 {
		t.Errorf("plain HTTP to an HTTPS listener: %v %v", res, err)
	}
	if _, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool, ServerName: "localhost", MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
}

func TestHTTPAndHTTPSOnOnePort(t *testing.T) {
	ca, pool := authority(t)
	w := newWorld(t, Config{CA: ca})
	port := freePort(t)
	plain := w.listener(w.balancer("plain", nil), "HTTP", port, fixed("plain"))
	w.listener(w.balancer("secure", nil), "HTTPS", port, fixed("secure"))
	w.run()
	url := w.bound(plain)
	if _, body := get(t, client(t), url); body != "plain" {
		t.Errorf("HTTP: %q", body)
	}
	if _, body := get(t, secureClient(t, pool, strings.TrimPrefix(url, "http://"), false), "https://localhost/"); body != "secure" {
		t.Errorf("HTTPS: %q", body)
	}
}

func TestHTTPSWithoutAnAuthority(t *testing.T) {
	w := newWorld(t, Config{})
	l := w.listener(w.balancer("web", nil), "HTTPS", freePort(t), fixed("x"))
	w.run()
	w.until("the reason is told", func(tx *store.Tx) bool {
		row, _ := store.Listeners.Get(tx, l.ID)
		return row.Bound == 0 && strings.Contains(row.BindError, "certificate authority")
	})
}

func TestAuthorityIsKept(t *testing.T) {
	dir := t.TempDir()
	a, err := LoadAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := LoadAuthority(dir)
	if err != nil || !slices.Equal(a.PEM(), b.PEM()) {
		t.Errorf("a second start made another authority: %v", err)
	}
	if i, err := os.Stat(filepath.Join(dir, "ca-key.pem")); err != nil || i.Mode() != 0o600 {
		t.Errorf("key: %v %v", i.Mode(), err)
	}
	for i := range 2 * maxLeaves {
		if _, err := a.Certificate("n" + strconv.Itoa(i) + ".test"); err != nil {
			t.Fatal(err)
		}
	}
	if n := a.leaves.Len(); n > maxLeaves {
		t.Errorf("%d certificates are kept", n)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca-key.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadAuthority(dir); err == nil {
		t.Error("a broken key was taken")
	}
}

func TestPortThatIsTaken(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := other.Addr().(*net.TCPAddr).Port
	w := newWorld(t, Config{FallbackPorts: freePort(t)})
	lb := w.balancer("web", nil)
	l := w.listener(lb, "HTTP", taken, fixed("here"))
	first := w.listener(lb, "HTTP", freePort(t), redirectTo("HTTP", strconv.Itoa(taken)))
	w.run()
	url := w.bound(l)
	row := w.row(l)
	if row.Bound == taken || !strings.Contains(row.BindError, "address already in use") || !strings.Contains(row.BindError, strconv.Itoa(row.Bound)) {
		t.Fatalf("bound %d: %q", row.Bound, row.BindError)
	}
	if _, body := get(t, client(t), url); body != "here" {
		t.Fatalf("fallback port: %q", body)
	}
	if res, _ := ask(t, client(t), w.bound(first), lb.DNSName); res.Header.Get("Location") != "http://"+lb.DNSName+":"+strconv.Itoa(row.Bound)+"/" {
		t.Errorf("redirected to %s, want the port that is really bound", res.Header.Get("Location"))
	}
	other.Close()
	w.listener(lb, "HTTP", freePort(t), fixed("change"))
	w.until("the real port", func(tx *store.Tx) bool {
		n, _ := store.Listeners.Get(tx, l.ID)
		return n.Bound == taken && n.BindError == ""
	})
	if _, body := get(t, client(t), "http://127.0.0.1:"+strconv.Itoa(taken)); body != "here" {
		t.Errorf("real port: %q", body)
	}
}

func (w *world) row(l model.Listener) (row model.Listener) {
	if err := w.s.View(scope, func(tx *store.Tx) error { row, _ = store.Listeners.Get(tx, l.ID); return nil }); err != nil {
		w.t.Fatal(err)
	}
	return row
}

func TestFallbackMakesRoom(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	w := newWorld(t, Config{FallbackPorts: freePort(t)})
	lb := w.balancer("web", nil)
	a := w.listener(lb, "HTTP", taken.Addr().(*net.TCPAddr).Port, fixed("a"))
	w.run()
	w.bound(a)
	stood := w.row(a).Bound
	b := w.listener(lb, "HTTP", stood, fixed("b"))
	w.until("both bound", func(tx *store.Tx) bool {
		na, _ := store.Listeners.Get(tx, a.ID)
		nb, _ := store.Listeners.Get(tx, b.ID)
		return nb.Bound == stood && na.Bound != stood && na.Bound != 0
	})
	for l, want := range map[int]string{w.row(a).Bound: "a", stood: "b"} {
		if _, body := get(t, client(t), "http://127.0.0.1:"+strconv.Itoa(l)); body != want {
			t.Errorf("port %d: %q, want %q", l, body, want)
		}
	}
}

func TestFallbackPorts(t *testing.T) {
	for want, first := range map[int]int{80: 8080, 443: 8443, 65000: 18000} {
		if got := fallbacks(want, 18000)[0]; got != first {
			t.Errorf("port %d falls back to %d first, want %d", want, got, first)
		}
	}
}

func TestDeletedListener(t *testing.T) {
	s := newStory(t, nil, says("a"))
	c := client(t)
	get(t, c, s.url)
	s.write(func(tx *store.Tx) { store.Listeners.Delete(tx, s.l.ID) })
	s.until("health is forgotten", func(tx *store.Tx) bool {
		row, _ := store.Targets.Get(tx, s.targets[0].Key())
		return row.Health == model.TargetHealth{}
	})
	if !free(s.l.Port) {
		t.Error("the port is still bound")
	}
}

func TestChangedActionActsAtOnce(t *testing.T) {
	s := newStory(t, nil, says("a"))
	changed := s.row(s.l)
	changed.Actions = []types.Action{fixed("fixed")}
	c := client(t)
	get(t, c, s.url)
	s.write(func(tx *store.Tx) { store.Listeners.Put(tx, changed) })
	s.until("the group is out of use", func(tx *store.Tx) bool {
		row, _ := store.Targets.Get(tx, s.targets[0].Key())
		return row.Health == model.TargetHealth{}
	})
	if _, body := get(t, c, s.url); body != "fixed" {
		t.Errorf("got %q", body)
	}
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"a.test", "A.test:80", "[::1]:80", "127.0.0.1", "", ":", "[", "a..b", "a.b.", strings.Repeat("a", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := hostName(s)
		if n != strings.ToLower(n) || len(n) > len(s) {
			t.Fatalf("%q became %q", s, n)
		}
		if n != "" && !strings.HasPrefix(n, "[") && hostName(n) != n {
			t.Fatalf("%q became %q, which becomes %q", s, n, hostName(n))
		}
		if !strings.Contains(s, bareHost(s)) {
			t.Fatalf("%q became %q", s, bareHost(s))
		}
	})
}

func FuzzTraceID(f *testing.F) {
	for _, s := range []string{"", "Root=1-a-b", "Self=1-x;Root=2", ";;", "Self=;", "a=b;Root=", strings.Repeat(";", 9000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := traceID(s, "1-0-0")
		if !strings.HasPrefix(got, "Root=1-0-0") && !strings.HasPrefix(got, "Self=1-0-0") {
			t.Fatalf("%q became %q", s, got)
		}
		if strings.Count(got, "Self=1-0-0") > 1+strings.Count(s, "Self=1-0-0") || len(got) > len(s)+11 {
			t.Fatalf("%q became %q", s, got)
		}
		if again := traceID(got, "1-0-0"); !strings.Contains(again, "Root=") {
			t.Fatalf("%q has no root", again)
		}
	})
}
