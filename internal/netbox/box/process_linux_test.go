package box

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"golang.org/x/sys/unix"
)

// asBox makes the test binary the program itself.
const asBox = "DRYDOCK_TEST_NETBOX"

func TestMain(m *testing.M) {
	if role := os.Getenv(asBox); role != "" {
		os.Exit(Main(context.Background(), []string{role}, os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// process is a box as it runs in containers: a process in a namespace of its own.
type process struct {
	*space
	cmd     *exec.Cmd
	orders  io.Writer
	reports *bufio.Reader
}

func startBox(t *testing.T, role string) *process {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces are made by root")
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asBox+"="+role)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	cmd.Stderr = os.Stderr
	orders, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	reports, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip("this root may not make network namespaces: ", err)
	}
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{space: &space{t: t, ns: ns}, cmd: cmd, orders: orders, reports: bufio.NewReader(reports)}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Error("the box ended with", err)
		}
		_ = ns.Close()
	})
	return p
}

func (p *process) say(o netbox.Order) {
	p.t.Helper()
	text, err := json.Marshal(o)
	if err == nil {
		_, err = p.orders.Write(append(text, '\n'))
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) hear() (r netbox.Report) {
	p.t.Helper()
	line, err := p.reports.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &r)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// order says o and hears its answer, which is without an error.
func (p *process) order(o netbox.Order) {
	p.t.Helper()
	p.say(o)
	if r := p.hear(); r.ID != o.ID || r.Err != "" {
		p.t.Fatalf("%+v", r)
	}
}

func TestBoxSaysHowItStands(t *testing.T) {
	p := startBox(t, netbox.RolePause)
	if r := p.hear(); r.Ev != netbox.EvReady || r.ID != 0 || r.Ports[0] == 0 || r.Ports[1] < r.Ports[0] || r.Config == nil {
		t.Fatalf("%+v", r)
	}
	fmt.Fprint(p.orders, "the end of a line of another\n\n")
	if r := p.hear(); r.Ev != netbox.EvWarn {
		t.Fatalf("%+v", r)
	}
	p.order(netbox.Order{ID: 7, Op: netbox.OpSet, Config: &netbox.Config{Credentials: true}})
	p.say(netbox.Order{ID: 8, Op: netbox.OpHello})
	if r := p.hear(); r.Ev != netbox.EvReady || r.ID != 8 || !r.Config.Credentials {
		t.Fatalf("%+v", r)
	}
	for id, o := range map[int64]netbox.Order{
		9:  {Op: "dance"},
		10: {Op: netbox.OpSet},
		11: {Op: netbox.OpSet, Config: &netbox.Config{Underlay: prefix("10.9.0.0/16")}},
	} {
		o.ID = id
		p.say(o)
		if r := p.hear(); r.ID != id || r.Ev != netbox.EvDone || r.Err == "" {
			t.Errorf("%+v: %+v", o, r)
		}
	}
	p.say(netbox.Order{ID: 12, Op: netbox.OpHello})
	if r := p.hear(); r.ID != 12 || !r.Config.Credentials {
		t.Errorf("what failed stands: %+v", r)
	}
}

func TestLinkLocalAddressesAreAnsweredByTheDaemon(t *testing.T) {
	p := startBox(t, netbox.RolePause)
	p.hear()
	vpc := newLAN(t, "10.9.0.1/16")
	vpc.plug(p.space, "10.9.200.1/16", "10.9.0.1")
	c := eni("10.9.1.10", anything)
	c.NICs[0].Firewall.Out = nil // they are no business of security groups
	c.Credentials, c.DNS = true, true
	p.order(netbox.Order{ID: 1, Op: netbox.OpSet, Config: &c})
	p.serve(":80") // stays the task's

	t.Run("HTTP", func(t *testing.T) {
		got := make(chan string, 1)
		go func() { got <- p.fetch("http://169.254.170.2/v2/x?y=z", "body") }()
		r := p.hear()
		if r.Ev != netbox.EvHTTP || r.HTTP.URI != "/v2/x?y=z" || r.HTTP.Address != "169.254.170.2" || string(r.HTTP.Body) != "body" ||
			r.HTTP.Method != "PUT" || !strings.HasPrefix(r.HTTP.Remote, "10.9.1.10:") || r.HTTP.Header["X-Test"][0] != "1" {
			t.Fatalf("%+v %+v", r, r.HTTP)
		}
		p.say(netbox.Order{ID: r.ID, Op: netbox.OpAnswer, HTTP: &netbox.Response{Status: 418, Header: map[string][]string{"X-A": {"b"}}, Body: []byte("tea")}})
		if g := <-got; g != "418 b tea" {
			t.Error(g)
		}
	})
	t.Run("what nobody answers fails at once", func(t *testing.T) {
		if got := p.fetch("http://169.254.169.254/latest", ""); !strings.Contains(got, "invalid argument") {
			t.Error(got)
		}
	})
	for _, network := range []string{"udp4", "tcp4"} {
		t.Run("DNS over "+network, func(t *testing.T) {
			got := make(chan string, 1)
			go func() { got <- p.resolve(network, "question") }()
			r := p.hear()
			if r.Ev != netbox.EvDNS || string(r.DNS) != "question" || r.TCP != (network == "tcp4") {
				t.Fatalf("%+v", r)
			}
			p.say(netbox.Order{ID: r.ID, Op: netbox.OpAnswer, DNS: []byte("answer")})
			if g := <-got; g != "answer" {
				t.Error(g)
			}
		})
	}
	t.Run("shut again", func(t *testing.T) {
		c.Credentials = false
		p.order(netbox.Order{ID: 2, Op: netbox.OpSet, Config: &c})
		if got := p.fetch("http://169.254.170.2/", ""); !strings.Contains(got, "invalid argument") {
			t.Error(got)
		}
	})
}

// fetch puts body to url from inside.
func (s *space) fetch(url, body string) (answer string) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(_ context.Context, _, addr string) (c net.Conn, err error) {
			err = s.in(func() (err error) { c, err = net.Dial("tcp4", addr); return err })
			return c, err
		},
	}}
	req, err := http.NewRequest("PUT", url, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	req.Header.Set("X-Test", "1")
	res, err := client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(res.StatusCode, " ", res.Header.Get("X-A"), " ", string(text))
}

