package flowlog

import (
	"maps"
	"time"

	"github.com/drydock-ecs/drydock/internal/flowlog/record"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// nic is a network interface that is watched, or was until a short while ago.
type nic struct {
	scope   model.Scope
	row     model.NetworkInterface // as it was last
	gone    time.Time              // since when there is no such row
	windows map[string]*window     // by flow log
}

// window is what one flow log is to tell of one interface next.
type window struct {
	record.Window
	lasts  time.Duration
	since  time.Time
	spoken bool // something was written of the interface already
}

// linger is how long an interface that is gone is remembered at least: what was counted last is told a
// moment later.
const linger = 3 * time.Second

// changed takes in which flow logs and interfaces there are.
func (p *Part) changed(cs store.Changes) {
	_ = p.s.View(model.Scope{}, func(tx *store.Tx) error {
		whole := cs.Full
		for _, sc := range cs.Scopes() {
			for range cs.Keys(sc, store.FlowLogs.Name()) {
				whole = true
				break
			}
		}
		if whole {
			p.read(tx, cs.Full)
			return nil
		}
		for _, sc := range cs.Scopes() {
			for id := range cs.Keys(sc, store.NetworkInterfaces.Name()) {
				p.see(tx.In(sc), id)
			}
		}
		return nil
	})
	p.watch()
}

// read takes in all flow logs, and every interface where there is one or somebody looks. What was
// there before this part began was not counted until now.
func (p *Part) read(tx *store.Tx, first bool) {
	clear(p.logs)
	for _, sc := range tx.Scopes() {
		for l := range store.FlowLogs.All(tx.In(sc)) {
			if p.logs[sc] == nil {
				p.logs[sc] = map[string]model.FlowLog{}
			}
			p.logs[sc][l.ID] = l
		}
	}
	for _, n := range p.nics {
		maps.DeleteFunc(n.windows, func(id string, _ *window) bool { _, there := p.logs[n.scope][id]; return !there })
		if n.gone.IsZero() && !p.wanted(n.scope, n.row) {
			delete(p.nics, n.row.ID)
		}
	}
	for _, sc := range tx.Scopes() {
		if len(p.logs[sc]) == 0 && !p.looks(sc) {
			continue
		}
		for row := range store.NetworkInterfaces.All(tx.In(sc)) {
			p.know(tx.In(sc), row)
			if first {
				p.missed(tx.In(sc), row)
			}
		}
	}
}

// missed notes what was there before this part began.
func (p *Part) missed(tx *store.Tx, row model.NetworkInterface) {
	n := p.nics[row.ID]
	if n == nil || !row.Created.Before(p.begun) {
		return
	}
	for _, l := range p.logs[n.scope] {
		if l.Covers(row) && l.Created.Before(p.begun) {
			p.window(tx, n, l).Skipped = true
		}
	}
}

// see takes in one interface that changed.
func (p *Part) see(tx *store.Tx, id string) {
	if row, there := store.NetworkInterfaces.Get(tx, id); there {
		p.know(tx, row)
	} else if n := p.nics[id]; n != nil && n.gone.IsZero() {
		n.gone = tx.Now()
		p.end(tx.Now(), linger) // even if nothing is told of it any more, somebody must forget it
	}
}

func (p *Part) know(tx *store.Tx, row model.NetworkInterface) {
	n := p.nics[row.ID]
	switch {
	case n != nil:
		n.row = row
	case p.wanted(tx.Scope(), row):
		p.nics[row.ID] = &nic{scope: tx.Scope(), row: row, windows: map[string]*window{}}
	}
}

// wanted reports whether anybody is to be told of an interface.
func (p *Part) wanted(sc model.Scope, row model.NetworkInterface) bool {
	for _, l := range p.logs[sc] {
		if l.Covers(row) {
			return true
		}
	}
	for v := range p.views {
		if v.wants(sc, row.ID) {
			return true
		}
	}
	return false
}

func (p *Part) looks(sc model.Scope) bool {
	for v := range p.views {
		if v.scope == sc {
			return true
		}
	}
	return false
}

// watch tells the engine what to count, if that is not what it was told last.
func (p *Part) watch() {
	want := map[string]bool{}
	for id, n := range p.nics {
		if n.gone.IsZero() {
			want[id] = true
		}
	}
	if p.c.Engine != nil && !maps.Equal(want, p.watched) {
		p.watched = want
		p.c.Engine.WatchFlows(maps.Clone(want))
	}
}

// window returns what a flow log is to tell of an interface next.
func (p *Part) window(tx *store.Tx, n *nic, l model.FlowLog) *window {
	if w := n.windows[l.ID]; w != nil {
		return w
	}
	lasts := max(p.c.Scale.Of(least(tx, n.row, l.Interval)), time.Second)
	w := &window{lasts: lasts, since: tx.Now()}
	n.windows[l.ID] = w
	p.end(tx.Now(), lasts)
	return w
}

// end makes sure that windows which last so long end. They do at whole multiples of that.
func (p *Part) end(now time.Time, lasts time.Duration) {
	if _, there := p.ends[lasts]; !there {
		p.ends[lasts] = now.Truncate(lasts).Add(lasts)
	}
}
