package box

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestContainersOfOneMachine(t *testing.T) {
	t.Run("over macvlan", func(t *testing.T) { containersOfOneMachine(t, netlink.LinkAdd) })
	t.Run("over a bridge", func(t *testing.T) { containersOfOneMachine(t, noMacvlan) })
}

func containersOfOneMachine(t *testing.T, stack func(netlink.Link) error) {
	vpc := newLAN(t, "10.9.0.1/16")
	machine, one, c := instanceWith(t, vpc, stack)
	two := newSpace(t)
	machine.cable(two, "172.17.0.3/16")
	two.serve(":80")
	one.want("172.17.0.3:80", "172.17.0.2")
	two.want("172.17.0.2:80", "172.17.0.3")
	two.want("10.9.1.10:32768", "172.17.0.1") // a host port, from behind the same machine
	machine.want("172.17.0.3:80", "172.17.0.1")
	vpc.serve(":81")
	two.want("10.9.0.1:81", "10.9.1.10")

	t.Run("hear each other's broadcasts", func(t *testing.T) {
		for name, s := range map[string]*space{"the other": one, "the machine": machine} {
			heard := s.listen(":99")
			two.tell("172.17.255.255:99", "x")
			if got := heard(); got != "172.17.0.3 x" {
				t.Errorf("%s: %s", name, got)
			}
		}
	})
	t.Run("go on when the machine is told again how it is", func(t *testing.T) {
		live, err := one.dial("172.17.0.3:80")
		if err != nil {
			t.Fatal(err)
		}
		c.Forwards = nil
		machine.set(c)
		echo := make([]byte, len("172.17.0.2\nx"))
		_, err = live.Write([]byte("x"))
		if err == nil {
			_, err = io.ReadFull(live, echo)
		}
		if string(echo) != "172.17.0.2\nx" {
			t.Errorf("%q, %v", echo, err)
		}
	})
	t.Run("have their own names", func(t *testing.T) {
		name, err := os.Hostname()
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(two.k.hosts)
		if err != nil || !strings.Contains(string(text), "172.17.0.3\t"+name+"\n") {
			t.Errorf("%q, %v", text, err)
		}
	})
}

func TestAddressesOnABridge(t *testing.T) {
	s := segment{link: link{given: netip.MustParsePrefix("10.0.0.2/29")}}
	var all []string
	for range 7 {
		all = append(all, s.next().String())
	}
	if got := strings.Join(all, " "); got != "10.0.0.1 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.1 10.0.0.3" {
		t.Error(got)
	}
}

func TestABridgeWithoutAFreeAddressSaysSo(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	machine := newSpace(t)
	vpc.plug(machine, "10.9.200.9/16", "10.9.0.1")
	c := eni("10.9.1.10", anything)
	c.Bridge = prefix("172.17.0.1/30")
	machine.set(c)
	first, second := newSpace(t), newSpace(t)
	connect := func(s *space, e end) (at netip.Prefix, err error) {
		return at, machine.in(func() error {
			at, err = machine.k.connect(int(s.ns.Fd()), e)
			return err
		})
	}
	e, gone := first.end(), false
	e.gone = func() bool { return gone }
	for range 2 { // asked again, it says the same
		if at, err := connect(first, e); err != nil || at != prefix("172.17.0.2/30") {
			t.Fatal(at, err)
		}
	}
	_, err := connect(second, second.end())
	if err == nil || err.Error() != "no address of 172.17.0.0/30 is free" {
		t.Error(err)
	}
}

// A box names the namespace of another one by its process.
func TestABoxConnectsAnother(t *testing.T) {
	machine, pause := startBox(t, netbox.RoleInstance), startBox(t, netbox.RolePause)
	machine.hear()
	pid := pause.hear().PID
	vpc := newLAN(t, "10.9.0.1/16")
	vpc.plug(machine.space, "10.9.200.9/16", "10.9.0.1")
	c := eni("10.9.1.10", anything)
	c.Bridge = prefix("172.17.0.1/16")

	machine.say(netbox.Order{ID: 1, Op: netbox.OpLink, PID: pid})
	if r := machine.hear(); r.Err != "the instance has no bridge" {
		t.Errorf("%+v", r)
	}
	machine.order(netbox.Order{ID: 2, Op: netbox.OpSet, Config: &c})
	machine.say(netbox.Order{ID: 3, Op: netbox.OpLink, PID: pid})
	r := machine.hear()
	if r.ID != 3 || r.Err != "" || r.Address != prefix("172.17.0.2/16") {
		t.Fatalf("%+v", r)
	}
	pause.order(netbox.Order{ID: 1, Op: netbox.OpSet, Config: &netbox.Config{Address: r.Address, Via: addr("172.17.0.1")}})
	pause.must(func() error {
		eth, err := netlink.LinkByName("eth0")
		if err == nil && eth.Attrs().HardwareAddr.String() != "02:42:ac:11:00:02" {
			t.Error(eth.Attrs().HardwareAddr)
		}
		return err
	})
	pause.serve(":80")
	machine.want("172.17.0.2:80", "172.17.0.1")
	machine.say(netbox.Order{ID: 4, Op: netbox.OpLink, PID: 1 << 30})
	if r := machine.hear(); !strings.Contains(r.Err, "no such file") {
		t.Errorf("%+v", r)
	}
}

// A machine passes on neither to link-local addresses nor to its own loopback.
func TestWhatAMachineKeepsFromItsContainers(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	machine, one, _ := instance(t, vpc)
	vpc.must(func() error {
		br, err := netlink.LinkByName("br0")
		if err != nil {
			return err
		}
		return up(br, "169.254.9.9/16")
	})
	vpc.serve("169.254.9.9:80")
	machine.must(func() error {
		return netlink.RouteAdd(&netlink.Route{Dst: ipnet(prefix("169.254.9.9/32")), Gw: net.ParseIP("10.9.0.1")})
	})
	machine.want("169.254.9.9:80", "10.9.1.10")
	one.want("169.254.9.9:80", "timeout")

	one.sysctl("conf/all/route_localnet", "1")
	one.must(func() error {
		own := &netlink.Route{Dst: ipnet(loopback), Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL, Scope: netlink.SCOPE_HOST}
		out := &netlink.Route{Dst: ipnet(prefix("127.0.0.5/32")), Gw: net.ParseIP("172.17.0.1")}
		return errors.Join(netlink.RouteDel(own), netlink.RouteAdd(out))
	})
	heard := machine.listen("127.0.0.5:99")
	one.tell("127.0.0.5:99", "x")
	if got := heard(); got != "nothing" {
		t.Error(got)
	}
}

// listen hears the next datagram to addr: whom it is from and what it says, or nothing.
func (s *space) listen(addr string) (heard func() string) {
	s.t.Helper()
	var c net.PacketConn
	s.must(func() (err error) {
		c, err = net.ListenPacket("udp4", addr)
		return err
	})
	return func() string {
		defer c.Close()
		b := make([]byte, 1500)
		_ = c.SetReadDeadline(time.Now().Add(patienceHere))
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return "nothing"
		}
		return addrPort(from).Addr().String() + " " + string(b[:n])
	}
}

// tell sends a datagram.
func (s *space) tell(addr, text string) {
	s.t.Helper()
	s.must(func() error {
		c, err := net.Dial("udp4", addr)
		if err != nil {
			return err
		}
		_, err = c.Write([]byte(text))
		return errors.Join(err, c.Close())
	})
}
