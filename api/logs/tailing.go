package logs

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	disk "github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/logs/pattern"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// The bounds of one update. AWS tells of no bound of its bytes; a message of an event stream has one,
// and text may grow sixfold as JSON.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LiveTailSessionUpdate.html
const (
	mostSampled      = 500
	mostSampledBytes = 2 << 20
)

// liveTail is one session. What it has not told yet stands on disk: a client that reads slowly costs no memory.
type liveTail struct {
	store    *store.Store
	log      *disk.Log
	scope    model.Scope
	pattern  *pattern.Pattern
	groups   []*tailedGroup
	names    []string // of streams; nil for all
	prefixes []string
	pick     func(n int) int // a random number from 0 to before n
}

// tailedGroup is a group as it is read.
type tailedGroup struct {
	arn, name string
	id        string // of its row; a group that was deleted and made anew has another
	next      uint64 // Seq of the first event that was not looked at
}

// update returns what arrived since the last one.
func (t *liveTail) update(ctx context.Context) (*types.LiveTailSessionUpdate, error) {
	s := sample{pick: t.pick}
	for _, g := range t.groups {
		if err := t.read(ctx, g, &s); err != nil {
			return nil, err
		}
	}
	return s.update(), nil
}

// read takes what arrived in g into s.
func (t *liveTail) read(ctx context.Context, g *tailedGroup, s *sample) error {
	t.find(g)
	end := t.log.Next(g.id)
	if g.id == "" || end <= g.next {
		return nil
	}
	names := t.streams(g) // after end: the streams of all events before it are there
	q := disk.Query{Group: g.id, First: g.next, Next: end, Want: func(n uint64) bool { _, ok := names[n]; return ok }}
	g.next = end
	return t.log.Arrived(q, func(e disk.Event) bool {
		if t.pattern.Match(e.Message) {
			s.take(types.LiveTailSessionLogEvent{LogGroupIdentifier: &g.arn, LogStreamName: aws.String(names[e.Stream]),
				Timestamp: &e.At, IngestionTime: &e.Ingested, Message: &e.Message})
		}
		return ctx.Err() == nil
	})
}

// find looks which row has the group's name now.
func (t *liveTail) find(g *tailedGroup) {
	_ = t.store.View(t.scope, func(tx *store.Tx) error {
		if row, _ := store.LogGroups.Get(tx, g.name); row.ID != g.id {
			g.id, g.next = row.ID, 0
		}
		return nil
	})
}

// streams returns the streams whose events are told, by number.
func (t *liveTail) streams(g *tailedGroup) map[uint64]string {
	names := map[uint64]string{}
	_ = t.store.View(t.scope, func(tx *store.Tx) error {
		for _, n := range t.names {
			if s, ok := store.LogStreams.Get(tx, model.LogStreamKey(g.name, n)); ok {
				names[s.Number] = s.Name
			}
		}
		prefixes := t.prefixes
		if t.names == nil && prefixes == nil {
			prefixes = []string{""}
		}
		for _, p := range prefixes {
			for s := range store.LogStreams.From(tx, model.LogStreamKey(g.name, p), "") {
				names[s.Number] = s.Name
			}
		}
		return nil
	})
	return names
}

// sample keeps some of many events, each with the same chance.
type sample struct {
	pick  func(n int) int
	seen  int
	bytes int
	kept  []sampled
}

// sampled is an event and which one of all it was.
type sampled struct {
	types.LiveTailSessionLogEvent
	nth int
}

func (s *sample) take(e types.LiveTailSessionLogEvent) {
	s.seen++
	if len(s.kept) == mostSampled {
		at := s.pick(s.seen)
		if at >= mostSampled {
			return
		}
		s.drop(at)
	}
	s.kept, s.bytes = append(s.kept, sampled{e, s.seen}), s.bytes+len(*e.Message)
	for s.bytes > mostSampledBytes && len(s.kept) > 1 {
		s.drop(s.pick(len(s.kept)))
	}
}

func (s *sample) drop(at int) {
	last := len(s.kept) - 1
	s.bytes -= len(*s.kept[at].Message)
	s.kept[at], s.kept[last] = s.kept[last], sampled{}
	s.kept = s.kept[:last]
}

// update tells what was kept, in the order of arrival.
func (s *sample) update() *types.LiveTailSessionUpdate {
	slices.SortFunc(s.kept, func(a, b sampled) int {
		return cmp.Or(cmp.Compare(*a.IngestionTime, *b.IngestionTime), cmp.Compare(a.nth, b.nth))
	})
	u := &types.LiveTailSessionUpdate{SessionResults: []types.LiveTailSessionLogEvent{},
		SessionMetadata: &types.LiveTailSessionMetadata{Sampled: s.seen > len(s.kept)}}
	for _, e := range s.kept {
		u.SessionResults = append(u.SessionResults, e.LiveTailSessionLogEvent)
	}
	return u
}

// tails counts the sessions of each account and region.
type tails struct{ m sync.Map } // model.Scope: *atomic.Int64

func (t *tails) of(sc model.Scope) int64 { return t.counter(sc).Load() }

// begin counts one more until end is called, if there may be one more.
func (t *tails) begin(sc model.Scope) (end func(), ok bool) {
	n := t.counter(sc)
	end = func() { n.Add(-1) }
	if n.Add(1) > mostTails {
		end()
		return nil, false
	}
	return end, true
}

func (t *tails) counter(sc model.Scope) *atomic.Int64 {
	n, _ := t.m.LoadOrStore(sc, new(atomic.Int64))
	return n.(*atomic.Int64)
}
