package logs

import (
	"fmt"
	"strings"
	"testing"
	"time"

	disk "github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func tNow() time.Time { return time.Now().Truncate(time.Millisecond) }

func TestPutLogEventsRefuses(t *testing.T) {
	w := start(t)
	w.seed("s")
	now := tNow()
	at := func(d time.Duration, m string) types.InputLogEvent {
		return types.InputLogEvent{Timestamp: new(now.Add(d).UnixMilli()), Message: &m}
	}
	many := make([]types.InputLogEvent, 10001)
	for i := range many {
		many[i] = at(0, "x")
	}
	half := strings.Repeat("x", 1<<19)
	for _, tt := range []struct {
		rule   string
		says   string
		events []types.InputLogEvent
	}{
		{"an empty batch", "length greater than or equal to 1", []types.InputLogEvent{}},
		{"too many events", "length less than or equal to 10000", many},
		{"an empty message", "'logEvents.1.member.message'", []types.InputLogEvent{at(0, "")}},
		{"events out of order", "must be in chronological order.", []types.InputLogEvent{at(time.Second, "a"), at(0, "b")}},
		{"an event that is too large", "Log event too large: 1048577 bytes exceeds limit of 1048576", []types.InputLogEvent{at(0, half+half[:len(half)-25])}},
		{"a batch that is too large", "Upload too large: 1048628 bytes exceeds limit of 1048576", []types.InputLogEvent{at(0, half), at(0, half)}},
		{"a batch over more than a day", "cannot span more than 24 hours.", []types.InputLogEvent{at(-25*time.Hour, "a"), at(0, "b")}},
	} {
		_, err := w.PutLogEvents(t.Context(), &sdk.PutLogEventsInput{LogGroupName: new("g"), LogStreamName: new("s"), LogEvents: tt.events})
		w.fails(err, "InvalidParameterException", tt.says)
	}
	one := []types.InputLogEvent{at(0, "a")}
	_, err := w.PutLogEvents(t.Context(), &sdk.PutLogEventsInput{LogGroupName: new("g"), LogStreamName: new("none"), LogEvents: one})
	w.fails(err, "ResourceNotFoundException", "The specified log stream does not exist.")
	_, err = w.PutLogEvents(t.Context(), &sdk.PutLogEventsInput{LogGroupName: new("none"), LogStreamName: new("s"), LogEvents: one})
	w.fails(err, "ResourceNotFoundException", "The specified log group does not exist.")
	_, err = w.PutLogEvents(t.Context(), &sdk.PutLogEventsInput{LogGroupName: new("g"), LogStreamName: new("s"), LogEvents: one,
		Entity: &types.Entity{KeyAttributes: map[string]string{"a": "b"}}})
	w.fails(err, "InvalidParameterException", "Drydock does not support the parameter entity.")
}

func TestEventsThatAreTooOldOrTooNewAreRejected(t *testing.T) {
	w := start(t)
	w.seed("s")
	must(w.PutRetentionPolicy(t.Context(), &sdk.PutRetentionPolicyInput{LogGroupName: new("g"), RetentionInDays: new(int32(3))}))(w)
	day := 24 * time.Hour
	in := &sdk.PutLogEventsInput{LogGroupName: new("g"), LogStreamName: new("s")}
	for _, d := range []time.Duration{-15 * day, -4 * day, -time.Hour, 0, 3 * time.Hour} {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: new(time.Now().Add(d).UnixMilli()), Message: new(d.String())})
	}
	r := must(w.PutLogEvents(t.Context(), in))(w).RejectedLogEventsInfo
	w.equal(fmt.Sprint(*r.TooOldLogEventEndIndex, *r.ExpiredLogEventEndIndex, *r.TooNewLogEventStartIndex), "1 2 4")
	w.equal(w.get(&sdk.GetLogEventsInput{}), "-1h0m0s 0s")
}

func TestRetentionHidesAtOnce(t *testing.T) {
	w := start(t)
	w.seed("s")
	w.put("s", tNow().Add(-48*time.Hour), "old")
	w.put("s", tNow(), "new")
	w.equal(w.get(&sdk.GetLogEventsInput{}), "old new")
	must(w.PutRetentionPolicy(t.Context(), &sdk.PutRetentionPolicyInput{LogGroupName: new("g"), RetentionInDays: new(int32(1))}))(w)
	w.equal(w.get(&sdk.GetLogEventsInput{}), "new")
	got, _ := w.filter(&sdk.FilterLogEventsInput{})
	w.equal(got, "s:new")
}

