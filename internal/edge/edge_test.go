package edge

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

var scope = model.Scope{Account: "000000000000", Region: "us-east-1"}

const (
	public  = "127.66.0.1"
	private = "172.31.0.10"
)

// world is an Edge over a store, whose VPC has one task with an interface of its own. What is dialled
// there is found on the loopback interface.
type world struct {
	t    *testing.T
	s    *store.Store
	e    *Edge
	to   atomic.Pointer[string] // what stands for the task
	err  atomic.Pointer[error]
	seen chan string // dials
}

func newWorld(t *testing.T) *world {
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, s: s, seen: make(chan string, 64)}
	w.e = New(s, Config{Network: w, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.write(func(tx *store.Tx) {
		store.Regions.Put(tx, model.Region{Opened: tx.Now()})
		store.VPCs.Put(tx, model.VPC{ID: "vpc-1", CIDR: "172.31.0.0/16"})
		store.Subnets.Put(tx, model.Subnet{ID: "subnet-1", VPC: "vpc-1", CIDR: "172.31.0.0/20"})
		store.InternetGateways.Put(tx, model.InternetGateway{ID: "igw-1", VPC: "vpc-1"})
		store.RouteTables.Put(tx, model.RouteTable{ID: "rtb-1", VPC: "vpc-1", Main: "rtbassoc-1", Routes: []model.Route{{CIDR: "0.0.0.0/0", Gateway: "igw-1"}}})
		store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-1", VPC: "vpc-1", Subnet: "subnet-1", IP: private, Public: public, Task: "t1"})
	})
	return w
}

func (w *world) write(fn func(*store.Tx)) {
	w.t.Helper()
	if err := w.s.Update(scope, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

// runs writes the task with a port that it bound.
func (w *world) runs(network string, port int) {
	w.write(func(tx *store.Tx) {
		store.Tasks.Put(tx, model.Task{ID: "t1", ENI: &model.ENI{ID: "eni-1", IP: private}, Is: model.Running,
			Containers: []model.Container{{Name: "web", Is: model.Running, Bindings: []model.Binding{{ContainerPort: port, Protocol: network}}}}})
	})
}

// run starts the Edge; it ends with the test.
func (w *world) run() *world {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- w.e.Run(ctx) }()
	w.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
		if n := w.e.relayed.Load(); n != 0 {
			w.t.Errorf("%d connections are left", n)
		}
	})
	return w
}

func (w *world) Dial(ctx context.Context, v engine.VPC, network string, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	w.seen <- v.ID + v.CIDR.String() + " " + network + " " + to.String()
	if from.IsValid() {
		return nil, errors.New("not from outside")
	}
	if err := w.err.Load(); err != nil {
		return nil, *err
	}
	return (&net.Dialer{}).DialContext(ctx, network, *w.to.Load())
}

// reach dials a public port until it is open.
func (w *world) reach(network string, port int) net.Conn {
	w.t.Helper()
	for {
		c, err := net.Dial(network, net.JoinHostPort(public, strconv.Itoa(port)))
		if err == nil {
			w.t.Cleanup(func() { c.Close() })
			return c
		}
		if !errors.Is(err, syscall.ECONNREFUSED) || w.t.Context().Err() != nil {
			w.t.Fatal(err)
		}
	}
}

// freePort returns a port that was free a moment ago.
func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", public+":0")
	if err != nil {
		t.Skip("no such address on this machine: ", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// upcase answers each connection with what it sent, in capitals, once its half is ended.
func (w *world) upcase() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { l.Close() })
	at := l.Addr().String()
	w.to.Store(&at)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				all, _ := io.ReadAll(c)
				_, _ = io.WriteString(c, strings.ToUpper(string(all)))
				_ = c.Close()
			}()
		}
	}()
}

func TestAPublicPortLeadsIntoTheVPC(t *testing.T) {
	w := newWorld(t)
	w.upcase()
	port := freePort(t)
	w.runs("tcp", port)
	w.run()
	c := w.reach("tcp", port)
	if _, err := io.WriteString(c, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); string(got) != "HELLO" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if want := "vpc-1172.31.0.0/16 tcp " + private + ":" + strconv.Itoa(port); <-w.seen != want {
		t.Errorf("not dialled: %s", want)
	}
}

func TestAPublicPortEndsWithItsTask(t *testing.T) {
	w := newWorld(t)
	w.upcase()
	port := freePort(t)
	w.runs("tcp", port)
	w.run()
	c := w.reach("tcp", port)
	<-w.seen
	w.write(func(tx *store.Tx) {
		row, _ := store.Tasks.Get(tx, "t1")
		row.Is, row.Containers = model.Stopped, []model.Container{{Name: "web", Is: model.Stopped}}
		store.Tasks.Put(tx, row)
	})
	if got, _ := io.ReadAll(c); len(got) > 0 {
		t.Errorf("got %q", got)
	}
	for {
		again, err := net.Dial("tcp", net.JoinHostPort(public, strconv.Itoa(port)))
		if err != nil {
			break
		}
		again.Close()
	}
}

func TestWhereNothingListensTheClientIsRefused(t *testing.T) {
	w := newWorld(t)
	refused := error(syscall.ECONNREFUSED)
	w.err.Store(&refused)
	port := freePort(t)
	w.runs("tcp", port)
	w.run()
	for {
		c, err := net.Dial("tcp", net.JoinHostPort(public, strconv.Itoa(port)))
		if err == nil {
			_, err = io.ReadAll(c)
			c.Close()
		}
		if errors.Is(err, syscall.ECONNRESET) { // before that, the port is not open
			return
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("got %v, want a reset", err)
		}
	}
}

