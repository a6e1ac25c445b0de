package box

import (
	"cmp"
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// span is a range of addresses, both ends included.
type span struct{ from, to uint32 }

var everyone = span{0, ^uint32(0)}

// spans are the addresses of ps: in order, apart from each other, and as few as that takes. The
// kernel refuses sets in which two overlap.
func spans(ps []netip.Prefix) []span {
	var all []span
	for _, p := range ps {
		if !p.IsValid() || !p.Addr().Is4() {
			continue
		}
		from := binary.BigEndian.Uint32(p.Masked().Addr().AsSlice())
		all = append(all, span{from, from | uint32(1<<(32-p.Bits())-1)})
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	var out []span
	for _, s := range all {
		if n := len(out) - 1; n >= 0 && (s.from <= out[n].to || s.from == out[n].to+1) {
			out[n].to = max(out[n].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// pass is a rule of the kernel: what is let through, from or to which addresses.
type pass struct {
	what  what
	peers []span
}

// what is a Pass without its peers.
type what struct{ protocol, from, to int }

// passes are as few rules as there are kinds of packets in ps. What lets nothing through is gone.
func passes(ps []engine.Pass) (out []pass) {
	peers := map[what][]netip.Prefix{}
	for _, p := range ps {
		w := what{p.Protocol, p.From, p.To}
		switch {
		case p.Protocol != 1 && p.Protocol != 6 && p.Protocol != 17:
			w.from, w.to = -1, -1
		case p.Protocol != 1 && (p.From < 0 || p.From == 0 && p.To >= 0xffff):
			w.from, w.to = -1, -1
		}
		peers[w] = append(peers[w], p.Peers...)
	}
	order := func(a, b what) int {
		return cmp.Or(cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	}
	for _, w := range slices.SortedFunc(maps.Keys(peers), order) {
		if s := spans(peers[w]); len(s) > 0 {
			out = append(out, pass{w, s})
		}
	}
	return out
}
