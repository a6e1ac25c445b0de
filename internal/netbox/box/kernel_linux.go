package box

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/vishvananda/netlink"
)

// kernel is the namespace of the process, or of the thread that calls it.
type kernel struct {
	out    link              // of the engine's network of the VPC; kept when nothing in Underlay is on it any more
	vpc    link              // of the VPC: out, or over it
	bridge segment           // behind an instance
	tables map[string]string // what each table of ours was made from
	loud   bool              // packets that may not leave are dropped where their sender hears of it
	stands netbox.Config
	stack  func(netlink.Link) error // adds a macvlan
	hosts  string                   // path of the file
	resolv string

	mu  sync.Mutex
	now scene
}

// link is a link of the namespace. An index of 0 is none.
type link struct {
	index int
	name  string
	given netip.Prefix // the address that the engine gave
}

// newKernel looks after lo, and begins without knowing anything.
func newKernel() (*kernel, error) {
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		return nil, fmt.Errorf("lo: %w", err)
	}
	return &kernel{tables: map[string]string{}, stack: netlink.LinkAdd, hosts: "/etc/hosts", resolv: "/etc/resolv.conf"}, nil
}

// set makes the namespace so. Rules stand before the addresses that they are for.
func (k *kernel) set(c netbox.Config) error {
	if err := check(c); err != nil {
		return err
	}
	if err := k.find(c); err != nil {
		return err
	}
	if err := k.groups(c); err != nil {
		return fmt.Errorf("rules of the security groups: %w", err)
	}
	if err := k.address(c); err != nil {
		return err
	}
	if err := settle(c); err != nil {
		return fmt.Errorf("address on the bridge: %w", err)
	}
	if err := k.route(c); err != nil {
		return err
	}
	if err := k.translate(c); err != nil {
		return fmt.Errorf("host ports and link-local addresses: %w", err)
	}
	if err := names(k.hosts, withOwn(c), k.vpc.given.Addr()); err != nil {
		return err
	}
	if err := servers(k.resolv, c); err != nil {
		return err
	}
	if err := forget(k.stands.Forwards, c.Forwards); err != nil {
		return fmt.Errorf("connections of host ports that went: %w", err)
	}
	k.stands = c
	return nil
}

// check refuses what cannot be meant.
func check(c netbox.Config) error {
	if len(c.NICs) > 0 && (!c.Underlay.IsValid() || !c.VPC.IsValid()) {
		return errors.New("network interfaces without a VPC")
	}
	if len(c.Forwards) > 0 && !c.Bridge.IsValid() {
		return errors.New("host ports without a bridge")
	}
	if c.Address.IsValid() && !c.Address.Addr().Is4() || c.Bridge.IsValid() && !c.Bridge.Addr().Is4() {
		return fmt.Errorf("addresses on a bridge are IPv4: %v, %v", c.Address, c.Bridge)
	}
	for _, n := range c.NICs {
		if !n.IP.Is4() || !c.VPC.Contains(n.IP) {
			return fmt.Errorf("%s: %v is no address of %v", n.ID, n.IP, c.VPC)
		}
	}
	for _, f := range c.Forwards {
		if f.Protocol != "tcp" && f.Protocol != "udp" {
			return fmt.Errorf("no host ports of protocol %q", f.Protocol)
		}
		if f.Port < 1 || f.Count < 1 || f.Port+f.Count > 1<<16 || int(f.To.Port())+f.Count > 1<<16 || !f.To.Addr().Is4() {
			return fmt.Errorf("host port %d, %d of them, to %v", f.Port, f.Count, f.To)
		}
	}
	return nil
}

// scene is the namespace as whoever counts sees it.
func (k *kernel) scene() scene {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.now
}

// portRange is the kernel's ephemeral range; zero when it does not say.
func portRange() (r [2]int) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err == nil {
		_, err = fmt.Sscan(string(text), &r[0], &r[1])
	}
	if err != nil {
		return [2]int{}
	}
	return r
}