func TestAPortThatSomebodyElseHasIsToldOnce(t *testing.T) {
	w := newWorld(t)
	var log strings.Builder
	w.e.log = slog.New(slog.NewTextHandler(&log, nil))
	tries := make(chan struct{})
	w.e.listen = func(string, string) (net.Listener, error) {
		tries <- struct{}{}
		return nil, syscall.EADDRINUSE
	}
	w.runs("tcp", 80)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.e.Run(ctx) }()
	<-tries
	<-tries
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "public port does not answer"); n != 1 || !strings.Contains(log.String(), public+":80") {
		t.Errorf("told %d times: %s", n, log.String())
	}
}

func TestDatagramsOfAClientAreAFlow(t *testing.T) {
	w := newWorld(t)
	echo, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { echo.Close() })
	go func() {
		buf := make([]byte, 100)
		for {
			n, from, err := echo.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = echo.WriteTo([]byte(strings.ToUpper(string(buf[:n]))+" "+from.String()), from)
		}
	}()
	at := echo.LocalAddr().String()
	w.to.Store(&at)
	port := freePort(t)
	w.runs("udp", port)
	w.run()
	ask := func(c net.Conn, s string) string {
		buf := make([]byte, 100)
		for { // until the port is open
			if _, err := io.WriteString(c, s); err == nil {
				_ = c.SetReadDeadline(time.Now().Add(time.Second))
				if n, err := c.Read(buf); err == nil {
					return string(buf[:n])
				}
			}
		}
	}
	one, two := w.reach("udp", port), w.reach("udp", port)
	first, second, third := ask(one, "a"), ask(one, "b"), ask(two, "c")
	if first[0] != 'A' || second[0] != 'B' || third[0] != 'C' {
		t.Errorf("got %q, %q, %q", first, second, third)
	}
	if first[1:] != second[1:] || first[1:] == third[1:] {
		t.Errorf("datagrams came from %q, %q and %q", first[1:], second[1:], third[1:])
	}
}

func TestWhatAnswersAtPublicAddresses(t *testing.T) {
	for _, c := range []struct {
		rule   string
		change func(*store.Tx)
		want   []string
	}{
		{"the container ports of a task with an interface of its own", func(*store.Tx) {}, []string{"tcp " + public + ":80 " + private + ":80"}},
		{"each port of a range, and each protocol", func(tx *store.Tx) {
			task(tx, "t1", "", model.Binding{ContainerPort: 80, Last: 81, Protocol: "tcp"}, model.Binding{ContainerPort: 53, Protocol: "udp"})
		}, []string{"tcp " + public + ":80 " + private + ":80", "tcp " + public + ":81 " + private + ":81", "udp " + public + ":53 " + private + ":53"}},
		{"nothing in a subnet that leads to no internet gateway", func(tx *store.Tx) { store.RouteTables.Delete(tx, "rtb-1") }, nil},
		{"nothing without a public address", func(tx *store.Tx) { eni(tx, model.NetworkInterface{Task: "t1"}) }, nil},
		{"nothing at an address that other machines see", func(tx *store.Tx) { eni(tx, model.NetworkInterface{Task: "t1", Public: "192.0.2.1"}) }, nil},
		{"nothing of a task that stopped", func(tx *store.Tx) {
			row, _ := store.Tasks.Get(tx, "t1")
			row.Containers = []model.Container{{Name: "web", Is: model.Stopped, Bindings: row.Containers[0].Bindings}}
			store.Tasks.Put(tx, row)
		}, nil},
		{"the host ports of the tasks of an instance", func(tx *store.Tx) {
			store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "ci", EC2: "i-1"})
			eni(tx, model.NetworkInterface{Instance: "i-1", Public: public})
			task(tx, "t2", "ci", model.Binding{ContainerPort: 80, HostPort: 32768, Protocol: "tcp"})
			task(tx, "t3", "ci", model.Binding{ContainerPort: 80, HostPort: 32769, Protocol: "tcp"}, model.Binding{ContainerPort: 80, HostPort: 32768, Protocol: "tcp"})
		}, []string{"tcp " + public + ":32768 " + private + ":32768", "tcp " + public + ":32769 " + private + ":32769"}},
		{"not on a second interface of it", func(tx *store.Tx) {
			store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "ci", EC2: "i-1"})
			eni(tx, model.NetworkInterface{Instance: "i-1", Device: 1, Public: public})
			task(tx, "t2", "ci", model.Binding{ContainerPort: 80, HostPort: 32768, Protocol: "tcp"})
		}, nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := newWorld(t)
			w.runs("tcp", 80)
			w.write(func(tx *store.Tx) {
				c.change(tx)
				var got []string
				for _, d := range doorsOf(tx, "eni-1") {
					got = append(got, d.network+" "+d.at.String()+" "+d.to.String())
				}
				slices.Sort(got)
				if !slices.Equal(got, c.want) {
					t.Errorf("got %q", got)
				}
			})
		})
	}
}

// eni puts another interface in the place of the task's.
func eni(tx *store.Tx, n model.NetworkInterface) {
	n.ID, n.VPC, n.Subnet, n.IP = "eni-1", "vpc-1", "subnet-1", private
	store.NetworkInterfaces.Put(tx, n)
}

func task(tx *store.Tx, id, instance string, bs ...model.Binding) {
	row := model.Task{ID: id, Instance: instance, Is: model.Running, Containers: []model.Container{{Name: "web", Is: model.Running, Bindings: bs}}}
	if instance == "" {
		row.ENI = &model.ENI{ID: "eni-1", IP: private}
	}
	store.Tasks.Put(tx, row)
}
