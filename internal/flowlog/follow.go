package flowlog

import (
	"context"
	"iter"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// view is somebody who looks at what passes interfaces of a scope.
type view struct {
	scope model.Scope
	nics  map[string]bool // ids; all for none
	out   chan []engine.Flow
}

// viewRoom is how many accounts wait for somebody who looks; who is slower misses some, and is told.
const viewRoom = 64

func (v *view) wants(sc model.Scope, nic string) bool {
	return v.scope == sc && (len(v.nics) == 0 || v.nics[nic])
}

// Follow yields what passes the interfaces with these ids, or all of the scope, from now on until ctx
// ends, whether or not a flow log covers them.
func (p *Part) Follow(ctx context.Context, sc model.Scope, nics map[string]bool) iter.Seq[[]engine.Flow] {
	return func(yield func([]engine.Flow) bool) {
		v := &view{scope: sc, nics: nics, out: make(chan []engine.Flow, viewRoom)}
		if !p.ask(ctx, func() { p.views[v] = true; p.again() }) {
			return
		}
		defer p.ask(context.WithoutCancel(ctx), func() { delete(p.views, v); p.again() })
		for {
			select {
			case fs := <-v.out:
				if !yield(fs) {
					return
				}
			case <-ctx.Done():
				return
			case <-p.ended:
				return
			}
		}
	}
}

// ask has Run's goroutine do something, and waits until it did; false if it never will.
func (p *Part) ask(ctx context.Context, do func()) bool {
	done := make(chan struct{})
	select {
	case p.asks <- func() { do(); close(done) }:
		<-done
		return true
	case <-ctx.Done():
	case <-p.ended:
	}
	return false
}

// again takes in which interfaces are wanted, after somebody came or went.
func (p *Part) again() {
	_ = p.s.View(model.Scope{}, func(tx *store.Tx) error { p.read(tx, false); return nil })
	p.watch()
}

// show gives what was told to who looks.
func (p *Part) show(t told) {
	for v := range p.views {
		var mine []engine.Flow
		for _, f := range t.flows {
			if v.wants(t.from.Scope, f.NIC) {
				mine = append(mine, f)
			}
		}
		if len(mine) == 0 {
			continue
		}
		select {
		case v.out <- mine:
		default: // it reads the next ones with a gap before them
			for i := range mine {
				mine[i] = engine.Flow{NIC: mine[i].NIC, Skipped: true, Start: mine[i].Start, End: mine[i].End}
			}
			select {
			case <-v.out:
				v.out <- mine
			default:
			}
		}
	}
}
