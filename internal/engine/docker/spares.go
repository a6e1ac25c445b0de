package docker

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/ids"
)

// A new network namespace keeps the kernel busy for most of a container's start. So pauses are made in
// advance, while nothing is started: for each network or bridge that containers join in, as many as were taken in
// the last minute, within these bounds. They belong to nobody, and nobody is told of them.
const (
	poolMost = 8  // of one network
	poolAll  = 32 // of all; those networks go short that were used least lately
	poolSpan = time.Minute
)

// spare is a pause that nobody has yet.
type spare struct{ *channel }

// lot is which of the pools a pause comes from, by what containers join in there: a machine's bridge, or a
// network of the engine.
func (b box) lot() string { return cmp.Or(b.Behind, b.Network) }

// pools are the spare pauses of all networks.
type pools struct {
	mu     sync.Mutex
	of     map[string]*pool // by lot
	fill   bool             // somebody is at it
	more   bool             // and shall look again
	wake   *time.Timer      // to remove what nobody wants any more
	making string           // name of the one being made
}

// pool is that of one lot.
type pool struct {
	like  box // what they are made of, but for the name
	ready []spare
	taken []time.Time // lately
	used  time.Time
}

// want is how many pauses a pool is to have at a time.
func (p *pool) want(now time.Time) int {
	p.taken = slices.DeleteFunc(p.taken, func(t time.Time) bool { return now.Sub(t) > poolSpan })
	return min(max(1, len(p.taken)), poolMost)
}

// open has spare pauses made like b from now on, in its lot.
func (ps *pools) open(b box) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.of == nil {
		ps.of = map[string]*pool{}
	}
	if ps.of[b.lot()] == nil {
		ps.of[b.lot()] = &pool{used: time.Now()}
	}
	ps.of[b.lot()].like = b
}

// makesSpares is the turn of who makes a spare pause.
const makesSpares = "spare"

// shut returns the spare pauses of a lot, of which no more are made; of all for "". One that is being made is
// removed again by its maker.
func (ps *pools) shut(lot string) (left []spare) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for name, p := range ps.of {
		if lot == "" || name == lot {
			left = append(left, p.ready...)
			delete(ps.of, name)
		}
	}
	return left
}

// take returns a spare pause of a lot, if there is one, and notes that one was wanted. claim is called
// before it is a spare one no more.
func (ps *pools) take(lot string, claim func(id string)) (s spare, ok bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.of[lot]
	if p == nil {
		return spare{}, false
	}
	p.used = time.Now()
	if p.taken = append(p.taken, p.used); len(p.taken) > poolMost {
		p.taken = p.taken[1:]
	}
	for len(p.ready) > 0 {
		s, p.ready = p.ready[0], p.ready[1:]
		if s.life.Err() == nil { // else it ended with the engine, and goes when that is asked what it has
			claim(s.id)
			return s, true
		}
	}
	return spare{}, false
}

// put adds a spare pause; ok is false when its lot has no pool any more.
func (ps *pools) put(lot string, s spare) (ok bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.of[lot]
	if p != nil {
		p.ready = append(p.ready, s)
	}
	return p != nil
}

// lose forgets a spare pause that ended.
func (ps *pools) lose(id string) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for _, p := range ps.of {
		p.ready = slices.DeleteFunc(p.ready, func(s spare) bool { return s.id == id })
	}
}

// has reports whether a pause is a spare one, or is just being made as one.
func (ps *pools) has(id, name string) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for _, p := range ps.of {
		if slices.ContainsFunc(p.ready, func(s spare) bool { return s.id == id }) {
			return true
		}
	}
	return name == ps.making
}

// makes notes the name of the spare pause that is being made.
func (ps *pools) makes(name string) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.making = name
}

