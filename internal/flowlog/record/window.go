package record

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// Window gathers what is told of one interface until it is written: a record a flow. The zero value is
// ready.
type Window struct {
	flows   map[key]engine.Flow
	Skipped bool // something was not counted
}

type key struct {
	accept, egress   bool
	src, dst         netip.Addr
	srcPort, dstPort uint16
	protocol         uint8
}

// mostFlows bounds the flows of a window: who asks every port of everybody makes many. Those beyond are
// told as skipped.
const mostFlows = 1 << 16

// Add takes in what was told.
func (w *Window) Add(f engine.Flow) {
	if f.Skipped {
		w.Skipped = true
		return
	}
	if w.flows == nil {
		w.flows = map[key]engine.Flow{}
	}
	k := key{f.Accept, f.Egress, f.Src, f.Dst, f.SrcPort, f.DstPort, f.Protocol}
	if was, ok := w.flows[k]; ok {
		f.Packets += was.Packets
		f.Bytes += was.Bytes
		f.TCPFlags |= was.TCPFlags
		if was.Start.Before(f.Start) {
			f.Start = was.Start
		}
		if was.End.After(f.End) {
			f.End = was.End
		}
	} else if len(w.flows) >= mostFlows {
		w.Skipped = true
		return
	}
	w.flows[k] = f
}

// Records returns what stands of a window that lasted so long, by time: its flows, then that something
// was skipped; that there was nothing where there was nothing.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html#flow-log-example-no-data
func (w *Window) Records(since, until time.Time) (rs []Record) {
	for _, f := range w.flows {
		rs = append(rs, Record{Status: OK, Flow: f})
	}
	slices.SortFunc(rs, func(a, b Record) int {
		x, y := a.Flow, b.Flow
		return cmp.Or(x.Start.Compare(y.Start), x.Src.Compare(y.Src), cmp.Compare(x.SrcPort, y.SrcPort), x.Dst.Compare(y.Dst),
			cmp.Compare(x.DstPort, y.DstPort), cmp.Compare(x.Protocol, y.Protocol))
	})
	whole := engine.Flow{Start: since, End: until}
	switch {
	case w.Skipped:
		rs = append(rs, Record{Status: SkipData, Flow: whole})
	case len(rs) == 0:
		rs = append(rs, Record{Status: NoData, Flow: whole})
	}
	return rs
}
