package box

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// longest is how long an order may be, in bytes. A namespace of 16 interfaces with 1,000 rules of
// their security groups each takes about a tenth of it.
const longest = 16 << 20

// box is what the orders act on. Only obey touches what follows the outbox.
type box struct {
	out     *outbox
	kernel  *kernel
	asked   *asked
	doors   doors
	stands  netbox.Config
	unwatch func()
}

func newBox(k *kernel, w io.Writer) *box {
	b := &box{kernel: k, out: newOutbox(w), asked: newAsked(), unwatch: func() {}}
	b.doors = doors{ask: b.ask, more: b.more, leave: b.leave}
	return b
}

// tell says Ready, then whatever is to be said, until ctx ends.
func (b *box) tell(ctx context.Context) { b.out.run(ctx) }

// obey does what comes on r, in the order in which it comes. It says Ready first.
func (b *box) obey(ctx context.Context, r io.Reader) {
	b.ready(0)
	lines := bufio.NewReaderSize(r, 64<<10)
	for ctx.Err() == nil {
		line, err := readLine(lines, longest)
		if err != nil && !errors.Is(err, errLong) {
			return // nobody speaks any more; the namespace stays
		}
		var o netbox.Order
		if err == nil {
			if o, err = parse(line); err == nil && o.Op == "" {
				continue
			}
		}
		if err != nil {
			b.warn(err)
			continue
		}
		b.do(ctx, o)
	}
}

// parse reads one line. An empty one is no order: it ends what another daemon left unfinished.
func parse(line []byte) (o netbox.Order, err error) {
	if len(line) == 0 {
		return o, nil
	}
	if err := json.Unmarshal(line, &o); err != nil {
		return netbox.Order{}, fmt.Errorf("not an order: %w", err)
	}
	if o.Op == "" {
		return netbox.Order{}, errors.New("an order without an operation")
	}
	return o, nil
}

var errLong = fmt.Errorf("an order is longer than %d bytes", longest)

// readLine reads to the end of a line, and takes no more than limit of it into memory.
func readLine(r *bufio.Reader, limit int) (line []byte, err error) {
	for long := false; ; {
		part, err := r.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return nil, err
		}
		if long = long || len(line)+len(part) > limit; !long {
			line = append(line, part...)
		}
		if err == nil && long {
			return nil, errLong
		}
		if err == nil {
			return line[:len(line)-1], nil
		}
	}
}

func (b *box) do(ctx context.Context, o netbox.Order) {
	switch o.Op {
	case netbox.OpHello:
		b.ready(o.ID)
	case netbox.OpSet:
		b.done(o.ID, b.set(ctx, o.Config))
	case netbox.OpLink:
		at, err := b.kernel.link(o.PID)
		r := done(o.ID, err)
		r.Address = at
		b.out.say(r)
	case netbox.OpAnswer:
		if !b.asked.answer(o) && goesOn(o) {
			b.leave(o.ID)
		}
	case netbox.OpWatch:
		b.out.sayLast(done(o.ID, b.watch(ctx, time.Duration(o.Every)*time.Millisecond)))
	default:
		b.done(o.ID, fmt.Errorf("no operation %q", o.Op))
	}
}

// set makes the namespace so. What was done before a step failed stays: setting again goes on.
func (b *box) set(ctx context.Context, c *netbox.Config) error {
	if c == nil {
		return errors.New("set without a config")
	}
	if err := b.doors.open(ctx, *c); err != nil {
		return err
	}
	if err := b.kernel.set(*c); err != nil {
		return err
	}
	b.stands = *c
	return nil
}

func (b *box) ready(id int64) {
	c := b.stands
	b.out.say(netbox.Report{ID: id, Ev: netbox.EvReady, Ports: portRange(), PID: os.Getpid(), Config: &c})
}

func (b *box) done(id int64, err error) { b.out.say(done(id, err)) }

func done(id int64, err error) netbox.Report {
	r := netbox.Report{ID: id, Ev: netbox.EvDone}
	if err != nil {
		r.Err = err.Error()
	}
	return r
}

func (b *box) warn(err error) { b.out.say(netbox.Report{Ev: netbox.EvWarn, Err: err.Error()}) }
