package box

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// tableGroups holds the rules of the security groups, and tableRefused drops on the VPC's link what
// they did not let out: dropped any earlier, the sender would be told, which AWS's network does not.
const (
	tableGroups  = "drydock_groups"
	tableRefused = "drydock_refused"
)

// groups enforces the security groups of the NICs: on what comes by the VPC's link before its
// destination is translated, and on what leaves by it after its source was. A table takes the place
// of the one before all at once; what conntrack knows goes on.
func (k *kernel) groups(c netbox.Config) error {
	if k.vpc.index == 0 {
		return nil
	}
	if err := k.refuse(slices.ContainsFunc(c.NICs, refuses)); err != nil {
		return err
	}
	var from []any
	for _, n := range c.NICs {
		from = append(from, n.ID, n.IP, n.Firewall)
	}
	return k.replace(tableGroups, append(from, c.Keep, c.VPC, k.loud), func() error {
		b, err := newBatch(nftables.TableFamilyIPv4, tableGroups)
		if err != nil {
			return err
		}
		if len(c.NICs) > 0 {
			b.enforce(c, k.vpc, k.out, k.loud)
		}
		return b.commit()
	})
}

// refuses reports whether there may be anything that n does not let out.
func refuses(n engine.NIC) bool {
	all := func(p netip.Prefix) bool { return p.Bits() == 0 && p.Addr().Is4() }
	return !slices.ContainsFunc(n.Firewall.Out, func(p engine.Pass) bool {
		return p.Protocol < 0 && slices.ContainsFunc(p.Peers, all)
	})
}

// refuse drops marked packets on the link, where there can be any: every packet that leaves comes by.
// Kernels before 5.16 cannot: there k is loud.
func (k *kernel) refuse(any bool) error {
	links := []link{k.vpc, k.out}
	if k.out == k.vpc {
		links = links[:1]
	}
	if !any {
		links = nil
	}
	err := k.replace(tableRefused, fmt.Sprint(links), func() error {
		b, err := newBatch(nftables.TableFamilyNetdev, tableRefused)
		if err != nil {
			return err
		}
		for _, l := range links {
			c := b.AddChain(&nftables.Chain{
				Table: b.table, Name: "egress_" + l.name, Type: nftables.ChainTypeFilter, Device: l.name,
				Hooknum: nftables.ChainHookEgress, Priority: nftables.ChainPriorityFilter,
			})
			b.add(c, marked(expr.CmpOpEq), drop())
		}
		return b.commit()
	})
	k.loud = errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT)
	if k.loud {
		return nil
	}
	return err
}

func marked(op expr.CmpOp) []expr.Any { return meta(expr.MetaKeyMARK, op, native(MarkRefused)) }

// refusedBefore is true, or with CmpOpNeq untrue, of packets of a connection that has never been let
// through.
func refusedBefore(op expr.CmpOp) []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeyMARK, Register: reg},
		&expr.Cmp{Op: op, Register: reg, Data: native(MarkRefused)},
	}
}

func markConnection(v uint32) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: reg, Data: native(v)},
		&expr.Ct{Key: expr.CtKeyMARK, Register: reg, SourceRegister: true},
	}
}

// enforce writes the chains: one for each NIC and direction, and before them what leads there.
func (b *batch) enforce(c netbox.Config, vpc, below link, loud bool) {
	b.quiet(netip.PrefixFrom(nobodyIn(c.VPC), 32))
	passed := b.AddChain(&nftables.Chain{Table: b.table, Name: "passed"})
	b.add(passed, refusedBefore(expr.CmpOpEq), markConnection(0))
	b.add(passed, accept())

	ingress := &nftables.Set{Table: b.table, Name: "ingress", IsMap: true, KeyType: nftables.TypeIPAddr, DataType: nftables.TypeVerdict}
	egress := &nftables.Set{Table: b.table, Name: "egress", IsMap: true, KeyType: nftables.TypeIPAddr, DataType: nftables.TypeVerdict}
	var ins, outs []nftables.SetElement
	for i, n := range c.NICs {
		in, out := fmt.Sprintf("in_%d", i), fmt.Sprintf("out_%d", i)
		b.nic(in, source, n.Firewall.In, rule(report(GroupIn, n.ID), drop()))
		b.nic(out, destination, n.Firewall.Out, report(GroupOut, n.ID), rule(onLo(expr.MetaKeyOIFTYPE), drop()), vanish(loud))
		ins = append(ins, nftables.SetElement{Key: n.IP.AsSlice(), VerdictData: goTo(in)})
		outs = append(outs, nftables.SetElement{Key: n.IP.AsSlice(), VerdictData: goTo(out)})
	}
	if c.Keep {
		outs = append(outs, nftables.SetElement{Key: below.given.Addr().AsSlice(), VerdictData: goTo("out_0")})
	}
	b.fill(ingress, ins)
	b.fill(egress, outs)
	b.lead("ingress", nftables.ChainHookPrerouting, *nftables.ChainPriorityMangle, notIn(vpc), choose(destination, ingress))
	b.lead("egress", nftables.ChainHookPostrouting, *nftables.ChainPriorityNATSource+50, notTo(vpc), choose(source, egress))
	b.beneath(c, below, choose(source, egress))
	if len(c.NICs) > 1 {
		b.among(c.NICs, choose(destination, ingress), choose(source, egress))
	}
}

