package box

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"sync"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// flowRoom is how many reports of flows wait for a daemon that does not read. What comes after is
// lost, and counted.
const flowRoom = 256

// outbox is what is to be said. Nobody who puts something in waits: a daemon that does not read
// stops the writer alone. Answers and requests are never lost; there are as many as are asked for, and a
// request that nobody waits for any more is taken back.
type outbox struct {
	w    io.Writer
	some chan struct{} // has a value while something may be there

	mu    sync.Mutex
	must  []netbox.Report
	flows []netbox.Report
	lost  int // reports of flows since the last one that was said
}

func newOutbox(w io.Writer) *outbox { return &outbox{w: w, some: make(chan struct{}, 1)} }

func (o *outbox) say(r netbox.Report) {
	o.mu.Lock()
	if r.Ev != netbox.EvFlows {
		o.must = append(o.must, r)
	} else if len(o.flows) < flowRoom {
		o.flows = append(o.flows, r)
	} else {
		o.lost++
	}
	o.mu.Unlock()
	o.wake()
}

// sayLast says r after the flows that wait to be said.
func (o *outbox) sayLast(r netbox.Report) {
	o.mu.Lock()
	o.flows = append(o.flows, r)
	o.mu.Unlock()
	o.wake()
}

// unsay takes a request back that was not said yet.
func (o *outbox) unsay(id int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.must = slices.DeleteFunc(o.must, func(r netbox.Report) bool { return r.ID == id && (r.Ev == netbox.EvHTTP || r.Ev == netbox.EvDNS) })
}

func (o *outbox) wake() {
	select {
	case o.some <- struct{}{}:
	default:
	}
}

// next is the next thing to say: flows last.
func (o *outbox) next() (r netbox.Report, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case len(o.must) > 0:
		r, o.must = o.must[0], o.must[1:]
	case len(o.flows) > 0:
		r, o.flows = o.flows[0], o.flows[1:]
		r.Lost, o.lost = o.lost, 0
	default:
		return r, false
	}
	return r, true
}

// run writes until ctx ends. What cannot be written has no reader: it is let go.
func (o *outbox) run(ctx context.Context) {
	enc := json.NewEncoder(o.w)
	for {
		for r, ok := o.next(); ok; r, ok = o.next() {
			_ = enc.Encode(r)
		}
		select {
		case <-ctx.Done():
			return
		case <-o.some:
		}
	}
}