// get returns the messages of one page of the stream s.
func (w *world) get(in *sdk.GetLogEventsInput) string {
	w.Helper()
	in.LogGroupName, in.LogStreamName = new("g"), new("s")
	out := must(w.GetLogEvents(w.Context(), in))(w)
	var ms []string
	for _, e := range out.Events {
		ms = append(ms, *e.Message)
	}
	in.NextToken = out.NextForwardToken
	return strings.Join(ms, " ")
}

func TestGetLogEventsGoesBothWays(t *testing.T) {
	w := start(t)
	w.seed("s", "other")
	now := tNow()
	w.put("other", now, "x", "y")
	w.put("s", now, "1", "2", "3", "4", "5")
	w.equal(w.get(&sdk.GetLogEventsInput{}), "1 2 3 4 5")
	w.equal(w.get(&sdk.GetLogEventsInput{Limit: new(int32(2))}), "4 5")
	w.equal(w.get(&sdk.GetLogEventsInput{Limit: new(int32(2)), StartFromHead: new(true)}), "1 2")
	w.equal(w.get(&sdk.GetLogEventsInput{StartTime: new(now.UnixMilli() + 1), EndTime: new(now.UnixMilli() + 3)}), "2 3")

	in := &sdk.GetLogEventsInput{LogGroupIdentifier: new(scope.LogGroupARN("g")), LogStreamName: new("s"), Limit: new(int32(2))}
	last := must(w.GetLogEvents(t.Context(), in))(w)
	in.NextToken = last.NextBackwardToken
	before := must(w.GetLogEvents(t.Context(), in))(w)
	w.equal(*before.Events[0].Message+*before.Events[1].Message, "23")
	in.NextToken = before.NextForwardToken
	w.equal(*must(w.GetLogEvents(t.Context(), in))(w).Events[0].Message, "4")

	in.NextToken = last.NextForwardToken
	end := must(w.GetLogEvents(t.Context(), in))(w)
	w.equal(len(end.Events), 0)
	w.equal(*end.NextForwardToken, *last.NextForwardToken) // the end of a stream: the token that was sent
	w.put("s", now.Add(time.Second), "6")
	w.equal(*must(w.GetLogEvents(t.Context(), in))(w).Events[0].Message, "6")

	in.NextToken = new("f/1/s")
	_, err := w.GetLogEvents(t.Context(), in)
	w.fails(err, "InvalidParameterException", "The specified nextToken is invalid.")
	in.NextToken, in.LogGroupName = nil, new("g")
	_, err = w.GetLogEvents(t.Context(), in)
	w.fails(err, "InvalidParameterException", "mutually exclusive")
	_, err = w.GetLogEvents(t.Context(), &sdk.GetLogEventsInput{LogGroupIdentifier: new(scope.LogGroupARN("g") + ":*"), LogStreamName: new("s")})
	w.fails(err, "InvalidParameterException", "'logGroupIdentifier' failed to satisfy constraint")
	in.LogGroupName, in.Unmask = nil, true
	_, err = w.GetLogEvents(t.Context(), in)
	w.fails(err, "InvalidParameterException", "Drydock does not support the parameter unmask.")
}

// filter returns the events of all pages as stream:message, and how many pages those were.
func (w *world) filter(in *sdk.FilterLogEventsInput) (string, int) {
	w.Helper()
	in.LogGroupName = new("g")
	var ms []string
	n := 0
	for pages := sdk.NewFilterLogEventsPaginator(w, in); pages.HasMorePages(); n++ {
		out := must(pages.NextPage(w.Context()))(w)
		for _, e := range out.Events {
			if len(*e.EventId) != 56 {
				w.Errorf("event id %s", *e.EventId)
			}
			ms = append(ms, *e.LogStreamName+":"+*e.Message)
		}
	}
	return strings.Join(ms, " "), n
}

