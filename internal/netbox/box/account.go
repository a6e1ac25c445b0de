package box

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// tuple is what packets of a flow carry in one direction. Protocols without ports have port 0.
type tuple struct {
	src, dst netip.AddrPort
	protocol uint8
}

// back is the tuple of the answers, as long as nothing translates them.
func (t tuple) back() tuple { return tuple{t.dst, t.src, t.protocol} }

// sum is of packets and their bytes, IP headers included.
type sum struct{ packets, bytes uint64 }

// entry is one connection as connection tracking has it: what its packets carried when they came into
// the namespace or were made in it, in both directions, and what there was of them since it was last
// asked.
type entry struct {
	id          uint32
	orig, reply tuple
	went, came  sum // in the directions of orig and reply
	start, stop time.Time
	answered    bool  // a packet came in the direction of reply
	refused     bool  // a packet of orig was refused on its way out
	tcp         uint8 // state
	assured     bool  // for TCP: both sides agreed
	origCloses  bool  // the first FIN was sent in the direction of orig;
	backCloses  bool  // or of reply
}

// conn is how connection tracking names a connection.
type conn struct {
	id   uint32
	orig tuple
}

// seen is what was told of a connection.
type seen struct {
	orig, reply uint8 // TCP flags
	sweep       int   // the last one that it was there in
}

// row is what is told together: one flow in one direction of one interface.
type row struct {
	nic            string
	accept, egress bool
	tuple          tuple
}

// account adds up what interfaces let through and refused until it is told.
type account struct {
	rows   map[row]*engine.Flow
	conns  map[conn]seen
	sweeps int
	last   time.Time // of the last sweep: what is counted since came after it
}

func newAccount() *account {
	return &account{rows: map[row]*engine.Flow{}, conns: map[conn]seen{}}
}

// begin takes in what is there already, and counts none of it.
func (a *account) begin(es []entry, now time.Time) {
	clear(a.conns)
	for _, e := range es {
		s := seen{sweep: a.sweeps}
		s.orig, s.reply = flags(e)
		a.conns[conn{e.id, e.orig}] = s
	}
	a.last = now
}

// sweep takes in all that connection tracking has.
func (a *account) sweep(v view, es []entry, now time.Time) {
	a.sweeps++
	for _, e := range es {
		s := a.pass(v, e, now)
		s.sweep = a.sweeps
		a.conns[conn{e.id, e.orig}] = s
	}
	maps.DeleteFunc(a.conns, func(_ conn, s seen) bool { return s.sweep < a.sweeps-1 }) // its end may still be told
	a.last = now
}

// end takes in a connection that connection tracking forgot.
func (a *account) end(v view, e entry) {
	at := e.stop
	if at.IsZero() {
		at = a.last
	}
	a.pass(v, e, at)
	delete(a.conns, conn{e.id, e.orig})
}

// pass counts what an entry has, whose packets came since the last sweep and until now.
func (a *account) pass(v view, e entry, until time.Time) seen {
	s := a.conns[conn{e.id, e.orig}]
	if e.refused { // nothing of it was let through, and what was tried is counted as refused
		return s
	}
	orig, reply := flags(e)
	since := e.start
	if since.Before(a.last) {
		since = a.last
	}
	if until.Before(since) {
		until = since
	}
	for _, h := range v.halves(e) {
		n, f := e.went, orig&^s.orig
		if h.reply {
			n, f = e.came, reply&^s.reply
		}
		if n.packets > 0 {
			a.add(row{h.nic, true, h.egress, h.tuple}, n, f, since, until)
		}
	}
	if e.went.packets > 0 {
		s.orig |= orig
	}
	if e.came.packets > 0 {
		s.reply |= reply
	}
	return s
}

// refuse counts a packet that was refused.
func (a *account) refuse(v view, egress bool, p packet, at time.Time) {
	t, nic := p.tuple, ""
	if egress {
		nic, t.src = v.own(t.src)
	} else {
		nic, t.dst = v.own(t.dst)
	}
	if nic == "" || v.quiet(t, egress) {
		return
	}
	a.add(row{nic, false, egress, t}, sum{1, p.bytes}, p.flags, at, at)
}

// skip notes that not all that passed the interfaces was counted.
func (a *account) skip(v view, since, until time.Time) {
	for _, nic := range v.nics {
		r := row{nic: nic}
		a.add(r, sum{}, 0, since, until)
		a.rows[r].Skipped = true
	}
}

func (a *account) add(r row, n sum, flags uint8, since, until time.Time) {
	f := a.rows[r]
	if f == nil {
		f = &engine.Flow{NIC: r.nic, Accept: r.accept, Egress: r.egress, Src: r.tuple.src.Addr(), Dst: r.tuple.dst.Addr(),
			SrcPort: r.tuple.src.Port(), DstPort: r.tuple.dst.Port(), Protocol: r.tuple.protocol, Start: since, End: until}
		a.rows[r] = f
	}
	f.Packets += n.packets
	f.Bytes += n.bytes
	f.TCPFlags |= flags
	if since.Before(f.Start) {
		f.Start = since
	}
	if until.After(f.End) {
		f.End = until
	}
}

// take returns what was counted since it was last taken, by time.
func (a *account) take() []engine.Flow {
	all := make([]engine.Flow, 0, len(a.rows))
	for _, f := range a.rows {
		all = append(all, *f)
	}
	clear(a.rows)
	slices.SortFunc(all, func(x, y engine.Flow) int {
		return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.NIC, y.NIC), x.Src.Compare(y.Src), cmp.Compare(x.SrcPort, y.SrcPort),
			x.Dst.Compare(y.Dst), cmp.Compare(x.DstPort, y.DstPort), cmp.Compare(x.Protocol, y.Protocol))
	})
	return all
}
