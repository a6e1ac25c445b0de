package box

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/florianl/go-nflog/v2"
	"github.com/mdlayher/netlink"
	"github.com/ti-mo/conntrack"
	"github.com/ti-mo/netfilter"
)

// What is let through is what connection tracking counts: its counters are read and set to zero at
// every sweep, and a connection that ends between two of them says so with what is left. Reading the
// table is also what makes the kernel let go of connections that are over. What is refused comes as
// packets from NFLOG.
//
// Nothing is lost as long as this process runs: the kernel keeps the end of a connection until it was
// taken (BroadcastError), and packets carry numbers by which a gap shows.

const (
	sweepTime  = time.Second
	readBuffer = 4 << 20
	mostWaits  = 1 << 16 // ends of connections, and refused packets, that wait to be counted
	snapLength = 64      // bytes of a packet: its IP and TCP headers
)

// meter is what counts are read from, and what they add up in.
type meter struct {
	now     func() scene
	tell    func([]engine.Flow)
	account *account
	table   *conntrack.Conn // read at every sweep
	ends    chan conntrack.Event
	refused chan refusal
	failed  chan error
	life    context.Context // of what listens
	end     context.CancelFunc
	stop    []func() error
}

// refusal is a packet that was refused.
type refusal struct {
	packet packet
	egress bool
	at     time.Time
	gap    bool // some before it are lost
}

var _ counter = count

// count is the counter of Linux. What goes through from now on is counted.
func count(ctx context.Context, now func() scene, every time.Duration, tell func([]engine.Flow)) (stop func(), err error) {
	m := newMeter(now, tell)
	ctx, cancel := context.WithCancel(ctx)
	if err := m.open(); err != nil {
		cancel()
		return nil, errors.Join(err, m.close())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m.run(ctx, every) != nil {
			m = again(ctx, m)
		}
	}()
	return func() { cancel(); <-done }, nil
}

func newMeter(now func() scene, tell func([]engine.Flow)) *meter {
	m := &meter{now: now, tell: tell, account: newAccount(), ends: make(chan conntrack.Event, mostWaits),
		refused: make(chan refusal, mostWaits), failed: make(chan error, 1)}
	m.life, m.end = context.WithCancel(context.Background())
	return m
}

// again begins anew after the kernel could not be listened to, and tells that something was skipped.
func again(ctx context.Context, old *meter) *meter {
	since := time.Now()
	for {
		m := newMeter(old.now, old.tell)
		if err := m.open(); err == nil || ctx.Err() != nil {
			m.account.skip(viewOf(m.now()), since, time.Now())
			return m
		}
		_ = m.close()
		select {
		case <-ctx.Done():
		case <-time.After(sweepTime):
		}
	}
}

// open begins to listen, then takes in what is there already.
func (m *meter) open() (err error) {
	if err := m.listen(); err != nil {
		return err
	}
	for _, group := range []uint16{GroupIn, GroupOut} {
		if err := m.log(group); err != nil {
			return err
		}
	}
	if m.table, err = conntrack.Dial(nil); err != nil {
		return err
	}
	m.stop = append(m.stop, m.table.Close)
	es, err := m.dump()
	m.account.begin(es, time.Now())
	return err
}

// listen has the ends of connections told.
func (m *meter) listen() error {
	c, err := conntrack.Dial(nil)
	if err != nil {
		return err
	}
	closed := make(chan struct{})
	m.stop = append(m.stop, func() error { defer close(closed); return c.Close() })
	err = errors.Join(c.SetReadBuffer(readBuffer), c.SetOption(netlink.NoENOBUFS, true), c.SetOption(netlink.BroadcastError, true))
	if err != nil {
		return err
	}
	failed, err := c.Listen(m.ends, 1, []netfilter.NetlinkGroup{netfilter.GroupCTDestroy})
	if err != nil {
		return err
	}
	go func() {
		select {
		case err := <-failed:
			m.fail(err)
		case <-closed:
		}
	}()
	return nil
}

func (m *meter) fail(err error) {
	select {
	case m.failed <- err:
	default:
	}
}

// log has what is refused told.
func (m *meter) log(group uint16) error {
	l, err := nflog.Open(&nflog.Config{Group: group, Copymode: nflog.CopyPacket, Bufsize: snapLength, Flags: nflog.FlagSeq, QThresh: 1})
	if err != nil {
		return err
	}
	m.stop = append(m.stop, l.Close)
	if err := errors.Join(l.Con.SetReadBuffer(readBuffer), l.SetOption(netlink.NoENOBUFS, true)); err != nil {
		return err
	}
	next := uint32(0)
	each := func(a nflog.Attribute) int {
		r := refusal{egress: group == GroupOut, at: time.Now()}
		if a.Seq != nil {
			r.gap, next = *a.Seq != next, *a.Seq+1
		}
		if a.Timestamp != nil {
			r.at = *a.Timestamp
		}
		if a.Payload != nil {
			r.packet, _ = parsePacket(*a.Payload)
		}
		select {
		case m.refused <- r:
			return 0
		case <-m.life.Done():
			return 1
		}
	}
	return l.RegisterWithErrorFunc(m.life, each, func(err error) int {
		if m.life.Err() == nil {
			m.fail(err)
		}
		return 1
	})
}