func TestFilterLogEvents(t *testing.T) {
	w := start(t)
	w.seed("a/1", "a/2", "b")
	now := tNow()
	w.put("a/1", now, "ERROR-1", "fine", "ERROR-2")
	w.put("a/2", now, "two")
	w.put("b", now.Add(time.Millisecond), `{"level":"ERROR"}`)
	for _, tt := range []struct {
		rule, want string
		pages      int
		in         *sdk.FilterLogEventsInput
	}{
		{"streams are interleaved by time", `a/1:ERROR-1 a/2:two a/1:fine b:{"level":"ERROR"} a/1:ERROR-2`, 1, &sdk.FilterLogEventsInput{}},
		//lint:ignore SA1019 older clients send it
		{"whatever interleaved says", `a/1:ERROR-1 a/2:two a/1:fine b:{"level":"ERROR"} a/1:ERROR-2`, 1, &sdk.FilterLogEventsInput{Interleaved: new(false)}},
		{"page by page", `a/1:ERROR-1 a/2:two a/1:fine b:{"level":"ERROR"} a/1:ERROR-2`, 3, &sdk.FilterLogEventsInput{Limit: new(int32(2))}},
		{"a page that is full is not the last but one", "a/1:ERROR-1 a/1:ERROR-2", 1, &sdk.FilterLogEventsInput{Limit: new(int32(2)), FilterPattern: new(`"ERROR-"`)}},
		{"a pattern, page by page", `a/1:ERROR-1 b:{"level":"ERROR"} a/1:ERROR-2`, 3, &sdk.FilterLogEventsInput{Limit: new(int32(1)), FilterPattern: new("ERROR")}},
		{"JSON", `b:{"level":"ERROR"}`, 1, &sdk.FilterLogEventsInput{FilterPattern: new(`{ $.level = "ERROR" }`)}},
		{"of named streams", `a/2:two b:{"level":"ERROR"}`, 1, &sdk.FilterLogEventsInput{LogStreamNames: []string{"b", "a/2"}}},
		{"of streams with a prefix", "a/1:ERROR-1 a/2:two a/1:fine a/1:ERROR-2", 1, &sdk.FilterLogEventsInput{LogStreamNamePrefix: new("a/")}},
		{"of a range whose end belongs to it", `a/1:fine b:{"level":"ERROR"}`, 1, &sdk.FilterLogEventsInput{StartTime: new(now.UnixMilli() + 1), EndTime: new(now.UnixMilli() + 1)}},
		{"from the end", `a/1:ERROR-2 b:{"level":"ERROR"} a/1:fine`, 2, &sdk.FilterLogEventsInput{StartFromHead: new(false), StartTime: new(now.UnixMilli() + 1), Limit: new(int32(2))}},
	} {
		if got, pages := w.filter(tt.in); got != tt.want || pages != tt.pages {
			t.Errorf("%s: got %s on %d pages, want %s on %d", tt.rule, got, pages, tt.want, tt.pages)
		}
	}
	for says, in := range map[string]*sdk.FilterLogEventsInput{
		"Invalid filter pattern: Expected ')'":     {FilterPattern: new("{ ($.a = 1 }")},
		"Value '[]' at 'logStreamNames'":           {LogStreamNames: []string{}},
		"mutually exclusive":                       {LogStreamNames: []string{"b"}, LogStreamNamePrefix: new("a")},
		"on or after Jan 1, 2024":                  {StartFromHead: new(false)},
		"The specified nextToken is invalid.":      {NextToken: new("x")},
		"have value less than or equal to 10000":   {Limit: new(int32(10001))},
		"have value greater than or equal to 1":    {Limit: new(int32(0))},
		"Drydock does not support the parameter u": {Unmask: true},
	} {
		in.LogGroupName = new("g")
		_, err := w.FilterLogEvents(t.Context(), in)
		w.fails(err, "InvalidParameterException", says)
	}
	_, err := w.FilterLogEvents(t.Context(), &sdk.FilterLogEventsInput{LogGroupName: new("g"), LogStreamNames: []string{"none"}})
	w.fails(err, "ResourceNotFoundException", "stream")
	_, err = w.FilterLogEvents(t.Context(), &sdk.FilterLogEventsInput{LogGroupName: new("none")})
	w.fails(err, "ResourceNotFoundException", "group")
}

// A page holds a MiB at most, and one event in any case.
func TestPagesHaveASize(t *testing.T) {
	w := start(t)
	w.seed("s")
	now := tNow()
	for i := range 5 {
		w.put("s", now.Add(time.Duration(i)*time.Millisecond), strings.Repeat("x", 400<<10))
	}
	_, pages := w.filter(&sdk.FilterLogEventsInput{})
	w.equal(pages, 3)
	in := &sdk.GetLogEventsInput{StartFromHead: new(true)}
	w.equal(len(w.get(in)), 2*400<<10+1)
	w.equal(len(w.get(in)), 2*400<<10+1)
	w.equal(len(w.get(in)), 400<<10)
}

// TestTail is the time from a write to the answer that has it.
func TestTail(t *testing.T) {
	w := start(t)
	w.seed("s")
	var group model.LogGroup
	if err := w.store.View(scope, func(tx *store.Tx) error { group, _ = store.LogGroups.Get(tx, "g"); return nil }); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := w.log.Append(group.ID, []disk.Event{{Stream: 1, At: began.UnixMilli(), Ingested: began.UnixMilli(), Message: "line"}}); err != nil {
		t.Fatal(err)
	}
	got, _ := w.filter(&sdk.FilterLogEventsInput{StartTime: new(began.UnixMilli())})
	if took := time.Since(began); got != "s:line" || took > 200*time.Millisecond {
		t.Errorf("got %q after %v", got, took)
	}
}
