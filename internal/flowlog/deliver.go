package flowlog

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/flowlog/record"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// The values of DeliverLogsErrorMessage that occur here.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html
var (
	//lint:ignore ST1005 the words are EC2's
	errAccess = errors.New("Access error")
	//lint:ignore ST1005 the words are EC2's
	errUnknown = errors.New("Unknown error")
)

// add puts what was told into the windows that it belongs to, and shows it to who looks.
func (p *Part) add(t told) {
	_ = p.s.View(t.from.Scope, func(tx *store.Tx) error {
		for _, f := range t.flows {
			n := p.nics[f.NIC]
			if n == nil {
				continue
			}
			for _, l := range p.logs[n.scope] {
				if l.Covers(n.row) && (f.Skipped || l.Wants(f.Accept)) {
					p.window(tx.In(n.scope), n, l).Add(f)
				}
			}
		}
		return nil
	})
	p.show(t)
}

// batch is what is written of one flow log together.
type batch struct {
	scope model.Scope
	log   model.FlowLog
	parts []part
	err   error // of its file
}

// part is the records of one interface.
type part struct {
	w       *window
	row     model.NetworkInterface
	records []record.Record
}

// flush writes what the windows hold that end by now.
func (p *Part) flush(now time.Time) {
	over := map[time.Duration]bool{}
	for lasts, at := range p.ends {
		if !at.After(now) {
			over[lasts] = true
			delete(p.ends, lasts)
		}
	}
	batches := map[string]*batch{}
	for id, n := range p.nics {
		p.gather(batches, n, over, now)
		if !n.gone.IsZero() && now.Sub(n.gone) >= linger && len(n.windows) == 0 {
			delete(p.nics, id)
		} else if !n.gone.IsZero() {
			p.end(now, linger)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(batches)) {
		b := batches[id]
		slices.SortFunc(b.parts, func(x, y part) int { return cmp.Compare(x.row.ID, y.row.ID) })
		p.deliver(b, now)
	}
}

// gather adds the records of an interface to the batches of its flow logs, and begins new windows.
func (p *Part) gather(batches map[string]*batch, n *nic, over map[time.Duration]bool, now time.Time) {
	for id, w := range n.windows {
		if !over[w.lasts] {
			p.end(now, w.lasts)
			continue
		}
		l, rs := p.logs[n.scope][id], w.Records(w.since, now)
		silent := rs[0].Status == record.NoData
		if !n.gone.IsZero() && now.Sub(n.gone) >= linger {
			delete(n.windows, id)
		} else {
			p.end(now, w.lasts)
		}
		w.Window, w.since = record.Window{}, now
		if silent && (!w.spoken || !n.gone.IsZero()) { // as on AWS, who never spoke has no stream
			continue
		}
		if batches[id] == nil {
			batches[id] = &batch{scope: n.scope, log: l}
		}
		batches[id].parts = append(batches[id].parts, part{w, n.row, rs})
	}
}

// deliver writes a batch to where its flow log says. What comes while the flow log's last file is still
// being written is lost.
func (p *Part) deliver(b *batch, now time.Time) {
	err := p.s.View(b.scope, func(tx *store.Tx) error { b.complete(tx); return nil })
	switch {
	case err != nil:
		p.settle(b, err)
	case b.log.Directory == "":
		p.settle(b, p.toGroup(b, now))
	case p.writing[b.log.ID] || len(p.writing) >= mostFiles:
		p.settle(b, errors.New("directories do not answer"))
	default:
		p.writing[b.log.ID] = true
		go func() {
			b.err = p.toDirectory(b, now)
			p.wrote <- b
		}()
	}
}

// written takes in that a file was written, or why not.
func (p *Part) written(b *batch) {
	delete(p.writing, b.log.ID)
	p.settle(b, b.err)
}

// complete adds to the records what the rows say of their interfaces.
func (b *batch) complete(tx *store.Tx) {
	for i := range b.parts {
		n, t := described(tx, b.parts[i].row)
		for j := range b.parts[i].records {
			r := &b.parts[i].records[j]
			r.Account, r.Region, r.NIC, r.Task = b.scope.Account, b.scope.Region, n, t
		}
	}
}

// settle notes how a delivery went. What could not be delivered is lost, and told as skipped later.
func (p *Part) settle(b *batch, err error) {
	said := ""
	for i := range b.parts {
		b.parts[i].w.spoken = b.parts[i].w.spoken || err == nil
		b.parts[i].w.Skipped = b.parts[i].w.Skipped || err != nil
	}
	if err != nil {
		if said = errUnknown.Error(); errors.Is(err, errAccess) {
			said = errAccess.Error()
		}
		p.c.Log.Warn("records of a flow log are lost: they cannot be delivered", "flowlog", b.log.ID, "to", cmp.Or(b.log.Directory, b.log.Group),
			"err", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if said == b.log.Error {
		return
	}
	_ = p.s.Update(b.scope, func(tx *store.Tx) error {
		if l, ok := store.FlowLogs.Get(tx, b.log.ID); ok {
			l.Error = said
			store.FlowLogs.Put(tx, l)
		}
		return nil
	})
}
