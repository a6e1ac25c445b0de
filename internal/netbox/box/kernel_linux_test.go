package box

import (
	"fmt"
	"io"
	"net/netip"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }

// anything is a firewall that lets everything through.
var anything = engine.Firewall{
	In:  []engine.Pass{{Protocol: -1, Peers: []netip.Prefix{prefix("0.0.0.0/0")}}},
	Out: []engine.Pass{{Protocol: -1, Peers: []netip.Prefix{prefix("0.0.0.0/0")}}},
}

// eni is an interface of VPC 10.9.0.0/16, whose router is .0.1.
func eni(ip string, f engine.Firewall) netbox.Config {
	return netbox.Config{
		Underlay: prefix("10.9.0.0/16"), VPC: prefix("10.9.0.0/16"), Router: addr("10.9.0.1"),
		NICs: []engine.NIC{{ID: "eni-" + ip, IP: addr(ip), MAC: "0a:58:0a:09:00:" + ip[len(ip)-2:], Firewall: f}},
	}
}

// member is a namespace on the VPC's network, with an interface.
func member(t testing.TB, vpc *lan, given, ip string) *space {
	t.Helper()
	s := newSpace(t)
	vpc.plug(s, given+"/16", "10.9.0.1")
	s.set(eni(ip, anything))
	return s
}

func TestNamespaceHasTheAddressesOfItsInterfaces(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a, b := member(t, vpc, "10.9.200.1", "10.9.1.10"), member(t, vpc, "10.9.200.2", "10.9.2.20")
	a.serve(":80")
	b.want("10.9.1.10:80", "10.9.2.20")
	vpc.want("10.9.1.10:80", "10.9.0.1")
	if got := b.ask("10.9.200.1:80"); got == "10.9.2.20" {
		t.Error("the engine's address answers still")
	}
	t.Run("one more, and the first goes", func(t *testing.T) {
		c := eni("10.9.1.11", anything)
		c.NICs = append(c.NICs, eni("10.9.1.12", anything).NICs...)
		a.set(c)
		b.want("10.9.1.11:80", "10.9.2.20")
		b.want("10.9.1.12:80", "10.9.2.20")
		b.serve(":81")
		a.want("10.9.2.20:81", "10.9.1.11")
	})
}

func TestSetAgainChangesNothing(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a := member(t, vpc, "10.9.200.1", "10.9.1.10")
	changes := make(chan string, 64)
	stop := make(chan struct{})
	defer close(stop)
	a.must(func() error {
		addrs, routes, links := make(chan netlink.AddrUpdate), make(chan netlink.RouteUpdate), make(chan netlink.LinkUpdate)
		go func() {
			for {
				select {
				case u := <-addrs:
					changes <- "address " + u.LinkAddress.String()
				case u := <-routes:
					changes <- "route " + u.String()
				case u := <-links:
					changes <- "link " + u.Attrs().Name
				case <-stop:
					return
				}
			}
		}()
		if err := netlink.AddrSubscribe(addrs, stop); err != nil {
			return err
		}
		if err := netlink.RouteSubscribe(routes, stop); err != nil {
			return err
		}
		return netlink.LinkSubscribe(links, stop)
	})
	a.set(eni("10.9.1.10", anything))
	a.must(func() error { // whatever was said is said before this
		return netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "last"}})
	})
	for c := range changes {
		if c == "link last" {
			return
		}
		t.Error(c)
	}
}

// instance is the machine of an instance at 10.9.1.10 with the bridge 172.17.0.0/16, and a container
// there at .2.
func instance(t testing.TB, vpc *lan) (machine, container *space, c netbox.Config) {
	return instanceWith(t, vpc, netlink.LinkAdd)
}

// noMacvlan is a kernel that has none.
func noMacvlan(netlink.Link) error { return unix.EOPNOTSUPP }

func instanceWith(t testing.TB, vpc *lan, stack func(netlink.Link) error) (machine, container *space, c netbox.Config) {
	machine, container = newSpace(t), newSpace(t)
	machine.k.stack = stack
	vpc.plug(machine, "10.9.200.9/16", "10.9.0.1")
	machine.sysctl("ip_forward", "1")
	machine.sysctl("conf/all/route_localnet", "1")
	c = eni("10.9.1.10", anything)
	c.Bridge = prefix("172.17.0.1/16")
	c.Forwards = []netbox.Forward{{Protocol: "tcp", Port: 32768, Count: 1, To: netip.MustParseAddrPort("172.17.0.2:80")}}
	machine.set(c)
	machine.cable(container, "172.17.0.2/16")
	container.serve(":80")
	return machine, container, c
}

// cable connects a container with the bridge of a machine, where it is to have that address.
func (s *space) cable(container *space, at string) {
	s.t.Helper()
	s.must(func() error {
		got, err := s.k.connect(int(container.ns.Fd()), container.end())
		if err == nil && got != prefix(at) {
			err = fmt.Errorf("the container is at %v, not %s", got, at)
		}
		return err
	})
	container.set(netbox.Config{Address: prefix(at), Via: addr("172.17.0.1")})
}

