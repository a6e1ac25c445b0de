package box

import (
	"encoding/binary"
	"net/netip"
)

// The protocols that have more to tell.
const (
	protoTCP = 6
	protoUDP = 17
)

// packet is what the head of an IPv4 packet tells.
type packet struct {
	tuple tuple
	bytes uint64 // all of it
	flags uint8  // of TCP, as far as flow logs tell them
}

// parsePacket reads the beginning of an IPv4 packet.
func parsePacket(b []byte) (p packet, ok bool) {
	if len(b) < 20 || b[0]>>4 != 4 {
		return p, false
	}
	src, dst := netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	p.tuple.protocol, p.bytes = b[9], uint64(binary.BigEndian.Uint16(b[2:]))
	var from, to uint16
	rest := b[min(int(b[0]&15)*4, len(b)):]
	first := binary.BigEndian.Uint16(b[6:])&0x1fff == 0 // later fragments have no ports
	if (p.tuple.protocol == protoTCP || p.tuple.protocol == protoUDP) && first && len(rest) >= 4 {
		from, to = binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])
	}
	if p.tuple.protocol == protoTCP && first && len(rest) >= 14 {
		p.flags = told(rest[13])
	}
	p.tuple.src, p.tuple.dst = netip.AddrPortFrom(src, from), netip.AddrPortFrom(dst, to)
	return p, true
}

// The TCP flags that flow logs tell.
const (
	flagFIN = 1
	flagSYN = 2
	flagRST = 4
	flagACK = 16
)

// told is what of a packet's TCP flags stands in a flow log: ACK only beside SYN.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html#flow-logs-fields
func told(flags uint8) uint8 {
	keep := uint8(flagFIN | flagSYN | flagRST)
	if flags&flagSYN != 0 {
		keep |= flagACK
	}
	return flags & keep
}

// The states of TCP connections that connection tracking knows.
//
// Source: https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/include/uapi/linux/netfilter/nf_conntrack_tcp.h
const (
	tcpSynSent  = 1
	tcpLastAck  = 6
	tcpTimeWait = 7
	tcpClose    = 8
)

// flags are the TCP flags that packets of a connection must have had for it to be in its state. A
// connection that was agreed on and then reset does not tell by whom: that RST is not in the flags,
// nor is a second FIN before it.
func flags(e entry) (orig, reply uint8) {
	if e.orig.protocol != protoTCP || e.tcp == 0 {
		return 0, 0
	}
	orig = flagSYN
	switch {
	case e.tcp == tcpSynSent:
		return orig, 0
	case e.tcp == tcpClose && !e.assured:
		if e.answered {
			reply = flagRST
		}
		return orig, reply
	}
	reply = flagSYN | flagACK
	both := e.tcp == tcpLastAck || e.tcp == tcpTimeWait
	if both || e.origCloses {
		orig |= flagFIN
	}
	if both || e.backCloses {
		reply |= flagFIN
	}
	return orig, reply
}
