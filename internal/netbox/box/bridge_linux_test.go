package box

import (
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/vishvananda/netlink"
)

func TestContainersOfOneMachine(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	machine, one, c := instance(t, vpc)
	two := newSpace(t)
	machine.cable(two, "172.17.0.3/16")
	two.serve(":80")
	one.want("172.17.0.3:80", "172.17.0.2")
	two.want("172.17.0.2:80", "172.17.0.3")
	two.want("10.9.1.10:32768", "172.17.0.1") // a host port, from behind the same machine
	machine.want("172.17.0.3:80", "172.17.0.1")
	vpc.serve(":81")
	two.want("10.9.0.1:81", "10.9.1.10")

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
	k := kernel{bridge: link{given: netip.MustParsePrefix("10.0.0.2/29")}}
	var all []string
	for range 7 {
		all = append(all, k.nextAddress().String())
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
	machine.must(func() error {
		_, err := machine.k.connect(int(newSpace(t).ns.Fd()))
		return err
	})
	err := machine.in(func() error {
		_, err := machine.k.connect(int(newSpace(t).ns.Fd()))
		return err
	})
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
