package docker

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/netip"
	"strings"
)

// DefaultPool is where subnets of the engine come from that nobody else chose: a range that is for
// tests of network equipment, and so of no network that a machine is in.
//
// Source: https://www.rfc-editor.org/rfc/rfc2544
var DefaultPool = netip.MustParsePrefix("198.18.0.0/15")

// free returns the first subnet of pool, of that many bits, that meets none of the taken ones; the
// last with last. ok is false when there is none.
func free(pool netip.Prefix, bits int, last bool, taken []netip.Prefix) (p netip.Prefix, ok bool) {
	bits = max(bits, pool.Bits())
	count, step := uint32(1)<<(bits-pool.Bits()), uint32(1)<<(32-bits)
	base := number(pool.Masked().Addr())
	for i := range count {
		n := i
		if last {
			n = count - 1 - i
		}
		p := netip.PrefixFrom(address(base+n*step), bits)
		if !meets(p, taken) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// meets reports whether p shares an address with one of the others.
func meets(p netip.Prefix, others []netip.Prefix) bool {
	for _, o := range others {
		if p.Overlaps(o) {
			return true
		}
	}
	return false
}

func number(a netip.Addr) uint32 { b := a.As4(); return binary.BigEndian.Uint32(b[:]) }

func address(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

// nth is the n-th address of p; the network's own is the zeroth.
func nth(p netip.Prefix, n uint32) netip.Addr { return address(number(p.Masked().Addr()) + n) }

// passing is the part of p that the engine takes addresses from which boxes give up at once: its last
// quarter, so that they are not those of interfaces, where that is large enough.
func passing(p netip.Prefix) netip.Prefix {
	if p.Bits() > 20 {
		return p
	}
	return netip.PrefixFrom(address(number(p.Masked().Addr())+3<<(30-p.Bits())), p.Bits()+2)
}

// readRoutes reads the kernel's IPv4 routes but for the default ones.
//
// Source: https://man7.org/linux/man-pages/man5/proc_pid_net.5.html (/proc/net/route)
func readRoutes(from io.Reader) (all []netip.Prefix) {
	for s := bufio.NewScanner(from); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) < 8 {
			continue
		}
		to, err := hex.DecodeString(f[1])
		mask, err2 := hex.DecodeString(f[7])
		if err != nil || err2 != nil || len(to) != 4 || len(mask) != 4 {
			continue
		}
		bits := 0
		for m := binary.LittleEndian.Uint32(mask); m != 0; m <<= 1 {
			bits++
		}
		if bits > 0 {
			all = append(all, netip.PrefixFrom(address(binary.LittleEndian.Uint32(to)), bits).Masked())
		}
	}
	return all
}
