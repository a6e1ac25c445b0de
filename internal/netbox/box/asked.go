package box

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// patience is how long the daemon may mostly take to answer, and atOnce how many may wait for it. AWS's
// own clients wait a second, then ask again.
const (
	patience = 5 * time.Second
	atOnce   = 512
	// partPatience is how long the next part of an answer may take. A Live Tail has one each second.
	partPatience = 30 * time.Second
)

var (
	errBusy   = errors.New("too many requests wait for an answer")
	errSilent = errors.New("the daemon does not answer")
)

// asked is who waits for an answer of the daemon.
type asked struct {
	mu   sync.Mutex
	last int64
	wait map[int64]chan netbox.Order
}

func newAsked() *asked { return &asked{wait: map[int64]chan netbox.Order{}} }

// ask says r to the daemon and waits that long for the answer.
func (b *box) ask(ctx context.Context, wait time.Duration, r netbox.Report) (netbox.Order, error) {
	id, answer, ok := b.asked.begin()
	if !ok {
		return netbox.Order{}, errBusy
	}
	r.ID = id
	return b.await(ctx, wait, r, answer)
}

// more tells that a part of an answer was passed on, and waits for the next.
func (b *box) more(ctx context.Context, id int64) (netbox.Order, error) {
	answer := b.asked.of(id)
	if answer == nil {
		return netbox.Order{}, errSilent
	}
	o, err := b.await(ctx, partPatience, netbox.Report{ID: id, Ev: netbox.EvTaken}, answer)
	if err != nil {
		b.leave(id)
	}
	return o, err
}

// leave tells that nobody listens to an answer any more.
func (b *box) leave(id int64) {
	b.asked.end(id)
	b.out.say(netbox.Report{ID: id, Ev: netbox.EvTaken, Err: "nobody listens"})
}

// await says r and waits that long for what answers it. More may come only after a part.
func (b *box) await(ctx context.Context, wait time.Duration, r netbox.Report, answer <-chan netbox.Order) (o netbox.Order, err error) {
	defer func() {
		if !goesOn(o) {
			b.asked.end(r.ID)
		}
	}()
	b.out.say(r)
	defer b.out.unsay(r.ID)
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case o = <-answer:
		return o, nil
	case <-late.C:
		return o, errSilent
	case <-ctx.Done():
		return o, ctx.Err()
	}
}

// goesOn reports whether o is a part of an answer, and not the last.
func goesOn(o netbox.Order) bool { return o.HTTP != nil && o.HTTP.More }

func (a *asked) begin() (id int64, answer chan netbox.Order, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.wait) >= atOnce {
		return 0, nil, false
	}
	a.last++
	answer = make(chan netbox.Order, 1)
	a.wait[a.last] = answer
	return a.last, answer, true
}

func (a *asked) end(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.wait, id)
}

// of is where an answer is waited for that goes on.
func (a *asked) of(id int64) chan netbox.Order {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.wait[id]
}

// answer hands o to who waits for it, and reports whether somebody does; else it is late.
func (a *asked) answer(o netbox.Order) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.wait[o.ID]
	if !ok {
		return false
	}
	if !goesOn(o) {
		delete(a.wait, o.ID)
	}
	select {
	case c <- o:
		return true
	default: // a part that nobody asked for
		return false
	}
}