// quiet keeps what the box announces from being tracked. Processes may mark packets too, where they may
// open raw sockets: nobody would count those, so they go nowhere.
func (b *batch) quiet(nobody netip.Prefix) {
	announced := b.AddChain(&nftables.Chain{Table: b.table, Name: "announced"})
	b.add(announced, within(destination, expr.CmpOpNeq, nobody), drop())
	b.add(announced, []expr.Any{&expr.Notrack{}})
	c := b.chain("quiet", nftables.ChainTypeFilter, nftables.ChainHookOutput, *nftables.ChainPriorityRaw)
	b.add(c, marked(expr.CmpOpEq), []expr.Any{goTo("announced")})
}

// among is for what one NIC of the namespace sends another: lo carries it, and the rules of both are
// for it nevertheless.
func (b *batch) among(nics []engine.NIC, in, out []expr.Any) {
	all := &nftables.Set{Table: b.table, Name: "nics", KeyType: nftables.TypeIPAddr}
	same := &nftables.Set{Table: b.table, Name: "same", Concatenation: true, KeyType: keyPair}
	var each, pairs []nftables.SetElement
	for _, n := range nics {
		each = append(each, nftables.SetElement{Key: n.IP.AsSlice()})
		pairs = append(pairs, nftables.SetElement{Key: append(n.IP.AsSlice(), n.IP.AsSlice()...)})
	}
	b.fill(all, each)
	b.fill(same, pairs)
	found := func(s *nftables.Set, invert bool) expr.Any {
		return &expr.Lookup{SourceRegister: reg, SetName: s.Name, SetID: s.ID, Invert: invert}
	}
	two := []expr.Any{loadAddr(source), found(all, false), loadAddr(destination), found(all, false), loadAddr(source),
		&expr.Payload{DestRegister: reg2, Base: expr.PayloadBaseNetworkHeader, Offset: destination, Len: 4}, found(same, true)}
	for _, h := range []struct {
		name     string
		hook     *nftables.ChainHook
		priority nftables.ChainPriority
		link     expr.MetaKey
		choice   []expr.Any
	}{
		{"among_in", nftables.ChainHookPrerouting, *nftables.ChainPriorityMangle + 1, expr.MetaKeyIIFTYPE, in},
		{"among_out", nftables.ChainHookPostrouting, *nftables.ChainPriorityNATSource + 51, expr.MetaKeyOIFTYPE, out},
	} {
		c := b.chain(h.name, nftables.ChainTypeFilter, h.hook, h.priority)
		b.add(c, known(), accept())
		b.add(c, onLo(h.link), two, h.choice)
	}
}

var keyPair = nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeIPAddr)

// onLo is true of packets on a loopback link.
func onLo(key expr.MetaKey) []expr.Any {
	return meta(key, expr.CmpOpEq, binaryutil.NativeEndian.PutUint16(unix.ARPHRD_LOOPBACK))
}

// lead writes a hook's chain: what is elsewhere passes, or free, and what belongs to a connection
// that was let through, which is nearly everything and comes first. The rest is led to the chain of
// its NIC. There is nothing else to have packets for.
func (b *batch) lead(name string, hook *nftables.ChainHook, priority nftables.ChainPriority, elsewhere, choice []expr.Any, free ...[]expr.Any) {
	c := b.chain(name, nftables.ChainTypeFilter, hook, priority)
	for _, f := range append([][]expr.Any{elsewhere}, free...) {
		b.add(c, f, accept())
	}
	if choice == nil {
		b.add(c, known(), accept())
	} else {
		b.add(c, known(), refusedBefore(expr.CmpOpNeq), accept())
	}
	b.add(c, marked(expr.CmpOpEq), accept()) // the box's own: see announce
	if choice != nil {
		b.add(c, choice)
	}
	b.add(c, drop())
}

