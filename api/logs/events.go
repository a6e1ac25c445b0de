package logs

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	disk "github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// The bounds of a batch and of an answer.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html and API_GetLogEvents.html
const (
	mostBytes  = 1 << 20
	mostEvents = 10000
	mostFuture = 2 * time.Hour
	mostPast   = 14 * 24 * time.Hour
	mostSpan   = 24 * time.Hour
)

func (h handlers) putLogEvents(tx *store.Tx, in *sdk.PutLogEventsInput) (*sdk.PutLogEventsOutput, error) {
	if err := checkBatch(in.LogEvents); err != nil {
		return nil, err
	}
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	s, err := stream(tx, g, in.LogStreamName)
	if err != nil {
		return nil, err
	}
	now := tx.Now()
	good, rejected := sieve(in.LogEvents, g, now)
	if n := len(good); n > 0 && *good[n-1].Timestamp-*good[0].Timestamp > mostSpan.Milliseconds() {
		return nil, invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	events := make([]disk.Event, len(good))
	for i, e := range good {
		events[i] = disk.Event{Stream: s.Number, At: *e.Timestamp, Ingested: now.UnixMilli(), Message: *e.Message}
	}
	if err := h.log.Append(g.ID, events); err != nil {
		return nil, err
	}
	return &sdk.PutLogEventsOutput{NextSequenceToken: sequenceToken(now.UnixNano()), RejectedLogEventsInfo: rejected}, nil
}

// sequenceToken is what older clients want to be answered; none is ever looked at, on AWS neither.
func sequenceToken(n int64) *string { return aws.String(fmt.Sprintf("%056d", n)) }

func checkBatch(events []types.InputLogEvent) error {
	switch {
	case len(events) == 0:
		return constraint("[]", "logEvents", "have length greater than or equal to 1")
	case len(events) > mostEvents:
		return constraint(fmt.Sprint(len(events))+" events", "logEvents", fmt.Sprintf("have length less than or equal to %d", mostEvents))
	}
	size, last := 0, int64(math.MinInt64)
	for i, e := range events {
		at := fmt.Sprintf("logEvents.%d.member.", i+1)
		switch {
		case e.Timestamp == nil:
			return constraint("null", at+"timestamp", "not be null")
		case *e.Timestamp < 0:
			return constraint(fmt.Sprint(*e.Timestamp), at+"timestamp", "have value greater than or equal to 0")
		case aws.ToString(e.Message) == "":
			return constraint(aws.ToString(e.Message), at+"message", "have length greater than or equal to 1")
		case len(*e.Message)+disk.PerEvent > mostBytes:
			return invalid("Log event too large: %d bytes exceeds limit of %d", len(*e.Message)+disk.PerEvent, mostBytes)
		case *e.Timestamp < last:
			return invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
		last = *e.Timestamp
		size += len(*e.Message) + disk.PerEvent
	}
	if size > mostBytes {
		return invalid("Upload too large: %d bytes exceeds limit of %d", size, mostBytes)
	}
	return nil
}

// sieve takes out the events that are too old or too new, and says which those are.
func sieve(events []types.InputLogEvent, g model.LogGroup, now time.Time) (good []types.InputLogEvent, rejected *types.RejectedLogEventsInfo) {
	before := func(t time.Time) (n int) {
		for n < len(events) && *events[n].Timestamp < t.UnixMilli() {
			n++
		}
		return n
	}
	old, end := before(now.Add(-mostPast)), before(now.Add(mostFuture+time.Millisecond))
	expired := 0
	if g.Retention > 0 {
		expired = before(g.Cutoff(now))
	}
	if old == 0 && expired == 0 && end == len(events) {
		return events, nil
	}
	rejected = &types.RejectedLogEventsInfo{}
	if old > 0 {
		rejected.TooOldLogEventEndIndex = aws.Int32(int32(old))
	}
	if expired > 0 {
		rejected.ExpiredLogEventEndIndex = aws.Int32(int32(expired))
	}
	if end < len(events) {
		rejected.TooNewLogEventStartIndex = aws.Int32(int32(end))
	}
	return events[min(max(old, expired), end):end], rejected
}

func (h handlers) getLogEvents(tx *store.Tx, in *sdk.GetLogEventsInput) (*sdk.GetLogEventsOutput, error) {
	g, err := eitherGroup(tx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	s, err := stream(tx, g, in.LogStreamName)
	if err != nil {
		return nil, err
	}
	limit, err := checkLimit(in.Limit, mostEvents, mostEvents)
	if err != nil {
		return nil, err
	}
	q := disk.Query{Group: g.ID, Want: func(n uint64) bool { return n == s.Number }, Limit: limit, Bytes: mostBytes, Backward: !aws.ToBool(in.StartFromHead)}
	q.From, q.To = between(g, tx.Now(), in.StartTime, in.EndTime, -1)
	place := disk.Cursor{}
	if t := aws.ToString(in.NextToken); t != "" {
		if q.Backward, place, err = readPlace(t); err != nil {
			return nil, err
		}
		narrow(&q, place)
	}
	events, err := h.log.Read(q)
	if err != nil {
		return nil, err
	}
	out := &sdk.GetLogEventsOutput{Events: []types.OutputLogEvent{}, NextForwardToken: placeToken("f", place), NextBackwardToken: placeToken("b", place)}
	for _, e := range events {
		out.Events = append(out.Events, types.OutputLogEvent{Timestamp: &e.At, IngestionTime: &e.Ingested, Message: &e.Message})
	}
	if n := len(events); n > 0 {
		out.NextForwardToken = placeToken("f", events[n-1].Cursor())
		out.NextBackwardToken = placeToken("b", events[0].Before())
	}
	return out, nil
}

// between returns the places around the events from start to end, of those that the group still keeps.
// The end is moved by late milliseconds: where it is no part of the range, by -1.
func between(g model.LogGroup, now time.Time, start, end *int64, late int64) (from, to disk.Cursor) {
	first := aws.ToInt64(start)
	if g.Retention > 0 {
		first = max(first, g.Cutoff(now).UnixMilli())
	}
	from, to = disk.Cursor{At: first - 1, Seq: math.MaxUint64}, disk.End
	if end != nil {
		to = disk.Cursor{At: *end + late, Seq: math.MaxUint64}
	}
	return from, to
}

// narrow makes q begin at a place.
func narrow(q *disk.Query, at disk.Cursor) {
	if q.Backward {
		if less(at, q.To) {
			q.To = at
		}
	} else if less(q.From, at) {
		q.From = at
	}
}

func less(a, b disk.Cursor) bool { return a.At < b.At || a.At == b.At && a.Seq < b.Seq }

// placeToken writes a place as GetLogEvents does: f/ or b/, 56 digits, /s.
func placeToken(way string, c disk.Cursor) *string {
	return aws.String(fmt.Sprintf("%s/%036d%020d/s", way, max(c.At, 0), c.Seq))
}

func readPlace(token string) (backward bool, c disk.Cursor, err error) {
	way, rest, _ := strings.Cut(token, "/")
	digits, ok := strings.CutSuffix(rest, "/s")
	if !ok || len(digits) != 56 || way != "f" && way != "b" {
		return false, c, badToken()
	}
	at, err1 := strconv.ParseInt(digits[:36], 10, 64)
	seq, err2 := strconv.ParseUint(digits[36:], 10, 64)
	if err1 != nil || err2 != nil {
		return false, c, badToken()
	}
	return way == "b", disk.Cursor{At: at, Seq: seq}, nil
}