func (m *meter) close() (err error) {
	m.end()
	go func() { // who listens may wait for room
		for range m.ends {
		}
	}()
	for _, stop := range m.stop {
		err = errors.Join(err, stop())
	}
	close(m.ends)
	return err
}

// run counts until ctx ends; any error is that of listening.
func (m *meter) run(ctx context.Context, every time.Duration) error {
	defer func() { _ = m.close() }()
	sweep := time.NewTicker(min(sweepTime, every))
	defer sweep.Stop()
	v, told := viewOf(m.now()), time.Now()
	for {
		select {
		case <-ctx.Done():
			if es, err := m.dump(); err == nil {
				m.account.sweep(v, es, time.Now())
			}
			m.rest(v)
			return nil
		case err := <-m.failed:
			return err
		case e := <-m.ends:
			m.ended(v, e)
		case r := <-m.refused:
			m.refuse(v, r)
		case now := <-sweep.C:
			v = viewOf(m.now())
			es, err := m.dump()
			if err != nil {
				return err
			}
			m.account.sweep(v, es, now)
			m.drain(v)
			if now.Sub(told) >= every-every/8 {
				told = now
				m.say()
			}
		}
	}
}

// drain counts what waits by now.
func (m *meter) drain(v view) {
	for range len(m.ends) {
		m.ended(v, <-m.ends)
	}
	for range len(m.refused) {
		m.refuse(v, <-m.refused)
	}
}

// settleTime is how long nothing must come until the kernel is believed to have told everything.
const settleTime = 10 * time.Millisecond

// rest counts and tells what is on its way, before counting ends.
func (m *meter) rest(v view) {
	defer m.say()
	for quiet := time.NewTimer(settleTime); ; quiet.Reset(settleTime) {
		select {
		case e := <-m.ends:
			m.ended(v, e)
		case r := <-m.refused:
			m.refuse(v, r)
		case <-quiet.C:
			return
		}
	}
}

func (m *meter) say() {
	if fs := m.account.take(); len(fs) > 0 {
		m.tell(fs)
	}
}

func (m *meter) ended(v view, e conntrack.Event) {
	if e.Flow != nil {
		m.account.end(v, entryOf(e.Flow))
	}
}

func (m *meter) refuse(v view, r refusal) {
	if r.gap {
		m.account.skip(v, r.at, r.at)
	}
	m.account.refuse(v, r.egress, r.packet, r.at)
}

// dump reads all connections, and begins to count them from zero.
func (m *meter) dump() ([]entry, error) {
	fs, err := m.table.Dump(&conntrack.DumpOptions{ZeroCounters: true})
	if err != nil {
		return nil, err
	}
	es := make([]entry, len(fs))
	for i := range fs {
		es[i] = entryOf(&fs[i])
	}
	return es, nil
}

// closeInit is the flag of the side that sent the first FIN, in the first byte of two.
const closeInit = 4

func entryOf(f *conntrack.Flow) entry {
	e := entry{id: f.ID, orig: tupleOf(f.TupleOrig), reply: tupleOf(f.TupleReply), start: f.Timestamp.Start, stop: f.Timestamp.Stop,
		went: sum{f.CountersOrig.Packets, f.CountersOrig.Bytes}, came: sum{f.CountersReply.Packets, f.CountersReply.Bytes},
		answered: f.Status.SeenReply(), assured: f.Status.Assured(), refused: f.Mark == MarkRefused}
	if t := f.ProtoInfo.TCP; t != nil {
		e.tcp, e.origCloses, e.backCloses = t.State, t.OriginalFlags>>8&closeInit != 0, t.ReplyFlags>>8&closeInit != 0
	}
	return e
}

func tupleOf(t conntrack.Tuple) tuple {
	u := tuple{netip.AddrPortFrom(t.IP.SourceAddress, 0), netip.AddrPortFrom(t.IP.DestinationAddress, 0), t.Proto.Protocol}
	if u.protocol == protoTCP || u.protocol == protoUDP {
		u.src = netip.AddrPortFrom(u.src.Addr(), t.Proto.SourcePort)
		u.dst = netip.AddrPortFrom(u.dst.Addr(), t.Proto.DestinationPort)
	}
	return u
}