func goTo(chain string) *expr.Verdict { return &expr.Verdict{Kind: expr.VerdictGoto, Chain: chain} }

func choose(offset uint32, s *nftables.Set) []expr.Any {
	return []expr.Any{loadAddr(offset), &expr.Lookup{SourceRegister: reg, DestRegister: 0, IsDestRegSet: true, SetName: s.Name, SetID: s.ID}}
}

// nic writes the chain of one NIC in one direction: what passes, then what happens to the rest.
func (b *batch) nic(name string, peer uint32, ps []engine.Pass, rest ...[]expr.Any) {
	rules := b.rules(peer, passes(ps))
	c := b.AddChain(&nftables.Chain{Table: b.table, Name: name})
	b.add(c, []expr.Any{&expr.Verdict{Kind: expr.VerdictJump, Chain: rules}})
	for _, r := range rest {
		b.add(c, r)
	}
}

// rules is the chain that lets ps through: one for all NICs with the same.
func (b *batch) rules(peer uint32, ps []pass) (name string) {
	return b.once(fmt.Sprint("rules", peer, ps), func(name string) {
		c := b.AddChain(&nftables.Chain{Table: b.table, Name: name})
		for _, p := range ps {
			for _, from := range b.peers(peer, p.peers) {
				b.add(c, p.what.match(), from, []expr.Any{goTo("passed")})
			}
		}
	})
}

// match is true of packets of the kind.
func (w what) match() []expr.Any {
	if w.protocol < 0 {
		return nil
	}
	out := proto(uint8(w.protocol))
	switch {
	case w.protocol == unix.IPPROTO_ICMP:
		for i, v := range [...]int{w.from, w.to} {
			if v >= 0 {
				out = append(out, at(uint32(i), 1), &expr.Cmp{Op: expr.CmpOpEq, Register: reg, Data: []byte{byte(v)}})
			}
		}
	case w.from >= 0 && w.from == w.to:
		out = append(out, toPort(uint16(w.from))...)
	case w.from >= 0:
		out = append(out, loadPort(reg), &expr.Range{Op: expr.CmpOpEq, Register: reg, FromData: port(uint16(w.from)), ToData: port(uint16(w.to))})
	}
	return out
}

// few is how many ranges of addresses are rules of their own: a set costs the kernel more than that.
const few = 3

// peers are true, one or the other, of packets whose address at offset is in s.
func (b *batch) peers(offset uint32, s []span) (out [][]expr.Any) {
	if len(s) == 1 && s[0] == everyone {
		return [][]expr.Any{nil}
	}
	if len(s) > few {
		name := b.once(fmt.Sprint("peers", s), func(name string) { b.addresses(name, s) })
		return [][]expr.Any{{loadAddr(offset), &expr.Lookup{SourceRegister: reg, SetName: name}}}
	}
	for _, r := range s {
		out = append(out, []expr.Any{loadAddr(offset), &expr.Range{Op: expr.CmpOpEq, Register: reg, FromData: big(r.from), ToData: big(r.to)}})
	}
	return out
}

// addresses writes the set of s.
func (b *batch) addresses(name string, s []span) {
	var elements []nftables.SetElement
	for _, r := range s {
		elements = append(elements, nftables.SetElement{Key: big(r.from)})
		if r.to != everyone.to {
			elements = append(elements, nftables.SetElement{Key: big(r.to + 1), IntervalEnd: true})
		}
	}
	b.fill(&nftables.Set{Table: b.table, Name: name, Interval: true, KeyType: nftables.TypeIPAddr}, elements)
}

// report tells the group of who counts of a packet: its headers, and the NIC's id.
func report(group uint16, nic string) []expr.Any {
	return []expr.Any{&expr.Log{
		Key:   1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_PREFIX | 1<<unix.NFTA_LOG_SNAPLEN,
		Group: group, Snaplen: 64, Data: []byte(nic),
	}}
}

// vanish drops a packet so that its sender does not hear of it, where the kernel can.
func vanish(loud bool) []expr.Any {
	if loud {
		return drop()
	}
	return rule(markConnection(MarkRefused), []expr.Any{
		&expr.Immediate{Register: reg, Data: native(MarkRefused)},
		&expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: reg},
	}, accept())
}
