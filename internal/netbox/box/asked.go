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
	defer b.asked.end(id)
	r.ID = id
	b.out.say(r)
	defer b.out.unsay(id)
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case o := <-answer:
		return o, nil
	case <-late.C:
		return netbox.Order{}, errSilent
	case <-ctx.Done():
		return netbox.Order{}, ctx.Err()
	}
}

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

// answer hands o to who waits for it; an answer that nobody waits for is late.
func (a *asked) answer(o netbox.Order) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, ok := a.wait[o.ID]; ok {
		c <- o
		delete(a.wait, o.ID)
	}
}