// next says what to do about the pools: make one more pause like b, or remove those in excess.
func (ps *pools) next(now time.Time) (b box, short bool, excess []spare) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	total := 0
	var last *pool // the one used last of those that want more
	for _, p := range ps.of {
		want := p.want(now)
		if n := len(p.ready) - want; n > 0 {
			excess = append(excess, p.ready[:n]...)
			p.ready = p.ready[n:]
		}
		total += len(p.ready)
		if len(p.ready) < want && (last == nil || p.used.After(last.used)) {
			last = p
		}
	}
	if last == nil {
		return box{}, false, excess
	}
	if total >= poolAll {
		old := ps.oldest()
		if old == nil || !old.used.Before(last.used) {
			return box{}, false, excess
		}
		excess = append(excess, old.ready[0])
		old.ready = old.ready[1:]
	}
	return last.like, true, excess
}

// oldest is the pool that was used least lately, of those that have something.
func (ps *pools) oldest() (old *pool) {
	for _, p := range ps.of {
		if len(p.ready) > 0 && (old == nil || p.used.Before(old.used)) {
			old = p
		}
	}
	return old
}

// begin reports whether the caller is to fill the pools; whoever is at it already looks again.
func (ps *pools) begin() bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.more = true
	begins := !ps.fill
	ps.fill = true
	return begins
}

// again reports whether there may be more to do, and ends the filling if not.
func (ps *pools) again() bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	again := ps.more
	ps.more, ps.fill = false, again
	return again
}

// sleep has f called once fewer pauses may be wanted.
func (ps *pools) sleep(f func()) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.wake != nil {
		ps.wake.Stop()
	}
	for _, p := range ps.of {
		if len(p.ready) > 1 {
			ps.wake = time.AfterFunc(poolSpan, f)
			return
		}
	}
}

// topUp brings the pools to what they are to have, off the way of those who start containers: it gives
// up as soon as one does, who calls it again at the end.
func (r *Runtime) topUp() {
	if r.life.Err() != nil || !r.pools.begin() {
		return
	}
	r.notes.Go(func() {
		for r.pools.again() {
			for r.life.Err() == nil && r.spareOne() {
			}
		}
		r.pools.sleep(r.topUp)
	})
}

// spareOne makes one spare pause, and removes those in excess. It reports whether to go on.
func (r *Runtime) spareOne() bool {
	if len(r.slots) > 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(r.life, time.Minute)
	defer cancel()
	b, short, excess := r.pools.next(time.Now())
	r.dropSpares(ctx, excess)
	if !short {
		return false
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	default:
		return false
	}
	done, err := r.turns.take(ctx, makesSpares)
	if err != nil {
		return false
	}
	defer done()
	b.Name = r.spareName() + ids.Hex(12)
	r.pools.makes(b.Name)
	defer r.pools.makes("")
	c, err := r.newBox(ctx, b)
	if err != nil {
		r.log.Debug("no spare network namespace", "of", b.lot(), "err", err)
		return false
	}
	if s := (spare{c}); !r.pools.put(b.lot(), s) {
		r.dropSpares(ctx, []spare{s})
	}
	return true
}

// spareName begins the names of spare pauses. Whoever takes one renames it.
func (r *Runtime) spareName() string { return "drydock-" + r.owner + "-spare-" }

func (r *Runtime) dropSpares(ctx context.Context, all []spare) {
	ctx, cancel := finish(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for _, s := range all {
		wg.Go(func() {
			if err := r.dropBox(ctx, s.id); err != nil {
				r.log.Warn("a spare network namespace stays behind", "container", s.id, "err", err)
			}
		})
	}
	wg.Wait()
}

// closePools is shut, and waits until none is being made any more.
func (r *Runtime) closePools(ctx context.Context, lot string) []spare {
	left := r.pools.shut(lot)
	if done, err := r.turns.take(ctx, makesSpares); err == nil {
		done()
	}
	return left
}

// drain removes the spare pauses of a lot that is to go.
func (r *Runtime) drain(ctx context.Context, lot string) {
	r.dropSpares(ctx, r.closePools(ctx, lot))
}
