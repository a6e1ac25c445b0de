package box

import (
	"errors"
	"net"
	"net/netip"
	"syscall"

	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// announce tells the VPC's other members where c's addresses are now: an address is given to one
// interface after another, and neighbours remember the last one's MAC for most of a minute. A box
// may not write ARP packets; but the kernel asks everybody, in the name of an address, where another
// is that it does not know. So each address sends a packet to where nobody is: the VPC's fourth
// address, which AWS keeps to itself. The packet has the mark of those that are refused, and is not
// tracked; nobody counts it.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
func (k *kernel) announce(c netbox.Config, fresh []netip.Prefix) error {
	nobody := nobodyIn(c.VPC)
	for _, a := range fresh {
		if !c.VPC.Contains(a.Addr()) || a.Addr() == nobody {
			continue
		}
		err := netlink.NeighDel(&netlink.Neigh{LinkIndex: k.vpc.index, Family: netlink.FAMILY_V4, IP: nobody.AsSlice()})
		if err := ignore(err, unix.ENOENT); err != nil {
			return err
		}
		if err := whisper(a.Addr(), nobody); err != nil {
			return err
		}
	}
	return nil
}

// nobodyIn is the fourth address of a VPC.
func nobodyIn(vpc netip.Prefix) netip.Addr {
	at := vpc.Masked().Addr()
	for range 3 {
		at = at.Next()
	}
	return at
}

// whisper sends a marked packet.
func whisper(from, to netip.Addr) error {
	d := net.Dialer{LocalAddr: net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)), Control: mark}
	c, err := d.Dial("udp4", netip.AddrPortFrom(to, 9).String())
	if err != nil {
		return err
	}
	_, err = c.Write([]byte{0})
	return errors.Join(err, c.Close())
}

func mark(_, _ string, c syscall.RawConn) (err error) {
	return errors.Join(c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK, MarkRefused)
	}), err)
}
