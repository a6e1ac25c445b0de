package box

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// tableNAT translates addresses: host ports, what leaves an instance for others, and link-local
// addresses. The docker engine has a table "nat" of its own.
const tableNAT = "drydock_nat"

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// translate replaces the table when what it comes from is another.
func (k *kernel) translate(c netbox.Config) error {
	return k.replace(tableNAT, natFrom(c, k.vpc, k.out, k.bridge.link), func() error {
		b, err := newBatch(nftables.TableFamilyIPv4, tableNAT)
		if err != nil {
			return err
		}
		before := b.chain("prerouting", nftables.ChainTypeNAT, nftables.ChainHookPrerouting, *nftables.ChainPriorityNATDest)
		local := b.chain("output", nftables.ChainTypeNAT, nftables.ChainHookOutput, *nftables.ChainPriorityNATDest)
		after := b.chain("postrouting", nftables.ChainTypeNAT, nftables.ChainHookPostrouting, *nftables.ChainPriorityNATSource)
		b.doors(local, c)
		b.guard(before, c, k.bridge.link)
		b.forwards(c, before, local)
		b.hide(after, c, k.vpc, k.out, k.bridge.link)
		return b.commit()
	})
}

// natFrom is all that the table depends on.
func natFrom(c netbox.Config, links ...link) any {
	var first engine.NIC
	if len(c.NICs) > 0 {
		first.IP = c.NICs[0].IP
	}
	c.Names, c.Servers, c.Search, c.NICs = nil, nil, nil, []engine.NIC{first}
	return []any{c, fmt.Sprint(links)}
}

// replace does build when what it comes from is not what stands.
func (k *kernel) replace(table string, from any, build func() error) error {
	key, err := json.Marshal(from)
	if err != nil || k.tables[table] == string(key) {
		return err
	}
	delete(k.tables, table)
	if err := build(); err != nil {
		return err
	}
	k.tables[table] = string(key)
	return nil
}

// doors leads what processes in here send to link-local addresses to the box's listeners.
func (b *batch) doors(local *nftables.Chain, c netbox.Config) {
	open, _ := doorsOf(c)
	for _, d := range open {
		protocols := []string{"tcp"}
		if d.dns {
			protocols = append(protocols, "udp")
		}
		for _, p := range protocols {
			b.add(local, is(destination, d.addr.Addr()), proto(number(p)), toPort(d.addr.Port()), dnat(d.at))
		}
	}
}

var (
	keyPort = nftables.MustConcatSetType(nftables.TypeInetProto, nftables.TypeInetService)
	valPort = nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeInetService)
)

// forwards leads host ports to where they belong, whichever address of the instance they were asked
// at, as Docker's ports on 0.0.0.0.
func (b *batch) forwards(c netbox.Config, before, local *nftables.Chain) {
	if len(c.Forwards) == 0 {
		return
	}
	ports := &nftables.Set{Table: b.table, Name: "ports", IsMap: true, Concatenation: true, KeyType: keyPort, DataType: valPort}
	var elements []nftables.SetElement
	for _, f := range c.Forwards {
		for i := range f.Count {
			key := append([]byte{number(f.Protocol), 0, 0, 0}, append(port(uint16(f.Port+i)), 0, 0)...)
			val := append(f.To.Addr().AsSlice(), append(port(f.To.Port()+uint16(i)), 0, 0)...)
			elements = append(elements, nftables.SetElement{Key: key, Val: val})
		}
	}
	b.fill(ports, elements)
	lead := []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: reg}, loadPort(reg2),
		&expr.Lookup{SourceRegister: reg, DestRegister: reg, IsDestRegSet: true, SetName: ports.Name, SetID: ports.ID},
		&expr.NAT{Type: expr.NATTypeDestNAT, RegAddrMin: reg, RegProtoMin: reg2, Family: uint32(nftables.TableFamilyIPv4)},
	}
	for _, chain := range []*nftables.Chain{before, local} {
		b.add(chain, toUs(), lead)
	}
}

// hide gives what leaves the address that its answers come back to.
func (b *batch) hide(after *nftables.Chain, c netbox.Config, vpc, out, bridge link) {
	if c.Bridge.IsValid() {
		// A container that reaches a host port of its own instance would be answered directly, by
		// an address that it did not ask; a process of the instance, at an address of lo.
		b.add(after, to(bridge), ct(expr.CtKeySTATUS, statusDNAT), within(source, expr.CmpOpEq, c.Bridge), masquerade())
		b.add(after, to(bridge), within(source, expr.CmpOpEq, loopback), masquerade())
	}
	if len(c.NICs) == 0 {
		return
	}
	if c.Keep {
		b.add(after, to(out), within(source, expr.CmpOpNeq, netip.PrefixFrom(out.given.Addr(), 32)), snat(out.given.Addr()))
	}
	if c.Bridge.IsValid() {
		b.add(after, to(vpc), within(source, expr.CmpOpEq, c.Bridge), snat(c.NICs[0].IP))
	}
}

var linkLocal = netip.MustParsePrefix("169.254.0.0/16")

// guard keeps what an instance passes on between what it is for: here, where only the first packet of
// a connection comes by. Each container in bridge mode has a box of its own, which answers link-local
// addresses.
func (b *batch) guard(before *nftables.Chain, c netbox.Config, bridge link) {
	if !c.Bridge.IsValid() {
		return
	}
	b.add(before, within(destination, expr.CmpOpEq, linkLocal), drop())
	// 127.0.0.0/8 is within reach of the bridge where the kernel routes it, and not meant to be.
	b.add(before, in(bridge), within(destination, expr.CmpOpEq, loopback), drop())
	// A host port may lead back to where it was asked from. That there is a shorter way is not to be
	// told: it does not translate.
	out := b.chain("redirects", nftables.ChainTypeFilter, nftables.ChainHookOutput, *nftables.ChainPriorityFilter)
	b.add(out, what{protocol: 1, from: 5, to: -1}.match(), drop())
}
