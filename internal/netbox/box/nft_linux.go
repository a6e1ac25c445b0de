package box

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// The vocabulary of rules: each is a few of the kernel's expressions, over register 1. The second
// half of a pair is in the register after it, by the kernel's numbering of four bytes each.
const (
	reg  = 1
	reg2 = 9
)

func rule(parts ...[]expr.Any) (out []expr.Any) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func native(v uint32) []byte { return binaryutil.NativeEndian.PutUint32(v) }

func big(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

func port(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }

func meta(key expr.MetaKey, op expr.CmpOp, data []byte) []expr.Any {
	return []expr.Any{&expr.Meta{Key: key, Register: reg}, &expr.Cmp{Op: op, Register: reg, Data: data}}
}

func in(l link) []expr.Any    { return meta(expr.MetaKeyIIF, expr.CmpOpEq, native(uint32(l.index))) }
func notIn(l link) []expr.Any { return meta(expr.MetaKeyIIF, expr.CmpOpNeq, native(uint32(l.index))) }
func to(l link) []expr.Any    { return meta(expr.MetaKeyOIF, expr.CmpOpEq, native(uint32(l.index))) }
func notTo(l link) []expr.Any { return meta(expr.MetaKeyOIF, expr.CmpOpNeq, native(uint32(l.index))) }

func proto(number uint8) []expr.Any {
	return meta(expr.MetaKeyL4PROTO, expr.CmpOpEq, []byte{number})
}

// The offsets of both addresses in an IPv4 header.
const (
	source      = 12
	destination = 16
)

func loadAddr(offset uint32) expr.Any {
	return &expr.Payload{DestRegister: reg, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4}
}

// within compares the address at offset with p.
func within(offset uint32, op expr.CmpOp, p netip.Prefix) []expr.Any {
	p = p.Masked()
	out := []expr.Any{loadAddr(offset)}
	if p.Bits() < 32 {
		mask := binary.BigEndian.AppendUint32(nil, ^uint32(0)<<(32-p.Bits()))
		if p.Bits() == 0 {
			mask = make([]byte, 4)
		}
		out = append(out, &expr.Bitwise{SourceRegister: reg, DestRegister: reg, Len: 4, Mask: mask, Xor: make([]byte, 4)})
	}
	return append(out, &expr.Cmp{Op: op, Register: reg, Data: p.Addr().AsSlice()})
}

func is(offset uint32, a netip.Addr) []expr.Any {
	return within(offset, expr.CmpOpEq, netip.PrefixFrom(a, 32))
}

// at loads of the header behind IP's.
func at(offset, length uint32) expr.Any {
	return &expr.Payload{DestRegister: reg, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: length}
}

// loadPort loads the port that a packet goes to.
func loadPort(register uint32) expr.Any {
	return &expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2}
}

func toPort(p uint16) []expr.Any {
	return []expr.Any{loadPort(reg), &expr.Cmp{Op: expr.CmpOpEq, Register: reg, Data: port(p)}}
}

// toUs is true of packets to any address of the namespace.
func toUs() []expr.Any {
	return []expr.Any{
		&expr.Fib{Register: reg, FlagDADDR: true, ResultADDRTYPE: true},
		&expr.Cmp{Op: expr.CmpOpEq, Register: reg, Data: native(unix.RTN_LOCAL)},
	}
}

// ct is true of packets of whose connection any of bits is set.
func ct(key expr.CtKey, bits uint32) []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: key, Register: reg},
		&expr.Bitwise{SourceRegister: reg, DestRegister: reg, Len: 4, Mask: native(bits), Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: reg, Data: make([]byte, 4)},
	}
}

// known is true of connections that were let through once, and of what belongs to them.
func known() []expr.Any {
	return ct(expr.CtKeySTATE, expr.CtStateBitESTABLISHED|expr.CtStateBitRELATED)
}

// statusDNAT is IPS_DST_NAT: the connection's destination was translated.
const statusDNAT = 1 << 5

func verdict(v expr.VerdictKind) []expr.Any { return []expr.Any{&expr.Verdict{Kind: v}} }

func accept() []expr.Any { return verdict(expr.VerdictAccept) }
func drop() []expr.Any   { return verdict(expr.VerdictDrop) }

func snat(a netip.Addr) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: reg, Data: a.AsSlice()},
		&expr.NAT{Type: expr.NATTypeSourceNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: reg},
	}
}

func dnat(a netip.AddrPort) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: reg, Data: a.Addr().AsSlice()},
		&expr.Immediate{Register: reg2, Data: port(a.Port())},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: reg, RegProtoMin: reg2},
	}
}

func masquerade() []expr.Any { return []expr.Any{&expr.Masq{}} }

// batch is a table that takes the place of the one of its name, all at once.
type batch struct {
	*nftables.Conn
	table *nftables.Table
	made  map[string]string // names of what is made but once, by what it is
	err   error
}

func newBatch(family nftables.TableFamily, name string) (*batch, error) {
	// The kernel answers each of a batch's messages, all at once, and takes no more than fits its
	// buffers: a gateway of a hundred interfaces needs more than they begin with.
	c, err := nftables.New(nftables.WithSockOptions(func(c *netlink.Conn) error {
		return errors.Join(c.SetReadBuffer(64<<20), c.SetWriteBuffer(64<<20))
	}))
	if err != nil {
		return nil, err
	}
	t := &nftables.Table{Family: family, Name: name}
	c.AddTable(t)
	c.DelTable(t)
	return &batch{Conn: c, table: c.AddTable(t), made: map[string]string{}}, nil
}

// once is the name of a thing that is described by what; the first time it has it made.
func (b *batch) once(what string, build func(name string)) string {
	name, ok := b.made[what]
	if !ok {
		name = fmt.Sprintf("n%d", len(b.made))
		b.made[what] = name
		build(name)
	}
	return name
}

// chain is where a hook's packets come by; what no rule decides passes.
func (b *batch) chain(name string, kind nftables.ChainType, hook *nftables.ChainHook, priority nftables.ChainPriority) *nftables.Chain {
	return b.AddChain(&nftables.Chain{Table: b.table, Name: name, Type: kind, Hooknum: hook, Priority: &priority})
}

func (b *batch) add(c *nftables.Chain, parts ...[]expr.Any) {
	b.AddRule(&nftables.Rule{Table: b.table, Chain: c, Exprs: rule(parts...)})
}

// fill puts elements into a set, as many at a time as one message holds.
func (b *batch) fill(s *nftables.Set, all []nftables.SetElement) {
	const most = 500
	if err := b.AddSet(s, nil); err != nil && b.err == nil {
		b.err = err
	}
	for len(all) > 0 {
		n := min(most, len(all))
		if err := b.SetAddElements(s, all[:n]); err != nil && b.err == nil {
			b.err = err
		}
		all = all[n:]
	}
}

func (b *batch) commit() error {
	if b.err != nil {
		return b.err
	}
	return b.Flush()
}