// resolve asks 169.254.169.253 from inside.
func (s *space) resolve(network, question string) (answer string) {
	var c net.Conn
	err := s.in(func() (err error) { c, err = net.Dial(network, "169.254.169.253:53"); return err })
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	q, b := []byte(question), make([]byte, 512)
	if network == "tcp4" {
		q = append(binary.BigEndian.AppendUint16(nil, uint16(len(q))), q...)
	}
	if _, err := c.Write(q); err != nil {
		return err.Error()
	}
	n, err := c.Read(b)
	if err != nil {
		return err.Error()
	}
	if network == "tcp4" {
		return string(bytes.TrimPrefix(b[:n], []byte{0, byte(n - 2)}))
	}
	return string(b[:n])
}

func TestGatewayGivesItsSockets(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a, b := member(t, vpc, "10.9.200.1", "10.9.1.10"), member(t, vpc, "10.9.200.2", "10.9.2.20")
	b.serve(":80")
	call := func(c netbox.Call) (*os.File, netbox.Gift) {
		t.Helper()
		ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		mine, theirs := unixConn(t, ends[0]), unixConn(t, ends[1])
		text, _ := json.Marshal(c)
		if _, err := mine.Write(append(text, '\n')); err != nil {
			t.Fatal(err)
		}
		a.must(func() error { give(t.Context(), theirs); return nil })
		answer, rights := make([]byte, 4096), make([]byte, unix.CmsgSpace(4))
		n, m, _, _, err := mine.ReadMsgUnix(answer, rights)
		var g netbox.Gift
		if err == nil {
			err = json.Unmarshal(answer[:n], &g)
		}
		if err != nil {
			t.Fatal(err)
		}
		ms, err := unix.ParseSocketControlMessage(rights[:m])
		if err != nil || len(ms) == 0 {
			return nil, g
		}
		fds, err := unix.ParseUnixRights(&ms[0])
		if err != nil {
			t.Fatal(err)
		}
		f := os.NewFile(uintptr(fds[0]), "given")
		t.Cleanup(func() { _ = f.Close() })
		return f, g
	}
	f, g := call(netbox.Call{Op: netbox.CallDial, From: addr("10.9.1.10"), To: netip.MustParseAddrPort("10.9.2.20:80")})
	if f == nil {
		t.Fatal(g)
	}
	c, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var from string
	if _, err := fmt.Fscan(c, &from); err != nil || from != "10.9.1.10" || g.Local.Addr() != addr(from) {
		t.Error(from, g, err)
	}
	if f, g := call(netbox.Call{Op: netbox.CallDial, To: netip.MustParseAddrPort("10.9.2.20:81")}); f != nil || g.Err != "connection refused" {
		t.Error(f, g)
	}
	f, g = call(netbox.Call{Op: netbox.CallListen, At: netip.MustParseAddrPort("10.9.1.10:80")})
	if f == nil {
		t.Fatal(g)
	}
	l, err := net.FileListener(f)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			fmt.Fprintln(c, "hello")
			c.Close()
		}
	}()
	b.want("10.9.1.10:80", "hello")
}

func unixConn(t *testing.T, fd int) *net.UnixConn {
	t.Helper()
	f := os.NewFile(uintptr(fd), "end")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*net.UnixConn)
}