// end is what the machine remembers of a container, which stays as long as the test.
func (s *space) end() end {
	var st unix.Stat_t
	if err := unix.Fstat(int(s.ns.Fd()), &st); err != nil {
		s.t.Fatal(err)
	}
	return end{st.Ino, func() bool { return false }}
}

func TestHostPorts(t *testing.T) {
	t.Run("over macvlan", func(t *testing.T) { hostPorts(t, netlink.LinkAdd) })
	t.Run("over a bridge", func(t *testing.T) { hostPorts(t, noMacvlan) })
}

func hostPorts(t *testing.T, stack func(netlink.Link) error) {
	vpc := newLAN(t, "10.9.0.1/16")
	machine, container, c := instanceWith(t, vpc, stack)
	peer := member(t, vpc, "10.9.200.2", "10.9.2.20")
	peer.serve(":81")
	machine.serve(":82")

	vpc.want("10.9.1.10:32768", "10.9.0.1")
	peer.want("10.9.1.10:32768", "10.9.2.20") // the client's own address
	machine.want("10.9.1.10:32768", "10.9.1.10")
	machine.want("127.0.0.1:32768", "172.17.0.1")
	container.want("10.9.1.10:32768", "172.17.0.1") // led back to itself
	container.want("172.17.0.1:32768", "172.17.0.1")
	container.want("10.9.2.20:81", "10.9.1.10") // behind the instance's address
	container.want("10.9.1.10:82", "172.17.0.2")
	peer.want("10.9.1.10:32769", "refused")
	if got := container.ask("127.0.0.1:82"); got != "refused" {
		t.Error("lo of the instance:", got)
	}

	t.Run("a range, then none", func(t *testing.T) {
		c.Forwards = []netbox.Forward{{Protocol: "tcp", Port: 1000, Count: 1200, To: netip.MustParseAddrPort("172.17.0.2:2000")}}
		machine.set(c)
		container.serve(":3199")
		peer.want("10.9.1.10:2199", "10.9.2.20")
		peer.want("10.9.1.10:32768", "refused")
		live, err := peer.dial("10.9.1.10:2199")
		if err != nil {
			t.Fatal(err)
		}
		c.Forwards = nil
		machine.set(c)
		peer.want("10.9.1.10:2199", "refused")
		if _, err := live.Write([]byte("x")); err == nil {
			if _, err = io.Copy(io.Discard, live); err == nil {
				t.Error("a connection outlived its host port")
			}
		}
	})
}

func TestAddressKeptForWhatLeavesTheVPC(t *testing.T) {
	underlay := newLAN(t, "198.18.0.1/24")
	a, b := newSpace(t), newSpace(t)
	keep := func(ip string) netbox.Config {
		c := eni(ip, anything)
		c.Underlay, c.Router, c.Keep = prefix("198.18.0.0/24"), addr("198.18.0.1"), true
		return c
	}
	for s, ip := range map[*space]string{a: "10.9.1.10", b: "10.9.1.20"} {
		underlay.plug(s, "198.18.0.1"+ip[len(ip)-2:]+"/24", "198.18.0.1")
		s.set(keep(ip))
		s.serve(":80")
	}
	underlay.serve(":80")
	a.want("10.9.1.20:80", "10.9.1.10")
	b.want("10.9.1.10:80", "10.9.1.20")
	a.want("198.18.0.1:80", "198.18.0.110")
	underlay.want("198.18.0.110:80", "timeout")
	t.Run("and rules are for both", func(t *testing.T) {
		c := keep("10.9.1.10")
		c.NICs[0].Firewall = engine.Firewall{Out: []engine.Pass{{Protocol: 6, From: 80, To: 80, Peers: []netip.Prefix{prefix("10.9.0.0/16")}}}}
		a.set(c)
		a.want("198.18.0.1:80", "timeout")
		a.want("10.9.1.20:80", "10.9.1.10")
		b.want("10.9.1.10:80", "timeout")
	})
}

func TestAddressGoesFromOneNamespaceToAnother(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a, b, c := member(t, vpc, "10.9.200.1", "10.9.1.10"), member(t, vpc, "10.9.200.2", "10.9.2.20"), newSpace(t)
	a.serve(":80")
	b.want("10.9.1.10:80", "10.9.2.20")
	a.set(eni("10.9.1.11", anything))
	vpc.plug(c, "10.9.200.3/16", "10.9.0.1")
	moved := eni("10.9.1.10", anything)
	moved.NICs[0].MAC = "0a:58:0a:09:99:99"
	c.serve(":80")
	// Neighbours do not take a change within a second of the last.
	for range 20 {
		c.set(netbox.Config{Underlay: moved.Underlay})
		c.set(moved)
		if b.ask("10.9.1.10:80") == "10.9.2.20" {
			return
		}
	}
	t.Error("the neighbours do not know")
}
